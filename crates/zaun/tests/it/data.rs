//! The data directory belongs to one server and to its owner.

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

fn serve(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zaun"));
    command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--data"]).arg(data).stdin(Stdio::null());
    command
}

/// A server that has announced itself; killed when dropped.
struct Running(Child);

impl Running {
    fn start(data: &Path, log: &Path) -> Running {
        let log = File::create(log).unwrap();
        let mut child = serve(data).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("127.0.0.1"), "it listens: {line}");
        Running(child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn second_server_is_refused_with_the_first_ones_pid_and_what_to_do() {
    let temp = tempfile::tempdir().unwrap();
    let (data, log) = (temp.path().join("data"), temp.path().join("log"));
    let mut first = Running::start(&data, &log);
    let second = serve(&data).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success());
    assert!(said.contains(&format!("process {}", first.0.id())) && said.contains("--data"), "{said}");
    assert!(first.0.try_wait().unwrap().is_none(), "the first one goes on");
    // However the first one ends, the directory is free then.
    drop(first);
    drop(Running::start(&data, &log));
}

#[test]
fn others_are_kept_out_of_what_the_server_makes_and_warned_of() {
    let temp = tempfile::tempdir().unwrap();
    let (data, log) = (temp.path().join("data"), temp.path().join("log"));
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
    let running = Running::start(&data, &log);
    let said = fs::read_to_string(&log).unwrap();
    assert!(said.contains("other users of this machine") && said.contains("chmod 700"), "{said}");
    let mut seen = 0;
    for entry in fs::read_dir(&data).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", entry.path().display());
        seen += 1;
    }
    assert!(seen >= 4, "database, keys, lock and blobs");
    drop(running);
    fs::set_permissions(&data, Permissions::from_mode(0o700)).unwrap();
    let running = Running::start(&data, &log);
    assert!(!fs::read_to_string(&log).unwrap().contains("other users"));
    drop(running);
}
