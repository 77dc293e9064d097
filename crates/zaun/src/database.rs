//! Where the database is: an address that may hold a password, and is never shown with it.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// The address of a PostgreSQL database, as a URL or as `host=… dbname=…`.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Database(String);

impl Database {
    /// Checks that the address is one of PostgreSQL. Parsing does not, because its errors repeat what was parsed.
    pub fn check(&self) -> anyhow::Result<()> {
        let is_url = self.0.starts_with("postgres://") || self.0.starts_with("postgresql://");
        anyhow::ensure!(
            is_url || (self.0.contains('=') && !self.0.contains("://")),
            "the address of the database begins with postgres://, for example postgres://USER:PASSWORD@HOST/NAME \
             (it is not shown here, because it may hold a password)"
        );
        Ok(())
    }

    /// Returns the address with everything in it, for the store alone.
    pub fn url(&self) -> &str {
        &self.0
    }
}

impl FromStr for Database {
    type Err = Infallible;

    fn from_str(address: &str) -> Result<Database, Infallible> {
        Ok(Database(address.to_owned()))
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Database(…)")
    }
}
