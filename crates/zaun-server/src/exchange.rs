//! Key exchange on a connection: drives the engine, computes elsewhere, stores before it answers.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::task::JoinHandle;
use zaun_mtproto::UnixTime;
use zaun_mtproto::handshake::{NewKey, Outcome, ServerConfig, ServerHandshake, Step};
use zaun_mtproto::salts::LIFE_S;
use zaun_transport::ServerCodec;

use crate::connection::{Close, refuse};
use crate::keys::StoredKey;
use crate::server::{Handle, Peer};
use crate::service::Service;
use crate::wire::{error_into, frame_into};

/// The key exchange of one connection; costs nothing before the first plaintext message.
#[derive(Default)]
pub(crate) struct Exchange {
    engine: Option<Box<ServerHandshake>>,
    computing: Option<JoinHandle<Option<Outcome>>>,
}

impl Exchange {
    /// Takes a plaintext message.
    pub(crate) async fn receive<S: Service>(
        &mut self,
        handle: &Handle<S>,
        peer: Peer,
        payload: Bytes,
        codec: &mut ServerCodec,
        out: &mut BytesMut,
    ) -> Result<(), Close> {
        if self.engine.is_none() {
            let config = rsa_config(handle).await?;
            self.engine = Some(Box::new(ServerHandshake::new(config)));
        }
        let Some(engine) = &mut self.engine else { return Ok(()) };
        let step = engine.receive(handle.now(), payload, &mut rand::rng());
        self.step(handle, peer, step, codec, out).await
    }

    /// Waits for a running computation; for ever if there is none.
    pub(crate) async fn computed(&mut self) -> Option<Outcome> {
        let Some(running) = &mut self.computing else { return std::future::pending().await };
        let outcome = running.await.ok().flatten();
        self.computing = None;
        outcome
    }

    /// Takes the result of a computation.
    pub(crate) async fn complete<S: Service>(
        &mut self,
        handle: &Handle<S>,
        peer: Peer,
        outcome: Option<Outcome>,
        codec: &mut ServerCodec,
        out: &mut BytesMut,
    ) -> Result<(), Close> {
        // A computation that panicked leaves its run without an answer; the client starts over.
        let (Some(outcome), Some(engine)) = (outcome, &mut self.engine) else { return Ok(()) };
        let step = engine.complete(handle.now(), outcome);
        self.step(handle, peer, step, codec, out).await
    }

    async fn step<S: Service>(
        &mut self,
        handle: &Handle<S>,
        peer: Peer,
        mut step: Step,
        codec: &mut ServerCodec,
        out: &mut BytesMut,
    ) -> Result<(), Close> {
        loop {
            match step {
                Step::Nothing => {}
                Step::Reply(payload) => frame_into(codec, &payload, out),
                Step::Compute(job) => {
                    let work = move || job.run(&mut rand::rng());
                    self.computing = handle.shared.compute.submit(work);
                    if self.computing.is_none() {
                        return Err(refuse(-429, "too many key exchanges wait for a processor (M-146)"));
                    }
                }
                Step::Refuse(refusal) => {
                    tracing::info!(%peer, code = refusal.code, "key exchange refused: {}", refusal.reason);
                    // M-056: later queries of the run may still be answered with −404.
                    error_into(codec, refusal.code, out);
                }
                Step::Created(key) => {
                    let stored = store(handle, key).await?;
                    let Some(engine) = &mut self.engine else { return Ok(()) };
                    let now = handle.now();
                    step = if stored { engine.stored(now) } else { engine.collided(now) };
                    continue;
                }
            }
            return Ok(());
        }
    }
}

/// The RSA keys; waits while they are still being made.
async fn rsa_config<S: Service>(handle: &Handle<S>) -> Result<Arc<ServerConfig>, Close> {
    let mut rsa = handle.shared.rsa.clone();
    let ready = rsa.wait_for(Option::is_some).await.map(|config| config.clone());
    ready.ok().flatten().ok_or_else(|| Close::Silent("there are no RSA keys".into()))
}

/// Keeps a new key; a temporary one in memory only (M-137, M-148). `false` if its id is taken (M-138).
async fn store<S: Service>(handle: &Handle<S>, new: NewKey) -> Result<bool, Close> {
    let now = handle.now();
    let created_at = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let expires_at = new.expires_in.map(|seconds| created_at + i64::from(seconds));
    let key = StoredKey { key: new.auth_key, created_at, dc: new.dc.unwrap_or(0), expires_at };
    if handle.key(key.key.id()).is_some() {
        return Ok(false);
    }
    if expires_at.is_none() {
        let kept = handle.shared.store.insert(key.clone()).await;
        if !kept.map_err(|error| Close::Silent(error.to_string()))? {
            return Ok(false);
        }
    }
    let until = now + UnixTime::from_secs(LIFE_S);
    handle.shared.keys.add(key, Some((new.first_salt, until)));
    Ok(true)
}
