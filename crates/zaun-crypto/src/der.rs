//! The little DER and PEM that RSA keys need: SEQUENCE, INTEGER, BIT and OCTET STRING, base64.

use zeroize::Zeroizing;

/// `SEQUENCE { OBJECT IDENTIFIER rsaEncryption, NULL }` (RFC 8017, appendix A.1), encoded.
pub const RSA_ALGORITHM: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const SEQUENCE: u8 = 0x30;

/// Takes one element of the given tag off the front of `input`.
pub fn take<'a>(input: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (found, rest) = input.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (len, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81 => rest.split_first().map(|(len, rest)| (usize::from(*len), rest))?,
        0x82 => rest.split_first_chunk().map(|(len, rest)| (usize::from(u16::from_be_bytes(*len)), rest))?,
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(len)?;
    *input = rest;
    (*found == tag).then_some(content)
}

/// Takes an INTEGER that is not negative and returns it without leading zeros.
pub fn take_integer<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let content = take(input, INTEGER)?;
    if content.first()? & 0x80 != 0 {
        return None;
    }
    Some(strip_zeros(content))
}

/// One element of the given tag.
pub fn element(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    // Room is reserved at once: a growing vector would leave copies of a secret behind.
    let mut out = Zeroizing::new(Vec::with_capacity(len + 4));
    out.push(tag);
    let [.., high, low] = len.to_be_bytes();
    match len {
        0..0x80 => out.push(low),
        0x80..0x100 => out.extend([0x81, low]),
        _ => out.extend([0x82, high, low]),
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// A non-negative INTEGER.
pub fn integer(number: &[u8]) -> Zeroizing<Vec<u8>> {
    let number = strip_zeros(number);
    match number.first() {
        Some(0..0x80) => element(INTEGER, &[number]),
        _ => element(INTEGER, &[&[0], number]),
    }
}

/// The number without leading zero bytes.
pub fn strip_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.split_at_checked(zeros).map_or(number, |(_, rest)| rest)
}

/// The label and content of the first PEM block (RFC 7468) in `text`.
pub fn from_pem(text: &str) -> Option<(&str, Zeroizing<Vec<u8>>)> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, rest) = rest.split_once("-----END ")?;
    rest.strip_prefix(label)?.strip_prefix("-----")?;
    Some((label, from_base64(body)?))
}

/// A PEM block with lines of 64 characters.
pub fn to_pem(label: &str, content: &[u8]) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(content.len() * 2 + 2 * label.len() + 64));
    out.push_str("-----BEGIN ");
    out.push_str(label);
    out.push_str("-----\n");
    for line in content.chunks(48) {
        push_base64(&mut out, line);
        out.push('\n');
    }
    out.push_str("-----END ");
    out.push_str(label);
    out.push_str("-----\n");
    out
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn push_base64(out: &mut String, bytes: &[u8]) {
    for group in bytes.chunks(3) {
        let byte = |index| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (index, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let digit = usize::try_from(bits >> shift & 63).ok().and_then(|digit| ALPHABET.get(digit));
            out.push(if index > group.len() { '=' } else { digit.copied().map_or('=', char::from) });
        }
    }
}

fn from_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    let (mut bits, mut count) = (0_u32, 0_u32);
    let mut ended = false;
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        if byte == b'=' {
            ended = true;
            continue;
        }
        if ended {
            return None;
        }
        let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
        bits = bits << 6 | u32::try_from(digit).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            let [.., low] = (bits >> count).to_be_bytes();
            out.push(low);
            bits &= (1 << count) - 1;
        }
    }
    Some(out)
}
