//! A fresh store of either engine.

use zaun_store::{Options, Store, StoreError, Tx};

/// Where the data of a store are.
pub enum Place {
    Sqlite(tempfile::TempDir),
    Postgres(String),
}

impl Place {
    pub fn sqlite() -> Option<Place> {
        Some(Place::Sqlite(tempfile::tempdir().unwrap()))
    }

    pub fn postgres() -> Option<Place> {
        zaun_pgtest::new_database().map(Place::Postgres)
    }

    pub fn try_open(&self, options: &Options) -> Result<Store, StoreError> {
        match self {
            Place::Sqlite(folder) => Store::open(&folder.path().join("t.db"), options),
            Place::Postgres(url) => Store::open_postgres(url, options),
        }
    }

    pub fn open(&self) -> Store {
        self.try_open(&Options::default()).unwrap()
    }

    /// A store with an empty table `pairs`.
    pub async fn open_with_pairs(&self) -> Store {
        let store = self.open();
        let table = "CREATE TABLE pairs (name TEXT PRIMARY KEY, n BIGINT NOT NULL)";
        store.write(|tx| tx.execute(table, &[])).await.unwrap();
        store
    }
}

pub fn insert(tx: &Tx<'_>, name: &str, n: i64) -> Result<usize, StoreError> {
    tx.execute("INSERT INTO pairs (name, n) VALUES ($1, $2)", zaun_store::params![name, n])
}

pub fn count(tx: &Tx<'_>) -> Result<i64, StoreError> {
    tx.scalar("SELECT count(*) FROM pairs", &[])
}

/// Makes two tests of each function over a [`Place`], one an engine.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::world::Place::sqlite().unwrap()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                if let Some(place) = crate::world::Place::postgres() {
                    super::$name(place).await;
                }
            })*
        }
    };
}
pub(crate) use on_both_engines;
