//! The cover site's side of a TLS handshake, learned from the site itself, so that the answer to a hello of ours looks like
//! the site's (M-349).

mod flight;
mod probe;
mod profile;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;
use tokio::time::timeout;

pub(crate) use flight::answer;
pub use profile::SiteProfile;

use crate::cover::Cover;
use crate::limits::{HANDSHAKE, LEARN_AGAIN, LEARN_RETRY, MAX_IMITATED};
use crate::proxy::Live;

/// What is known of the sites that secrets name.
#[derive(Debug, Default)]
pub(crate) struct Imitation {
    profiles: RwLock<HashMap<String, Arc<SiteProfile>>>,
    /// Domains whose cover site is the proxy itself.
    own: RwLock<HashSet<String>>,
    /// The hellos with which sites are being looked at, by their random.
    probes: Mutex<HashMap<[u8; 32], Arc<Probe>>>,
}

/// A hello of the proxy's own that is under way.
#[derive(Debug)]
pub(crate) struct Probe {
    /// Whether one like it was accepted.
    met: watch::Sender<bool>,
    /// Once it is known: whether it was sent to the proxy itself.
    is_own: watch::Sender<Option<bool>>,
}

impl Default for Probe {
    fn default() -> Probe {
        Probe { met: watch::Sender::new(false), is_own: watch::Sender::new(None) }
    }
}

impl Probe {
    /// Waits until it is known whether the connection that brought it is the proxy's own. Somebody who has overheard it
    /// may have sent it too, and is not to learn anything by that: then the site has answered.
    pub async fn is_own(&self) -> bool {
        let mut is_own = self.is_own.subscribe();
        let known = timeout(HANDSHAKE, is_own.wait_for(Option::is_some)).await;
        known.is_ok_and(|known| known.is_ok_and(|is_own| *is_own == Some(true)))
    }
}

impl Imitation {
    /// What is known of a domain's site.
    pub fn profile(&self, domain: &str) -> Option<Arc<SiteProfile>> {
        self.profiles.read().get(domain).cloned()
    }

    /// All that is known, by domain.
    pub fn profiles(&self) -> Vec<(String, Arc<SiteProfile>)> {
        let mut all: Vec<_> = self.profiles.read().iter().map(|(d, p)| (d.clone(), Arc::clone(p))).collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all
    }

    /// Whether the domain's cover site was found to be the proxy itself.
    pub fn is_own(&self, domain: &str) -> bool {
        self.own.read().contains(domain)
    }

    /// Whether any was.
    pub fn has_own(&self) -> bool {
        !self.own.read().is_empty()
    }

    /// The hello of the proxy's own that these first bytes are, if they are one.
    pub fn met(&self, head: &[u8]) -> Option<Arc<Probe>> {
        let probe = self.probes.lock().get(profile::random(head)?).cloned()?;
        probe.met.send_replace(true);
        Some(probe)
    }

    /// Looks at the sites of all domains, one after the other. Returns after how long to do so again.
    pub async fn learn(&self, live: &Live) -> Duration {
        if !live.settings.imitates || live.settings.cover == Cover::None {
            self.profiles.write().clear();
            return LEARN_AGAIN;
        }
        let mut again = LEARN_AGAIN;
        for domain in live.users.domains().take(MAX_IMITATED) {
            match probe::look(self, live, domain).await {
                Ok(profile) => {
                    self.own.write().remove(domain);
                    tracing::info!("the site of {domain} is imitated: {profile}");
                    self.profiles.write().insert(domain.to_owned(), Arc::new(profile));
                }
                Err(probe::ProbeError::Own) => {
                    tracing::warn!("the cover site of {domain} is this proxy itself: strangers see nothing");
                    self.own.write().insert(domain.to_owned());
                    again = LEARN_RETRY;
                }
                Err(error) => {
                    tracing::warn!("the site of {domain} cannot be imitated: {error}");
                    again = LEARN_RETRY;
                }
            }
        }
        let known: HashSet<&str> = live.users.domains().collect();
        self.profiles.write().retain(|domain, _| known.contains(domain.as_str()));
        self.own.write().retain(|domain| known.contains(domain.as_str()));
        again
    }
}
