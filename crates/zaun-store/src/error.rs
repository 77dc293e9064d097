//! What can go wrong with storage, by what the operator has to do.

/// A storage failure. None of these is the peer's fault: towards a client they become 500 or −503, never 401 and
/// never −404, because those make clients throw their keys away (M-054, M-422).
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The disk (or the quota) is full: nothing of the transaction was kept.
    #[error("the disk that holds {path} is full: free some space, nothing was lost")]
    DiskFull {
        /// The database file.
        path: String,
    },
    /// SQLite ended the transaction by itself after a full disk or an I/O error of a neighbour in the same group.
    #[error(
        "{path}: the disk is full or failed, and the transaction was rolled back: nothing of it was kept"
    )]
    RolledBack {
        /// The database file.
        path: String,
    },
    /// The data directory or the database file cannot be written.
    #[error("{path} cannot be written: check the permissions of the data directory")]
    ReadOnly {
        /// The database file.
        path: String,
    },
    /// The file is not a database of ours, or it is damaged.
    #[error("{path} is not a readable Zaun database ({detail}): restore it from a backup")]
    Corrupt {
        /// The database file.
        path: String,
        /// What SQLite said.
        detail: String,
    },
    /// A newer Zaun wrote this database.
    #[error("the database has schema version {found}, this program knows up to {known}: use a newer Zaun")]
    TooNew {
        /// Version in the file.
        found: i64,
        /// Newest version of this build.
        known: i64,
    },
    /// A uniqueness or foreign-key rule of a table refused the row.
    #[error("a constraint refused the row: {0}")]
    Constraint(String),
    /// A column held another type than the code expected, or a statement is wrong: our own mistake.
    #[error("storage statement failed: {0}")]
    Statement(String),
    /// A text holds a NUL character, which PostgreSQL cannot keep; refused on SQLite, too, so that both hold the same.
    #[error("a text holds a NUL character")]
    NulInText,
    /// The server of the database does not answer, or ended the connection.
    #[error("{database} cannot be reached ({detail}): is the server running?")]
    Unreachable {
        /// Host and name of the database.
        database: String,
        /// What the driver said.
        detail: String,
    },
    /// Other transactions changed what this one read, again and again.
    #[error("other transactions stood in the way too often: try again")]
    Conflict,
    /// The closure ran for longer than [`crate::MAX_CLOSURE`]; its changes were rolled back.
    #[error("a storage closure took too long; its changes were rolled back")]
    TooSlow,
    /// More closures of one user wait than [`crate::MAX_QUEUED_PER_USER`].
    #[error("too many storage closures of one user are waiting")]
    Busy,
    /// The user's closures took as long as they may; see [`crate::Store::set_user_budget`].
    #[error("one user's storage closures took too much time; there is some again in {seconds} s")]
    Spent {
        /// Until when, at least 1.
        seconds: i64,
    },
    /// The closure panicked; its changes were rolled back.
    #[error("a storage closure panicked; its changes were rolled back")]
    Panicked,
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Maps an error of the SQLite driver; `path` names the database in the message.
    pub(crate) fn from_sqlite(error: &rusqlite::Error, path: &str) -> StoreError {
        use rusqlite::ErrorCode;
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::DiskFull { path },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                StoreError::ReadOnly { path }
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::Corrupt { path, detail: error.to_string() }
            }
            Some(ErrorCode::OperationInterrupted) => StoreError::TooSlow,
            Some(ErrorCode::ConstraintViolation) => StoreError::Constraint(error.to_string()),
            _ => StoreError::Statement(error.to_string()),
        }
    }

    /// Maps an error of the PostgreSQL driver; `database` names host and database in the message.
    pub(crate) fn from_postgres(error: &postgres::Error, database: &str) -> StoreError {
        let Some(reason) = error.as_db_error() else {
            let detail = error.to_string();
            return if error.is_closed()
                || std::error::Error::source(error).is_some_and(|e| e.is::<std::io::Error>())
            {
                StoreError::Unreachable { database: database.to_owned(), detail }
            } else {
                StoreError::Statement(detail)
            };
        };
        // The message alone: PostgreSQL's details hold values of the row, and they may be anybody's secrets.
        let (path, detail) = (database.to_owned(), reason.message().to_owned());
        match reason.code().code() {
            "53100" => StoreError::DiskFull { path },
            "25006" | "42501" => StoreError::ReadOnly { path },
            "40001" | "40P01" | "55P03" => StoreError::Conflict,
            "57014" => StoreError::TooSlow,
            code => match code.get(..2).unwrap_or_default() {
                // Connections (08), authorization (28, 3D), resources (53), and a server that stops or starts (57P).
                "08" | "28" | "3D" | "53" | "57" => StoreError::Unreachable { database: path, detail },
                "23" => StoreError::Constraint(detail),
                "XX" => StoreError::Corrupt { path, detail },
                _ => StoreError::Statement(detail),
            },
        }
    }
}
