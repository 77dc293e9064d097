//! What of a site's handshake can be seen from outside.

use rand::RngExt;
use zaun_transport::faketls::MAX_RECORD_BYTES;

/// Length of a record's header.
pub(crate) const RECORD_HEADER: usize = 5;
/// Where the random of a hello is, behind the headers of record and message and the version.
pub(crate) const RANDOM_AT: usize = 11;
/// The group of X25519 (RFC 8446, section 4.2.7).
pub(crate) const X25519: u16 = 0x1d;
/// The group of X25519 together with ML-KEM-768 (draft-ietf-tls-ecdhe-mlkem).
pub(crate) const X25519_MLKEM768: u16 = 0x11ec;
/// The extension with the key share.
pub(crate) const KEY_SHARE: u16 = 51;
/// The extension with the version.
pub(crate) const SUPPORTED_VERSIONS: u16 = 43;
/// The random of a ServerHello that asks for another key share (RFC 8446, section 4.1.3).
const HELLO_RETRY: [u8; 4] = [0xcf, 0x21, 0xad, 0x74];

/// How a site answers a client that offers what Telegram's applications offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteProfile {
    /// The cipher suite it chose.
    pub(crate) cipher: [u8; 2],
    /// The group it chose.
    pub(crate) group: u16,
    /// Whether its key share stands before its version.
    pub(crate) share_first: bool,
    /// Lengths of all that it sent encrypted before the client's turn, headers of further records included.
    pub(crate) flights: Vec<u16>,
}

impl Default for SiteProfile {
    /// What large sites do by now; the length is chosen by who asks.
    fn default() -> SiteProfile {
        SiteProfile { cipher: [0x13, 1], group: X25519_MLKEM768, share_first: true, flights: Vec::new() }
    }
}

impl std::fmt::Display for SiteProfile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [high, low] = self.cipher;
        let group = if self.group == X25519_MLKEM768 { "X25519MLKEM768" } else { "X25519" };
        write!(f, "cipher {high:02x}{low:02x}, {group}, {:?} bytes encrypted", self.flights)
    }
}

impl SiteProfile {
    /// Reads what a site sent up to the client's turn. `None` if it is no handshake of TLS 1.3 that can be imitated.
    #[must_use]
    pub fn of_handshake(received: &[u8]) -> Option<SiteProfile> {
        let (hello, mut rest) = split_record(received)?;
        let (mut flight, mut records) = (0, 0);
        while !rest.is_empty() {
            let (record, after) = split_record(rest)?;
            rest = after;
            match record.first()? {
                0x14 => {}
                0x17 => {
                    flight += record.len();
                    records += 1;
                }
                _ => return None,
            }
        }
        if records == 0 {
            return None;
        }
        // One record stands for all of them: clients of ours read the next ones as their stream (M-348).
        let flight = (flight - RECORD_HEADER).min(MAX_RECORD_BYTES);
        let mut profile = SiteProfile::of_hello(hello)?;
        profile.flights.push(u16::try_from(flight).ok()?);
        Some(profile)
    }

    /// Reads a ServerHello with its record's header.
    fn of_hello(record: &[u8]) -> Option<SiteProfile> {
        if !matches!(record, [0x16, 3, 3, _, _, 2, ..]) || random(record)?.starts_with(&HELLO_RETRY) {
            return None;
        }
        let mut rest = record.get(RANDOM_AT + 32..)?;
        take(&mut rest, 1)?;
        let (cipher, tail) = rest.split_first_chunk::<2>()?;
        rest = tail.get(1..)?;
        let mut extensions = take(&mut rest, 2)?;
        let (mut order, mut group) = (Vec::new(), None);
        while let Some((kind, mut body)) = next_extension(&mut extensions) {
            if kind == KEY_SHARE {
                group = Some(u16::from_be_bytes(*body.split_off(..2)?.first_chunk()?));
            }
            order.push(kind);
        }
        let at = |kind| order.iter().position(|other| *other == kind);
        let share_first = at(KEY_SHARE)? < at(SUPPORTED_VERSIONS)?;
        Some(SiteProfile { cipher: *cipher, group: group?, share_first, flights: Vec::new() })
    }

    /// The lengths that were seen of all that is sent encrypted before the client's turn.
    #[must_use]
    pub fn encrypted_bytes(&self) -> &[u16] {
        &self.flights
    }

    /// One of the lengths that were seen.
    pub(crate) fn flight_bytes(&self) -> Option<u16> {
        let range = 0..self.flights.len();
        if range.is_empty() { None } else { self.flights.get(rand::rng().random_range(range)).copied() }
    }
}

/// The random of a hello, of a client or a server.
pub(crate) fn random(record: &[u8]) -> Option<&[u8; 32]> {
    (*record.first()? == 0x16).then_some(())?;
    record.get(RANDOM_AT..)?.first_chunk()
}

/// Takes the kind and the body of an extension; `None` when there are no more.
pub(crate) fn next_extension<'a>(extensions: &mut &'a [u8]) -> Option<(u16, &'a [u8])> {
    let (kind, rest) = extensions.split_first_chunk::<2>()?;
    *extensions = rest;
    Some((u16::from_be_bytes(*kind), take(extensions, 2)?))
}

/// Takes a slice behind a big-endian length of `width` bytes.
pub(crate) fn take<'a>(input: &mut &'a [u8], width: usize) -> Option<&'a [u8]> {
    let (length, rest) = input.split_at_checked(width)?;
    let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    let (value, rest) = rest.split_at_checked(length)?;
    *input = rest;
    Some(value)
}

/// A whole record with its header, and what is behind it.
fn split_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [_, _, _, high, low] = *bytes.first_chunk::<RECORD_HEADER>()?;
    bytes.split_at_checked(RECORD_HEADER + usize::from(u16::from_be_bytes([high, low])))
}
