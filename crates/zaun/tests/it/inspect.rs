//! `zaun inspect` finds a server by itself, follows it, and reads what it saved.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use zaun_crypto::rsa::PublicKey;
use zaun_testkit::{ApiClient, Conversation, Wire};

const PHONE: &str = "9996620001";

/// A process that ends with the test.
struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Running {
    /// `zaun` with these arguments; temporary directories are made in `temp`.
    fn start(temp: &Path, arguments: &[&str]) -> Running {
        let mut command = zaun(temp, arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Running { child, lines }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }

    /// Waits for a line that contains all of these.
    fn line_with(&mut self, wanted: &[&str]) -> String {
        loop {
            let line = self.line();
            assert!(!line.is_empty(), "the output ended before {wanted:?}");
            if wanted.iter().all(|part| line.contains(part)) {
                return line;
            }
        }
    }

    /// Waits until it says on standard error that it follows a server.
    fn following(&mut self) {
        let mut line = String::new();
        BufReader::new(self.child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("following the server"), "{line}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn zaun(temp: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zaun"));
    // zaun-data is looked for in the folder where it runs.
    command.args(arguments).env("TMPDIR", temp).current_dir(temp).stdin(Stdio::null());
    command
}

fn run(temp: &Path, arguments: &[&str]) -> Output {
    zaun(temp, arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A sandbox, and what it announced.
fn serve(temp: &Path, more: &[&str]) -> (Running, serde_json::Value) {
    let arguments = [&["serve", "--sandbox", "--json", "--listen", "127.0.0.1:0"], more].concat();
    let mut server = Running::start(temp, &arguments);
    let announced = serde_json::from_str(&server.line()).unwrap();
    (server, announced)
}

async fn client(announced: &serde_json::Value) -> ApiClient {
    let ip = announced["address"].as_str().unwrap().parse().unwrap();
    let port = u16::try_from(announced["port"].as_u64().unwrap()).unwrap();
    let key = PublicKey::from_pem(announced["key"]["pkcs1_pem"].as_str().unwrap()).unwrap();
    let talk = Conversation::begin(SocketAddr::new(ip, port), Wire::default(), &key).await.unwrap();
    let mut client = ApiClient::new(talk);
    client.introduce().await.unwrap();
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_found_and_followed_without_preparation() {
    let temp = tempfile::tempdir().unwrap();
    let (_server, announced) = serve(temp.path(), &[]);
    assert!(announced["inspect"].is_null(), "no page unless asked for");
    let mut all = Running::start(temp.path(), &["inspect"]);
    all.following();
    let mut picked =
        Running::start(temp.path(), &["inspect", "--phone", PHONE, "--method", "sendcode", "--expand"]);
    picked.following();
    let mut refused = Running::start(temp.path(), &["inspect", "--refused"]);
    refused.following();
    let mut client = client(&announced).await;
    client.log_in(PHONE).await.unwrap();

    all.line_with(&["opened by 127.0.0.1:"]);
    all.line_with(&[" → ", "req_pq_multi(nonce: "]);
    all.line_with(&[" · ", "key ", " created for dc 2"]);
    all.line_with(&[" → ", "help.getNearestDc in initConnection in invokeWithLayer 232"]);
    all.line_with(&[" ← ", "help.getNearestDc → nearestDc(country: \"US\""]);
    let code = all.line_with(&[" → ", "auth.signIn(phone_number: \"9996620001\""]);
    assert!(code.contains("phone_code: ‹hidden›") && !code.contains("22222"), "{code}");
    assert!(picked.line().contains("auth.sendCode(phone_number: "), "nothing else passes");
    assert_eq!(picked.line(), "  auth.sendCode\n");
    assert_eq!(picked.line(), "    phone_number: \"9996620001\"\n");

    client.conversation.session.salt = 7;
    client.send(&zaun_schema::api::functions::help::GetNearestDc {}).await.unwrap();
    let line = refused.line();
    assert!(line.contains(" ✕ ") && line.contains("REFUSED") && line.contains("M-246"), "{line}");
    assert!(!line.contains('\x1b'), "colours are for terminals");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_saved_is_read_again() {
    let temp = tempfile::tempdir().unwrap();
    let (_server, announced) = serve(temp.path(), &["--inspect=127.0.0.1:0"]);
    let url = announced["inspect"].as_str().unwrap();
    let mut stream = Running::start(temp.path(), &["inspect", "--url", url, "--json"]);
    stream.following();
    let mut client = client(&announced).await;
    client.log_in(PHONE).await.unwrap();
    let mut saved = String::new();
    while !saved.contains("\"answers\":\"updates.getState\"") {
        let line = stream.line();
        serde_json::from_str::<zaun_console::Event>(&line).unwrap();
        saved.push_str(&line);
    }
    let file = temp.path().join("capture.jsonl");
    std::fs::write(&file, &saved).unwrap();
    let path = file.to_str().unwrap();
    let again = run(temp.path(), &["inspect", path, "--json"]);
    assert_eq!(text(&again.stdout), saved);
    let lines = text(&run(temp.path(), &["inspect", path, "--method", "updates.getState"]).stdout);
    assert_eq!(lines.lines().count(), 2, "the query and its answer: {lines}");
    std::fs::write(&file, "{}").unwrap();
    let broken = run(temp.path(), &["inspect", path]);
    assert!(!broken.status.success() && text(&broken.stderr).contains("line 1 is no event"));
}

#[test]
fn of_several_servers_one_has_to_be_chosen() {
    let temp = tempfile::tempdir().unwrap();
    let none = run(temp.path(), &["inspect"]);
    assert!(!none.status.success() && text(&none.stderr).contains("no running server found"));
    let servers = [serve(temp.path(), &[]), serve(temp.path(), &[])];
    let several = run(temp.path(), &["inspect"]);
    let said = text(&several.stderr);
    assert!(!several.status.success() && said.matches("zaun inspect --data ").count() == 2, "{said}");
    let data = said.lines().last().unwrap().split("--data ").nth(1).unwrap().to_owned();
    let mut chosen = Running::start(temp.path(), &["inspect", "--data", &data]);
    chosen.following();
    drop(servers);
    let mut rest = String::new();
    chosen.lines.read_to_string(&mut rest).unwrap();
    assert!(!chosen.child.wait().unwrap().success(), "the server has ended");
}

#[test]
fn a_page_for_the_whole_network_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let refused = run(temp.path(), &["serve", "--sandbox", "--listen", "127.0.0.1:0", "--inspect=0.0.0.0:0"]);
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("no loopback address"), "{}", text(&refused.stderr));
}
