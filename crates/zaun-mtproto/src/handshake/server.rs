//! The server's half of a key exchange.

use super::plain;
use super::refusal::{Reason, Refusal};
use super::sealed::object;
use super::server_job::{Job, Outcome, Outgoing, Secrets, Task};
use super::{DcPolicy, MAX_BODY_BYTES, MAX_RETRIES, MAX_RUNS_PER_CONNECTION, RUN_LIFETIME_S, ServerConfig};
use crate::UnixTime;
use crate::msg_id::{Generator, Kind};
use bytes::Bytes;
use rand::CryptoRng;
use std::sync::Arc;
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::nonces::{DhAnswer, first_salt, new_nonce_hash};
use zaun_crypto::pq::Semiprime;
use zaun_crypto::{ct_eq, pq, sha256};
use zaun_tl::{DecodeError, Reader};
use zaun_wire::{Request, functions, ids, types};

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Send this payload.
    Reply(Bytes),
    /// Run this away from the I/O threads (M-147), then call [`ServerHandshake::complete`].
    Compute(Job),
    /// A key was agreed upon. Store it (a permanent one durably), then call [`ServerHandshake::stored`] or
    /// [`ServerHandshake::collided`] for the answer (M-137, M-138).
    Created(NewKey),
    /// Send this transport error.
    Refuse(Refusal),
    /// Nothing: an acknowledgement, a repeat whose answer is being computed, an outcome nobody waits for any more.
    Nothing,
}

/// An authorization key that the server has to store before it answers.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The key.
    pub auth_key: AuthKey,
    /// The first server salt, valid from now (M-142).
    pub first_salt: i64,
    /// The life of a temporary key in seconds, already capped; `None` for a permanent key (M-116).
    pub expires_in: Option<i32>,
    /// The dc the client believes to talk to, as sent: with 10000 for test, negative for media (M-113).
    pub dc: Option<i32>,
}

/// One connection's key exchange: at most one run at a time (M-099).
#[derive(Debug)]
pub struct ServerHandshake {
    config: Arc<ServerConfig>,
    dc: DcPolicy,
    msg_ids: Generator,
    runs_begun: u32,
    /// Names jobs, so that the outcome of a superseded one is recognised.
    last_ticket: u64,
    run: Option<Run>,
}

#[derive(Debug)]
struct Run {
    nonce: [u8; 16],
    server_nonce: [u8; 16],
    pq: Semiprime,
    expires_at: UnixTime,
    stage: Stage,
    /// SHA-256 of the last query, and what it was answered, for repeats (M-144).
    last_query: [u8; 32],
    last_reply: Option<Vec<u8>>,
}

#[derive(Debug)]
enum Stage {
    /// resPQ was sent; req_DH_params is due.
    Offered,
    /// Its job runs.
    Sharing { ticket: u64 },
    /// server_DH_params_ok was sent; set_client_DH_params is due, for the first time or again.
    Shared { secrets: Arc<Secrets>, failed: Option<AuthKey>, retries: u32 },
    /// Its job runs.
    Agreeing { ticket: u64, secrets: Arc<Secrets>, retries: u32 },
    /// The caller stores the key.
    Storing { key: AuthKey, secrets: Arc<Secrets>, retries: u32 },
    /// dh_gen_ok was sent; only its repeat is answered.
    Done,
    /// Every query of the run is refused (M-118).
    Refused,
}

impl ServerHandshake {
    /// A connection without a run.
    #[must_use]
    pub fn new(config: Arc<ServerConfig>) -> Self {
        let dc = config.dc;
        Self { config, dc, msg_ids: Generator::default(), runs_begun: 0, last_ticket: 0, run: None }
    }

    /// Which dc ids the client may name here, in place of the configured ones (M-113 … M-115).
    #[must_use]
    pub fn dc(self, dc: DcPolicy) -> Self {
        Self { dc, ..self }
    }

    /// Takes a payload whose auth_key_id is zero (M-085).
    pub fn receive<R: CryptoRng + ?Sized>(&mut self, now: UnixTime, payload: Bytes, rng: &mut R) -> Step {
        self.try_receive(now, payload, rng).unwrap_or_else(|reason| self.refuse(reason))
    }

    fn try_receive<R: CryptoRng + ?Sized>(
        &mut self,
        now: UnixTime,
        payload: Bytes,
        rng: &mut R,
    ) -> Result<Step, Reason> {
        let body = plain::decode(payload)?.body;
        if body.len() > MAX_BODY_BYTES {
            return Err(Reason::TooLong(body.len()));
        }
        let query = sha256(&[&body]);
        if let Some(repeat) = self.repeat(now, &query) {
            return Ok(repeat);
        }
        // Bytes behind the object are TDLib's random tail and are ignored.
        let mut reader = Reader::new(body);
        if reader.peek_u32() == Some(ids::MSGS_ACK) {
            return Ok(Step::Nothing);
        }
        let request = Request::decode(&mut reader).map_err(malformed)?.1;
        match request {
            Request::ReqPq(request) => self.begin(now, query, request.nonce, rng),
            Request::ReqPqMulti(request) => self.begin(now, query, request.nonce, rng),
            Request::ReqDHParams(request) => self.share(now, query, *request),
            Request::SetClientDHParams(request) => self.agree(now, query, *request),
            other => Err(Reason::NotPlaintext(other.name())),
        }
    }

    /// The answer to a byte-identical repeat of the last query (M-144).
    fn repeat(&mut self, now: UnixTime, query: &[u8; 32]) -> Option<Step> {
        let run = self.run.as_ref().filter(|run| run.last_query == *query && run.expires_at > now)?;
        if matches!(run.stage, Stage::Refused) {
            return None;
        }
        match run.last_reply.clone() {
            Some(reply) => Some(self.reply(now, &reply)),
            None => Some(Step::Nothing),
        }
    }

    /// req_pq and req_pq_multi: a new run, in place of an older one (M-092, M-099).
    fn begin<R: CryptoRng + ?Sized>(
        &mut self,
        now: UnixTime,
        query: [u8; 32],
        nonce: [u8; 16],
        rng: &mut R,
    ) -> Result<Step, Reason> {
        if self.runs_begun >= MAX_RUNS_PER_CONNECTION {
            return Err(Reason::TooManyRuns);
        }
        self.runs_begun += 1;
        let mut server_nonce = [0; 16];
        rng.fill_bytes(&mut server_nonce);
        let semiprime = pq::generate(rng);
        let reply = object(&types::ResPQ {
            nonce,
            server_nonce,
            pq: Bytes::copy_from_slice(&semiprime.pq.to_be_bytes()),
            server_public_key_fingerprints: self
                .config
                .keys
                .iter()
                .map(|key| key.public().fingerprint())
                .collect(),
        });
        self.run = Some(Run {
            nonce,
            server_nonce,
            pq: semiprime,
            expires_at: now + UnixTime::from_secs(RUN_LIFETIME_S),
            stage: Stage::Offered,
            last_query: query,
            last_reply: Some(reply.clone()),
        });
        Ok(self.reply(now, &reply))
    }

    /// req_DH_params: the cheap checks; the rest is a job.
    fn share(
        &mut self,
        now: UnixTime,
        query: [u8; 32],
        request: functions::ReqDHParams,
    ) -> Result<Step, Reason> {
        let config = Arc::clone(&self.config);
        let (ticket, dc) = (self.ticket(), self.dc);
        let run = self.run(now, &request.nonce, &request.server_nonce)?;
        if !matches!(run.stage, Stage::Offered) {
            return Err(Reason::OutOfTurn("req_DH_params"));
        }
        if number(&request.p) != Some(run.pq.p.into()) || number(&request.q) != Some(run.pq.q.into()) {
            return Err(run.poison(Reason::Factors));
        }
        let fingerprint = request.public_key_fingerprint;
        if !config.keys.iter().any(|key| key.public().fingerprint() == fingerprint) {
            return Err(run.poison(Reason::Fingerprint(fingerprint)));
        }
        let Ok(encrypted) = <[u8; 256]>::try_from(&*request.encrypted_data) else {
            return Err(run.poison(Reason::EncryptedLength(request.encrypted_data.len())));
        };
        run.await_outcome(query, Stage::Sharing { ticket });
        let (nonce, server_nonce, pq) = (run.nonce, run.server_nonce, run.pq);
        let task = Task::Share {
            config,
            dc,
            nonce,
            server_nonce,
            pq,
            fingerprint,
            encrypted: Box::new(encrypted),
            now,
        };
        Ok(Step::Compute(Job { ticket, task }))
    }

    /// set_client_DH_params: everything but the nonces is a job.
    fn agree(
        &mut self,
        now: UnixTime,
        query: [u8; 32],
        request: functions::SetClientDHParams,
    ) -> Result<Step, Reason> {
        let ticket = self.ticket();
        let run = self.run(now, &request.nonce, &request.server_nonce)?;
        let Stage::Shared { secrets, failed, retries } = &run.stage else {
            return Err(Reason::OutOfTurn("set_client_DH_params"));
        };
        let retry_id = failed.as_ref().map_or(0, AuthKey::aux_hash);
        let (secrets, retries) = (Arc::clone(secrets), *retries);
        let (nonce, server_nonce) = (run.nonce, run.server_nonce);
        run.await_outcome(query, Stage::Agreeing { ticket, secrets: Arc::clone(&secrets), retries });
        let encrypted = request.encrypted_data;
        Ok(Step::Compute(Job {
            ticket,
            task: Task::Agree { nonce, server_nonce, secrets, retry_id, encrypted },
        }))
    }

    /// Takes a job's outcome.
    pub fn complete(&mut self, now: UnixTime, outcome: Outcome) -> Step {
        let Some(run) = &mut self.run else { return Step::Nothing };
        match (&run.stage, outcome.result) {
            (Stage::Sharing { ticket }, result) if *ticket == outcome.ticket => match result {
                Ok(Outgoing::Shared { reply, secrets }) => {
                    run.stage = Stage::Shared { secrets, failed: None, retries: 0 };
                    self.answer(now, reply)
                }
                Ok(Outgoing::Agreed(_)) => Step::Nothing,
                Err(reason) => Step::Refuse(run.poison(reason).into()),
            },
            (Stage::Agreeing { ticket, secrets, retries }, result) if *ticket == outcome.ticket => {
                match result {
                    Ok(Outgoing::Agreed(key)) => {
                        let (secrets, retries) = (Arc::clone(secrets), *retries);
                        self.created(now, key, secrets, retries)
                    }
                    Ok(Outgoing::Shared { .. }) => Step::Nothing,
                    Err(reason) => Step::Refuse(run.poison(reason).into()),
                }
            }
            _ => Step::Nothing,
        }
    }

    fn created(&mut self, now: UnixTime, key: AuthKey, secrets: Arc<Secrets>, retries: u32) -> Step {
        let Some(run) = &mut self.run else { return Step::Nothing };
        let new = NewKey {
            auth_key: key.clone(),
            first_salt: first_salt(&secrets.new_nonce, &run.server_nonce),
            expires_in: secrets.expires_in,
            dc: secrets.dc,
        };
        run.stage = Stage::Storing { key, secrets, retries };
        // Zero means plaintext, so no key may have it (M-138).
        if new.auth_key.id() == 0 { self.collided(now) } else { Step::Created(new) }
    }

    /// The key of [`Step::Created`] is stored: answers dh_gen_ok and forgets every secret of the run (M-137, M-143).
    pub fn stored(&mut self, now: UnixTime) -> Step {
        let Some(run) = &mut self.run else { return Step::Nothing };
        let Stage::Storing { key, secrets, .. } = &run.stage else { return Step::Nothing };
        let new_nonce_hash1 = new_nonce_hash(DhAnswer::Ok, &secrets.new_nonce, key);
        let (nonce, server_nonce) = (run.nonce, run.server_nonce);
        run.stage = Stage::Done;
        self.answer(now, object(&types::DhGenOk { nonce, server_nonce, new_nonce_hash1 }))
    }

    /// The id of the key of [`Step::Created`] is taken: asks for another g_b, or gives up after [`MAX_RETRIES`]
    /// (M-138, M-139).
    pub fn collided(&mut self, now: UnixTime) -> Step {
        let Some(run) = &mut self.run else { return Step::Nothing };
        let Stage::Storing { key, secrets, retries } = &run.stage else { return Step::Nothing };
        let (nonce, server_nonce) = (run.nonce, run.server_nonce);
        if *retries >= MAX_RETRIES {
            let new_nonce_hash3 = new_nonce_hash(DhAnswer::Fail, &secrets.new_nonce, key);
            run.stage = Stage::Done;
            return self.answer(now, object(&types::DhGenFail { nonce, server_nonce, new_nonce_hash3 }));
        }
        let new_nonce_hash2 = new_nonce_hash(DhAnswer::Retry, &secrets.new_nonce, key);
        let (secrets, failed, retries) = (Arc::clone(secrets), Some(key.clone()), retries + 1);
        run.stage = Stage::Shared { secrets, failed, retries };
        self.answer(now, object(&types::DhGenRetry { nonce, server_nonce, new_nonce_hash2 }))
    }

    /// The run of these nonces, if it is alive (M-100, M-118, M-145).
    fn run(&mut self, now: UnixTime, nonce: &[u8; 16], server_nonce: &[u8; 16]) -> Result<&mut Run, Reason> {
        let run = self.run.as_mut().ok_or(Reason::UnknownRun)?;
        if !ct_eq(nonce, &run.nonce) || !ct_eq(server_nonce, &run.server_nonce) {
            return Err(Reason::UnknownRun);
        }
        if run.expires_at <= now {
            return Err(run.poison(Reason::Expired));
        }
        if matches!(run.stage, Stage::Refused) { Err(Reason::Poisoned) } else { Ok(run) }
    }

    /// A query out of its turn ends the run too: what follows it would be answered by chance.
    fn refuse(&mut self, reason: Reason) -> Step {
        if let (Reason::OutOfTurn(_), Some(run)) = (&reason, &mut self.run) {
            run.stage = Stage::Refused;
        }
        Step::Refuse(reason.into())
    }

    /// Sends the answer of the current query and keeps it for repeats.
    fn answer(&mut self, now: UnixTime, reply: Vec<u8>) -> Step {
        let step = self.reply(now, &reply);
        if let Some(run) = &mut self.run {
            run.last_reply = Some(reply);
        }
        step
    }

    fn reply(&mut self, now: UnixTime, body: &[u8]) -> Step {
        Step::Reply(plain::encode(self.msg_ids.next(now, Kind::Response), body))
    }

    fn ticket(&mut self) -> u64 {
        self.last_ticket += 1;
        self.last_ticket
    }
}

impl Run {
    /// Refuses everything from here on (M-118); the secrets go with the stage.
    fn poison(&mut self, reason: Reason) -> Reason {
        self.stage = Stage::Refused;
        reason
    }

    fn await_outcome(&mut self, query: [u8; 32], stage: Stage) {
        self.stage = stage;
        self.last_query = query;
        self.last_reply = None;
    }
}

fn malformed(error: DecodeError) -> Reason {
    Reason::Malformed(error)
}

/// A big-endian number of at most eight bytes (M-008).
pub(super) fn number(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}
