//! Which sessions are told of what: each by its user, and by the channels that the user is in.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use zaun_messenger::Seat;
use zaun_model::{ChannelId, UserId};
use zaun_server::SessionHandle;

use crate::Api;

type Session = SessionHandle<Api>;

/// The sessions that are to get updates.
#[derive(Default)]
pub(crate) struct Subscriptions {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    users: HashMap<UserId, Subscriber>,
    /// Users with sessions here that are in a channel.
    channels: HashMap<ChannelId, HashMap<UserId, Seat>>,
}

#[derive(Default)]
struct Subscriber {
    sessions: Vec<Weak<Session>>,
    channels: Vec<ChannelId>,
}

impl Inner {
    /// The living sessions of a user; one that has none left is forgotten, with its seats.
    fn sessions(&mut self, user: UserId) -> Vec<Arc<Session>> {
        let Some(subscriber) = self.users.get_mut(&user) else { return Vec::new() };
        let living: Vec<Arc<Session>> = subscriber.sessions.iter().filter_map(Weak::upgrade).collect();
        if living.len() != subscriber.sessions.len() {
            subscriber.sessions.retain(|weak| weak.strong_count() > 0);
        }
        if living.is_empty() {
            self.forget(user);
        }
        living
    }

    fn forget(&mut self, user: UserId) {
        let channels = self.users.remove(&user).map(|gone| gone.channels).unwrap_or_default();
        for channel in channels {
            self.leave(user, channel);
        }
    }

    fn leave(&mut self, user: UserId, channel: ChannelId) {
        if let Some(seats) = self.channels.get_mut(&channel) {
            seats.remove(&user);
            if seats.is_empty() {
                self.channels.remove(&channel);
            }
        }
    }
}

/// The sessions of a channel's members, apart by what they get.
#[derive(Default)]
pub(crate) struct ChannelSessions {
    /// Those of ordinary members, with whose they are.
    pub(crate) ordinary: Vec<(UserId, Arc<Session>)>,
    /// Those of members with rights or limits of their own.
    pub(crate) special: Vec<(UserId, Arc<Session>)>,
}

impl Subscriptions {
    /// Forgets all sessions.
    pub(crate) fn clear(&self) {
        *self.inner.lock() = Inner::default();
    }

    /// Adds a session of a user; `true` if it is the first one, so that the user's seats have to be taken.
    pub(crate) fn add(&self, user: UserId, session: &Arc<Session>) -> bool {
        let mut inner = self.inner.lock();
        let subscriber = inner.users.entry(user).or_default();
        let first = subscriber.sessions.is_empty();
        subscriber.sessions.retain(|weak| weak.strong_count() > 0);
        subscriber.sessions.push(Arc::downgrade(session));
        first
    }

    /// Notes what a user is to a channel, if it has sessions here.
    pub(crate) fn take_seat(&self, user: UserId, channel: ChannelId, seat: Option<Seat>) {
        let mut inner = self.inner.lock();
        let Some(subscriber) = inner.users.get_mut(&user) else { return };
        subscriber.channels.retain(|other| *other != channel);
        match seat {
            Some(seat) => {
                subscriber.channels.push(channel);
                inner.channels.entry(channel).or_default().insert(user, seat);
            }
            None => inner.leave(user, channel),
        }
    }

    /// Returns the sessions of a user; those whose key belongs to somebody else by now are left out.
    pub(crate) fn of_user(&self, user: UserId) -> Vec<Arc<Session>> {
        let mut sessions = self.inner.lock().sessions(user);
        sessions.retain(|session| belongs_to(session, user));
        sessions
    }

    /// Returns the sessions of everybody who is in a channel.
    pub(crate) fn of_channel(&self, channel: ChannelId) -> ChannelSessions {
        let mut found = ChannelSessions::default();
        let mut inner = self.inner.lock();
        let Some(seats) = inner.channels.get(&channel) else { return found };
        let seats: Vec<(UserId, Seat)> = seats.iter().map(|(user, seat)| (*user, *seat)).collect();
        for (user, seat) in seats {
            let list = match seat {
                Seat::Ordinary => &mut found.ordinary,
                Seat::Special => &mut found.special,
            };
            let sessions = inner.sessions(user).into_iter().filter(|session| belongs_to(session, user));
            list.extend(sessions.map(|session| (user, session)));
        }
        found
    }

    /// Says whether anybody here is in a channel.
    pub(crate) fn has_seats(&self, channel: ChannelId) -> bool {
        self.inner.lock().channels.contains_key(&channel)
    }

    /// Returns all sessions.
    pub(crate) fn everybody(&self) -> Vec<Arc<Session>> {
        let inner = self.inner.lock();
        inner.users.values().flat_map(|subscriber| &subscriber.sessions).filter_map(Weak::upgrade).collect()
    }

    /// Forgets a session that ended, and its user with its last one.
    pub(crate) fn remove(&self, user: UserId, session: &Session) {
        let mut inner = self.inner.lock();
        if let Some(subscriber) = inner.users.get_mut(&user) {
            subscriber.sessions.retain(|weak| !std::ptr::eq(weak.as_ptr(), session));
        }
        inner.sessions(user);
    }
}

fn belongs_to(session: &Session, user: UserId) -> bool {
    session.identity().data.user_id() == Some(user)
}
