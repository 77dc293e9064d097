//! The data centres that a server plays, and where they are.

use std::net::IpAddr;

use zaun_server::Dc;

/// One address of a data centre, as clients are told of it (M-475).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DcAddress {
    /// Which one.
    pub dc: Dc,
    /// Where.
    pub ip: IpAddr,
    /// Its port.
    pub port: u16,
    /// The secret without which nobody gets in there (M-084), as links carry it.
    pub secret: Option<Vec<u8>>,
}

/// How this server presents itself to clients.
#[derive(Debug, Clone)]
pub struct Options {
    /// The DC of clients that do not say which one they mean.
    pub home_dc: i32,
    /// Every address that clients are told of.
    pub addresses: Vec<DcAddress>,
    /// Whether the DCs are separate, each with listeners and keys of its own. If not, one listener plays them all, and
    /// every account is at home in each.
    pub split: bool,
    /// The DC that holds files; elsewhere upload.getFile answers FILE_MIGRATE_X (M-516). Without one, files are
    /// wherever a client looks for them.
    pub files_dc: Option<i32>,
    /// Two letters, for help.getNearestDc: where most clients of this server are.
    pub country: String,
}

impl Options {
    /// One listener at this address that plays the DCs 1 to 5, as clients begin with any of them.
    pub fn one_listener(home_dc: i32, ip: IpAddr, port: u16) -> Options {
        let address = |id| DcAddress { dc: Dc::new(id), ip, port, secret: None };
        let addresses = (1..=5).map(address).collect();
        Options { home_dc, addresses, split: false, files_dc: None, country: "US".into() }
    }

    /// Whether there is a DC of this number.
    pub fn serves(&self, dc_id: i32) -> bool {
        self.addresses.iter().any(|address| address.dc.id == dc_id)
    }
}
