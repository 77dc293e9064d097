//! Named secrets, and whose a connection is.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use tokio::sync::watch;
use zaun_transport::faketls::Hello;
use zaun_transport::relay::{Front, HEADER_BYTES};
use zaun_transport::{Framing, ProxySecret, SecretKind};

use crate::limits::{MAX_ADDRESSES, MAX_HINTS, MAX_SCANNED_SECRETS, MAX_SECRETS_PER_DOMAIN};

/// What somebody with a secret may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Allowance {
    /// Connections at once.
    pub max_connections: Option<usize>,
    /// Addresses that are connected at once.
    pub max_addresses: Option<usize>,
    /// Bytes in both directions together.
    pub max_bytes: Option<u64>,
    /// Unix time in seconds from which the secret opens nothing.
    pub expires_s: Option<u64>,
}

/// A secret with a name.
#[derive(Debug)]
pub struct User {
    /// What logs and metrics call it.
    pub name: String,
    /// The secret.
    pub secret: ProxySecret,
    /// What it allows.
    pub allowance: Allowance,
    /// What it has used; it outlives a change of the settings.
    pub usage: Arc<Usage>,
}

/// What was used under a secret.
#[derive(Debug)]
pub struct Usage {
    /// Bytes from clients.
    pub up_bytes: AtomicU64,
    /// Bytes to clients.
    pub down_bytes: AtomicU64,
    /// Connections that there are now.
    pub connections: AtomicUsize,
    /// Connections that there have been.
    pub opened: AtomicU64,
    /// Connections that were refused for its limits.
    pub refused: AtomicU64,
    addresses: Mutex<HashMap<IpAddr, usize>>,
    /// Becomes true when the secret is withdrawn.
    withdrawn: watch::Sender<bool>,
}

impl Default for Usage {
    fn default() -> Usage {
        Usage {
            up_bytes: AtomicU64::default(),
            down_bytes: AtomicU64::default(),
            connections: AtomicUsize::default(),
            opened: AtomicU64::default(),
            refused: AtomicU64::default(),
            addresses: Mutex::default(),
            withdrawn: watch::Sender::new(false),
        }
    }
}

impl Usage {
    /// Bytes in both directions.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.up_bytes.load(Ordering::Relaxed) + self.down_bytes.load(Ordering::Relaxed)
    }

    /// How many addresses are connected.
    #[must_use]
    pub fn addresses(&self) -> usize {
        self.addresses.lock().len()
    }

    /// Ends all connections under the secret.
    pub fn withdraw(&self) {
        self.withdrawn.send_replace(true);
    }
}

/// Why a client with a right secret is not let in. It is treated as a stranger, so that it learns nothing either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The secret has expired.
    #[error("the secret has expired")]
    Expired,
    /// It has as many connections as it may.
    #[error("the secret has as many connections as it may")]
    Connections,
    /// It is used from as many addresses as it may.
    #[error("the secret is used from as many addresses as it may")]
    Addresses,
    /// Its traffic is used up.
    #[error("the traffic of the secret is used up")]
    Traffic,
}

impl User {
    /// Counts one more connection, if the allowance has room for it.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn admit(self: &Arc<User>, address: Option<IpAddr>) -> Result<Seat, Refused> {
        let seat = self.try_admit(address);
        let counter = if seat.is_ok() { &self.usage.opened } else { &self.usage.refused };
        counter.fetch_add(1, Ordering::Relaxed);
        seat
    }

    fn try_admit(self: &Arc<User>, address: Option<IpAddr>) -> Result<Seat, Refused> {
        if self.has_expired() {
            return Err(Refused::Expired);
        }
        if self.is_exhausted() {
            return Err(Refused::Traffic);
        }
        // The lock makes counting and deciding one step.
        let mut addresses = self.usage.addresses.lock();
        let connections = self.usage.connections.load(Ordering::Relaxed);
        if self.allowance.max_connections.is_some_and(|max| connections >= max) {
            return Err(Refused::Connections);
        }
        if let Some(address) = address {
            let max = self.allowance.max_addresses.unwrap_or(MAX_ADDRESSES);
            if !addresses.contains_key(&address) && addresses.len() >= max {
                if self.allowance.max_addresses.is_some() {
                    return Err(Refused::Addresses);
                }
            } else {
                *addresses.entry(address).or_default() += 1;
            }
        }
        self.usage.connections.fetch_add(1, Ordering::Relaxed);
        let withdrawn = self.usage.withdrawn.subscribe();
        Ok(Seat { user: Arc::clone(self), address, withdrawn })
    }

    /// Whether the secret's time is over.
    #[must_use]
    pub fn has_expired(&self) -> bool {
        let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        self.allowance.expires_s.is_some_and(|end| now_s >= end)
    }

    /// Whether its traffic is used up.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.allowance.max_bytes.is_some_and(|max| self.usage.bytes() >= max)
    }
}

/// One connection under a secret; it is given back when dropped.
#[derive(Debug)]
pub struct Seat {
    /// Whose it is.
    pub user: Arc<User>,
    address: Option<IpAddr>,
    withdrawn: watch::Receiver<bool>,
}

impl Seat {
    /// Waits until the secret is withdrawn.
    pub fn until_withdrawn(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut withdrawn = self.withdrawn.clone();
        async move {
            if withdrawn.wait_for(|withdrawn| *withdrawn).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut addresses = self.user.usage.addresses.lock();
        self.user.usage.connections.fetch_sub(1, Ordering::Relaxed);
        let Some(address) = self.address else { return };
        if let Some(count) = addresses.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&address);
            }
        }
    }
}

/// Why a list of secrets cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsersError {
    /// There is none.
    #[error("there is no secret: nobody could connect")]
    None,
    /// Two have one name.
    #[error("two secrets are named {0:?}")]
    Name(String),
    /// Two are the same.
    #[error("the secrets {0:?} and {1:?} are the same")]
    Same(String, String),
    /// There are more than can be tried.
    #[error("there are more than {0} secrets {1}")]
    TooMany(usize, &'static str),
}

/// All secrets, and how they are found.
#[derive(Debug, Default)]
pub struct Users {
    all: Vec<Arc<User>>,
    /// Those that are tried against the header of an obfuscated stream.
    scanned: Vec<Arc<User>>,
    by_domain: HashMap<String, Vec<Arc<User>>>,
    /// Which secret an address used last.
    hints: Mutex<HashMap<IpAddr, Arc<User>>>,
}

impl Users {
    /// Sorts a list of secrets.
    ///
    /// # Errors
    /// [`UsersError`].
    pub fn new(all: Vec<Arc<User>>) -> Result<Users, UsersError> {
        let mut users = Users::default();
        let (mut names, mut keys) = (HashMap::new(), HashMap::new());
        for user in &all {
            if names.insert(user.name.clone(), ()).is_some() {
                return Err(UsersError::Name(user.name.clone()));
            }
            if let Some(other) = keys.insert(user.secret.to_bytes(), user.name.clone()) {
                return Err(UsersError::Same(other, user.name.clone()));
            }
            match &user.secret.kind {
                SecretKind::FakeTls(domain) => {
                    users.by_domain.entry(domain.clone()).or_default().push(Arc::clone(user));
                }
                SecretKind::Plain | SecretKind::Padded => users.scanned.push(Arc::clone(user)),
            }
        }
        if all.is_empty() {
            return Err(UsersError::None);
        }
        if users.scanned.len() > MAX_SCANNED_SECRETS {
            return Err(UsersError::TooMany(MAX_SCANNED_SECRETS, "without a domain"));
        }
        if users.by_domain.values().any(|list| list.len() > MAX_SECRETS_PER_DOMAIN) {
            return Err(UsersError::TooMany(MAX_SECRETS_PER_DOMAIN, "of one domain"));
        }
        users.all = all;
        Ok(users)
    }

    /// All of them, in the order of the settings.
    #[must_use]
    pub fn all(&self) -> &[Arc<User>] {
        &self.all
    }

    /// Whether any is used inside fake TLS.
    #[must_use]
    pub fn has_domains(&self) -> bool {
        !self.by_domain.is_empty()
    }

    /// Whether any is used without fake TLS.
    #[must_use]
    pub fn has_bare(&self) -> bool {
        !self.scanned.is_empty()
    }

    /// The sites that hellos may name.
    pub(crate) fn domains(&self) -> impl Iterator<Item = &str> {
        self.by_domain.keys().map(String::as_str)
    }

    /// Whether a hello may name this site (M-353).
    #[must_use]
    pub fn knows_domain(&self, domain: &str) -> bool {
        self.by_domain.contains_key(domain)
    }

    /// Whose header this is, and what it opens (M-336). All secrets cost a stranger the same; a client that was here
    /// before is found by its address.
    #[must_use]
    pub fn of_header(
        &self,
        header: &[u8; HEADER_BYTES],
        address: Option<IpAddr>,
    ) -> Option<(Arc<User>, Front)> {
        let hint = address.and_then(|address| self.hints.lock().get(&address).cloned());
        let found = hint.iter().chain(&self.scanned).find_map(|user| Some((user, open(user, header)?)));
        let (user, front) = found?;
        if let Some(address) = address
            && !hint.as_ref().is_some_and(|hint| Arc::ptr_eq(hint, user))
        {
            let mut hints = self.hints.lock();
            if hints.len() >= MAX_HINTS {
                hints.clear();
            }
            hints.insert(address, Arc::clone(user));
        }
        Some((Arc::clone(user), front))
    }

    /// Whose hello this is, and the time in it (M-342, M-343). A hello that names no site is tried against all.
    #[must_use]
    pub fn of_hello(&self, hello: &Hello<'_>) -> Option<(Arc<User>, u32)> {
        let of = |list: &Vec<Arc<User>>| {
            list.iter().find_map(|user| Some((Arc::clone(user), hello.proven_time(&user.secret.key)?)))
        };
        match hello.domain() {
            // Some versions of iOS clients leave the name out.
            [] => self.by_domain.values().find_map(of),
            domain => self.by_domain.get(std::str::from_utf8(domain).ok()?).and_then(of),
        }
    }
}

/// Opens a header under a secret, if the secret allows its framing (M-334, M-351).
pub(crate) fn open(user: &User, header: &[u8; HEADER_BYTES]) -> Option<Front> {
    let front = Front::open(header, Some(user.secret.key))?;
    let allowed = user.secret.kind == SecretKind::Plain || front.framing == Framing::PaddedIntermediate;
    allowed.then_some(front)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zaun_transport::Secret;
    use zaun_transport::relay::Back;

    fn user(name: &str, key: u8, kind: SecretKind, allowance: Allowance) -> Arc<User> {
        let secret = ProxySecret { key: Secret([key; 16]), kind };
        Arc::new(User { name: name.into(), secret, allowance, usage: Arc::default() })
    }

    fn header(key: u8, framing: Framing) -> [u8; HEADER_BYTES] {
        Back::own(framing, 2, Some(Secret([key; 16])), &mut rand::rng()).unwrap().header
    }

    #[test]
    fn m336_a_header_finds_its_secret_and_its_address_is_remembered() {
        let list = (1..=9).map(|n| user(&n.to_string(), n, SecretKind::Padded, Allowance::default()));
        let users = Users::new(list.collect()).unwrap();
        let address = Some("192.0.2.1".parse().unwrap());
        for _ in 0..2 {
            let found = users.of_header(&header(7, Framing::PaddedIntermediate), address);
            assert_eq!(found.unwrap().0.name, "7");
        }
        assert_eq!(users.hints.lock().len(), 1);
        assert!(users.of_header(&header(10, Framing::PaddedIntermediate), address).is_none());
        assert!(users.of_header(&header(7, Framing::Abridged), address).is_none(), "M-334");
    }

    #[test]
    fn an_allowance_ends_with_its_connections_addresses_traffic_and_time() {
        let allowance =
            Allowance { max_connections: Some(2), max_addresses: Some(1), ..Allowance::default() };
        let both = user("a", 1, SecretKind::Plain, allowance);
        let (here, there) = ("192.0.2.1".parse().ok(), "192.0.2.2".parse().ok());
        let first = both.admit(here).unwrap();
        assert_eq!(both.admit(there).unwrap_err(), Refused::Addresses);
        let second = both.admit(here).unwrap();
        assert_eq!(both.admit(here).unwrap_err(), Refused::Connections);
        drop((first, second));
        assert_eq!((both.usage.addresses(), both.usage.refused.load(Ordering::Relaxed)), (0, 2));
        assert!(both.admit(there).is_ok());

        let bytes =
            user("b", 2, SecretKind::Plain, Allowance { max_bytes: Some(10), ..Allowance::default() });
        assert!(bytes.admit(here).is_ok());
        bytes.usage.down_bytes.store(10, Ordering::Relaxed);
        assert_eq!(bytes.admit(here).unwrap_err(), Refused::Traffic);
        let over = user("c", 3, SecretKind::Plain, Allowance { expires_s: Some(1), ..Allowance::default() });
        assert_eq!(over.admit(here).unwrap_err(), Refused::Expired);
    }

    #[test]
    fn a_list_names_every_secret_once() {
        let plain = |name, key| user(name, key, SecretKind::Plain, Allowance::default());
        assert_eq!(Users::new(Vec::new()).unwrap_err(), UsersError::None);
        let twice = Users::new(vec![plain("a", 1), plain("a", 2)]);
        assert_eq!(twice.unwrap_err(), UsersError::Name("a".into()));
        let same = Users::new(vec![plain("a", 1), plain("b", 1)]);
        assert_eq!(same.unwrap_err(), UsersError::Same("a".into(), "b".into()));
    }
}
