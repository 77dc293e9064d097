//! obfuscated2: a 64-byte header that carries the keys of two AES-CTR streams (M-073 … M-081).

use crate::framing::{Framing, word};
use rand::CryptoRng;
use zaun_crypto::ctr::AesCtr256;
use zaun_crypto::sha256;

/// Length of the header.
pub(crate) const HEADER: usize = 64;

/// The 16 bytes of a proxy or endpoint secret that enter the keys (M-080, M-334).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret(pub [u8; 16]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// Both streams of a connection, for the side that holds it.
#[derive(Debug)]
pub(crate) struct Streams {
    pub receive: AesCtr256,
    pub send: AesCtr256,
    pub dc: i16,
}

/// Reads a client's header; `None` if it carries no framing tag (M-077).
pub(crate) fn accept(header: &[u8; HEADER], secret: Option<Secret>) -> Option<(Framing, Streams)> {
    let mut receive = stream(header, secret);
    let mut clear = *header;
    receive.apply(&mut clear);
    let [.., a, b, c, d, dc_low, dc_high, _, _] = clear;
    // Before the other stream is made: a proxy asks this for each of its secrets.
    let framing = Framing::from_tag([a, b, c, d])?;
    let send = stream(&reversed(header), secret);
    Some((framing, Streams { receive, send, dc: i16::from_le_bytes([dc_low, dc_high]) }))
}

/// Makes a client's header (M-081); `None` for full framing, which has no tag.
pub(crate) fn initiate<R: CryptoRng + ?Sized>(
    framing: Framing,
    dc: i16,
    secret: Option<Secret>,
    rng: &mut R,
) -> Option<([u8; HEADER], Streams)> {
    let tag = framing.tag()?;
    Some(finish(fresh(rng), tag, dc, secret))
}

/// Makes a header with these 48 bytes for keys and IVs, without a secret.
pub(crate) fn initiate_with<R: CryptoRng + ?Sized>(
    framing: Framing,
    dc: i16,
    keys: &[u8; 48],
    rng: &mut R,
) -> Option<([u8; HEADER], Streams)> {
    let tag = framing.tag()?;
    let mut header = fresh(rng);
    for (to, from) in header.iter_mut().skip(8).zip(keys) {
        *to = *from;
    }
    Some(finish(header, tag, dc, None))
}

/// Random bytes that no server takes for another protocol (M-081).
fn fresh<R: CryptoRng + ?Sized>(rng: &mut R) -> [u8; HEADER] {
    loop {
        let mut header = [0; HEADER];
        rng.fill_bytes(&mut header);
        if !looks_like_another_protocol(&header) {
            return header;
        }
    }
}

/// Writes tag and dc into a header whose keys stand, and opens its streams.
fn finish(
    mut header: [u8; HEADER],
    tag: [u8; 4],
    dc: i16,
    secret: Option<Secret>,
) -> ([u8; HEADER], Streams) {
    let mut send = stream(&header, secret);
    let receive = stream(&reversed(&header), secret);
    // Keys and IVs end before the tag, so what goes there does not change them.
    for (to, from) in header.iter_mut().skip(56).zip(tag.into_iter().chain(dc.to_le_bytes())) {
        *to = from;
    }
    let mut encrypted = header;
    send.apply(&mut encrypted);
    for (to, from) in header.iter_mut().zip(encrypted).skip(56) {
        *to = from;
    }
    (header, Streams { receive, send, dc })
}

/// Key and IV of what the client of this header is to read.
pub(crate) fn down_key(header: &[u8; HEADER], secret: Option<Secret>) -> [u8; 48] {
    let (key, iv) = key_and_iv(&reversed(header), secret);
    let mut both = [0; 48];
    for (to, from) in both.iter_mut().zip(key.into_iter().chain(iv)) {
        *to = from;
    }
    both
}

/// The beginnings by which a server takes a stream for something else (M-014 … M-018, M-081).
fn looks_like_another_protocol(header: &[u8; HEADER]) -> bool {
    let [first, _, _, _, second_word @ ..] = header;
    let [a, b, c, d, ..] = header;
    *first == 0xef
        || matches!(&[*a, *b, *c, *d], [0xdd, 0xdd, 0xdd, 0xdd] | [0xee, 0xee, 0xee, 0xee])
        || matches!(&[*a, *b, *c, *d], b"HEAD" | b"POST" | b"GET " | b"OPTI" | [0x16, 3, 1, 2])
        || word(second_word) == Some(0)
}

fn reversed(header: &[u8; HEADER]) -> [u8; HEADER] {
    let mut reversed = *header;
    reversed.reverse();
    reversed
}

/// The stream whose key is in bytes 8..40 and whose IV in 40..56 (M-073); a secret is hashed into the key (M-080).
fn stream(header: &[u8; HEADER], secret: Option<Secret>) -> AesCtr256 {
    let (key, iv) = key_and_iv(header, secret);
    AesCtr256::new(&key, &iv)
}

fn key_and_iv(header: &[u8; HEADER], secret: Option<Secret>) -> ([u8; 32], [u8; 16]) {
    let (mut key, mut iv) = ([0; 32], [0; 16]);
    key.copy_from_slice(&header[8..40]);
    iv.copy_from_slice(&header[40..56]);
    if let Some(Secret(secret)) = secret {
        key = sha256(&[&key, &secret]);
    }
    (key, iv)
}
