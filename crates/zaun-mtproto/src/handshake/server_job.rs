//! The server's arithmetic: one RSA operation and one exponentiation for req_DH_params, one for set_client_DH_params.

use super::refusal::Reason;
use super::sealed::{self, OpenError};
use super::server::number;
use super::{DcPolicy, ServerConfig};
use crate::UnixTime;
use bytes::Bytes;
use rand::CryptoRng;
use std::sync::Arc;
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::dh::{DhError, Group, Secret};
use zaun_crypto::nonces::tmp_aes;
use zaun_crypto::pq::Semiprime;
use zaun_crypto::rsa::PrivateKey;
use zaun_crypto::{ct_eq, rsa_old, rsa_pad};
use zaun_wire::{enums, types};
use zeroize::{Zeroize, Zeroizing};

/// Arithmetic to be run on a bounded pool (M-147). It shares nothing mutable with the engine.
#[derive(Debug)]
pub struct Job {
    pub(super) ticket: u64,
    pub(super) task: Task,
}

/// What a job found, to be handed to `ServerHandshake::complete`.
#[derive(Debug)]
pub struct Outcome {
    pub(super) ticket: u64,
    pub(super) result: Result<Outgoing, Reason>,
}

#[derive(Debug)]
pub(super) enum Task {
    /// Opens the inner data, makes (a, g_a) and the answer.
    Share {
        config: Arc<ServerConfig>,
        dc: DcPolicy,
        nonce: [u8; 16],
        server_nonce: [u8; 16],
        pq: Semiprime,
        fingerprint: i64,
        encrypted: Box<[u8; 256]>,
        now: UnixTime,
    },
    /// Opens the client's inner data and computes the key.
    Agree { nonce: [u8; 16], server_nonce: [u8; 16], secrets: Arc<Secrets>, retry_id: i64, encrypted: Bytes },
}

#[derive(Debug)]
pub(super) enum Outgoing {
    Shared { reply: Vec<u8>, secrets: Arc<Secrets> },
    Agreed(AuthKey),
}

/// What the server must remember between its two answers; wiped with the last reference (M-112, M-143).
pub(super) struct Secrets {
    pub new_nonce: Zeroizing<[u8; 32]>,
    pub dc: Option<i32>,
    pub expires_in: Option<i32>,
    a: Secret,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets")
            .field("dc", &self.dc)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

impl Job {
    /// Runs it: milliseconds of CPU, no I/O.
    pub fn run<R: CryptoRng + ?Sized>(self, rng: &mut R) -> Outcome {
        let result = match self.task {
            Task::Share { config, dc, nonce, server_nonce, pq, fingerprint, encrypted, now } => {
                let run = Identity { nonce, server_nonce };
                let key = config.keys.iter().find(|key| key.public().fingerprint() == fingerprint);
                key.ok_or(Reason::Fingerprint(fingerprint))
                    .and_then(|key| open_inner(key, &encrypted, config.old_rsa))
                    .and_then(|inner| inner.checked(&config, dc, &run, pq))
                    .and_then(|inner| share(inner, &run, now, rng))
            }
            Task::Agree { nonce, server_nonce, secrets, retry_id, encrypted } => {
                agree(&Identity { nonce, server_nonce }, &secrets, retry_id, &encrypted).map(Outgoing::Agreed)
            }
        };
        Outcome { ticket: self.ticket, result }
    }
}

struct Identity {
    nonce: [u8; 16],
    server_nonce: [u8; 16],
}

fn share<R: CryptoRng + ?Sized>(
    inner: Inner,
    run: &Identity,
    now: UnixTime,
    rng: &mut R,
) -> Result<Outgoing, Reason> {
    let group = Group::telegram().map_err(arithmetic)?;
    let (a, g_a) = group.generate(rng).map_err(arithmetic)?;
    let answer = types::ServerDHInnerData {
        nonce: run.nonce,
        server_nonce: run.server_nonce,
        g: group.generator(),
        dh_prime: Bytes::copy_from_slice(group.prime()),
        g_a: Bytes::copy_from_slice(&g_a),
        // 2038 is the protocol's own limit.
        server_time: i32::try_from(now.as_secs()).unwrap_or(i32::MAX),
    };
    let encrypted_answer = sealed::seal(&answer, &tmp_aes(&inner.new_nonce, &run.server_nonce), rng);
    let reply =
        types::ServerDHParamsOk { nonce: run.nonce, server_nonce: run.server_nonce, encrypted_answer };
    let secrets =
        Arc::new(Secrets { dc: inner.dc, expires_in: inner.expires_in, new_nonce: inner.new_nonce, a });
    Ok(Outgoing::Shared { reply: sealed::object(&reply), secrets })
}

/// The four inner-data constructors in one shape (M-110).
struct Inner {
    pq: [Bytes; 3],
    nonce: [u8; 16],
    server_nonce: [u8; 16],
    new_nonce: Zeroizing<[u8; 32]>,
    dc: Option<i32>,
    expires_in: Option<i32>,
}

impl Inner {
    /// M-111 … M-116; the life of a temporary key is capped.
    fn checked(
        mut self,
        config: &ServerConfig,
        dc: DcPolicy,
        run: &Identity,
        pq: Semiprime,
    ) -> Result<Self, Reason> {
        if self.pq.each_ref().map(|field| number(field))
            != [Some(pq.pq), Some(pq.p.into()), Some(pq.q.into())]
        {
            return Err(Reason::InnerField("pq, p or q"));
        }
        if !ct_eq(&self.nonce, &run.nonce) {
            return Err(Reason::InnerField("nonce"));
        }
        if !ct_eq(&self.server_nonce, &run.server_nonce) {
            return Err(Reason::InnerField("server_nonce"));
        }
        if let Some(dc) = self.dc.filter(|named| !dc.accepts(*named)) {
            return Err(Reason::Dc(dc));
        }
        if let Some(expires_in) = self.expires_in.filter(|asked| *asked <= 0) {
            return Err(Reason::ExpiresIn(expires_in));
        }
        self.expires_in = self.expires_in.map(|asked| asked.min(config.max_expires_in_s));
        Ok(self)
    }
}

/// One RSA operation, then RSA_PAD, then the old scheme if it is allowed (M-105 … M-108).
fn open_inner(key: &PrivateKey, encrypted: &[u8; 256], old_rsa: bool) -> Result<Inner, Reason> {
    let decrypted = key.raw(encrypted).map_err(|_| Reason::Rsa)?;
    if let Ok(padded) = rsa_pad::open(&decrypted) {
        let (inner, len) = sealed::prefix(padded.as_slice()).map_err(Reason::Inner)?;
        return if len <= rsa_pad::MAX_DATA { Ok(flatten(inner)) } else { Err(Reason::Rsa) };
    }
    let payload = rsa_old::open(&decrypted).ok().filter(|_| old_rsa).ok_or(Reason::Rsa)?;
    // Nothing is verified yet, so a failure to parse says only that this is not the old scheme.
    let (inner, len) = sealed::prefix(payload.unverified()).map_err(|_| Reason::Rsa)?;
    if payload.verify(len) { Ok(flatten(inner)) } else { Err(Reason::Rsa) }
}

fn flatten(inner: enums::PQInnerData) -> Inner {
    macro_rules! inner {
        ($data:ident, $dc:expr, $expires_in:expr) => {{
            let mut $data = $data;
            let new_nonce = Zeroizing::new($data.new_nonce);
            $data.new_nonce.zeroize();
            Inner {
                nonce: $data.nonce,
                server_nonce: $data.server_nonce,
                new_nonce,
                dc: $dc,
                expires_in: $expires_in,
                pq: [$data.pq, $data.p, $data.q],
            }
        }};
    }
    match inner {
        enums::PQInnerData::PQInnerData(data) => inner!(data, None, None),
        enums::PQInnerData::PQInnerDataDc(data) => inner!(data, Some(data.dc), None),
        enums::PQInnerData::PQInnerDataTemp(data) => inner!(data, None, Some(data.expires_in)),
        enums::PQInnerData::PQInnerDataTempDc(data) => inner!(data, Some(data.dc), Some(data.expires_in)),
    }
}

fn agree(run: &Identity, secrets: &Secrets, retry_id: i64, encrypted: &[u8]) -> Result<AuthKey, Reason> {
    let tmp = tmp_aes(&secrets.new_nonce, &run.server_nonce);
    let inner: types::ClientDHInnerData = sealed::open(encrypted, &tmp).map_err(|error| match error {
        OpenError::Length => Reason::EncryptedLength(encrypted.len()),
        OpenError::Object(error) => Reason::Inner(error),
        OpenError::Hash => Reason::ClientHash,
    })?;
    if !ct_eq(&inner.nonce, &run.nonce) {
        return Err(Reason::InnerField("nonce"));
    }
    if !ct_eq(&inner.server_nonce, &run.server_nonce) {
        return Err(Reason::InnerField("server_nonce"));
    }
    if inner.retry_id != retry_id {
        return Err(Reason::RetryId);
    }
    let group = Group::telegram().map_err(arithmetic)?;
    let g_b = group.check_public(&inner.g_b).map_err(arithmetic)?;
    group.auth_key(&secrets.a, &g_b).map_err(arithmetic)
}

fn arithmetic(error: DhError) -> Reason {
    match error {
        DhError::PublicValue => Reason::PublicValue,
        DhError::Arithmetic(error) => Reason::Arithmetic(error),
        // Not reachable with the server's own group.
        DhError::Prime | DhError::Generator => Reason::PublicValue,
    }
}
