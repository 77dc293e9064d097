//! Key exchange on a connection: drives the engine, computes elsewhere, stores before it answers.

use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinHandle;
use zaun_mtproto::UnixTime;
use zaun_mtproto::handshake::{DcPolicy, NewKey, Outcome, ServerConfig, ServerHandshake, Step, plain};
use zaun_mtproto::salts::LIFE_S;
use zaun_mtproto::session::ConnId;

use crate::connection::{Close, Outlet, refuse};
use crate::endpoint::Endpoint;
use crate::flood::Deed;
use crate::inspect::{Kind, Reaction, Refusal};
use crate::keys::StoredKey;
use crate::server::Handle;
use crate::service::Service;
use crate::socket::Peer;

/// Where the exchange takes place.
pub(crate) struct Site<S: Service> {
    pub(crate) handle: Handle<S>,
    pub(crate) conn: ConnId,
    pub(crate) peer: Peer,
    pub(crate) endpoint: Arc<Endpoint>,
}

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
        site: &Site<S>,
        payload: Bytes,
        out: &mut dyn Outlet,
    ) -> Result<(), Close> {
        site.note(|| Kind::PlainReceived { body: body_of(&payload) });
        if self.engine.is_none() {
            if !site.handle.shared.addresses.allow(site.peer, Deed::Exchange) {
                return Err(refuse(-429, "too many key exchanges from this address (M-146)"));
            }
            let config = site.rsa_config().await?;
            // M-114, M-115.
            let dc = site.endpoint.dc.map_or(DcPolicy::Any, |dc| DcPolicy::Only(dc.wire_id()));
            self.engine = Some(Box::new(ServerHandshake::new(config).dc(dc)));
        }
        let Some(engine) = &mut self.engine else { return Ok(()) };
        let step = engine.receive(site.handle.now(), payload, &mut rand::rng());
        self.step(site, step, out).await
    }

    /// Waits for a running computation; for ever if there is none.
    pub(crate) async fn computed(&mut self) -> Option<Outcome> {
        let Some(running) = &mut self.computing else { return std::future::pending().await };
        let outcome = running.await.ok().flatten();
        self.computing = None;
        outcome
    }

    /// Whether a computation runs.
    pub(crate) fn is_computing(&self) -> bool {
        self.computing.is_some()
    }

    /// Takes the result of a computation.
    pub(crate) async fn complete<S: Service>(
        &mut self,
        site: &Site<S>,
        outcome: Option<Outcome>,
        out: &mut dyn Outlet,
    ) -> Result<(), Close> {
        // A computation that panicked leaves its run without an answer; the client starts over.
        let (Some(outcome), Some(engine)) = (outcome, &mut self.engine) else { return Ok(()) };
        let step = engine.complete(site.handle.now(), outcome);
        self.step(site, step, out).await
    }

    async fn step<S: Service>(
        &mut self,
        site: &Site<S>,
        mut step: Step,
        out: &mut dyn Outlet,
    ) -> Result<(), Close> {
        loop {
            match step {
                Step::Nothing => {}
                Step::Reply(payload) => {
                    site.note(|| Kind::PlainSent { body: body_of(&payload) });
                    out.payload(&payload);
                }
                Step::Compute(job) => {
                    let work = move || job.run(&mut rand::rng());
                    self.computing = site.handle.shared.compute.submit(work);
                    if self.computing.is_none() {
                        return Err(refuse(-429, "too many key exchanges wait for a processor (M-146)"));
                    }
                }
                Step::Refuse(refusal) => {
                    let (peer, code) = (site.peer, refusal.code);
                    tracing::info!(%peer, code, "key exchange refused: {}", refusal.reason);
                    site.note(|| {
                        Kind::Refused(Refusal::plain(&refusal.reason, Reaction::TransportError(code)))
                    });
                    // M-056: later queries of the run may still be answered with −404.
                    out.error(code);
                }
                Step::Created(key) => {
                    let stored = site.store(key).await?;
                    let Some(engine) = &mut self.engine else { return Ok(()) };
                    let now = site.handle.now();
                    step = if stored { engine.stored(now) } else { engine.collided(now) };
                    continue;
                }
            }
            return Ok(());
        }
    }
}

/// The TL object of a plaintext message, for whoever watches.
fn body_of(payload: &Bytes) -> Bytes {
    plain::decode(payload.clone()).map(|plain| plain.body).unwrap_or_default()
}

impl<S: Service> Site<S> {
    fn note(&self, kind: impl FnOnce() -> Kind) {
        self.handle.note(self.conn, kind);
    }

    /// The RSA keys; waits while they are still being made.
    async fn rsa_config(&self) -> Result<Arc<ServerConfig>, Close> {
        let mut rsa = self.endpoint.rsa.clone().unwrap_or_else(|| self.handle.shared.rsa.clone());
        let ready = rsa.wait_for(Option::is_some).await.map(|config| config.clone());
        ready.ok().flatten().ok_or_else(|| Close::Silent("there are no RSA keys".into()))
    }

    /// Keeps a new key; a temporary one in memory only (M-137, M-148). `false` if its id is taken (M-138).
    async fn store(&self, new: NewKey) -> Result<bool, Close> {
        let now = self.handle.now();
        let created_at = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let expires_at = new.expires_in.map(|seconds| created_at + i64::from(seconds));
        let here = self.endpoint.dc.map_or(0, |dc| dc.wire_id());
        let dc = new.dc.unwrap_or(here);
        let (key_id, expires_in) = (new.auth_key.id(), new.expires_in);
        let key = StoredKey { key: new.auth_key, created_at, dc, expires_at };
        if self.handle.key(key_id).is_some() {
            return Ok(false);
        }
        if expires_at.is_none() {
            let kept = self.handle.shared.store.insert(key.clone()).await;
            if !kept.map_err(|error| Close::Silent(error.to_string()))? {
                return Ok(false);
            }
        }
        let until = now + UnixTime::from_secs(LIFE_S);
        self.handle.shared.keys.add(key, Some((new.first_salt, until)));
        self.note(|| Kind::KeyCreated { key_id, expires_in, dc });
        Ok(true)
    }
}
