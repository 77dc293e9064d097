//! The other process: it keeps sessions open and counts packets, but decrypts nothing that is pushed.

use std::io::BufRead;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use tokio::sync::{Semaphore, mpsc};
use zaun_crypto::auth_key::AuthKey;
use zaun_probe::{Conversation, Session};
use zaun_schema::LAYER;
use zaun_schema::api::functions;
use zaun_tl::{Encode, RawObject};

use crate::bench::target::Target;

/// Sessions that begin at the same time.
const BEGINNING: usize = 64;

/// Reads an address and keys from standard input, opens the sessions, and prints a line when they are there and
/// whenever each has had one packet more.
pub async fn run() -> anyhow::Result<()> {
    let mut lines = std::io::stdin().lock().lines();
    let address: SocketAddr = lines.next().context("no address")??.parse()?;
    let (heard, mut all_heard) = mpsc::unbounded_channel();
    let (count, beginning) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(BEGINNING)));
    let (mut sessions, mut begun) = (0, Vec::new());
    for line in lines {
        let line = line?;
        let (number, secret) = line.split_once(' ').context("no key")?;
        let key = key(secret)?;
        for _ in 0..number.parse::<usize>()? {
            sessions += 1;
            let permit = beginning.clone().acquire_owned().await?;
            let key = key.clone();
            begun.push(tokio::spawn(async move {
                let conversation = begin(address, key).await;
                drop(permit);
                conversation
            }));
        }
    }
    for conversation in begun {
        let mut conversation = conversation.await??;
        let (count, heard) = (count.clone(), heard.clone());
        tokio::spawn(async move {
            while conversation.client.payload().await.is_ok() {
                if (count.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(sessions) {
                    let _ = heard.send(());
                }
            }
        });
    }
    println!("all there");
    while all_heard.recv().await.is_some() {
        println!("all heard");
    }
    Ok(())
}

fn key(secret: &str) -> anyhow::Result<AuthKey> {
    let byte = |at: usize| {
        let digits = secret.get(2 * at..2 * at + 2).context("a key is too short")?;
        Ok(u8::from_str_radix(digits, 16)?)
    };
    let bytes: anyhow::Result<Vec<u8>> = (0..256).map(byte).collect();
    let bytes: [u8; 256] = bytes?.try_into().map_err(|_| anyhow::anyhow!("a key of another length"))?;
    Ok(AuthKey::new(bytes))
}

/// Begins a session that wants updates and has nothing left to hear of.
async fn begin(address: SocketAddr, key: AuthKey) -> anyhow::Result<Conversation> {
    let mut conversation = Conversation::resume(address, Target::wire(), Session::new(key, 0)).await?;
    conversation.send(&zaun_wire::functions::Ping { ping_id: 1 }).await?;
    let salt = conversation.wait_for(|message| message.decode::<zaun_wire::types::BadServerSalt>());
    conversation.session.salt = salt.await?.new_server_salt;
    let init = functions::InitConnection {
        api_id: 1,
        device_model: "bench".into(),
        system_version: "1".into(),
        app_version: "1".into(),
        system_lang_code: "en".into(),
        lang_code: "en".into(),
        query: RawObject(bytes(&functions::updates::GetState {})?),
        ..functions::InitConnection::default()
    };
    let wrapped = functions::InvokeWithLayer { layer: LAYER, query: RawObject(bytes(&init)?) };
    let query = conversation.send_body(true, &bytes(&wrapped)?).await?;
    conversation.result_of(query).await?;
    // Everything that came with the answers was in packets that are read by now, as a ping is answered after them.
    conversation.send(&zaun_wire::functions::Ping { ping_id: 2 }).await?;
    conversation.wait_for(|message| message.decode::<zaun_wire::types::Pong>()).await?;
    Ok(conversation)
}

fn bytes(value: &impl Encode) -> anyhow::Result<bytes::Bytes> {
    Ok(zaun_tl::to_bytes(value, LAYER)?.into())
}
