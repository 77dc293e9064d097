//! PROXY headers towards the cover site: whom a stranger's connection is from (the protocol's specification, 2.1 and 2.2).

use std::net::{IpAddr, SocketAddr};

use ppp::{v1, v2};

/// Both ends of an accepted connection, as far as they are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ends {
    /// Who connected; what a balancer says of it counts, if one is believed.
    pub client: Option<SocketAddr>,
    /// Where the connection was accepted.
    pub here: Option<SocketAddr>,
}

/// A version of the PROXY protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderVersion {
    /// A line of text.
    V1,
    /// Binary.
    V2,
}

impl HeaderVersion {
    /// The header that says whose connection this is. A connection with an end that has no address of IP gets one that
    /// names nobody.
    #[must_use]
    pub fn header(self, ends: Ends) -> Vec<u8> {
        let addresses = match ends {
            Ends { client: Some(client), here: Some(here) } => Some(of_one_family(client, here)),
            _ => None,
        };
        match self {
            HeaderVersion::V1 => {
                let addresses = addresses.map_or(v1::Addresses::Unknown, v1::Addresses::from);
                addresses.to_string().into_bytes()
            }
            HeaderVersion::V2 => {
                let builder = match addresses {
                    Some(addresses) => v2::Builder::with_addresses(
                        v2::Version::Two | v2::Command::Proxy,
                        v2::Protocol::Stream,
                        addresses,
                    ),
                    None => v2::Builder::new(v2::Version::Two | v2::Command::Local, 0),
                };
                // Writing into memory; only a header above 64 KiB fails.
                builder.build().unwrap_or_default()
            }
        }
    }
}

/// Both addresses as IPv4 if both are, otherwise both as IPv6.
fn of_one_family(client: SocketAddr, here: SocketAddr) -> (SocketAddr, SocketAddr) {
    let (client, here) = (canonical(client), canonical(here));
    if client.is_ipv4() == here.is_ipv4() {
        return (client, here);
    }
    let as_v6 = |address: SocketAddr| match address.ip() {
        IpAddr::V4(ip) => SocketAddr::new(ip.to_ipv6_mapped().into(), address.port()),
        IpAddr::V6(_) => address,
    };
    (as_v6(client), as_v6(here))
}

/// An address of IPv4 as itself, also where a socket for both versions shows it inside one of IPv6.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use zaun_transport::proxy_header::{Header, parse};

    fn ends(client: &str, here: &str) -> Ends {
        Ends { client: client.parse().ok(), here: here.parse().ok() }
    }

    #[test]
    fn a_header_names_the_client_in_both_versions() {
        for (client, here, named) in [
            ("192.0.2.1:4660", "192.0.2.9:443", Some("192.0.2.1:4660")),
            ("[::ffff:192.0.2.1]:4660", "[::ffff:192.0.2.9]:443", Some("192.0.2.1:4660")),
            ("[2001:db8::1]:4660", "[2001:db8::9]:443", Some("[2001:db8::1]:4660")),
            ("[2001:db8::1]:4660", "192.0.2.9:443", Some("[2001:db8::1]:4660")),
            ("192.0.2.1:4660", "[2001:db8::9]:443", Some("[::ffff:192.0.2.1]:4660")),
            ("192.0.2.1:4660", "a Unix socket", None),
        ] {
            for version in [HeaderVersion::V1, HeaderVersion::V2] {
                let header = version.header(ends(client, here));
                let client = named.map(|named| named.parse().unwrap());
                let expected = Header::Complete { length: header.len(), client };
                assert_eq!(parse(&header), expected, "{version:?} of {client:?}");
            }
        }
        let line = HeaderVersion::V1.header(ends("192.0.2.1:4660", "192.0.2.9:443"));
        assert_eq!(line, b"PROXY TCP4 192.0.2.1 192.0.2.9 4660 443\r\n");
    }
}
