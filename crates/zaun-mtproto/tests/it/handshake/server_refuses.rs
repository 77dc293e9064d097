//! Every field of the client, wrong once: the server refuses with the right code and ends the run.

use super::scripted_client::{Run, Shared, begin};
use super::support::{Answer, private_keys, server};
use bytes::Bytes;
use zaun_mtproto::handshake::Reason;

fn run() -> Run {
    begin(server())
}

fn shared() -> Shared {
    run().share()
}

fn flip(bytes: &Bytes) -> Bytes {
    let mut bytes = bytes.to_vec();
    bytes[0] ^= 1;
    bytes.into()
}

#[test]
fn a_correct_client_is_answered() {
    let mut shared = shared();
    let (params, b) = shared.params();
    let Answer::Created(key, _) = shared.send(params) else { panic!() };
    assert!(key.auth_key == shared.key(&b));
    assert_eq!((key.dc, key.expires_in), (Some(2), Some(86_400)));
}

#[test]
fn m096_all_keys_are_offered() {
    let fingerprints: Vec<_> = private_keys().iter().map(|key| key.public().fingerprint()).collect();
    assert_eq!(run().response.server_public_key_fingerprints, fingerprints);
}

#[test]
fn m101_outer_nonces() {
    assert_eq!(run().refused(|request| request.outer.nonce[0] ^= 1), (-404, Reason::UnknownRun));
    assert_eq!(run().refused(|request| request.outer.server_nonce[15] ^= 1), (-404, Reason::UnknownRun));
    assert_eq!(shared().refused(|params| params.nonce[0] ^= 1), (-404, Reason::UnknownRun));
    assert_eq!(shared().refused(|params| params.server_nonce[15] ^= 1), (-404, Reason::UnknownRun));
}

#[test]
fn m102_factors() {
    let factors = (-404, Reason::Factors);
    assert_eq!(run().refused(|request| request.outer.p = flip(&request.outer.p)), factors);
    assert_eq!(run().refused(|request| request.outer.q = flip(&request.outer.q)), factors);
    assert_eq!(run().refused(|request| std::mem::swap(&mut request.outer.p, &mut request.outer.q)), factors);
    assert_eq!(run().refused(|request| request.outer.p = Bytes::from_static(&[0; 9])), factors);
    let trivial = |request: &mut super::scripted_client::Request| {
        (request.outer.p, request.outer.q) = (Bytes::from_static(&[1]), request.inner.pq.clone());
    };
    assert_eq!(run().refused(trivial), factors);
}

#[test]
fn m103_fingerprint() {
    assert_eq!(
        run().refused(|request| request.outer.public_key_fingerprint = 7),
        (-404, Reason::Fingerprint(7))
    );
    // An offered key that the data is not encrypted for.
    let other = private_keys()[0].public().fingerprint();
    assert_eq!(run().refused(|request| request.outer.public_key_fingerprint = other), (-404, Reason::Rsa));
}

#[test]
fn m104_length_of_encrypted_data() {
    for len in [1, 255, 257, 512] {
        let result = run().refused(|request| request.outer.encrypted_data = vec![0; len].into());
        assert_eq!(result, (-404, Reason::EncryptedLength(len)));
    }
}

#[test]
fn m105_m107_damaged_rsa_data() {
    for old_rsa in [false, true] {
        let damaged = run().refused(|request| {
            request.old_rsa = old_rsa;
            request.encrypted = |bytes| bytes[255] ^= 1;
        });
        assert_eq!(damaged, (-404, Reason::Rsa));
    }
    assert_eq!(run().refused(|request| request.encrypted = |bytes| bytes.fill(0xff)), (-404, Reason::Rsa));
}

#[test]
fn m107_the_old_scheme_hashes_exactly_the_object() {
    // Bytes that are hashed but do not belong to the object.
    let longer = run().refused(|request| {
        request.old_rsa = true;
        request.tail = |inner| inner.extend([0; 4]);
    });
    assert_eq!(longer, (-404, Reason::Rsa));
}

#[test]
fn m110_unknown_inner_data() {
    let (code, reason) = run().refused(|request| request.tail = |inner| inner[0] ^= 1);
    assert!(matches!((code, &reason), (-404, Reason::Inner(_))), "{reason}");
}

#[test]
fn m111_inner_fields() {
    let numbers = (-404, Reason::InnerField("pq, p or q"));
    assert_eq!(run().refused(|request| request.inner.pq = flip(&request.inner.pq)), numbers);
    assert_eq!(run().refused(|request| request.inner.p = flip(&request.inner.p)), numbers);
    assert_eq!(run().refused(|request| request.inner.q = flip(&request.inner.q)), numbers);
    assert_eq!(run().refused(|request| request.inner.nonce[3] ^= 4), (-404, Reason::InnerField("nonce")));
    let result = run().refused(|request| request.inner.server_nonce[3] ^= 4);
    assert_eq!(result, (-404, Reason::InnerField("server_nonce")));
}

#[test]
fn m116_expires_in_must_be_positive() {
    for expires_in in [0, -1, i32::MIN] {
        let result = run().refused(|request| request.inner.expires_in = expires_in);
        assert_eq!(result, (-404, Reason::ExpiresIn(expires_in)));
    }
}

#[test]
fn m130_length_of_client_data() {
    let length = |len| (-404, Reason::EncryptedLength(len));
    assert_eq!(shared().refused(|params| params.encrypted = |data| data.truncate(335)), length(335));
    assert_eq!(shared().refused(|params| params.encrypted = Vec::clear), length(0));
    assert_eq!(shared().refused(|params| params.encrypted = |data| data.truncate(16)), length(16));
    let (code, reason) = shared().refused(|params| params.encrypted = |data| data.truncate(160));
    assert!(matches!((code, &reason), (-404, Reason::Inner(_))), "{reason}");
}

#[test]
fn m131_hash_and_padding_of_client_data() {
    let hash = (-404, Reason::ClientHash);
    assert_eq!(shared().refused(|params| params.clear = |data| data[0] ^= 1), hash);
    assert_eq!(shared().refused(|params| params.clear = |data| data[60] ^= 1), hash);
    assert_eq!(shared().refused(|params| params.clear = |data| data.extend([0; 16])), hash);
    let (code, reason) = shared().refused(|params| params.clear = |data| data[20] ^= 1);
    assert!(matches!((code, &reason), (-404, Reason::Inner(_))), "{reason}");
}

#[test]
fn m132_inner_nonces_of_client_data() {
    assert_eq!(shared().refused(|params| params.inner.nonce[0] ^= 1), (-404, Reason::InnerField("nonce")));
    let result = shared().refused(|params| params.inner.server_nonce[0] ^= 1);
    assert_eq!(result, (-404, Reason::InnerField("server_nonce")));
}

#[test]
fn m133_retry_id_of_the_first_attempt_is_zero() {
    assert_eq!(shared().refused(|params| params.inner.retry_id = 1), (-404, Reason::RetryId));
}

/// M-327.
#[test]
fn m134_g_b_must_be_in_range() {
    for g_b in [
        vec![],
        vec![1],
        vec![0xff; 256],
        vec![1; 248],
        vec![1; 257],
        zaun_crypto::dh::TELEGRAM_PRIME.to_vec(),
    ] {
        let result = shared().refused(|params| params.inner.g_b = g_b.into());
        assert_eq!(result, (-404, Reason::PublicValue));
    }
}

#[test]
fn m100_queries_out_of_order() {
    let mut run = run();
    let response = run.response.clone();
    let early = zaun_wire::functions::SetClientDHParams {
        nonce: response.nonce,
        server_nonce: response.server_nonce,
        encrypted_data: vec![0; 336].into(),
    };
    let answer =
        super::support::ask(&mut run.server, super::support::NOW, super::scripted_client::message(&early));
    assert_eq!(answer.refusal().reason, Reason::OutOfTurn("set_client_DH_params"));
    let correct = run.request();
    assert_eq!(run.send(correct).refusal().reason, Reason::Poisoned);
}
