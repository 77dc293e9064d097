//! Images: copies of a whole SQLite database in memory, for sandboxes that go back to a moment.

use parking_lot::Mutex;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::sqlite::Shared;
use super::{Durability, Options, Store, sqlite};
use crate::StoreError;

/// Steps of a copy; one is enough unless somebody holds a lock.
const MAX_STEPS: usize = 1_000;
/// How long a step that met a lock waits before the next one.
const STEP_PAUSE: std::time::Duration = std::time::Duration::from_millis(1);

/// A copy of a whole database, in memory.
pub struct Image(Mutex<Connection>);

impl Store {
    /// Copies the database as it is after the last answered write. Blocks the thread meanwhile; there are no images of a
    /// PostgreSQL database.
    pub fn image(&self) -> Result<Image, StoreError> {
        let shared = self.sqlite()?;
        let fail = |error: rusqlite::Error| shared.error(&error);
        let from = sqlite::connect(shared, &options(), true)?;
        let mut to = Connection::open_in_memory().map_err(fail)?;
        copy(shared, &from.conn, &mut to)?;
        Ok(Image(Mutex::new(to)))
    }

    /// Puts an image in the place of everything in the database, in one transaction. Blocks the thread meanwhile. What
    /// was read before is void, so whoever remembers something of it has to forget it.
    pub fn restore(&self, image: &Image) -> Result<(), StoreError> {
        let shared = self.sqlite()?;
        let mut to = sqlite::connect(shared, &options(), false)?;
        copy(shared, &image.0.lock(), &mut to.conn)
    }

    fn sqlite(&self) -> Result<&Shared, StoreError> {
        let shared = self.inner.sqlite.get().map(std::sync::Arc::as_ref);
        shared.ok_or_else(|| StoreError::Statement("there are images of SQLite databases only".into()))
    }
}

/// An image is of something that is thrown away.
fn options() -> Options {
    Options { durability: Durability::Ephemeral, readers: 1 }
}

fn copy(shared: &Shared, from: &Connection, to: &mut Connection) -> Result<(), StoreError> {
    let fail = |error: rusqlite::Error| shared.error(&error);
    let backup = Backup::new(from, to).map_err(fail)?;
    for _ in 0..MAX_STEPS {
        if backup.step(-1).map_err(fail)? == StepResult::Done {
            return Ok(());
        }
        std::thread::sleep(STEP_PAUSE);
    }
    Err(StoreError::Busy)
}
