//! Where a server listens, and what it expects there.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, UnixListener};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig as TlsConfig;
use zaun_transport::ProxySecret;

use crate::server::RsaKeys;
use crate::socket::ListenSocket;

/// A data centre as clients name it (M-078, M-113).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dc {
    /// Its number, from 1.
    pub id: i32,
    /// Whether it is one of the test servers, whose ids on the wire have 10000 added.
    pub test: bool,
    /// Whether this address of it serves files only.
    pub media_only: bool,
}

impl Dc {
    /// An ordinary address of a production DC.
    #[must_use]
    pub fn new(id: i32) -> Dc {
        Dc { id, test: false, media_only: false }
    }

    /// The number on the wire, without the sign that marks media.
    #[must_use]
    pub fn wire_id(&self) -> i32 {
        if self.test { self.id + 10_000 } else { self.id }
    }

    /// Whether an auth key that was made for `dc` belongs here; 0 is a client that named none (M-473).
    #[must_use]
    pub fn owns(&self, dc: i32) -> bool {
        dc == 0 || dc.unsigned_abs() == self.wire_id().unsigned_abs()
    }
}

/// A network that may speak for others: an address, and how many of its leading bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// The text is no address and no `ADDRESS/BITS`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an address such as 10.0.0.1, nor a network such as 10.0.0.0/8")]
pub struct NotANetwork(String);

impl std::str::FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Network, NotANetwork> {
        let bad = || NotANetwork(text.to_owned());
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| bad())?;
        if bits > most { Err(bad()) } else { Ok(Network { address, bits }) }
    }
}

impl Network {
    /// Whether an address is in it.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        let same = |a: &[u8], b: &[u8]| {
            let bits = usize::from(self.bits);
            let (whole, rest) = (bits / 8, bits % 8);
            let mask = !(0xff_u8.checked_shr(u32::from(self.bits % 8)).unwrap_or(0));
            a[..whole] == b[..whole] && (rest == 0 || (a[whole] ^ b[whole]) & mask == 0)
        };
        match (self.address, ip.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => same(&a.octets(), &b.octets()),
            (IpAddr::V6(a), IpAddr::V6(b)) => same(&a.octets(), &b.octets()),
            _ => false,
        }
    }
}

/// What is expected on a listener. The default takes every transport that needs no settings: the four framings, plain
/// or obfuscated, WebSocket and HTTP.
#[derive(Default, Clone)]
pub struct Endpoint {
    pub(crate) secrets: Arc<[ProxySecret]>,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) proxies: Vec<Network>,
    pub(crate) dc: Option<Dc>,
    pub(crate) rsa: Option<RsaKeys>,
}

/// A socket that listens, with what is expected there.
pub struct Listener {
    pub(crate) socket: ListenSocket,
    pub(crate) endpoint: Endpoint,
}

impl From<TcpListener> for Listener {
    fn from(socket: TcpListener) -> Listener {
        Listener { socket: ListenSocket::Tcp(socket), endpoint: Endpoint::default() }
    }
}

impl From<UnixListener> for Listener {
    fn from(socket: UnixListener) -> Listener {
        Listener { socket: ListenSocket::Unix(socket), endpoint: Endpoint::default() }
    }
}

impl Listener {
    /// Takes only obfuscated connections with one of these secrets (M-084, M-336); those with a domain come inside
    /// fake TLS.
    #[must_use]
    pub fn secrets(mut self, secrets: impl Into<Arc<[ProxySecret]>>) -> Listener {
        self.endpoint.secrets = secrets.into();
        self
    }

    /// Takes WebSocket and HTTP inside TLS as well.
    #[must_use]
    pub fn tls(mut self, config: Arc<TlsConfig>) -> Listener {
        self.endpoint.tls = Some(TlsAcceptor::from(config));
        self
    }

    /// Connections from these networks begin with a PROXY header, version 1 or 2, that says who the client is.
    #[must_use]
    pub fn trust_proxies(mut self, networks: Vec<Network>) -> Listener {
        self.endpoint.proxies = networks;
        self
    }

    /// Speaks for one data centre; other ids in a key exchange are refused with −444 (M-114, M-115), and keys of other
    /// data centres are unknown here (M-473). Without it one listener plays them all.
    #[must_use]
    pub fn dc(mut self, dc: Dc) -> Listener {
        self.endpoint.dc = Some(dc);
        self
    }

    /// Key exchange with settings of its own; see [`Builder::exchange_later`](crate::Builder::exchange_later).
    #[must_use]
    pub fn exchange(mut self, config: RsaKeys) -> Listener {
        self.endpoint.rsa = Some(config);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_count_their_leading_bits() {
        let contains =
            |network: &str, ip: &str| network.parse::<Network>().unwrap().contains(ip.parse().unwrap());
        assert!(contains("10.0.0.0/8", "10.255.1.2"));
        assert!(!contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("10.0.0.4", "10.0.0.4") && !contains("10.0.0.4", "10.0.0.5"));
        assert!(
            contains("192.168.128.0/17", "192.168.200.1") && !contains("192.168.128.0/17", "192.168.1.1")
        );
        assert!(contains("::/0", "2001:db8::1") && !contains("::/0", "1.2.3.4"));
        assert!(contains("127.0.0.0/8", "::ffff:127.0.0.1"), "an IPv4 client of a dual-stack socket");
        for bad in ["10.0.0.0/33", "10.0.0/8", "", "10.0.0.0/-1", "::1/129"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }
}
