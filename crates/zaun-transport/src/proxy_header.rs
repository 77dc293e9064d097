//! The PROXY protocol, versions 1 and 2: what a balancer says of the client it speaks for.

use std::net::SocketAddr;

use ppp::{v1, v2};

/// The longest version 1 header, by its specification.
const MAX_V1_BYTES: usize = 107;
/// The longest version 2 header that is read; real ones have some hundred bytes even with certificates in them.
const MAX_V2_BYTES: usize = 16 + 2048;
/// How version 2 begins.
const V2_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// What the first bytes of a trusted proxy's connection say.
#[derive(Debug, PartialEq, Eq)]
pub enum Header {
    /// More bytes are needed.
    Incomplete,
    /// A header of so many bytes; the client's address, unless the proxy speaks for itself or knows none.
    Complete {
        /// Its length.
        length: usize,
        /// The client.
        client: Option<SocketAddr>,
    },
    /// No PROXY header.
    Wrong,
}

/// Reads the header at the beginning of `bytes`.
#[must_use]
pub fn parse(bytes: &[u8]) -> Header {
    let begins = |with: &[u8]| bytes.iter().zip(with).all(|(byte, expected)| byte == expected);
    if begins(V2_SIGNATURE) {
        return parse_v2(bytes);
    }
    if begins(b"PROXY ") { parse_v1(bytes) } else { Header::Wrong }
}

fn parse_v1(bytes: &[u8]) -> Header {
    let end = bytes.windows(2).take(MAX_V1_BYTES - 1).position(|pair| pair == b"\r\n");
    let Some(line) = end.and_then(|end| bytes.get(..end + 2)) else {
        return if bytes.len() < MAX_V1_BYTES { Header::Incomplete } else { Header::Wrong };
    };
    let length = line.len();
    let client = match v1::Header::try_from(line).map(|header| header.addresses) {
        Ok(v1::Addresses::Tcp4(a)) => Some((a.source_address, a.source_port).into()),
        Ok(v1::Addresses::Tcp6(a)) => Some((a.source_address, a.source_port).into()),
        Ok(v1::Addresses::Unknown) => None,
        Err(_) => return Header::Wrong,
    };
    Header::Complete { length, client }
}

fn parse_v2(bytes: &[u8]) -> Header {
    let Some((_, [high, low])) = bytes.get(..16).and_then(<[u8]>::split_last_chunk) else {
        return Header::Incomplete;
    };
    let length = 16 + usize::from(u16::from_be_bytes([*high, *low]));
    if length > MAX_V2_BYTES {
        return Header::Wrong;
    }
    let Some(whole) = bytes.get(..length) else { return Header::Incomplete };
    let Ok(header) = v2::Header::try_from(whole) else { return Header::Wrong };
    let client = match (header.command, header.addresses) {
        (v2::Command::Proxy, v2::Addresses::IPv4(a)) => Some((a.source_address, a.source_port).into()),
        (v2::Command::Proxy, v2::Addresses::IPv6(a)) => Some((a.source_address, a.source_port).into()),
        _ => None,
    };
    Header::Complete { length, client }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v2(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
        let length = u16::try_from(addresses.len()).unwrap().to_be_bytes();
        [V2_SIGNATURE, &[0x20 | command, family], &length, addresses].concat()
    }

    #[test]
    fn both_versions_name_the_client_however_the_bytes_are_cut() {
        let v4 = v2(1, 0x11, &[192, 0, 2, 1, 198, 51, 100, 1, 0x12, 0x34, 1, 187]);
        let mut v6 = [0; 36];
        v6[15] = 1;
        v6[32..34].copy_from_slice(&[0, 80]);
        let cases: [(&[u8], Option<&str>); 6] = [
            (b"PROXY TCP4 192.0.2.1 198.51.100.1 4660 443\r\n", Some("192.0.2.1:4660")),
            (b"PROXY TCP6 2001:db8::1 ::1 4660 443\r\n", Some("[2001:db8::1]:4660")),
            (b"PROXY UNKNOWN\r\n", None),
            (&v4, Some("192.0.2.1:4660")),
            (&v2(1, 0x21, &v6), Some("[::1]:80")),
            (&v2(0, 0, &[]), None),
        ];
        for (header, client) in cases {
            let client = client.map(|client| client.parse().unwrap());
            let whole = Header::Complete { length: header.len(), client };
            assert_eq!(parse(&[header, b"rest"].concat()), whole);
            for cut in 0..header.len() {
                assert_eq!(parse(&header[..cut]), Header::Incomplete, "{cut} of {header:?}");
            }
        }
    }

    #[test]
    fn anything_else_is_no_header() {
        for wrong in [&b"GET / HTTP/1.1\r\n"[..], b"\xef", b"PROXY TCP4 x\r\n", b"\r\n\r\nQ", &[b'P'; 200]] {
            assert_eq!(parse(wrong), Header::Wrong, "{wrong:?}");
        }
        let endless = [&b"PROXY TCP4 "[..], &[b'1'; 200]].concat();
        assert_eq!(parse(&endless), Header::Wrong);
        assert_eq!(parse(&v2(1, 0x11, &[0; 4000])), Header::Wrong);
    }
}
