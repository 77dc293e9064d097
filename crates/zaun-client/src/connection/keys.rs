//! A key exchange over a link.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::timeout;
use zaun_mtproto::UnixTime;
use zaun_mtproto::handshake::{ClientConfig, ClientHandshake, ClientStep, NegotiatedKey};

use super::ConnectError;
use zaun_link::{Link, Received};

/// Longest wait for one answer of the server.
const PATIENCE: Duration = Duration::from_secs(20);

/// The wall clock: only a first guess at the server's.
pub(crate) fn wall_clock() -> UnixTime {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Agrees upon a key; the arithmetic runs beside the runtime.
pub(crate) async fn exchange(
    link: &mut Link,
    config: Arc<ClientConfig>,
) -> Result<NegotiatedKey, ConnectError> {
    let (mut engine, mut query) = ClientHandshake::start(config, wall_clock(), &mut rand::rng())?;
    loop {
        link.send(&query, false).await?;
        let answer = timeout(PATIENCE, answer(link)).await.map_err(|_| ConnectError::Timeout(PATIENCE))??;
        match engine.receive(answer)? {
            ClientStep::Done(key) => return Ok(key),
            ClientStep::Compute(job) => {
                let done = tokio::task::spawn_blocking(move || job.run(&mut rand::rng())).await;
                query = engine.complete(wall_clock(), done.map_err(|_| ConnectError::Closed)?)?;
            }
        }
    }
}

async fn answer(link: &mut Link) -> Result<bytes::Bytes, ConnectError> {
    loop {
        match link.receive().await? {
            Received::Payload(payload) => return Ok(payload.freeze()),
            Received::QuickAck(_) => {}
            Received::Error(code) => return Err(ConnectError::Refused(code)),
            Received::Closed => return Err(ConnectError::Closed),
        }
    }
}
