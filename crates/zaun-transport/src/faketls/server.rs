//! The server's half: is this hello one of ours, and what answers it.

use bytes::{BufMut, BytesMut};
use rand::CryptoRng;
use zaun_crypto::{ct_eq, hmac_sha256, x25519};

use super::{CHANGE_CIPHER_SPEC, RANDOM_AT, RECORD_HEADER, ReplayCache};
use crate::obfuscation::Secret;
use crate::secret::{ProxySecret, SecretKind};

/// The longest first record that is read: hellos with a post-quantum key share have about 1,800 bytes.
pub const MAX_HELLO_BYTES: usize = 4096;
/// How far ahead a hello's time may be, in seconds (M-344).
const MAX_AHEAD_S: u64 = 3;
/// How old a hello's time may be, in seconds (M-344).
const MAX_AGE_S: u64 = 600;
/// Least and most bytes that stand for the encrypted certificate flight; the sum is what sites with one intermediate
/// certificate send.
const CERTIFICATE_BYTES: std::ops::Range<u16> = 2400..4200;

/// A client of ours.
#[derive(Debug)]
pub struct Accepted {
    /// Which of the secrets it has.
    pub secret: ProxySecret,
    /// ServerHello, ChangeCipherSpec and a record of random bytes (M-346, M-348).
    pub flight: BytesMut,
}

/// Why a hello is not taken; the caller treats all of these alike, so that a scanner learns nothing (M-353).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stranger {
    /// No ClientHello, or one that cannot be read.
    #[error("no TLS ClientHello (M-341)")]
    NoHello,
    /// No secret of ours made its random.
    #[error("the random of the ClientHello is not made with a secret of ours (M-342, M-343)")]
    Secret,
    /// Its time is outside the window.
    #[error("the time in the ClientHello is {0} s off (M-344)")]
    Time(i64),
    /// It was sent before.
    #[error("this ClientHello was used before (M-345)")]
    Replay,
    /// It names another site.
    #[error("the ClientHello names another domain than the secret (M-353)")]
    Domain,
    /// It offers neither TLS 1.3 ciphers nor an x25519 share.
    #[error("the ClientHello offers no cipher or key share of TLS 1.3 (M-349)")]
    Offer,
}

/// What a client of ours has to be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How far ahead the time in a hello may be, in seconds.
    pub ahead_s: u64,
    /// How old it may be, in seconds.
    pub age_s: u64,
}

impl Default for Window {
    /// M-344.
    fn default() -> Window {
        Window { ahead_s: MAX_AHEAD_S, age_s: MAX_AGE_S }
    }
}

impl Window {
    /// Checks the time of a hello.
    ///
    /// # Errors
    /// [`Stranger::Time`].
    pub fn check(&self, time_s: u32, now_s: u64) -> Result<(), Stranger> {
        let time = u64::from(time_s);
        if time > now_s.saturating_add(self.ahead_s) || time.saturating_add(self.age_s) < now_s {
            let age = i64::try_from(now_s).unwrap_or(i64::MAX).saturating_sub(i64::from(time_s));
            return Err(Stranger::Time(age));
        }
        Ok(())
    }
}

/// The length of the first record with its header, as soon as it can be told; `None` before that.
#[must_use]
pub fn hello_len(head: &[u8]) -> Option<usize> {
    let [_, _, _, high, low] = head.first_chunk()?;
    Some(RECORD_HEADER + usize::from(u16::from_be_bytes([*high, *low])))
}

/// Judges a client's first record, whole, against the secrets of an endpoint.
///
/// # Errors
/// [`Stranger`].
pub fn accept<R: CryptoRng + ?Sized>(
    record: &[u8],
    secrets: &[ProxySecret],
    now_s: u64,
    replays: &mut ReplayCache,
    rng: &mut R,
) -> Result<Accepted, Stranger> {
    let hello = Hello::parse(record).ok_or(Stranger::NoHello)?;
    let fake = secrets.iter().filter(|secret| matches!(secret.kind, SecretKind::FakeTls(_)));
    let (secret, time) =
        fake.into_iter().find_map(|s| Some((s, hello.proven_time(&s.key)?))).ok_or(Stranger::Secret)?;
    Window::default().check(time, now_s)?;
    if !matches!(&secret.kind, SecretKind::FakeTls(domain) if domain.as_bytes() == hello.domain) {
        return Err(Stranger::Domain);
    }
    hello.check_offer()?;
    // Last, so that only hellos that would be taken are remembered.
    if !replays.insert(hello.random, time.into()) {
        return Err(Stranger::Replay);
    }
    let certificate = certificate_len(&secret.key, rng);
    Ok(Accepted { secret: secret.clone(), flight: hello.answer(&secret.key, certificate, rng)? })
}

/// What matters of a ClientHello (RFC 8446, section 4.1.2).
#[derive(Debug)]
pub struct Hello<'a> {
    record: &'a [u8],
    random: [u8; 32],
    session_id: &'a [u8],
    ciphers: &'a [[u8; 2]],
    domain: &'a [u8],
    offers_x25519: bool,
}

impl<'a> Hello<'a> {
    /// Reads a whole record; `None` if it is no ClientHello, or one that makes no sense.
    #[must_use]
    pub fn parse(record: &'a [u8]) -> Option<Hello<'a>> {
        if !matches!(record, [0x16, 3, 1, _, _, 1, ..]) || hello_len(record)? != record.len() {
            return None;
        }
        let random = *record.get(RANDOM_AT..)?.first_chunk()?;
        let mut rest = record.get(RANDOM_AT + 32..)?;
        let session_id = take(&mut rest, 1)?;
        let (ciphers, []) = take(&mut rest, 2)?.as_chunks() else { return None };
        take(&mut rest, 1)?;
        let mut extensions = take(&mut rest, 2)?;
        let mut hello = Hello { record, random, session_id, ciphers, domain: &[], offers_x25519: false };
        while let Some((kind, tail)) = extensions.split_first_chunk::<2>() {
            extensions = tail;
            hello.extension(u16::from_be_bytes(*kind), take(&mut extensions, 2)?);
        }
        Some(hello)
    }

    /// The name of the site it asks for; empty if it names none, as some versions of iOS clients do.
    #[must_use]
    pub fn domain(&self) -> &'a [u8] {
        self.domain
    }

    /// Its random, by which a replay is known (M-345).
    #[must_use]
    pub fn random(&self) -> &[u8; 32] {
        &self.random
    }

    /// The unix time in its random, if this secret made it (M-342, M-343).
    #[must_use]
    pub fn proven_time(&self, key: &Secret) -> Option<u32> {
        let (head, rest) = self.record.split_at_checked(RANDOM_AT)?;
        let rest = rest.get(self.random.len()..)?;
        let mac = hmac_sha256(&key.0, &[head, &[0; 32], rest]);
        let (mac, last) = mac.split_last_chunk::<4>()?;
        let (made, stamped) = self.random.split_last_chunk::<4>()?;
        ct_eq(mac, made).then(|| u32::from_le_bytes(*last) ^ u32::from_le_bytes(*stamped))
    }

    /// Checks that it can be answered.
    ///
    /// # Errors
    /// [`Stranger::Offer`].
    pub fn check_offer(&self) -> Result<(), Stranger> {
        if self.cipher().is_some() && self.offers_x25519 { Ok(()) } else { Err(Stranger::Offer) }
    }

    /// Three records, whose first proves that the server knows the secret (M-346, M-347). The last has so many random
    /// bytes in place of the site's certificate.
    ///
    /// # Errors
    /// [`Stranger::Offer`].
    pub fn answer<R: CryptoRng + ?Sized>(
        &self,
        key: &Secret,
        certificate_bytes: u16,
        rng: &mut R,
    ) -> Result<BytesMut, Stranger> {
        self.check_offer()?;
        let cipher = self.cipher().ok_or(Stranger::Offer)?;
        Ok(flight(key, self, cipher, certificate_bytes, rng))
    }

    fn extension(&mut self, kind: u16, mut body: &'a [u8]) {
        match kind {
            // server_name: a list, of which the first host name counts.
            0 => {
                let name = take(&mut body, 2).and_then(|mut list| {
                    let (0, rest) = list.split_first().map(|(kind, rest)| (*kind, rest))? else {
                        return None;
                    };
                    list = rest;
                    take(&mut list, 2)
                });
                self.domain = name.unwrap_or_default();
            }
            // key_share: groups with their public keys.
            51 => {
                let mut shares = take(&mut body, 2).unwrap_or_default();
                while let Some((group, tail)) = shares.split_first_chunk::<2>() {
                    shares = tail;
                    let Some(share) = take(&mut shares, 2) else { return };
                    self.offers_x25519 |= *group == [0, 0x1d] && share.len() == 32;
                }
            }
            _ => {}
        }
    }

    /// The first TLS 1.3 cipher that is offered: never one that only looks like it (M-349).
    fn cipher(&self) -> Option<[u8; 2]> {
        self.ciphers.iter().copied().find(|cipher| matches!(cipher, [0x13, 1..=3]))
    }
}

/// Takes a slice behind a big-endian length of `width` bytes.
fn take<'a>(input: &mut &'a [u8], width: usize) -> Option<&'a [u8]> {
    let (length, rest) = input.split_at_checked(width)?;
    let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    let (value, rest) = rest.split_at_checked(length)?;
    *input = rest;
    Some(value)
}

fn flight<R: CryptoRng + ?Sized>(
    key: &Secret,
    hello: &Hello<'_>,
    cipher: [u8; 2],
    certificate_bytes: u16,
    rng: &mut R,
) -> BytesMut {
    let mut private = [0; 32];
    rng.fill_bytes(&mut private);
    let mut body = BytesMut::new();
    body.put_slice(&[3, 3]);
    body.put_bytes(0, 32);
    body.put_u8(u8::try_from(hello.session_id.len()).unwrap_or(0));
    body.put_slice(hello.session_id);
    body.put_slice(&cipher);
    body.put_u8(0);
    body.put_u16(46);
    // supported_versions: TLS 1.3.
    body.put_slice(&[0, 0x2b, 0, 2, 3, 4]);
    // key_share: x25519.
    body.put_slice(&[0, 0x33, 0, 0x24, 0, 0x1d, 0, 0x20]);
    body.put_slice(&x25519::public_key(&private));

    let mut out = BytesMut::new();
    out.put_slice(&[0x16, 3, 3]);
    out.put_u16(length(body.len() + 4));
    out.put_slice(&[2, 0]);
    out.put_u16(length(body.len()));
    out.put_slice(&body);
    out.put_slice(&CHANGE_CIPHER_SPEC);
    let mut certificate = vec![0; usize::from(certificate_bytes)];
    rng.fill_bytes(&mut certificate);
    out.put_slice(&[0x17, 3, 3]);
    out.put_u16(length(certificate.len()));
    out.put_slice(&certificate);

    let proof = hmac_sha256(&key.0, &[&hello.random, &out]);
    if let Some(random) = out.get_mut(RANDOM_AT..RANDOM_AT + 32) {
        random.copy_from_slice(&proof);
    }
    out
}

/// How long the certificate flight of a site that nobody has looked at may be: one length for each secret, but for the
/// few bytes by which a signature varies.
pub fn certificate_len<R: CryptoRng + ?Sized>(key: &Secret, rng: &mut R) -> u16 {
    let mac = hmac_sha256(&key.0, &[b"certificate length"]);
    let base = mac.first_chunk().map_or(0, |bytes| u16::from_le_bytes(*bytes));
    let mut jitter = [0];
    rng.fill_bytes(&mut jitter);
    let [jitter] = jitter;
    CERTIFICATE_BYTES.start + base % (CERTIFICATE_BYTES.end - CERTIFICATE_BYTES.start) + u16::from(jitter % 3)
}

/// All lengths here are below [`MAX_HELLO_BYTES`] and two.
fn length(len: usize) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}
