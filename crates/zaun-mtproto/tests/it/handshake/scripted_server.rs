//! A server written without the engine, whose every answer can be changed before it is sent.

use super::scripted_client::{message, object, parse};
use super::support::{client_with, private_keys, rng, tell};
use bytes::Bytes;
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::dh::{Group, Secret};
use zaun_crypto::nonces::tmp_aes;
use zaun_crypto::{rsa_pad, sha1};
use zaun_mtproto::handshake::{ClientError, ClientHandshake};
use zaun_wire::{enums, functions, types};

const SERVER_NONCE: [u8; 16] = [0x33; 16];

/// A client after its first query, and the correct answer to it.
pub fn begin() -> (ClientHandshake, types::ResPQ) {
    let (client, first) = client_with(|_| {});
    let functions::ReqPqMulti { nonce } = parse(first);
    let response = types::ResPQ {
        nonce,
        server_nonce: SERVER_NONCE,
        // The product of the published sample.
        pq: Bytes::copy_from_slice(&1_468_428_376_148_703_121_u64.to_be_bytes()),
        server_public_key_fingerprints: private_keys().iter().map(|key| key.public().fingerprint()).collect(),
    };
    (client, response)
}

/// A client after req_DH_params.
pub struct Requested {
    pub client: ClientHandshake,
    pub query: functions::ReqDHParams,
    pub inner: types::PQInnerDataDc,
    a: Secret,
    g_a: [u8; 256],
}

/// The fields of server_DH_params_ok, before encryption.
pub struct Offer {
    pub nonce: [u8; 16],
    pub server_nonce: [u8; 16],
    pub inner: types::ServerDHInnerData,
    /// Applied to hash, object and padding.
    pub clear: fn(&mut Vec<u8>),
    /// Applied to the result.
    pub encrypted: fn(&mut Vec<u8>),
}

pub fn requested() -> Requested {
    let (mut client, response) = begin();
    let query: functions::ReqDHParams = parse(tell(&mut client, message(&response)).unwrap().unwrap_err());
    let key = &private_keys()[1];
    let encrypted: [u8; 256] = (&query.encrypted_data[..]).try_into().unwrap();
    let data = rsa_pad::decrypt(key, &encrypted).unwrap();
    let enums::PQInnerData::PQInnerDataDc(inner) = zaun_tl::from_prefix(data.to_vec().into()).unwrap() else {
        panic!("the default asks for a permanent key of a dc")
    };
    let (a, g_a) = Group::telegram().unwrap().generate(&mut rng(12)).unwrap();
    Requested { client, query, inner: *inner, a, g_a }
}

impl Requested {
    pub fn offer(&self) -> Offer {
        let (nonce, server_nonce) = (self.query.nonce, self.query.server_nonce);
        let group = Group::telegram().unwrap();
        let inner = types::ServerDHInnerData {
            nonce,
            server_nonce,
            g: group.generator(),
            dh_prime: Bytes::copy_from_slice(group.prime()),
            g_a: Bytes::copy_from_slice(&self.g_a),
            server_time: 1_800_000_000,
        };
        Offer { nonce, server_nonce, inner, clear: |_| {}, encrypted: |_| {} }
    }

    pub fn send(&mut self, offer: Offer) -> Result<functions::SetClientDHParams, ClientError> {
        let object = object(&offer.inner);
        let mut data = [&sha1(&[&object])[..], &object].concat();
        data.resize(data.len().next_multiple_of(16), 0);
        (offer.clear)(&mut data);
        let _ = tmp_aes(&self.inner.new_nonce, &self.query.server_nonce).encrypt(&mut data);
        (offer.encrypted)(&mut data);
        let answer = types::ServerDHParamsOk {
            nonce: offer.nonce,
            server_nonce: offer.server_nonce,
            encrypted_answer: data.into(),
        };
        tell(&mut self.client, message(&answer)).map(|next| parse(next.unwrap_err()))
    }

    /// Sends a changed offer and expects the client to give up.
    pub fn refused(mut self, change: impl FnOnce(&mut Offer)) -> ClientError {
        let mut offer = self.offer();
        change(&mut offer);
        let error = self.send(offer).unwrap_err();
        let correct = self.offer();
        assert_eq!(self.send(correct).unwrap_err(), ClientError::OutOfTurn, "the run is over after {error}");
        error
    }

    /// Answers correctly and computes the key.
    pub fn share(mut self) -> (ClientHandshake, types::PQInnerDataDc, AuthKey) {
        let offer = self.offer();
        let query = self.send(offer).unwrap();
        let key = self.key_of(&query);
        (self.client, self.inner, key)
    }

    /// The key that a client's set_client_DH_params leads to.
    pub fn key_of(&self, query: &functions::SetClientDHParams) -> AuthKey {
        let mut data = query.encrypted_data.to_vec();
        tmp_aes(&self.inner.new_nonce, &self.query.server_nonce).decrypt(&mut data).unwrap();
        let inner: types::ClientDHInnerData = zaun_tl::from_prefix(Bytes::from(data).slice(20..)).unwrap();
        let group = Group::telegram().unwrap();
        let g_b = group.check_public(&inner.g_b).unwrap();
        group.auth_key(&self.a, &g_b).unwrap()
    }
}
