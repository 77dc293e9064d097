//! Methods that clients asked for and that do not exist: what a test run could not have tested.

use std::collections::BTreeMap;

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use zaun_schema::api::method_name;

use crate::limits::{MAX_MISSING, MAX_WRAPPED_WORDS};

/// Methods by name, with how often they were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missing {
    /// Over MTProto.
    pub mtproto: BTreeMap<String, u64>,
    /// Over the Bot API.
    pub bot_api: BTreeMap<String, u64>,
}

impl Missing {
    /// Says whether everything that was asked for exists.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mtproto.is_empty() && self.bot_api.is_empty()
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({ "mtproto": self.mtproto, "bot_api": self.bot_api })
    }
}

/// What was noted so far.
#[derive(Debug, Default)]
pub(crate) struct Noted(Mutex<Missing>);

impl Noted {
    pub(crate) fn list(&self) -> Missing {
        self.0.lock().clone()
    }

    pub(crate) fn note_mtproto(&self, name: &str) {
        count(&mut self.0.lock().mtproto, name);
    }

    pub(crate) fn note_bot_api(&self, name: &str) {
        count(&mut self.0.lock().bot_api, name);
    }
}

fn count(names: &mut BTreeMap<String, u64>, name: &str) {
    if let Some(times) = names.get_mut(name) {
        *times = times.saturating_add(1);
    } else if names.len() < MAX_MISSING {
        names.insert(name.to_owned(), 1);
    }
}

/// Methods that hold another one.
const WRAPPERS: [&str; 8] = [
    "initConnection",
    "invokeAfterMsg",
    "invokeAfterMsgs",
    "invokeWithLayer",
    "invokeWithMessagesRange",
    "invokeWithTakeout",
    "invokeWithoutUpdates",
    "invokeWithBusinessConnection",
];

/// Returns the name of the method of a query, beneath its wrappers, which hold it as it is at a multiple of four bytes.
pub(crate) fn method_of(body: &Bytes) -> Option<&'static str> {
    let words = body.as_chunks::<4>().0.iter().take(MAX_WRAPPED_WORDS);
    let mut names = words.filter_map(|word| method_name(u32::from_le_bytes(*word)));
    names.find(|name| !WRAPPERS.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_found_beneath_its_wrappers() {
        use zaun_schema::api::functions::help::GetConfig;
        let id = <GetConfig as zaun_tl::Function>::ID.to_le_bytes();
        let layer = 0xda9b_0d0d_u32.to_le_bytes();
        let body = [layer, 232_u32.to_le_bytes(), id].concat();
        assert_eq!(method_of(&Bytes::from(body)), Some("help.getConfig"));
        assert_eq!(method_of(&Bytes::from_static(b"")), None);
    }
}
