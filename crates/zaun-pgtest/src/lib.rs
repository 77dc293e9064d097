//! A private PostgreSQL server for tests: one for the test program, a database for each test.
//!
//! The server is started from the installed programs when the first database is asked for, listens on a socket in a
//! temporary folder alone, and ends with the test program. This crate deliberately knows no table and no store.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot have its server is to fail")]

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Set to 1 to run without the server: its half of the tests is left out then.
const WITHOUT: &str = "ZAUN_WITHOUT_POSTGRES";
/// Set to `postgres` to run tests of the whole on PostgreSQL that run on SQLite otherwise.
const ENGINE: &str = "ZAUN_TEST_DATABASE";
/// The file in a data directory that names the database which belongs to it.
const BELONGS: &str = "database";
/// How long the server may take to start on a busy machine.
const MAX_START: Duration = Duration::from_secs(60);
/// Makes the database, runs the server, and stops it by its process id when the standard input ends, which it does
/// however the test program ends. The folder goes with it.
const KEEPER: &str = r#"
"$1/initdb" --username=zaun --auth=trust --encoding=UTF8 --no-locale --no-sync --pgdata="$2/data" || exit 1
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off \
    -c max_connections=400 -c shared_buffers=32MB -c autovacuum=off &
server=$!
read -r _
kill -INT "$server"
wait "$server"
rm -rf "$2"
"#;

static SERVER: OnceLock<Option<Server>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A running server.
struct Server {
    folder: PathBuf,
    /// Holds the other end of the keeper's standard input.
    _keeper: Child,
}

/// Makes a new, empty database and returns its URL; `None` when tests are to run without the server.
///
/// # Panics
///
/// Panics with a word on what to install when the server's programs are missing.
pub fn new_database() -> Option<String> {
    let server = SERVER.get_or_init(start).as_ref()?;
    let name = format!("t{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    run(&server.url("postgres"), &format!("CREATE DATABASE {name} TEMPLATE template0"));
    Some(server.url(&name))
}

/// Returns the URL of the database that belongs to a data directory, a new one for a new directory; `None` unless
/// `ZAUN_TEST_DATABASE` is `postgres`.
///
/// # Panics
///
/// Panics as [`new_database`] does, and for a directory that cannot be written.
pub fn database_of(data: &Path) -> Option<String> {
    if std::env::var_os(ENGINE).is_none_or(|engine| engine != "postgres") {
        return None;
    }
    let note = data.join(BELONGS);
    if let Ok(url) = fs::read_to_string(&note) {
        return Some(url);
    }
    let url = new_database()?;
    fs::write(note, &url).unwrap();
    Some(url)
}

/// Runs statements on a connection of their own.
///
/// # Panics
///
/// Panics when one of them fails.
pub fn run(url: &str, statements: &str) {
    // The driver refuses to wait on a thread that runs asynchronous code, as a test may.
    std::thread::scope(|scope| {
        let body = || postgres::Client::connect(url, postgres::NoTls)?.batch_execute(statements);
        scope.spawn(body).join().unwrap().unwrap();
    });
}

impl Server {
    fn url(&self, database: &str) -> String {
        format!("host={} user=zaun dbname={database}", self.folder.display())
    }
}

fn start() -> Option<Server> {
    if std::env::var_os(WITHOUT).is_some_and(|value| value == "1") {
        eprintln!("{WITHOUT} is set: the tests run on SQLite alone");
        return None;
    }
    let programs = programs().unwrap_or_else(|| {
        panic!(
            "PostgreSQL is missing: `apt-get install postgresql`, or set {WITHOUT}=1 to leave its tests out"
        )
    });
    let folder = tempfile::Builder::new().prefix("zaun-postgres-").tempdir().unwrap().keep();
    let log = fs::File::create(folder.join("log")).unwrap();
    let mut keeper = shell_without_privileges(&folder);
    keeper.arg("-c").arg(KEEPER).arg("keeper").arg(programs).arg(&folder);
    keeper.current_dir(&folder).stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
    let mut keeper = keeper.spawn().unwrap();
    let begun = Instant::now();
    let url = format!("host={} user=zaun dbname=postgres", folder.display());
    let ready = || postgres::Client::connect(&url, postgres::NoTls).is_ok();
    while !std::thread::scope(|scope| scope.spawn(ready).join().unwrap()) {
        let ended = keeper.try_wait().unwrap();
        if ended.is_some() || begun.elapsed() > MAX_START {
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            panic!("PostgreSQL does not start ({ended:?}): {log}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(Server { folder, _keeper: keeper })
}

/// A shell that owns the folder. PostgreSQL refuses to run as root: then both get the user `nobody`.
fn shell_without_privileges(folder: &Path) -> Command {
    if fs::metadata(folder).unwrap().uid() != 0 {
        return Command::new("sh");
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let nobody: Vec<&str> =
        users.lines().find(|line| line.starts_with("nobody:")).unwrap().split(':').collect();
    let (user, group) = (nobody[2], nobody[3]);
    chown(folder, Some(user.parse().unwrap()), Some(group.parse().unwrap())).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", group, "--clear-groups", "sh"]);
    command
}

/// The newest installed server's programs.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(Result::ok);
    let version = |folder: &fs::DirEntry| folder.file_name().to_string_lossy().parse::<u32>().unwrap_or(0);
    let programs = versions.max_by_key(version)?.path().join("bin");
    programs.join("initdb").exists().then_some(programs)
}
