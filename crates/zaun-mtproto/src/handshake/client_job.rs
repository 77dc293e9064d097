//! The client's arithmetic: factoring and RSA for resPQ, two exponentiations for server_DH_params_ok.

use super::config::{ClientConfig, RsaScheme};
use super::plain::PlainError;
use super::sealed::{self, OpenError};
use super::server::number;
use bytes::Bytes;
use rand::CryptoRng;
use std::sync::Arc;
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::dh::{DhError, Group};
use zaun_crypto::nonces::tmp_aes;
use zaun_crypto::rsa::RsaError;
use zaun_crypto::{ct_eq, pq, rsa_old, rsa_pad};
use zaun_tl::{DecodeError, Encode};
use zaun_wire::{enums, functions, types};
use zeroize::{Zeroize, Zeroizing};

/// Why a client gives a run up. It starts over, on a new connection (M-141, M-320).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The server's plaintext envelope is malformed.
    #[error(transparent)]
    Plain(#[from] PlainError),
    /// The server's answer does not parse, or is not the one that is due.
    #[error("the answer does not parse: {0} (M-320)")]
    Malformed(DecodeError),
    /// A message came while none was due.
    #[error("no answer is due")]
    OutOfTurn,
    /// A nonce differs.
    #[error("{0} is not that of the run (M-128, M-320)")]
    Nonce(&'static str),
    /// pq is no product of two primes.
    #[error("pq is not a product of two different primes (M-094)")]
    Pq,
    /// None of the server's keys is trusted.
    #[error("none of the server's keys is known (M-096)")]
    UnknownKeys,
    /// The server answered server_DH_params_fail.
    #[error("the server answered server_DH_params_fail (M-120)")]
    ParamsFail,
    /// The server answered dh_gen_fail.
    #[error("the server answered dh_gen_fail (M-139)")]
    GenFail,
    /// The server asked for more attempts than this client makes.
    #[error("the server answered dh_gen_retry too often (M-138)")]
    TooManyRetries,
    /// The encrypted answer has a wrong length, hash or padding.
    #[error("encrypted_answer has a wrong length, SHA-1 or padding (M-121, M-129, M-320)")]
    Answer,
    /// The group or g_a is not acceptable.
    #[error(transparent)]
    Dh(#[from] DhError),
    /// The RSA operation failed.
    #[error(transparent)]
    Rsa(#[from] RsaError),
}

/// Arithmetic of the client: up to a few milliseconds, or half a second for an unknown prime.
#[derive(Debug)]
pub struct ClientJob(pub(super) Task);

/// What a job found, to be handed to `ClientHandshake::complete`.
#[derive(Debug)]
pub struct ClientOutcome(pub(super) Result<Outgoing, ClientError>);

#[derive(Debug)]
pub(super) enum Task {
    Factor { config: Arc<ClientConfig>, response: types::ResPQ },
    Share { secrets: Arc<Secrets>, encrypted_answer: Bytes },
    Retry { secrets: Arc<Secrets>, offer: Arc<Offer>, retry_id: i64 },
}

#[derive(Debug)]
pub(super) enum Outgoing {
    Requested { query: Vec<u8>, secrets: Arc<Secrets> },
    Shared { query: Vec<u8>, key: AuthKey, offer: Arc<Offer> },
}

/// The run's nonces; new_nonce is wiped with the last reference.
pub(super) struct Secrets {
    pub nonce: [u8; 16],
    pub server_nonce: [u8; 16],
    pub new_nonce: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

/// What the server offered, checked.
#[derive(Debug)]
pub(super) struct Offer {
    group: Group,
    g_a: [u8; 256],
    pub server_time: i32,
}

impl ClientJob {
    /// Runs it: CPU only.
    pub fn run<R: CryptoRng + ?Sized>(self, rng: &mut R) -> ClientOutcome {
        ClientOutcome(match self.0 {
            Task::Factor { config, response } => factor(&config, &response, rng),
            Task::Share { secrets, encrypted_answer } => check_answer(&secrets, &encrypted_answer)
                .and_then(|offer| share(&secrets, Arc::new(offer), 0, rng)),
            Task::Retry { secrets, offer, retry_id } => share(&secrets, offer, retry_id, rng),
        })
    }
}

fn factor<R: CryptoRng + ?Sized>(
    config: &ClientConfig,
    response: &types::ResPQ,
    rng: &mut R,
) -> Result<Outgoing, ClientError> {
    let (p, q) = number(&response.pq).and_then(pq::factor).filter(|(p, q)| p != q).ok_or(ClientError::Pq)?;
    let offered = |fingerprint| response.server_public_key_fingerprints.contains(&fingerprint);
    let key = config.keys.iter().find(|key| offered(key.fingerprint())).ok_or(ClientError::UnknownKeys)?;
    let mut new_nonce = Zeroizing::new([0; 32]);
    rng.fill_bytes(new_nonce.as_mut_slice());
    let secrets = Secrets { nonce: response.nonce, server_nonce: response.server_nonce, new_nonce };
    let (p, q) = (minimal(p), minimal(q));
    let inner = inner_data(config, &secrets, response.pq.clone(), p.clone(), q.clone());
    let encrypted = match config.scheme {
        RsaScheme::Pad => rsa_pad::encrypt(key, &inner, rng)?,
        RsaScheme::Old => rsa_old::encrypt(key, &inner, rng)?,
    };
    let query = functions::ReqDHParams {
        nonce: secrets.nonce,
        server_nonce: secrets.server_nonce,
        p,
        q,
        public_key_fingerprint: key.fingerprint(),
        encrypted_data: Bytes::copy_from_slice(&encrypted),
    };
    Ok(Outgoing::Requested { query: sealed::object(&query), secrets: Arc::new(secrets) })
}

/// One of the four constructors, by what the configuration asks for (M-110).
fn inner_data(config: &ClientConfig, secrets: &Secrets, pq: Bytes, p: Bytes, q: Bytes) -> Zeroizing<Vec<u8>> {
    let (nonce, server_nonce, new_nonce) = (secrets.nonce, secrets.server_nonce, *secrets.new_nonce);
    let mut inner: enums::PQInnerData = match (config.dc, config.expires_in) {
        (None, None) => types::PQInnerData { pq, p, q, nonce, server_nonce, new_nonce }.into(),
        (Some(dc), None) => types::PQInnerDataDc { pq, p, q, nonce, server_nonce, new_nonce, dc }.into(),
        (None, Some(expires_in)) => {
            types::PQInnerDataTemp { pq, p, q, nonce, server_nonce, new_nonce, expires_in }.into()
        }
        (Some(dc), Some(expires_in)) => {
            types::PQInnerDataTempDc { pq, p, q, nonce, server_nonce, new_nonce, dc, expires_in }.into()
        }
    };
    let bytes = wiped_object(&inner);
    match &mut inner {
        enums::PQInnerData::PQInnerData(data) => data.new_nonce.zeroize(),
        enums::PQInnerData::PQInnerDataDc(data) => data.new_nonce.zeroize(),
        enums::PQInnerData::PQInnerDataTemp(data) => data.new_nonce.zeroize(),
        enums::PQInnerData::PQInnerDataTempDc(data) => data.new_nonce.zeroize(),
    }
    bytes
}

fn wiped_object<T: Encode>(value: &T) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(sealed::object(value))
}

/// Opens and checks server_DH_inner_data (M-121 … M-129, M-320).
fn check_answer(secrets: &Secrets, encrypted_answer: &[u8]) -> Result<Offer, ClientError> {
    let tmp = tmp_aes(&secrets.new_nonce, &secrets.server_nonce);
    let answer: types::ServerDHInnerData =
        sealed::open(encrypted_answer, &tmp).map_err(|error| match error {
            OpenError::Object(error) => ClientError::Malformed(error),
            OpenError::Length | OpenError::Hash => ClientError::Answer,
        })?;
    if !ct_eq(&answer.nonce, &secrets.nonce) {
        return Err(ClientError::Nonce("nonce in the answer"));
    }
    if !ct_eq(&answer.server_nonce, &secrets.server_nonce) {
        return Err(ClientError::Nonce("server_nonce in the answer"));
    }
    let group = Group::check(&answer.dh_prime, answer.g)?;
    let g_a = group.check_public(&answer.g_a)?;
    Ok(Offer { group, g_a, server_time: answer.server_time })
}

/// Draws b and makes set_client_DH_params (M-130 … M-135).
fn share<R: CryptoRng + ?Sized>(
    secrets: &Secrets,
    offer: Arc<Offer>,
    retry_id: i64,
    rng: &mut R,
) -> Result<Outgoing, ClientError> {
    let (b, g_b) = offer.group.generate(rng)?;
    let key = offer.group.auth_key(&b, &offer.g_a)?;
    let inner = types::ClientDHInnerData {
        nonce: secrets.nonce,
        server_nonce: secrets.server_nonce,
        retry_id,
        g_b: Bytes::copy_from_slice(&g_b),
    };
    let query = functions::SetClientDHParams {
        nonce: secrets.nonce,
        server_nonce: secrets.server_nonce,
        encrypted_data: sealed::seal(&inner, &tmp_aes(&secrets.new_nonce, &secrets.server_nonce), rng),
    };
    Ok(Outgoing::Shared { query: sealed::object(&query), key, offer })
}

/// A number big-endian without leading zeros (M-008).
fn minimal(number: u64) -> Bytes {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    Bytes::copy_from_slice(bytes.split_at(zeros).1)
}
