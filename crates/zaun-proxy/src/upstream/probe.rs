//! Asking a path whether it carries anything: the first step of a key exchange, which commits nobody to anything.

use std::time::{Duration, Instant};

use rand::Rng;
use tokio::time::timeout;
use zaun_link::{Link, LinkError, Received};
use zaun_transport::{ClientCodec, Framing};

use super::routes::{Path, Target};
use crate::limits::CONNECT;

/// The constructor of `req_pq_multi`.
const REQ_PQ_MULTI: u32 = 0xbe7e_8ef1;

/// Opens a path and waits for the answer of the data centre behind it. Returns how long both took.
///
/// # Errors
/// What went wrong, in words.
pub async fn probe(path: &Path, target: Target) -> Result<Duration, String> {
    let begun = Instant::now();
    match timeout(CONNECT, ask(path, target)).await {
        Ok(Ok(())) => Ok(begun.elapsed()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", CONNECT.as_secs())),
    }
}

async fn ask(path: &Path, target: Target) -> Result<(), LinkError> {
    let io = path.dial.open(path.address.clone()).await?;
    let mut rng = rand::rng();
    let codec = ClientCodec::obfuscated(Framing::PaddedIntermediate, target.field(), path.secret, &mut rng)?;
    let mut link = Link::stream(io, codec);
    link.send(&question(), false).await?;
    match link.receive().await? {
        Received::Payload(_) => Ok(()),
        Received::Error(code) => Err(LinkError::Carrier(format!("the data centre answered {code}"))),
        Received::QuickAck(_) => Err(LinkError::Carrier("the data centre answered something else".into())),
        Received::Closed => Err(LinkError::Carrier("closed without an answer".into())),
    }
}

/// A plaintext message with `req_pq_multi` and a random nonce (M-085, M-086).
fn question() -> Vec<u8> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let mut nonce = [0; 16];
    rand::rng().fill_bytes(&mut nonce);
    let msg_id = (now.as_secs() << 32) | (u64::from(now.subsec_nanos()) << 2 & 0xffff_fffc);
    let parts: [&[u8]; 5] =
        [&[0; 8], &msg_id.to_le_bytes(), &20_u32.to_le_bytes(), &REQ_PQ_MULTI.to_le_bytes(), &nonce];
    parts.concat()
}
