//! A client written without the engine, whose every field can be changed before it is sent.

use super::support::{Answer, NOW, ask, public_key, rng};
use bytes::Bytes;
use zaun_crypto::dh::{Group, Secret};
use zaun_crypto::nonces::tmp_aes;
use zaun_crypto::{pq, rsa_old, rsa_pad, sha1};
use zaun_mtproto::handshake::{Reason, ServerHandshake, plain};
use zaun_tl::{Decode, Encode};
use zaun_wire::{enums, functions, types};

const NONCE: [u8; 16] = [0x11; 16];
const NEW_NONCE: [u8; 32] = [0x22; 32];

pub fn object<T: Encode>(value: &T) -> Vec<u8> {
    zaun_tl::to_bytes(value, 0).unwrap()
}

pub fn message<T: Encode>(value: &T) -> Bytes {
    plain::encode(4, &object(value))
}

pub fn parse<T: Decode>(payload: Bytes) -> T {
    zaun_tl::from_bytes(plain::decode(payload).unwrap().body).unwrap()
}

/// A run after resPQ.
pub struct Run {
    pub server: ServerHandshake,
    pub response: types::ResPQ,
}

/// The fields of req_DH_params, before encryption.
pub struct Request {
    pub outer: functions::ReqDHParams,
    pub inner: types::PQInnerDataTempDc,
    pub old_rsa: bool,
    /// Applied to the serialized inner data.
    pub tail: fn(&mut Vec<u8>),
    /// Applied to the RSA result.
    pub encrypted: fn(&mut Vec<u8>),
}

pub fn begin(mut server: ServerHandshake) -> Run {
    let response = parse(ask(&mut server, NOW, message(&functions::ReqPqMulti { nonce: NONCE })).reply());
    Run { server, response }
}

impl Run {
    /// A correct request.
    pub fn request(&self) -> Request {
        let types::ResPQ { nonce, server_nonce, pq, .. } = self.response.clone();
        let number = pq.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let (p, q) = pq::factor(number).unwrap();
        let [p, q] =
            [p, q].map(|factor| Bytes::copy_from_slice(&u32::try_from(factor).unwrap().to_be_bytes()));
        Request {
            outer: functions::ReqDHParams {
                nonce,
                server_nonce,
                p: p.clone(),
                q: q.clone(),
                public_key_fingerprint: public_key().fingerprint(),
                encrypted_data: Bytes::new(),
            },
            inner: types::PQInnerDataTempDc {
                pq,
                p,
                q,
                nonce,
                server_nonce,
                new_nonce: NEW_NONCE,
                dc: 2,
                expires_in: 86_400,
            },
            old_rsa: false,
            tail: |_| {},
            encrypted: |_| {},
        }
    }

    pub fn send(&mut self, request: Request) -> Answer {
        let mut rng = rng(10);
        let inner: enums::PQInnerData = request.inner.into();
        let mut inner = object(&inner);
        (request.tail)(&mut inner);
        let scheme = if request.old_rsa { rsa_old::encrypt } else { rsa_pad::encrypt };
        let mut encrypted = scheme(&public_key(), &inner, &mut rng).unwrap().to_vec();
        (request.encrypted)(&mut encrypted);
        let mut outer = request.outer;
        if outer.encrypted_data.is_empty() {
            outer.encrypted_data = encrypted.into();
        }
        ask(&mut self.server, NOW, message(&outer))
    }

    /// Sends a changed request and expects a refusal that ends the run.
    pub fn refused(mut self, change: impl FnOnce(&mut Request)) -> (i32, Reason) {
        let mut request = self.request();
        change(&mut request);
        let refusal = self.send(request).refusal();
        let correct = self.request();
        match self.send(correct) {
            Answer::Refused(again) => {
                assert_eq!(again.reason, Reason::Poisoned, "M-118 after {}", refusal.reason)
            }
            _ => assert_eq!(refusal.reason, Reason::UnknownRun, "a query of no run harms none"),
        }
        (refusal.code, refusal.reason)
    }

    /// Goes on to server_DH_params_ok.
    pub fn share(mut self) -> Shared {
        let request = self.request();
        let answer: types::ServerDHParamsOk = parse(self.send(request).reply());
        let mut data = answer.encrypted_answer.to_vec();
        tmp_aes(&NEW_NONCE, &answer.server_nonce).decrypt(&mut data).unwrap();
        let inner: types::ServerDHInnerData = zaun_tl::from_prefix(Bytes::from(data).slice(20..)).unwrap();
        let g_a = Group::telegram().unwrap().check_public(&inner.g_a).unwrap();
        Shared { server: self.server, answer, g_a }
    }
}

/// A run after server_DH_params_ok.
pub struct Shared {
    pub server: ServerHandshake,
    pub answer: types::ServerDHParamsOk,
    g_a: [u8; 256],
}

/// The fields of set_client_DH_params, before encryption.
pub struct Params {
    pub nonce: [u8; 16],
    pub server_nonce: [u8; 16],
    pub inner: types::ClientDHInnerData,
    /// Applied to hash, object and padding.
    pub clear: fn(&mut Vec<u8>),
    /// Applied to the result.
    pub encrypted: fn(&mut Vec<u8>),
}

impl Shared {
    pub fn params(&self) -> (Params, Secret) {
        let (b, g_b) = Group::telegram().unwrap().generate(&mut rng(11)).unwrap();
        let types::ServerDHParamsOk { nonce, server_nonce, .. } = self.answer;
        let inner =
            types::ClientDHInnerData { nonce, server_nonce, retry_id: 0, g_b: Bytes::copy_from_slice(&g_b) };
        (Params { nonce, server_nonce, inner, clear: |_| {}, encrypted: |_| {} }, b)
    }

    pub fn send(&mut self, params: Params) -> Answer {
        let object = object(&params.inner);
        let mut data = [&sha1(&[&object])[..], &object].concat();
        data.resize(data.len().next_multiple_of(16), 0);
        (params.clear)(&mut data);
        let _ = tmp_aes(&NEW_NONCE, &self.answer.server_nonce).encrypt(&mut data);
        (params.encrypted)(&mut data);
        let query = functions::SetClientDHParams {
            nonce: params.nonce,
            server_nonce: params.server_nonce,
            encrypted_data: data.into(),
        };
        ask(&mut self.server, NOW, message(&query))
    }

    /// Sends changed parameters and expects a refusal that ends the run.
    pub fn refused(mut self, change: impl FnOnce(&mut Params)) -> (i32, Reason) {
        let (mut params, _) = self.params();
        change(&mut params);
        let refusal = self.send(params).refusal();
        if refusal.reason != Reason::UnknownRun {
            let (correct, _) = self.params();
            assert_eq!(
                self.send(correct).refusal().reason,
                Reason::Poisoned,
                "M-118 after {}",
                refusal.reason
            );
        }
        (refusal.code, refusal.reason)
    }

    /// The key as the client computes it.
    pub fn key(&self, b: &Secret) -> zaun_crypto::AuthKey {
        Group::telegram().unwrap().auth_key(b, &self.g_a).unwrap()
    }
}
