//! One check: a rule, what is expected, and the way to try it.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::timeout;
use zaun_probe::Error;

use super::patient::Patient;

/// So long may one check take. Rules that involve waiting wait a second; the rest is what a far server may need.
const PATIENCE: Duration = Duration::from_secs(8);

/// Why a check did not come out as expected.
#[derive(Debug)]
pub enum Trouble {
    /// The rule does not hold; this was seen instead.
    Seen(String),
    /// It could not be tried.
    NotTried(String),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        Trouble::Seen(error.to_string())
    }
}

/// What a check found.
pub type Finding = Result<(), Trouble>;

/// Holds if `holds`, and else says what was seen.
pub fn expect(holds: bool, seen: impl Into<String>) -> Finding {
    if holds { Ok(()) } else { Err(Trouble::Seen(seen.into())) }
}

type Run = Box<dyn Fn(Patient) -> Pin<Box<dyn Future<Output = Finding> + Send>> + Send + Sync>;

/// A check that can be made.
pub struct Check {
    /// The rule: M-numbers.
    pub rule: &'static str,
    /// The rule in plain words.
    pub title: String,
    /// What a server that keeps the rule does.
    pub expected: &'static str,
    needs_key: bool,
    run: Run,
}

impl Check {
    /// A check that every server allows.
    pub fn open<F>(
        rule: &'static str,
        title: impl Into<String>,
        expected: &'static str,
        run: impl Fn(Patient) -> F + Send + Sync + 'static,
    ) -> Check
    where
        F: Future<Output = Finding> + Send + 'static,
    {
        let run: Run = Box::new(move |patient| Box::pin(run(patient)));
        Check { rule, title: title.into(), expected, needs_key: false, run }
    }

    /// A check that needs the RSA key of the server.
    pub fn keyed<F>(
        rule: &'static str,
        title: impl Into<String>,
        expected: &'static str,
        run: impl Fn(Patient) -> F + Send + Sync + 'static,
    ) -> Check
    where
        F: Future<Output = Finding> + Send + 'static,
    {
        Check { needs_key: true, ..Check::open(rule, title, expected, run) }
    }

    /// Makes it.
    pub async fn make(&self, patient: &Patient) -> Finding {
        if self.needs_key && patient.key.is_none() {
            return Err(Trouble::NotTried("needs the server's RSA key (--key FILE)".into()));
        }
        match timeout(PATIENCE, (self.run)(patient.clone())).await {
            Ok(finding) => finding,
            Err(_) => Err(Trouble::Seen(format!("nothing within {} s", PATIENCE.as_secs()))),
        }
    }
}
