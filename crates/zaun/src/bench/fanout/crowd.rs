//! A server with many accounts that are logged in, made without a key exchange for each.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::Context;
use rand::Rng;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use zaun_api::{Api, Options};
use zaun_crypto::auth_key::AuthKey;
use zaun_messenger::channels::NewChannel;
use zaun_messenger::{Actor, Settings};
use zaun_model::{BoxId, ChannelId, Peer, UnixTime, UserId};
use zaun_node::{Node, Parts};
use zaun_probe::SpawnedServer;
use zaun_store::repo::channels::{self, MemberRow};
use zaun_store::repo::{authorizations, boxes, dialogs, keys, users};
use zaun_store::{Store, StoreError, Tx};

use super::{SESSIONS, SESSIONS_PER_KEY};

/// Accounts that one transaction makes.
const BATCH: usize = 1000;

/// The server, and everybody on it.
pub struct Crowd {
    pub node: Node,
    pub server: SpawnedServer<Api>,
    store: Store,
    /// Who writes and posts.
    pub author: Actor,
    /// Who has many sessions.
    pub user: UserId,
    pub keys_of_user: Vec<AuthKey>,
    /// Where everybody else is a member.
    pub channel: ChannelId,
    pub keys_of_members: Vec<AuthKey>,
    _data: tempfile::TempDir,
}

impl Crowd {
    pub async fn gather(members: usize) -> anyhow::Result<Crowd> {
        let data = tempfile::Builder::new().prefix("zaun-bench-").tempdir()?;
        let store = Store::open(&data.path().join("zaun.db"), &zaun_store::Options::default())?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let parts = Parts {
            store: store.clone(),
            blobs: zaun_blob::Blobs::open(data.path(), zaun_blob::Durability::Full)?,
            access_secret: [1; 32],
            salt_secret: [2; 32],
            settings: Settings { sandbox: true, ..Settings::default() },
            options: Options::one_listener(2, address.ip(), address.port()),
            bus: zaun_bus::LocalBus::default(),
        };
        let (node, builder) = Node::assemble(parts).await?;
        let server = SpawnedServer::build_on(builder, listener)?;
        let now = node.messenger().now();
        let author =
            Actor { user_id: accounts(&store, vec![Vec::new()], now).await?[0], key_id: 1, session_id: 1 };
        let new = NewChannel { broadcast: true, title: "News".into(), ..NewChannel::default() };
        let channel = node.messenger().create_channel(author, new).await?.value.0;
        let keys_of_user = new_keys(SESSIONS / SESSIONS_PER_KEY);
        let user = accounts(&store, vec![keys_of_user.clone()], now).await?[0];
        let keys_of_members = new_keys(members);
        let logins = keys_of_members.iter().map(|key| vec![key.clone()]).collect();
        let ids = accounts(&store, logins, now).await?;
        join(&store, channel, ids, now).await?;
        Ok(Crowd { node, server, store, author, user, keys_of_user, channel, keys_of_members, _data: data })
    }

    /// Rows that the server inserted, changed or removed so far.
    pub async fn rows_written(&self) -> anyhow::Result<i64> {
        Ok(self.store.write(|tx| tx.scalar::<i64>("SELECT total_changes()", &[])).await?)
    }
}

fn new_keys(count: usize) -> Vec<AuthKey> {
    let mut rng = rand::rng();
    let key = |_| {
        let mut secret = [0; 256];
        rng.fill_bytes(&mut secret);
        AuthKey::new(secret)
    };
    (0..count).map(key).collect()
}

/// Makes accounts that are logged in on these keys.
async fn accounts(store: &Store, logins: Vec<Vec<AuthKey>>, now: UnixTime) -> anyhow::Result<Vec<UserId>> {
    let mut made = Vec::new();
    for batch in logins.chunks(BATCH) {
        let batch = Arc::new(batch.to_vec());
        let work = move |tx: &Tx<'_>| {
            batch.iter().map(|keys| account(tx, keys, now)).collect::<Result<Vec<UserId>, StoreError>>()
        };
        made.extend(store.write(work).await?);
    }
    Ok(made)
}

fn account(tx: &Tx<'_>, logins: &[AuthKey], now: UnixTime) -> Result<UserId, StoreError> {
    let highest: i64 = tx.scalar("SELECT max(id) FROM users", &[])?;
    let id = users::insert(tx, &format!("9{highest:011}"), "Bench", "", 0, now)?;
    boxes::create(tx, BoxId::User(id))?;
    for key in logins {
        keys::insert(tx, key.id(), key.as_bytes(), now, 2)?;
        authorizations::put(tx, key.id(), id, key.id(), now, "127.0.0.1")?;
    }
    Ok(id)
}

async fn join(store: &Store, channel: ChannelId, ids: Vec<UserId>, now: UnixTime) -> anyhow::Result<()> {
    for batch in ids.chunks(BATCH) {
        let batch = batch.to_vec();
        let work = move |tx: &Tx<'_>| {
            for user_id in &batch {
                let row = MemberRow::ordinary(channel, *user_id, now);
                channels::put_member(tx, &row)?;
                dialogs::ensure(tx, *user_id, Peer::Channel(channel))?;
            }
            Ok::<_, StoreError>(())
        };
        store.write(work).await?;
    }
    Ok(())
}

/// The process that reads; it ends with this one.
pub struct Readers {
    pub sessions: usize,
    heard: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Readers {
    /// Starts a process with so many sessions on each key, all of which want updates when this returns.
    pub async fn start(address: SocketAddr, keys: &[(usize, AuthKey)]) -> anyhow::Result<Readers> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bench", "--readers"]).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().context("the readers cannot be started")?;
        let mut orders = format!("{address}\n");
        for (sessions, key) in keys {
            let secret: String = key.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            orders.push_str(&format!("{sessions} {secret}\n"));
        }
        let mut stdin = child.stdin.take().context("the readers take no orders")?;
        stdin.write_all(orders.as_bytes()).await?;
        drop(stdin);
        let stdout = child.stdout.take().context("the readers say nothing")?;
        let sessions = keys.iter().map(|(sessions, _)| sessions).sum();
        let mut readers = Readers { sessions, heard: BufReader::new(stdout).lines(), _child: child };
        readers.wait().await?;
        Ok(readers)
    }

    /// Waits until all sessions are there, and then, with each call, until each has heard of one thing more.
    pub async fn wait(&mut self) -> anyhow::Result<()> {
        self.heard.next_line().await?.context("the readers have ended")?;
        Ok(())
    }
}
