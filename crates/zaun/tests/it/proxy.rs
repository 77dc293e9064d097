//! `zaun proxy` in front of a sandbox, as people start it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use zaun_testkit::{Conversation, Process, RawClient};
use zaun_transport::{Framing, ProxySecret};

/// A proxy that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(folder: &Path, config: &str) -> (Running, SocketAddr, ProxySecret) {
    fs::write(folder.join("proxy.toml"), config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_zaun"));
    command.args(["proxy", "--config", "proxy.toml", "--log", "trace"]).current_dir(folder);
    let log = fs::File::create(folder.join("log")).unwrap();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let running = Running(child);
    let link = lines.find(|line| line.contains("tg://proxy?")).expect("a link");
    let fact = |name: &str| {
        let after = link.split(&format!("{name}=")).nth(1).unwrap();
        after.split('&').next().unwrap().to_owned()
    };
    let address = format!("{}:{}", fact("server"), fact("port")).parse().unwrap();
    (running, address, fact("secret").parse().unwrap())
}

async fn agrees(at: SocketAddr, secret: &ProxySecret, server: &Process) -> bool {
    let dial = zaun_client::Dial::new(Framing::PaddedIntermediate).obfuscated(2).secret(secret.clone());
    let Ok(client) = RawClient::dial(at, &dial).await else { return false };
    Conversation::begin_on(client, server.public_key()).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_gives_a_link_that_works_and_logs_no_secret() {
    let server = Process::start(Path::new(env!("CARGO_BIN_EXE_zaun")), &["--sandbox"]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let upstream = format!(
        "[upstream]\nroutes = ['direct']\naddresses = {{ 2 = ['{}'] }}\npool-size = 0\n",
        server.address()
    );
    let (_running, at, secret) = start(folder.path(), &format!("listen = ['127.0.0.1:0']\n{upstream}"));
    assert!(agrees(at, &secret, &server).await);
    let hex = secret.to_hex();
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(!log.contains(&hex[2..]), "{log}");

    // Another secret in the file; the proxy reads it by itself.
    let other = "dd0f0e0d0c0b0a09080706050403020100";
    let changed =
        format!("listen = ['127.0.0.1:0']\n[[secret]]\nname = 'new'\nsecret = '{other}'\n{upstream}");
    fs::write(folder.path().join("proxy.toml"), changed).unwrap();
    let other: ProxySecret = other.parse().unwrap();
    let log = folder.path().join("log");
    while !fs::read_to_string(&log).unwrap().contains("settings were read again") {
        tokio::task::yield_now().await;
    }
    assert!(agrees(at, &other, &server).await);
    assert!(!fs::read_to_string(&log).unwrap().contains(&other.to_hex()[2..]));
}

#[test]
fn check_says_what_works_and_why_the_rest_does_not() {
    let server = Process::start(Path::new(env!("CARGO_BIN_EXE_zaun")), &["--sandbox"]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let address = server.address();
    let every: Vec<String> = [1, 2, 3, 4, 5, 203].map(|dc| format!("{dc} = ['{address}']")).into();
    let config = format!(
        "[upstream]\nroutes = ['websocket', 'direct']\nwebsockets = {{ 2 = '127.0.0.1:1' }}\n\
         addresses = {{ {} }}\n",
        every.join(", ")
    );
    fs::write(folder.path().join("proxy.toml"), config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_zaun"));
    command.args(["proxy", "check", "--config", "proxy.toml"]).current_dir(folder.path());
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains(&format!("DC 2: tcp {address} works")), "{said}");
    assert!(
        said.contains("at 127.0.0.1:1 does not work") && said.contains("nothing listens there"),
        "{said}"
    );
    assert!(said.contains("every data centre can be reached"));
}
