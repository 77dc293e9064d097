//! Every field of the server, wrong once: the client gives the run up (M-128, M-320).

use super::scripted_client::{message, object, parse};
use super::scripted_server::{begin, requested};
use super::support::{public_key, tell};
use bytes::Bytes;
use std::sync::Arc;
use zaun_crypto::dh::{DhError, TELEGRAM_PRIME};
use zaun_crypto::nonces::{DhAnswer, new_nonce_hash};
use zaun_mtproto::handshake::{ClientConfig, ClientError, ClientHandshake, MAX_RETRIES, plain};
use zaun_wire::types;

fn refused_response(change: impl FnOnce(&mut types::ResPQ)) -> ClientError {
    let (mut client, mut response) = begin();
    change(&mut response);
    tell(&mut client, message(&response)).unwrap_err()
}

/// M-119, M-123.
#[test]
fn a_correct_server_is_believed() {
    let (mut client, inner, key) = requested().share();
    let ok = types::DhGenOk {
        nonce: inner.nonce,
        server_nonce: inner.server_nonce,
        new_nonce_hash1: new_nonce_hash(DhAnswer::Ok, &inner.new_nonce, &key),
    };
    let negotiated = tell(&mut client, message(&ok)).unwrap().unwrap();
    assert!(negotiated.auth_key == key);
    assert_eq!(negotiated.server_time, 1_800_000_000);
}

#[test]
fn the_query_holds_what_the_documents_want() {
    let requested = requested();
    assert_eq!(requested.query.p, 1_008_949_199_u32.to_be_bytes()[..]);
    assert_eq!(requested.query.q, 1_455_403_679_u32.to_be_bytes()[..]);
    assert_eq!(requested.query.public_key_fingerprint, public_key().fingerprint());
    assert_eq!((requested.inner.p, requested.inner.q), (requested.query.p, requested.query.q));
    assert_eq!(requested.inner.dc, 2);
}

#[test]
fn a_client_without_keys_does_not_begin() {
    let config = Arc::new(ClientConfig::new(Vec::new()));
    let result = ClientHandshake::start(config, super::support::NOW, &mut super::support::rng(1));
    assert_eq!(result.err(), Some(ClientError::UnknownKeys));
}

#[test]
fn a_wrong_nonce_pq_or_fingerprint_in_res_pq_ends_the_exchange() {
    assert_eq!(refused_response(|response| response.nonce[0] ^= 1), ClientError::Nonce("nonce in resPQ"));
    // Nothing, primes, squares, three factors, and numbers of more than 8 bytes.
    for pq in [&[][..], &[13], &[4], &[9], &[30], &[1; 9], &[0xff; 8]] {
        let error = refused_response(|response| response.pq = Bytes::from_static(pq));
        assert_eq!(error, ClientError::Pq, "M-094");
    }
    let unknown = refused_response(|response| response.server_public_key_fingerprints = vec![1, 2, 3]);
    assert_eq!(unknown, ClientError::UnknownKeys, "M-096");
}

/// M-128, M-320.
#[test]
fn wrong_outer_nonces_of_the_offer_end_the_exchange() {
    assert_eq!(requested().refused(|offer| offer.nonce[0] ^= 1), ClientError::Nonce("nonce"));
    assert_eq!(requested().refused(|offer| offer.server_nonce[0] ^= 1), ClientError::Nonce("server_nonce"));
}

/// M-128, M-320.
#[test]
fn wrong_inner_nonces_of_the_offer_end_the_exchange() {
    let error = requested().refused(|offer| offer.inner.nonce[0] ^= 1);
    assert_eq!(error, ClientError::Nonce("nonce in the answer"));
    let error = requested().refused(|offer| offer.inner.server_nonce[0] ^= 1);
    assert_eq!(error, ClientError::Nonce("server_nonce in the answer"));
}

#[test]
fn m121_m129_a_wrong_hash_length_or_padding_of_the_offer_ends_the_exchange() {
    assert_eq!(requested().refused(|offer| offer.clear = |data| data[0] ^= 1), ClientError::Answer);
    assert_eq!(requested().refused(|offer| offer.clear = |data| data[90] ^= 1), ClientError::Answer);
    assert_eq!(requested().refused(|offer| offer.clear = |data| data.extend([0; 16])), ClientError::Answer);
    assert_eq!(requested().refused(|offer| offer.encrypted = |data| data.truncate(591)), ClientError::Answer);
    assert_eq!(requested().refused(|offer| offer.encrypted = Vec::clear), ClientError::Answer);
    let error = requested().refused(|offer| offer.clear = |data| data[20] ^= 1);
    assert!(matches!(error, ClientError::Malformed(_)), "{error}");
}

/// M-320.
#[test]
fn m124_m125_m126_a_wrong_group_or_public_value_ends_the_exchange() {
    let error = requested().refused(|offer| offer.inner.g = 2);
    assert_eq!(error, ClientError::Dh(DhError::Generator));
    let mut composite = TELEGRAM_PRIME;
    composite[255] ^= 2;
    let error = requested().refused(|offer| offer.inner.dh_prime = Bytes::copy_from_slice(&composite));
    assert_eq!(error, ClientError::Dh(DhError::Prime));
    for g_a in [&[][..], &[1], &[0xff; 256], &[1; 248], &TELEGRAM_PRIME] {
        let error = requested().refused(|offer| offer.inner.g_a = Bytes::copy_from_slice(g_a));
        assert_eq!(error, ClientError::Dh(DhError::PublicValue));
    }
}

/// M-125, M-320.
#[test]
fn a_dh_prime_of_another_size_or_that_is_not_safe_ends_the_exchange() {
    // 2^2047 + 1919 is a prime of 2048 bits, but half of it is none.
    let mut unsafe_prime = [0; 256];
    (unsafe_prime[0], unsafe_prime[254], unsafe_prime[255]) = (0x80, 0x07, 0x7f);
    let longer = [&TELEGRAM_PRIME[..], &[1]].concat();
    let padded = [&[0], &TELEGRAM_PRIME[..]].concat();
    for prime in [&unsafe_prime[..], &TELEGRAM_PRIME[1..], &longer, &padded, &[23], &[]] {
        let error = requested().refused(|offer| {
            // A residue of every prime, so that only the prime is wrong.
            offer.inner.g = 4;
            offer.inner.dh_prime = Bytes::copy_from_slice(prime);
        });
        assert_eq!(error, ClientError::Dh(DhError::Prime), "{} bytes", prime.len());
    }
}

/// M-124, M-320.
#[test]
fn a_generator_that_is_no_residue_or_not_2_to_7_ends_the_exchange() {
    for (g, taken) in
        [(0, false), (1, false), (2, false), (3, true), (4, true), (8, false), (-3, false), (259, false)]
    {
        let mut requested = requested();
        let mut offer = requested.offer();
        offer.inner.g = g;
        let result = requested.send(offer).map(drop);
        assert_eq!(result, if taken { Ok(()) } else { Err(ClientError::Dh(DhError::Generator)) }, "{g}");
    }
}

/// M-126, M-320.
#[test]
fn a_public_value_within_2_to_the_1984_of_either_end_ends_the_exchange() {
    let mut low = [0; 256];
    low[7] = 1;
    let mut high = TELEGRAM_PRIME;
    high[7] -= 1;
    for (bound, outwards) in [(low, -1i8), (high, 1)] {
        let mut requested = requested();
        let mut offer = requested.offer();
        offer.inner.g_a = Bytes::copy_from_slice(&bound);
        assert!(requested.send(offer).is_ok(), "the bound itself is good");
        let mut beyond = bound;
        for byte in beyond.iter_mut().rev() {
            *byte = byte.wrapping_add_signed(outwards);
            // Carry on only where the byte wrapped.
            if (*byte != 0xff || outwards > 0) && (*byte != 0 || outwards < 0) {
                break;
            }
        }
        let error = super::scripted_server::requested().refused(|offer| {
            offer.inner.g_a = Bytes::copy_from_slice(&beyond);
        });
        assert_eq!(error, ClientError::Dh(DhError::PublicValue));
    }
}

#[test]
fn m138_a_proven_retry_is_made_with_another_key_and_the_fourth_ends_the_exchange() {
    let mut requested = requested();
    let offer = requested.offer();
    let mut query = requested.send(offer).unwrap();
    let mut keys = Vec::new();
    for attempt in 0..=MAX_RETRIES {
        let key = requested.key_of(&query);
        let retry = types::DhGenRetry {
            nonce: query.nonce,
            server_nonce: query.server_nonce,
            new_nonce_hash2: new_nonce_hash(DhAnswer::Retry, &requested.inner.new_nonce, &key),
        };
        keys.push(key.id());
        // Its identifier seeds the client's next draw.
        let payload = plain::encode(i64::from(attempt) * 4 + 1, &object(&retry));
        match tell(&mut requested.client, payload) {
            Ok(next) => query = parse(next.unwrap_err()),
            Err(error) => assert_eq!((error, attempt), (ClientError::TooManyRetries, MAX_RETRIES)),
        }
    }
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), MAX_RETRIES as usize + 1);
}

#[test]
fn m139_a_proven_fail_ends_the_exchange() {
    let (mut client, inner, key) = requested().share();
    let fail = types::DhGenFail {
        nonce: inner.nonce,
        server_nonce: inner.server_nonce,
        new_nonce_hash3: new_nonce_hash(DhAnswer::Fail, &inner.new_nonce, &key),
    };
    assert_eq!(tell(&mut client, message(&fail)).unwrap_err(), ClientError::GenFail);
    assert_eq!(tell(&mut client, message(&fail)).unwrap_err(), ClientError::OutOfTurn);
}

#[test]
fn m120_params_fail_ends_the_run() {
    let mut requested = requested();
    let fail = types::ServerDHParamsFail {
        nonce: requested.query.nonce,
        server_nonce: requested.query.server_nonce,
        new_nonce_hash: [0; 16],
    };
    assert_eq!(tell(&mut requested.client, message(&fail)).unwrap_err(), ClientError::ParamsFail);
}

#[test]
fn m140_the_final_answer_must_prove_the_key() {
    let hash = |answer, inner: &types::PQInnerDataDc, key: &_| new_nonce_hash(answer, &inner.new_nonce, key);
    let wrong_hash = ClientError::Nonce("new_nonce_hash");
    // An intruder must not turn one answer into another.
    for claimed in [DhAnswer::Retry, DhAnswer::Fail] {
        let (mut client, inner, key) = requested().share();
        let new_nonce_hash1 = hash(claimed, &inner, &key);
        let ok = types::DhGenOk { nonce: inner.nonce, server_nonce: inner.server_nonce, new_nonce_hash1 };
        assert_eq!(tell(&mut client, message(&ok)).unwrap_err(), wrong_hash);
        assert_eq!(tell(&mut client, message(&ok)).unwrap_err(), ClientError::OutOfTurn);
    }
    let (mut client, inner, key) = requested().share();
    let new_nonce_hash2 = hash(DhAnswer::Ok, &inner, &key);
    let retry = types::DhGenRetry { nonce: inner.nonce, server_nonce: inner.server_nonce, new_nonce_hash2 };
    assert_eq!(tell(&mut client, message(&retry)).unwrap_err(), wrong_hash);
    let (mut client, inner, key) = requested().share();
    let new_nonce_hash3 = hash(DhAnswer::Ok, &inner, &key);
    let fail = types::DhGenFail { nonce: inner.nonce, server_nonce: inner.server_nonce, new_nonce_hash3 };
    assert_eq!(tell(&mut client, message(&fail)).unwrap_err(), wrong_hash);

    for (nonce_bit, expected) in [(true, "nonce"), (false, "server_nonce")] {
        let (mut client, inner, key) = requested().share();
        let new_nonce_hash1 = hash(DhAnswer::Ok, &inner, &key);
        let mut ok = types::DhGenOk { nonce: inner.nonce, server_nonce: inner.server_nonce, new_nonce_hash1 };
        if nonce_bit {
            ok.nonce[0] ^= 1;
        } else {
            ok.server_nonce[0] ^= 1;
        }
        assert_eq!(tell(&mut client, message(&ok)).unwrap_err(), ClientError::Nonce(expected));
    }
}

#[test]
fn an_answer_of_another_kind_ends_the_exchange() {
    let (mut client, _) = begin();
    let ok = types::DhGenOk { nonce: [0; 16], server_nonce: [0; 16], new_nonce_hash1: [0; 16] };
    assert!(matches!(tell(&mut client, message(&ok)).unwrap_err(), ClientError::Malformed(_)));
}
