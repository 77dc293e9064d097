//! Derivation v2 and its ciphers for several messages at once, each with its own authorization key.

use super::{HashV2, Side, v2, v2_pair};
use crate::auth_key::AuthKey;
use crate::hash::batch as hashes;
use crate::ige::batch::{self as ciphers, Job};

/// A padded plaintext, and where its hash goes.
#[derive(Debug)]
pub struct Plaintext<'a> {
    /// The key of the connection.
    pub key: &'a AuthKey,
    /// Who sends it.
    pub from: Side,
    /// Everything that is encrypted (M-171).
    pub text: &'a [u8],
    /// Filled in.
    pub hash: &'a mut HashV2,
}

/// Hashes all plaintexts, as [`super::hash_v2`] does one.
pub fn hash_v2<'a>(plaintexts: impl IntoIterator<Item = Plaintext<'a>>) {
    hashes::sha256(plaintexts.into_iter().map(|plaintext| hashes::Message {
        parts: [plaintext.key.part::<32>(88 + plaintext.from.x()), plaintext.text],
        digest: &mut plaintext.hash.0,
    }));
}

/// A text that is encrypted or decrypted in place, and what its key is derived from.
#[derive(Debug)]
pub struct Text<'a> {
    /// The key of the connection.
    pub key: &'a AuthKey,
    /// Who sends it.
    pub from: Side,
    /// Its `msg_key`.
    pub msg_key: [u8; 16],
    /// The text itself, whole blocks.
    pub text: &'a mut [[u8; 16]],
}

/// Encrypts all texts, each with the key that [`super::v2`] derives for it. They are taken as lanes become free.
pub fn encrypt_v2<'a>(texts: impl IntoIterator<Item = Text<'a>>) {
    ciphers::encrypt(Keyed { texts: texts.into_iter().fuse(), second: None });
}

/// Decrypts all texts; else like [`encrypt_v2`].
pub fn decrypt_v2<'a>(texts: impl IntoIterator<Item = Text<'a>>) {
    ciphers::decrypt(Keyed { texts: texts.into_iter().fuse(), second: None });
}

/// Derives keys on the way to the cipher, two at a time.
struct Keyed<'a, I> {
    texts: I,
    second: Option<Job<'a>>,
}

impl<'a, I: Iterator<Item = Text<'a>>> Iterator for Keyed<'a, I> {
    type Item = Job<'a>;

    fn next(&mut self) -> Option<Job<'a>> {
        if let Some(job) = self.second.take() {
            return Some(job);
        }
        let one = self.texts.next()?;
        let Some(two) = self.texts.next() else {
            return Some(Job::of_blocks(one.text, v2(one.key, &one.msg_key, one.from)));
        };
        let [first, second] = v2_pair([(one.key, &one.msg_key, one.from), (two.key, &two.msg_key, two.from)]);
        self.second = Some(Job::of_blocks(two.text, second));
        Some(Job::of_blocks(one.text, first))
    }
}
