//! Where the data centres are, and which RSA keys they prove themselves with: plain settings.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use zaun_crypto::rsa::PublicKey;
use zaun_mtproto::client::RpcError;
use zaun_schema::api::types;
use zaun_transport::{ProxySecret, Secret, SecretKind};

use zaun_link::Address;

/// One address of a data centre (`dcOption`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DcAddress {
    /// The data centre.
    pub id: i16,
    /// Where.
    pub address: Address,
    /// Only for files.
    pub media_only: bool,
    /// A content delivery node with keys of its own.
    pub cdn: bool,
    /// Only with obfuscation.
    pub tcpo_only: bool,
    /// To be preferred when connecting through a proxy.
    pub fixed: bool,
    /// The endpoint wants a secret (M-084).
    pub secret: Option<ProxySecret>,
}

impl DcAddress {
    /// An ordinary address.
    pub fn new(id: i16, address: impl Into<Address>) -> DcAddress {
        let (media_only, cdn, tcpo_only, fixed) = (false, false, false, false);
        DcAddress { id, address: address.into(), media_only, cdn, tcpo_only, fixed, secret: None }
    }

    fn is_ipv6(&self) -> bool {
        matches!(self.address, Address::Tcp(SocketAddr::V6(_)))
    }
}

/// All data centres that a client knows.
#[derive(Debug, Clone)]
pub struct Servers {
    /// Test servers: 10000 is added to the id on the wire (M-078, M-113).
    pub test: bool,
    /// The data centre to begin with.
    pub main: i16,
    /// The addresses, those to be tried first in front.
    pub addresses: Vec<DcAddress>,
    /// The keys that are trusted.
    pub keys: Arc<[PublicKey]>,
    /// One address stands for every data centre that has none of its own, and `help.getConfig` is not believed: a
    /// server behind a forwarded port cannot know how it is reached.
    pub alone: bool,
}

/// The address of a production data centre, as every client has them built in.
const PRODUCTION: [(i16, [u8; 4]); 5] = [
    (1, [149, 154, 175, 53]),
    (2, [149, 154, 167, 51]),
    (3, [149, 154, 175, 100]),
    (4, [149, 154, 167, 91]),
    (5, [91, 108, 56, 130]),
];
/// The same for the test data centres.
const TEST: [(i16, [u8; 4]); 3] =
    [(1, [149, 154, 175, 10]), (2, [149, 154, 167, 40]), (3, [149, 154, 175, 117])];
/// The port of all of them.
const PORT: u16 = 443;

impl Servers {
    /// One server that plays all data centres, as `zaun serve` does.
    pub fn one(address: impl Into<Address>, key: PublicKey) -> Servers {
        let addresses = vec![DcAddress::new(2, address)];
        Servers { test: false, main: 2, addresses, keys: vec![key].into(), alone: true }
    }

    /// The production data centres of Telegram, with keys that are given: they are published at
    /// <https://core.telegram.org/api/obtaining_api_id>, for each account.
    pub fn production(keys: impl Into<Arc<[PublicKey]>>) -> Servers {
        Servers::built_in(&PRODUCTION, false, keys.into())
    }

    /// The test data centres of Telegram.
    pub fn test(keys: impl Into<Arc<[PublicKey]>>) -> Servers {
        Servers::built_in(&TEST, true, keys.into())
    }

    fn built_in(list: &[(i16, [u8; 4])], test: bool, keys: Arc<[PublicKey]>) -> Servers {
        let address = |(id, ip): &(i16, [u8; 4])| DcAddress::new(*id, SocketAddr::from((*ip, PORT)));
        Servers { test, main: 2, addresses: list.iter().map(address).collect(), keys, alone: false }
    }

    /// The addresses of a data centre in the order in which they are to be tried; for files those that serve only
    /// files come first.
    #[must_use]
    pub fn of(&self, dc: i16, media: bool) -> Vec<DcAddress> {
        if self.alone {
            return self.addresses.iter().cloned().map(|address| DcAddress { id: dc, ..address }).collect();
        }
        let fits = |address: &&DcAddress| address.id == dc && !address.cdn && (media || !address.media_only);
        let mut found: Vec<DcAddress> = self.addresses.iter().filter(fits).cloned().collect();
        found.sort_by_key(|address| (address.is_ipv6(), media && !address.media_only));
        found
    }

    /// The addresses of a content delivery node.
    #[must_use]
    pub fn of_cdn(&self, dc: i16) -> Vec<DcAddress> {
        if self.alone {
            return self.of(dc, false);
        }
        self.addresses.iter().filter(|address| address.id == dc && address.cdn).cloned().collect()
    }

    /// How a data centre is named on the wire: 10000 is added for test servers, and media is negative.
    #[must_use]
    pub fn wire_id(&self, dc: i16, media: bool) -> i16 {
        let id = if self.test { dc.saturating_add(10_000) } else { dc };
        if media { id.saturating_neg() } else { id }
    }

    /// Takes the addresses of `help.getConfig`: those of every data centre that it lists replace the ones known
    /// before; the others stay.
    pub fn learn(&mut self, config: &types::Config) {
        if self.alone {
            return;
        }
        let told: Vec<DcAddress> = config.dc_options.iter().filter_map(dc_address).collect();
        self.addresses.retain(|known| told.iter().all(|new| (new.id, new.cdn) != (known.id, known.cdn)));
        self.addresses.extend(told);
    }
}

fn dc_address(option: &types::DcOption) -> Option<DcAddress> {
    let ip: IpAddr = option.ip_address.parse().ok()?;
    let secret = match &option.secret {
        None => None,
        Some(bytes) => Some(endpoint_secret(bytes)?),
    };
    Some(DcAddress {
        id: i16::try_from(option.id).ok()?,
        address: Address::Tcp((ip, u16::try_from(option.port).ok()?).into()),
        media_only: option.media_only,
        cdn: option.cdn,
        tcpo_only: option.tcpo_only,
        fixed: option.r#static,
        secret,
    })
}

/// The secret of an endpoint is 16 bytes, or those of a proxy secret with its first byte (M-331).
fn endpoint_secret(bytes: &[u8]) -> Option<ProxySecret> {
    if let Ok(key) = <[u8; 16]>::try_from(bytes) {
        return Some(ProxySecret { key: Secret(key), kind: SecretKind::Plain });
    }
    let (first, rest) = bytes.split_first()?;
    let (key, domain) = rest.split_first_chunk::<16>()?;
    let kind = match first {
        0xdd => SecretKind::Padded,
        0xee => SecretKind::FakeTls(String::from_utf8(domain.to_vec()).ok()?),
        _ => return None,
    };
    Some(ProxySecret { key: Secret(*key), kind })
}

/// Where an error sends the caller (M-419).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migration {
    /// The account or the number lives there: it becomes the main data centre.
    Account(i16),
    /// Only this query has to be sent there: a file, statistics.
    Query(i16),
}

impl Migration {
    /// The migration that an error asks for, if it does.
    #[must_use]
    pub fn of(error: &RpcError) -> Option<Migration> {
        let dc = || i16::try_from(error.argument()?).ok();
        match &*error.name() {
            "PHONE_MIGRATE" | "USER_MIGRATE" | "NETWORK_MIGRATE" => dc().map(Migration::Account),
            "FILE_MIGRATE" | "STATS_MIGRATE" => dc().map(Migration::Query),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(id: i32, ip: &str, media_only: bool) -> types::DcOption {
        let (ip_address, port) = (ip.to_owned(), 443);
        types::DcOption { id, ip_address, port, media_only, ..types::DcOption::default() }
    }

    #[test]
    fn what_the_server_says_replaces_what_was_built_in_per_data_centre() {
        let mut servers = Servers::production(Vec::new());
        let dc_options =
            vec![option(4, "2001:db8::4", false), option(4, "10.0.0.4", false), option(4, "10.0.0.5", true)];
        servers.learn(&types::Config { dc_options, ..types::Config::default() });
        let text = |found: Vec<DcAddress>| -> Vec<String> {
            found.iter().map(|dc| format!("{:?}", dc.address)).collect()
        };
        assert_eq!(text(servers.of(4, false)), ["Tcp(10.0.0.4:443)", "Tcp([2001:db8::4]:443)"]);
        assert_eq!(text(servers.of(4, true))[0], "Tcp(10.0.0.5:443)");
        assert_eq!(servers.of(1, false).len(), 1, "still the one that was built in");
        assert!(servers.of(9, false).is_empty());
    }

    #[test]
    fn m_078_ids_on_the_wire() {
        let production = Servers::production(Vec::new());
        assert_eq!((production.wire_id(2, false), production.wire_id(2, true)), (2, -2));
        let test = Servers::test(Vec::new());
        assert_eq!((test.wire_id(2, false), test.wire_id(2, true)), (10_002, -10_002));
    }

    #[test]
    fn m_419_migrations() {
        let of = |message: &str| Migration::of(&RpcError { code: 303, message: message.into() });
        for name in ["PHONE", "USER", "NETWORK"] {
            assert_eq!(of(&format!("{name}_MIGRATE_4")), Some(Migration::Account(4)));
        }
        for name in ["FILE", "STATS"] {
            assert_eq!(of(&format!("{name}_MIGRATE_4")), Some(Migration::Query(4)));
        }
        assert_eq!(of("FLOOD_WAIT_4"), None);
        assert_eq!(of("USER_MIGRATE_99999"), None);
    }
}
