//! The client's half of a key exchange.

use super::client_job::{ClientError, ClientJob, ClientOutcome, Offer, Outgoing, Secrets, Task};
use super::plain::{self, ClientIds};
use super::sealed::object;
use super::{ClientConfig, MAX_RETRIES};
use crate::UnixTime;
use bytes::Bytes;
use rand::CryptoRng;
use std::sync::Arc;
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::ct_eq;
use zaun_crypto::nonces::{DhAnswer, first_salt, new_nonce_hash};
use zaun_tl::Decode;
use zaun_wire::{enums, functions, types};

/// What a client does next.
#[derive(Debug)]
pub enum ClientStep {
    /// Run this, then send what [`ClientHandshake::complete`] returns.
    Compute(ClientJob),
    /// The key is agreed upon.
    Done(NegotiatedKey),
}

/// What a finished exchange yields.
#[derive(Debug, Clone)]
pub struct NegotiatedKey {
    /// The key.
    pub auth_key: AuthKey,
    /// The first server salt (M-142).
    pub first_salt: i64,
    /// The server's clock when it answered, unix seconds, from which clients set theirs (M-127).
    pub server_time: i32,
    /// The life of a temporary key as asked for, in seconds.
    pub expires_in: Option<i32>,
}

/// One run of a client. Any error ends it; the client starts over (M-320, M-322).
#[derive(Debug)]
pub struct ClientHandshake {
    config: Arc<ClientConfig>,
    msg_ids: ClientIds,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// req_pq was sent.
    Asked { nonce: [u8; 16] },
    /// req_DH_params is computed.
    Factoring,
    /// req_DH_params was sent.
    Requested { secrets: Arc<Secrets> },
    /// set_client_DH_params is computed.
    Sharing { secrets: Arc<Secrets>, retries: u32 },
    /// set_client_DH_params was sent.
    Shared { secrets: Arc<Secrets>, key: AuthKey, offer: Arc<Offer>, retries: u32 },
    /// Over, well or badly.
    Ended,
}

impl ClientHandshake {
    /// Begins a run: the payload is req_pq_multi, or req_pq if the configuration wants that.
    ///
    /// # Errors
    /// [`ClientError::UnknownKeys`] when there is no key to trust.
    pub fn start<R: CryptoRng + ?Sized>(
        config: Arc<ClientConfig>,
        now: UnixTime,
        rng: &mut R,
    ) -> Result<(Self, Bytes), ClientError> {
        if config.keys.is_empty() {
            return Err(ClientError::UnknownKeys);
        }
        let mut nonce = [0; 16];
        rng.fill_bytes(&mut nonce);
        let query = if config.old_req_pq {
            object(&functions::ReqPq { nonce })
        } else {
            object(&functions::ReqPqMulti { nonce })
        };
        let mut handshake = Self { config, msg_ids: ClientIds::default(), stage: Stage::Asked { nonce } };
        let payload = handshake.payload(now, &query);
        Ok((handshake, payload))
    }

    /// Takes the server's answer.
    ///
    /// # Errors
    /// [`ClientError`]; the run is over then.
    pub fn receive(&mut self, payload: Bytes) -> Result<ClientStep, ClientError> {
        let body = plain::decode(payload)?.body;
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Asked { nonce } => self.factor(nonce, body),
            Stage::Requested { secrets } => self.share(secrets, body),
            Stage::Shared { secrets, key, offer, retries } => self.finish(secrets, key, offer, retries, body),
            Stage::Factoring | Stage::Sharing { .. } | Stage::Ended => Err(ClientError::OutOfTurn),
        }
    }

    fn factor(&mut self, nonce: [u8; 16], body: Bytes) -> Result<ClientStep, ClientError> {
        let response: types::ResPQ = parse(body)?;
        if !ct_eq(&response.nonce, &nonce) {
            return Err(ClientError::Nonce("nonce in resPQ"));
        }
        self.stage = Stage::Factoring;
        Ok(ClientStep::Compute(ClientJob(Task::Factor { config: Arc::clone(&self.config), response })))
    }

    fn share(&mut self, secrets: Arc<Secrets>, body: Bytes) -> Result<ClientStep, ClientError> {
        match parse(body)? {
            enums::ServerDHParams::ServerDHParamsOk(answer) => {
                same_run(&secrets, &answer.nonce, &answer.server_nonce)?;
                self.stage = Stage::Sharing { secrets: Arc::clone(&secrets), retries: 0 };
                let encrypted_answer = answer.encrypted_answer;
                Ok(ClientStep::Compute(ClientJob(Task::Share { secrets, encrypted_answer })))
            }
            enums::ServerDHParams::ServerDHParamsFail(_) => Err(ClientError::ParamsFail),
        }
    }

    fn finish(
        &mut self,
        secrets: Arc<Secrets>,
        key: AuthKey,
        offer: Arc<Offer>,
        retries: u32,
        body: Bytes,
    ) -> Result<ClientStep, ClientError> {
        let check = |answer, nonce, server_nonce, hash: [u8; 16]| {
            same_run(&secrets, nonce, server_nonce)?;
            if ct_eq(&hash, &new_nonce_hash(answer, &secrets.new_nonce, &key)) {
                Ok(())
            } else {
                Err(ClientError::Nonce("new_nonce_hash"))
            }
        };
        match parse(body)? {
            enums::SetClientDHParamsAnswer::DhGenOk(answer) => {
                check(DhAnswer::Ok, &answer.nonce, &answer.server_nonce, answer.new_nonce_hash1)?;
                Ok(ClientStep::Done(NegotiatedKey {
                    first_salt: first_salt(&secrets.new_nonce, &secrets.server_nonce),
                    server_time: offer.server_time,
                    expires_in: self.config.expires_in,
                    auth_key: key,
                }))
            }
            enums::SetClientDHParamsAnswer::DhGenRetry(answer) => {
                check(DhAnswer::Retry, &answer.nonce, &answer.server_nonce, answer.new_nonce_hash2)?;
                if retries >= MAX_RETRIES {
                    return Err(ClientError::TooManyRetries);
                }
                self.stage = Stage::Sharing { secrets: Arc::clone(&secrets), retries: retries + 1 };
                Ok(ClientStep::Compute(ClientJob(Task::Retry { secrets, offer, retry_id: key.aux_hash() })))
            }
            enums::SetClientDHParamsAnswer::DhGenFail(answer) => {
                check(DhAnswer::Fail, &answer.nonce, &answer.server_nonce, answer.new_nonce_hash3)?;
                Err(ClientError::GenFail)
            }
        }
    }

    /// Takes a job's outcome and returns the payload to send.
    ///
    /// # Errors
    /// [`ClientError`]; the run is over then.
    pub fn complete(&mut self, now: UnixTime, outcome: ClientOutcome) -> Result<Bytes, ClientError> {
        let stage = std::mem::replace(&mut self.stage, Stage::Ended);
        let query = match (stage, outcome.0?) {
            (Stage::Factoring, Outgoing::Requested { query, secrets }) => {
                self.stage = Stage::Requested { secrets };
                query
            }
            (Stage::Sharing { secrets, retries }, Outgoing::Shared { query, key, offer }) => {
                self.stage = Stage::Shared { secrets, key, offer, retries };
                query
            }
            _ => return Err(ClientError::OutOfTurn),
        };
        Ok(self.payload(now, &query))
    }

    fn payload(&mut self, now: UnixTime, query: &[u8]) -> Bytes {
        plain::encode(self.msg_ids.next(now), query)
    }
}

fn parse<T: Decode>(body: Bytes) -> Result<T, ClientError> {
    zaun_tl::from_prefix(body).map_err(ClientError::Malformed)
}

/// The outer nonces of every answer (M-128).
fn same_run(secrets: &Secrets, nonce: &[u8; 16], server_nonce: &[u8; 16]) -> Result<(), ClientError> {
    if !ct_eq(nonce, &secrets.nonce) {
        return Err(ClientError::Nonce("nonce"));
    }
    if !ct_eq(server_nonce, &secrets.server_nonce) {
        return Err(ClientError::Nonce("server_nonce"));
    }
    Ok(())
}
