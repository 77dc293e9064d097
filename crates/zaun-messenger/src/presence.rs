//! Who is online: in memory, because it is worth nothing after a restart.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::limits::ONLINE_S;

/// Users that are online, with the end of their time.
#[derive(Default)]
pub struct Presence {
    until: Mutex<HashMap<i64, i64>>,
}

impl Presence {
    /// A sign of life. Returns the new end if the user was offline, which others want to know.
    pub fn set_online(&self, user: i64, now: i64) -> Option<i64> {
        let until = now + ONLINE_S;
        let before = self.until.lock().insert(user, until);
        before.is_none_or(|end| end <= now).then_some(until)
    }

    /// The user left. `true` if somebody may have thought otherwise.
    pub fn set_offline(&self, user: i64) -> bool {
        self.until.lock().remove(&user).is_some()
    }

    /// The end of a user's online time, if it lies ahead.
    pub fn online_until(&self, user: i64, now: i64) -> Option<i64> {
        self.until.lock().get(&user).copied().filter(|until| *until > now)
    }

    /// Takes those whose time has run out.
    pub fn expired(&self, now: i64) -> Vec<i64> {
        let mut until = self.until.lock();
        let gone: Vec<i64> = until.iter().filter(|(_, end)| **end <= now).map(|(user, _)| *user).collect();
        for user in &gone {
            until.remove(user);
        }
        gone
    }
}
