//! What the server logs, for tests that read it.

use std::io::Write;
use std::sync::{LazyLock, Mutex};

use zaun_probe::RawClient;

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

static SUBSCRIBER: LazyLock<()> = LazyLock::new(|| {
    tracing_subscriber::fmt().with_ansi(false).without_time().with_writer(|| Sink).init();
});

struct Sink;

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Begins to keep what is logged.
pub fn keep() {
    LazyLock::force(&SUBSCRIBER);
}

/// Checks that exactly one line about a connection names a rule, and returns it. The server logs before it answers.
pub fn names(client: &RawClient, rule: &str) -> String {
    let peer = format!("peer={}", client.local_address().unwrap());
    let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    let about: Vec<&str> = log.lines().filter(|line| line.contains(&peer) && line.contains(rule)).collect();
    assert_eq!(about.len(), 1, "one line about {peer} that names {rule}: {about:?}");
    about[0].to_owned()
}
