//! `zaun doctor` as a command: what it prints and how it ends.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use zaun_testkit::{Process, Sandbox};

const ZAUN: &str = env!("CARGO_BIN_EXE_zaun");

async fn doctor(address: SocketAddr, more: &[&str]) -> Output {
    let mut command = Command::new(ZAUN);
    command.args(["doctor", &address.to_string()]).args(more).stdin(Stdio::null());
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn key_file(folder: &Path, pem: &str) -> String {
    let path = folder.join("key.pem");
    std::fs::write(&path, pem).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The titles of the checks that came out like this.
fn titles(output: &Output, result: &str) -> Vec<String> {
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = json["findings"].as_array().unwrap();
    let these = findings.iter().filter(|finding| finding["result"] == result);
    these.map(|finding| finding["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_sandbox_keeps_every_rule_over_tls_too() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let arguments = ["--sandbox", "--tls", "--log", "error", "--data", data.to_str().unwrap()];
    let server = Process::start(Path::new(ZAUN), &arguments).unwrap();
    let key = key_file(folder.path(), &server.public_key().to_pkcs1_pem());
    let output = doctor(server.address(), &["--key", &key, "--tls", "--json"]).await;
    assert_eq!(titles(&output, "fails"), [""; 0], "{}", text(&output.stdout));
    assert_eq!(
        titles(&output, "not tried"),
        ["dropping the answer of a running query"],
        "{}",
        text(&output.stdout)
    );
    assert!(titles(&output, "holds").len() > 100, "{}", text(&output.stdout));
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_it_says_what_it_left_out() {
    let server = Sandbox::start().await.unwrap();
    let output = doctor(server.address(), &[]).await;
    let told = text(&output.stdout);
    assert!(told.contains("0 fail") && told.contains("Without --key"), "{told}");
    assert_eq!(output.status.code(), Some(0), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_another_server_fails() {
    let server = Sandbox::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let other = zaun_crypto::rsa::PrivateKey::generate(&mut rand::rng()).unwrap();
    let key = key_file(folder.path(), &other.public().to_pkcs1_pem());
    let output = doctor(server.address(), &["--key", &key, "--json"]).await;
    let failed = titles(&output, "fails");
    assert!(failed.iter().any(|title| title == "the offer names the known key"), "{failed:?}");
    assert_eq!(output.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_no_mtproto_fails() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // It hears something, and hangs up.
            tokio::spawn(async move { stream.read(&mut [0; 64]).await });
        }
    });
    let output = doctor(address, &[]).await;
    let told = text(&output.stdout);
    assert!(told.contains("What fails:") && told.contains("the server answers on no transport"), "{told}");
    assert!(told.contains("FAILS") && told.contains("expected: ") && told.contains("seen: "), "{told}");
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(text(&output.stderr).contains("do not hold"), "{}", text(&output.stderr));
}
