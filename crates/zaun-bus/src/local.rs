//! The bus inside one process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::{Bus, Heard, News};

/// News that may wait for one listener; the oldest are lost beyond it, and the listener is told so. A second of a busy
/// node.
pub const LISTENER_CAPACITY: usize = 16_384;

/// Connects the nodes of one process; clones are the same bus.
#[derive(Clone)]
pub struct LocalBus {
    news: broadcast::Sender<(u64, News)>,
    members: Arc<AtomicU64>,
}

impl Default for LocalBus {
    fn default() -> LocalBus {
        LocalBus { news: broadcast::channel(LISTENER_CAPACITY).0, members: Arc::default() }
    }
}

impl LocalBus {
    /// Gives one more node a place on the bus.
    #[must_use]
    pub fn join(&self) -> LocalMember {
        let number = self.members.fetch_add(1, Ordering::Relaxed);
        LocalMember { bus: self.clone(), number }
    }
}

/// A node's place on a [`LocalBus`].
#[derive(Clone)]
pub struct LocalMember {
    bus: LocalBus,
    number: u64,
}

impl LocalMember {
    /// Returns the number of this node on the bus; the first one is 0.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Begins to listen to the other nodes.
    #[must_use]
    pub fn listen(&self) -> LocalListener {
        LocalListener { news: self.bus.news.subscribe(), own: self.number }
    }
}

impl Bus for LocalMember {
    fn publish(&self, news: News) {
        // Nobody may be listening, which is as well.
        let _ = self.bus.news.send((self.number, news));
    }

    fn has_others(&self) -> bool {
        self.bus.members.load(Ordering::Relaxed) > 1
    }
}

/// Hears what other nodes tell.
pub struct LocalListener {
    news: broadcast::Receiver<(u64, News)>,
    own: u64,
}

impl LocalListener {
    /// Waits for the next news of another node.
    pub async fn next(&mut self) -> Heard {
        loop {
            match self.news.recv().await {
                Ok((number, _)) if number == self.own => {}
                Ok((_, news)) => return Heard::News(news),
                Err(RecvError::Lagged(_)) => return Heard::Missed,
                Err(RecvError::Closed) => return Heard::Closed,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use zaun_model::UserId;

    use super::*;

    fn news(user: i64) -> News {
        News::Online { user: UserId(user), until: None }
    }

    #[tokio::test]
    async fn nobody_hears_itself_and_all_others_hear() {
        let hub = LocalBus::default();
        let (a, b, c) = (hub.join(), hub.join(), hub.join());
        let (mut at_a, mut at_b, mut at_c) = (a.listen(), b.listen(), c.listen());
        a.publish(news(1));
        b.publish(news(2));
        assert_eq!(at_a.next().await, Heard::News(news(2)));
        assert_eq!(at_b.next().await, Heard::News(news(1)));
        assert_eq!((at_c.next().await, at_c.next().await), (Heard::News(news(1)), Heard::News(news(2))));
    }

    #[tokio::test]
    async fn a_slow_listener_is_told_that_it_missed_something() {
        let hub = LocalBus::default();
        let (a, b) = (hub.join(), hub.join());
        let mut at_b = b.listen();
        for n in 0..=i64::try_from(LISTENER_CAPACITY).unwrap() {
            a.publish(news(n));
        }
        assert_eq!(at_b.next().await, Heard::Missed);
        assert!(matches!(at_b.next().await, Heard::News(_)), "and goes on");
    }

    #[test]
    fn a_node_alone_knows_it() {
        let hub = LocalBus::default();
        let a = hub.join();
        assert!(!a.has_others());
        let b = hub.join();
        assert!(a.has_others() && b.has_others());
    }
}
