//! AES-IGE and AES-CTR: the kernels against the portable code, and published vectors.

use crate::support::{counting, hex};
use proptest::prelude::*;
use zaun_crypto::ctr::AesCtr256;
use zaun_crypto::ige::{self, LengthError, reference};

proptest! {
    #[test]
    fn ige_kernel_equals_reference(key: [u8; 32], iv: [u8; 32], blocks in 0..70_usize, seed: u8) {
        let text: Vec<u8> = (0..blocks * 16).map(|i| (i as u8).wrapping_mul(31) ^ seed).collect();
        let (mut ours, mut theirs) = (text.clone(), text.clone());
        ige::encrypt(&mut ours, &key, &iv).unwrap();
        reference::encrypt(&mut theirs, &key, &iv).unwrap();
        prop_assert_eq!(&ours, &theirs);
        ige::decrypt(&mut ours, &key, &iv).unwrap();
        reference::decrypt(&mut theirs, &key, &iv).unwrap();
        prop_assert_eq!(&ours, &text);
        prop_assert_eq!(&theirs, &text);
    }

    #[test]
    fn ige_decrypts_arbitrary_bytes_like_the_reference(key: [u8; 32], iv: [u8; 32], block: [u8; 16], blocks in 0..9_usize) {
        let text = block.repeat(blocks);
        let (mut ours, mut theirs) = (text.clone(), text);
        ige::decrypt(&mut ours, &key, &iv).unwrap();
        reference::decrypt(&mut theirs, &key, &iv).unwrap();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn ctr_stream_does_not_depend_on_its_cuts(key: [u8; 32], iv: [u8; 16], cuts in prop::collection::vec(0..200_usize, 0..12)) {
        let len = cuts.iter().sum();
        let mut whole = vec![0xa5; len];
        AesCtr256::portable(&key, &iv).apply(&mut whole);
        let mut cut = vec![0xa5; len];
        let (mut stream, mut rest) = (AesCtr256::new(&key, &iv), &mut cut[..]);
        for part in cuts {
            let (head, tail) = rest.split_at_mut(part);
            stream.apply(head);
            rest = tail;
        }
        prop_assert_eq!(cut, whole);
    }
}

#[test]
fn ige_refuses_partial_blocks_and_changes_nothing() {
    for len in (1..64).filter(|len| len % 16 != 0) {
        let mut data = vec![7; len];
        assert_eq!(ige::encrypt(&mut data, &[0; 32], &[0; 32]), Err(LengthError(len)));
        assert_eq!(ige::decrypt(&mut data, &[0; 32], &[0; 32]), Err(LengthError(len)));
        assert_eq!(data, vec![7; len]);
    }
}

#[test]
fn ctr_counter_wraps_through_all_bytes() {
    let mut fast = [0; 16 * 20];
    let mut slow = fast;
    AesCtr256::new(&[3; 32], &[0xff; 16]).apply(&mut fast);
    AesCtr256::portable(&[3; 32], &[0xff; 16]).apply(&mut slow);
    assert_eq!(fast, slow);
}

/// NIST SP 800-38A, appendix F.5.5 (CTR-AES256.Encrypt).
#[test]
fn ctr_matches_nist() {
    let key = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    let counter = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    let mut text = hex(concat!(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
    ));
    let expected = hex(concat!(
        "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5",
        "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6"
    ));
    AesCtr256::new(&key.try_into().unwrap(), &counter.try_into().unwrap()).apply(&mut text);
    assert_eq!(text, expected);
}

/// Key, IV and text are 00 01 … 1f. Numbers as in grammers-crypto (src/lib.rs, verify_ige_*), which were compared with
/// OpenSSL there.
#[test]
fn ige_matches_other_implementations() {
    let bytes = counting::<32>();
    let (mut encrypted, mut decrypted) = (bytes, bytes);
    ige::encrypt(&mut encrypted, &bytes, &bytes).unwrap();
    ige::decrypt(&mut decrypted, &bytes, &bytes).unwrap();
    assert_eq!(encrypted[..], hex("e28112a53e5c89c7b1ea8071c133699fd4e86b26c4bac9fc5af1ab8ce27a44a4"));
    assert_eq!(decrypted[..], hex("e5777afacd7b2c16f7ac40cae61ef603fee6098fb8a8860ab9ee672cd7e5bacc"));
}
