//! `zaun client` does what a person does, against a sandbox.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use zaun_server::{Context, MemoryKeys, Router, RpcError};
use zaun_testkit::{Process, SpawnedServer};

/// A title, a cleared screen, a forged line, C1, an override of direction, a separator of lines.
const HOSTILE: &str = "\x1b]0;x\x07\x1b[2J\r\n12345  me: yes\u{9b}2J\u{202e}gpj\u{2028}end";

/// Whether nothing in an output steers a terminal, or begins a line that others have made up.
fn is_harmless(output: &str) -> bool {
    let steers = |c: char| (c != '\n' && c.is_control()) || matches!(c, '\u{202e}' | '\u{2028}');
    !output.chars().any(steers) && !output.lines().any(|line| line.starts_with("12345"))
}

/// Two accounts on one server, each with a session file.
struct Rig {
    folder: tempfile::TempDir,
    server: Process,
}

impl Rig {
    fn new() -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let server =
            Process::start(Path::new(env!("CARGO_BIN_EXE_zaun")), &["--sandbox", "--sign-up"]).unwrap();
        fs::write(folder.path().join("key.pem"), server.public_key().to_pkcs1_pem()).unwrap();
        Rig { folder, server }
    }

    fn command(&self, who: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zaun"));
        let address = self.server.address().to_string();
        command.args(["client", "--server", &address, "--key", "key.pem", "--session", who]).args(arguments);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    fn run(&self, who: &str, arguments: &[&str]) -> Output {
        self.command(who, arguments).output().unwrap()
    }

    /// Uploads a file to oneself, and tells the id of the message.
    fn keeps(&self, who: &str, name: &str, bytes: &[u8]) -> String {
        let folder = self.folder.path().join("sent");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), bytes).unwrap();
        let path = format!("sent/{name}");
        self.says(who, &["upload", "me", &path]).trim().rsplit(' ').next().unwrap().to_owned()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.path().join(name)).unwrap()
    }

    /// What a command prints that has to succeed.
    fn says(&self, who: &str, arguments: &[&str]) -> String {
        let output = self.run(who, arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }
}

#[test]
fn a_conversation_with_a_file() {
    let rig = Rig::new();
    let ada = rig.says("ada", &["login", "9996620001", "--code", "22222", "--name", "Ada"]);
    assert!(ada.starts_with("Ada (id ") && ada.contains("+9996620001"), "{ada}");
    rig.says(
        "bob",
        &["--pfs", "--transport", "padded", "login", "9996620002", "--code", "22222", "--name", "Bob"],
    );

    let mut follower = rig.command("bob", &["--transport", "ws", "updates", "--count", "1"]);
    let mut follower = follower.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = std::io::BufReader::new(follower.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut told, &mut String::new()).unwrap();
    assert_eq!(rig.says("ada", &["send", "+9996620002", "good morning"]), "sent as message 1\n");
    let followed = follower.wait_with_output().unwrap();
    let line = String::from_utf8(followed.stdout).unwrap();
    assert!(line.contains("good morning"), "{line}");

    let chats = rig.says("bob", &["--transport", "http", "chats"]);
    assert!(
        chats.contains("Ada") && chats.contains("(1 unread)") && chats.contains("good morning"),
        "{chats}"
    );
    let id = chats.split_whitespace().next().unwrap().to_owned();
    rig.says("bob", &["--transport", "abridged", "send", &id, "and to you"]);
    let history = rig.says("ada", &["--transport", "full", "history", "+9996620002"]);
    assert!(history.contains("me: good morning\n") && history.contains("and to you\n"), "{history}");

    let bytes: Vec<u8> = (0..1_300_000u32).map(|n| (n / 3) as u8).collect();
    fs::write(rig.folder.path().join("data.bin"), &bytes).unwrap();
    let sent = rig.says("ada", &["upload", "me", "data.bin"]);
    let message = sent.trim().rsplit(' ').next().unwrap().to_owned();
    let got = rig.says("ada", &["download", "me", &message, "--to", "got.bin", "--connections", "2"]);
    assert_eq!(got, "1300000 bytes in got.bin\n");
    assert!(fs::read(rig.folder.path().join("got.bin")).unwrap() == bytes);
}

#[test]
fn a_download_overwrites_nothing_that_it_was_not_told_to() {
    let rig = Rig::new();
    rig.says("ada", &["login", "9996620001", "--code", "22222"]);
    fs::write(rig.folder.path().join("Makefile"), "all:\n").unwrap();
    let first = rig.keeps("ada", "Makefile", &[b'1'; 100]);
    let second = rig.keeps("ada", "Makefile", &[b'2'; 200]);
    assert_eq!(rig.says("ada", &["download", "me", &first]), "100 bytes in Makefile (1)\n");
    assert_eq!(rig.says("ada", &["download", "me", &second]), "200 bytes in Makefile (2)\n");
    assert_eq!(rig.read("Makefile"), b"all:\n");
    assert_eq!((rig.read("Makefile (1)"), rig.read("Makefile (2)")), (vec![b'1'; 100], vec![b'2'; 200]));

    let refused = rig.run("ada", &["download", "me", &first, "--to", "Makefile"]);
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && errors.contains("--force overwrites it"), "{errors}");
    assert_eq!(rig.read("Makefile"), b"all:\n");
    rig.says("ada", &["download", "me", &first, "--to", "Makefile", "--force"]);
    assert_eq!(rig.read("Makefile"), [b'1'; 100]);

    let odd = rig.keeps("ada", "-rf\u{202e}\x1b[2J\ngpj.exe", b"odd");
    assert_eq!(rig.says("ada", &["download", "me", &odd]), "3 bytes in rf[2Jgpj.exe\n");
    let empty = rig.keeps("ada", "empty", b"");
    assert_eq!(rig.says("ada", &["download", "me", &empty]), "0 bytes in empty\n");
    assert_eq!(rig.read("empty"), b"");
}

#[test]
fn a_download_goes_on_only_with_a_part_of_the_same_file() {
    const MARK: &[u8] = b"from the first attempt";
    let rig = Rig::new();
    rig.says("ada", &["login", "9996620001", "--code", "22222"]);
    let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n / 3) as u8).collect();
    let (long, other) = (rig.keeps("ada", "long", &bytes), rig.keeps("ada", "other", &bytes));
    // No file may grow beyond 1 or 2 MB, by the shell; to write more is an error.
    let download = rig.command("ada", &["download", "me", &long, "--to", "long"]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 2000; exec \"$0\" \"$@\""]);
    limited.arg(download.get_program()).args(download.get_args()).current_dir(rig.folder.path());
    let stopped = limited.output().unwrap();
    let errors = String::from_utf8_lossy(&stopped.stderr).into_owned();
    assert!(!stopped.status.success() && errors.contains("the same command goes on with it"), "{errors}");
    assert!(!rig.folder.path().join("long").exists());
    let mut entries = fs::read_dir(rig.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let part = entries.find(|path| path.extension().is_some_and(|end| end == "part")).unwrap();
    let mut written = fs::read(&part).unwrap();
    assert!(written.len() > MARK.len() && bytes.starts_with(&written), "{}", written.len());
    written[..MARK.len()].copy_from_slice(MARK);
    fs::write(&part, &written).unwrap();
    // Another file under the same name begins at its beginning.
    rig.says("ada", &["download", "me", &other, "--to", "long"]);
    assert!(rig.read("long") == bytes);
    rig.says("ada", &["download", "me", &long, "--to", "long", "--force"]);
    let whole = rig.read("long");
    assert!(whole.starts_with(MARK) && whole[MARK.len()..] == bytes[MARK.len()..], "gone on with");
    assert!(!part.exists());
}

#[test]
fn what_is_wrong_is_said_in_words() {
    let rig = Rig::new();
    let fails = |who: &str, arguments: &[&str], words: &str| {
        let output = rig.run(who, arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && errors.contains(words), "{arguments:?}: {errors}");
    };
    fails("new", &["me"], "nobody is logged in here");
    fails("new", &["login", "9996620001"], "give the code with --code");
    fails("new", &["login", "9996620001", "--code", "1"], "PHONE_CODE_INVALID");
    fails("new", &["--proxy", "nonsense", "me"], "a proxy is socks5://");
    rig.says("new", &["login", "9996620001", "--code", "22222"]);
    fails("new", &["send", "somebody", "x"], "is neither me, +PHONE, @NAME nor an id");
    fails("new", &["send", "+9996699999", "x"], "has no account here");
    fails("new", &["download", "me", "77"], "message 77 has no file");
    let other = tempfile::tempdir().unwrap();
    let session = other.path().join("x");
    let output = Command::new(env!("CARGO_BIN_EXE_zaun"))
        .args(["client", "--server", "127.0.0.1:1", "--key"])
        .arg(rig.folder.path().join("key.pem"))
        .arg("--session")
        .arg(&session)
        .arg("me")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("cannot use the server at 127.0.0.1:1"), "{errors}");
}

#[test]
fn names_and_texts_of_others_do_not_steer_the_terminal() {
    let rig = Rig::new();
    rig.says("ada", &["login", "9996620001", "--code", "22222", "--name", "Ada"]);
    let me = rig.says("eve", &["login", "9996620002", "--code", "22222", "--name", &format!("Eve{HOSTILE}")]);
    assert!(is_harmless(&me) && me.contains("\\u{202e}gpj") && me.lines().count() == 1, "{me:?}");
    rig.says("eve", &["send", "+9996620001", &format!("hello{HOSTILE}")]);
    let chats = rig.says("ada", &["chats"]);
    assert!(is_harmless(&chats) && chats.contains("Eve"), "{chats:?}");
    let id = chats.lines().find(|line| line.contains("Eve")).unwrap().split_whitespace().next().unwrap();
    let history = rig.says("ada", &["history", id]);
    assert!(is_harmless(&history) && history.contains("hello\\u{1b}]0;x"), "{history:?}");
    assert_eq!(history.lines().count(), 1, "{history:?}");
}

#[test]
fn errors_of_a_server_do_not_steer_the_terminal() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let router = Router::new().unknown(|_: Context<Router>, _| {
        Box::pin(async { Err(RpcError::bad_request(format!("{HOSTILE}{}", "x".repeat(100_000)))) })
    });
    let server = runtime.block_on(SpawnedServer::start(router, MemoryKeys::default())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key.pem"), server.public_key().to_pkcs1_pem()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_zaun"))
        .args(["client", "--server", &server.address().to_string(), "--key", "key.pem", "me"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(is_harmless(&errors) && errors.contains("\\u{1b}]0;x"), "{errors:?}");
    assert!(!output.status.success() && errors.lines().count() == 1 && errors.len() < 2000, "{errors:?}");
}
