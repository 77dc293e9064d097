//! A client of the API: one account, all data centres, files and updates.

mod builder;
mod cdn;
mod flood;
mod login;
mod pool;
mod updates;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use zaun_schema::api::enums;
use zaun_schema::api::functions::{auth, help, users};
use zaun_tl::Function;

pub use builder::{App, ClientBuilder};
pub use flood::FloodPolicy;
pub use login::{LoginCode, LoginError, QrLogin, SignedIn};
pub use pool::Purpose;
pub use updates::Updates;

use crate::connection::{ConnectError, Connection, InvokeError, Pushed, PushedQueue, Pusher};
use crate::servers::{Migration, Servers};
use crate::storage::{Account, Saved, Storage, StorageError};
use cdn::CdnKeys;
use flood::FloodMemory;
use pool::Pool;

/// A query may be sent to another data centre so often before its error is believed.
const MAX_MIGRATIONS: u32 = 3;

/// One account. Clones share it.
///
/// ```no_run
/// # async fn run(key: zaun_crypto::rsa::PublicKey) -> Result<(), Box<dyn std::error::Error>> {
/// use zaun_client::{App, Client, FileStorage, Servers, SignedIn};
/// use zaun_schema::api::functions::help::GetConfig;
///
/// let address: std::net::SocketAddr = "127.0.0.1:4430".parse()?;
/// let client = Client::builder(Servers::one(address, key), App::new(1, "hash"))
///     .storage(FileStorage::open("me.session")?)
///     .connect()
///     .await?;
/// if client.account().is_none() {
///     let code = client.send_code("9996612345").await?;
///     if let SignedIn::SignUpRequired = client.sign_in(&code, "66666").await? {
///         client.sign_up(&code, "Ada", "").await?;
///     }
/// }
/// println!("data centre {}", client.invoke(&GetConfig {}).await?.this_dc);
/// client.disconnect().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    app: App,
    servers: RwLock<Servers>,
    storage: Box<dyn Storage>,
    saved: Mutex<Saved>,
    pool: Pool,
    flood: FloodMemory,
    cdn_keys: CdnKeys,
    pushed: Pusher,
    /// As long as nobody has taken it, nothing is put in.
    receiver: Mutex<Option<PushedQueue>>,
    /// Where results go that move the boxes of updates, if those are followed.
    results: OnceLock<Pusher>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client(dc {})", self.main_dc())
    }
}

/// Why a client cannot begin or end.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The main data centre cannot be reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It can, but it does not answer as it should.
    #[error(transparent)]
    Invoke(#[from] InvokeError),
    /// What is kept between runs.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Client {
    /// A client for these servers.
    #[must_use]
    pub fn builder(servers: Servers, app: App) -> ClientBuilder {
        ClientBuilder::new(servers, app)
    }

    /// Calls a method at the account's data centre. Goes where the server sends it, and waits out floods as the
    /// [`FloodPolicy`] allows.
    ///
    /// # Errors
    /// [`InvokeError`].
    pub async fn invoke<R: Function>(&self, request: &R) -> Result<R::Response, InvokeError> {
        for _ in 0..MAX_MIGRATIONS {
            let dc = self.main_dc();
            let error = match self.invoke_on(dc, Purpose::Main, request).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            match error.rpc().and_then(Migration::of) {
                Some(Migration::Account(dc)) => self.set_main_dc(dc),
                Some(Migration::Query(dc)) => return self.invoke_on(dc, Purpose::Main, request).await,
                None => return Err(error),
            }
        }
        self.invoke_on(self.main_dc(), Purpose::Main, request).await
    }

    /// Calls a method at any data centre; the account is made known there if it has to be.
    ///
    /// # Errors
    /// [`InvokeError`].
    pub async fn invoke_on<R: Function>(
        &self,
        dc: i16,
        purpose: Purpose,
        request: &R,
    ) -> Result<R::Response, InvokeError> {
        let mut imported = false;
        loop {
            self.inner.flood.wait(R::NAME).await?;
            let connection = self.connection(dc, purpose).await?;
            let error = match connection.invoke_raw(connection.encode(request)?).await {
                Ok(result) => {
                    self.inner.note_result(R::NAME, &result);
                    return Ok(zaun_tl::from_prefix(result)?);
                }
                Err(error) => error,
            };
            let unknown = error.is("AUTH_KEY_UNREGISTERED") && dc != self.main_dc() && !imported;
            if unknown && !purpose.is_cdn() && self.account().is_some() {
                imported = true;
                self.import_authorization(dc).await?;
            } else if !self.inner.flood.note(R::NAME, &error) {
                return Err(error);
            }
        }
    }

    /// The connection to a data centre, made if there is none.
    ///
    /// # Errors
    /// [`InvokeError::Unreachable`].
    pub async fn connection(&self, dc: i16, purpose: Purpose) -> Result<Connection, InvokeError> {
        self.inner.pool.connection(&self.inner, dc, purpose).await
    }

    /// The account's data centre.
    #[must_use]
    pub fn main_dc(&self) -> i16 {
        match self.inner.saved.lock().main_dc {
            0 => self.inner.servers.read().main,
            dc => dc,
        }
    }

    /// Who is logged in.
    #[must_use]
    pub fn account(&self) -> Option<Account> {
        self.inner.saved.lock().account
    }

    /// What is kept for the next run, for storing it elsewhere.
    #[must_use]
    pub fn saved(&self) -> Saved {
        self.inner.saved.lock().clone()
    }

    /// What the server pushes from now on, once; `None` if it was taken already. It begins with a [`Pushed::Refetch`]: what
    /// came before is not kept. Up to [`MAX_PUSHED`](crate::MAX_PUSHED) objects and
    /// [`MAX_PUSHED_BYTES`](crate::MAX_PUSHED_BYTES) wait, and then a [`Pushed::Refetch`] stands for the rest.
    #[must_use]
    pub fn pushed(&self) -> Option<PushedQueue> {
        let queue = self.inner.receiver.lock().take();
        if queue.is_some() {
            // Nothing is in the queue yet.
            let _ = self.inner.pushed.try_push(Pushed::Refetch);
        }
        queue
    }

    /// Follows the updates of the account. Everything that happens after this returned comes out; and what happened
    /// since an earlier run, if the storage knows how far the account was followed then.
    ///
    /// # Errors
    /// [`InvokeError::Taken`] the second time, and after [`Client::pushed`].
    pub async fn updates(&self) -> Result<Updates, InvokeError> {
        let pushed = self.inner.receiver.lock().take().ok_or(InvokeError::Taken)?;
        let (sender, results) = crate::connection::queue();
        // It was taken for the first time just now.
        let _ = self.inner.results.set(sender);
        let mut updates = Updates::new(self.clone(), pushed, results);
        updates.begin().await?;
        Ok(updates)
    }

    /// The user who is logged in.
    ///
    /// # Errors
    /// [`InvokeError`].
    pub async fn me(&self) -> Result<enums::User, InvokeError> {
        let id = vec![enums::InputUser::InputUserSelf];
        let users = self.invoke(&users::GetUsers { id }).await?;
        let user = users.into_iter().next().ok_or(InvokeError::Empty)?;
        // A string of another library may hold a key and not say whose it is.
        self.inner.saved.lock().account.get_or_insert(account_of(&user));
        Ok(user)
    }

    /// Logs out: the server forgets the authorization, and so does the storage.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn log_out(&self) -> Result<(), ClientError> {
        self.invoke(&auth::LogOut {}).await?;
        self.inner.pool.clear().await;
        {
            let mut saved = self.inner.saved.lock();
            *saved = Saved { test: saved.test, ..Saved::default() };
        }
        Ok(self.inner.keep()?)
    }

    /// Ends all connections and keeps what is needed to go on later.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn disconnect(&self) -> Result<(), StorageError> {
        self.inner.pool.disconnect(&self.inner).await;
        self.inner.keep()
    }

    /// Fetches the addresses of all data centres.
    ///
    /// # Errors
    /// [`InvokeError`].
    pub async fn refresh_config(&self) -> Result<(), InvokeError> {
        let config = self.invoke(&help::GetConfig {}).await?;
        self.inner.servers.write().learn(&config);
        Ok(())
    }

    fn set_main_dc(&self, dc: i16) {
        self.inner.saved.lock().main_dc = dc;
    }

    /// Makes the account known to another data centre (M-422).
    async fn import_authorization(&self, dc: i16) -> Result<(), InvokeError> {
        let main = self.connection(self.main_dc(), Purpose::Main).await?;
        let exported = main.invoke(&auth::ExportAuthorization { dc_id: dc.into() }).await?;
        let there = self.connection(dc, Purpose::Main).await?;
        there.invoke(&auth::ImportAuthorization { id: exported.id, bytes: exported.bytes }).await?;
        Ok(())
    }

    /// Somebody logged in.
    fn logged_in(&self, user: &enums::User) -> Result<Account, StorageError> {
        let account = account_of(user);
        {
            let main = self.main_dc();
            let mut saved = self.inner.saved.lock();
            saved.account = Some(account);
            saved.main_dc = main;
        }
        self.inner.keep()?;
        Ok(account)
    }
}

fn account_of(user: &enums::User) -> Account {
    match user {
        enums::User::User(user) => Account { id: user.id, bot: user.bot },
        enums::User::UserEmpty(user) => Account { id: user.id, bot: false },
    }
}

impl Inner {
    /// Whether somebody follows what the server pushes.
    fn is_followed(&self) -> bool {
        self.receiver.lock().is_none()
    }

    fn note_result(&self, method: &str, result: &Bytes) {
        if let Some(results) = self.results.get()
            && updates::moves_boxes(method, result)
        {
            // One that finds no room is a gap, and is fetched.
            let _ = results.try_push(Pushed::Object(result.clone()));
        }
    }

    fn keep(&self) -> Result<(), StorageError> {
        let saved = self.saved.lock().clone();
        self.storage.save(&saved)
    }
}

/// The longest that a call waits for its answer, as long as the server keeps the connection alive.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
