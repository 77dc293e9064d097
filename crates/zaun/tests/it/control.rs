//! A sandbox announces how it is steered; a server for real people cannot be.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A server that has announced itself; ends when dropped.
struct Running {
    child: Child,
    announced: Value,
}

impl Running {
    fn start(temp: &Path, more: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zaun"));
        command.args(["serve", "--json", "--listen", "127.0.0.1:0"]).args(more);
        command.env("TMPDIR", temp).current_dir(temp).stdin(Stdio::null()).stderr(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Running { child, announced: serde_json::from_str(&line).unwrap() }
    }

    /// Makes a call; returns the status line and the body.
    fn call(&self, name: &str, token: &str, fields: &str) -> (String, String) {
        let place = format!("127.0.0.1:{}", self.announced["port"]);
        let mut stream = TcpStream::connect(&place).unwrap();
        write!(
            stream,
            "POST /control/{name} HTTP/1.1\r\nHost: {place}\r\nAuthorization: Bearer {token}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{fields}",
            fields.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_sandbox_is_steered_as_it_announces() {
    let temp = tempfile::tempdir().unwrap();
    let server = Running::start(temp.path(), &["--sandbox"]);
    let (url, token) = (&server.announced["control"]["url"], &server.announced["control"]["token"]);
    assert_eq!(*url, format!("http://127.0.0.1:{}/control/", server.announced["port"]));
    let token = token.as_str().unwrap();
    let (status, user) = server.call("create_user", token, r#"{"first_name":"Anna"}"#);
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert_eq!(serde_json::from_str::<Value>(&user).unwrap()["id"], 1_000_001);
    assert_eq!(server.call("now", "", "").0, "HTTP/1.1 401 Unauthorized");
}

#[test]
fn a_scenario_is_there_from_the_start_and_after_a_reset() {
    let temp = tempfile::tempdir().unwrap();
    let scenario = "users = [{ key = \"anna\", first_name = \"Anna\" }]\n[[bots]]\nfirst_name = \"Shop\"\n";
    std::fs::write(temp.path().join("scene.toml"), scenario).unwrap();
    let server = Running::start(temp.path(), &["--sandbox", "--scenario", "scene.toml"]);
    let made = &server.announced["scenario"];
    assert_eq!(made["users"][0]["phone"], "+9996620001");
    assert!(made["bots"][0]["token"].as_str().unwrap().starts_with("1000002:"), "{made}");
    let token = server.announced["control"]["token"].as_str().unwrap();
    assert_eq!(server.call("reset", token, "").0, "HTTP/1.1 200 OK");
    assert_eq!(server.call("chats", token, r#"{"as":"anna"}"#).1, "[]");
}

/// The files of blobs and of uploads under a folder.
fn stored_files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let count = |path: std::path::PathBuf| match path.is_dir() {
        true => stored_files(&path),
        // The database, the key and the like lie beside them.
        false => usize::from(
            path.components().any(|part| part.as_os_str() == "blobs" || part.as_os_str() == "uploads"),
        ),
    };
    entries.map(count).sum()
}

#[test]
fn a_reset_removes_files() {
    let temp = tempfile::tempdir().unwrap();
    let server = Running::start(temp.path(), &["--sandbox"]);
    let token = server.announced["control"]["token"].as_str().unwrap();
    let empty = stored_files(temp.path());
    for _ in 0..3 {
        server.call("create_user", token, r#"{"first_name":"Anna","key":"anna"}"#);
        server.call("create_user", token, r#"{"first_name":"Ben","key":"ben"}"#);
        let file = r#"{"as":"anna","chat":"ben","document":"dGVhIGxlYXZlcw=="}"#;
        assert_eq!(server.call("send", token, file).0, "HTTP/1.1 200 OK");
        assert!(stored_files(temp.path()) > empty);
        server.call("reset", token, "");
        assert_eq!(stored_files(temp.path()), empty);
    }
}

#[test]
fn without_a_sandbox_there_is_no_control() {
    let temp = tempfile::tempdir().unwrap();
    let server = Running::start(temp.path(), &["--data", "data"]);
    assert!(server.announced["control"].is_null());
    assert_eq!(server.call("now", "", "").0, "HTTP/1.1 404 Not Found");
}
