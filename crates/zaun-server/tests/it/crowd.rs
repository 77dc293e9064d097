//! Ten thousand connections that say almost nothing: they cost little, and others are served meanwhile.
//!
//! The server runs in a process of its own (this binary again, with one ignored test), so that its memory is its own
//! and client and server have a full set of descriptors each.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use crate::support::*;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use zaun_crypto::rsa::PublicKey;
use zaun_probe::{Conversation, SpawnedServer, Wire};
use zaun_server::{MemoryKeys, Router};

/// Connections that are wanted.
const CROWD: usize = 10_000;
/// User memory that one of them may cost the server.
const MAX_BYTES_EACH: usize = 8 * 1024;
/// Descriptors for everything but the crowd.
const SPARE_DESCRIPTORS: u64 = 500;

/// Raises the limit of descriptors as far as allowed.
fn raise_descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Resident memory of this process.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// The server's process: says where it is, then answers every line with its connections and its memory.
#[test]
#[ignore = "started by ten_thousand_idle_connections_cost_little"]
fn server_process() {
    raise_descriptors();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let router = Router::new().method(|_, Call(value): Call<INCREMENT>| async move { Ok(value + 1) });
    let server = runtime.block_on(SpawnedServer::start(router, MemoryKeys::default())).unwrap();
    println!("\naddress {}", server.address());
    println!("key {}", server.public_key().to_pkcs1_pem().replace('\n', "|"));
    for _ in std::io::stdin().lines() {
        println!("{} {}", server.handle().connections(), resident_bytes());
    }
}

struct Remote {
    child: std::process::Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Remote {
    fn start() -> Remote {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crowd::server_process", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Remote { child, lines }
    }

    fn line_after(&mut self, prefix: &str) -> String {
        let found = self.lines.by_ref().map(|line| line.unwrap());
        found.into_iter().find_map(|line| line.strip_prefix(prefix).map(str::to_owned)).unwrap()
    }

    /// Connections and resident bytes.
    fn measure(&mut self) -> (usize, usize) {
        writeln!(self.child.stdin.as_mut().unwrap()).unwrap();
        let line = self.lines.next().unwrap().unwrap();
        let (connections, bytes) = line.split_once(' ').unwrap();
        (connections.parse().unwrap(), bytes.parse().unwrap())
    }

    /// Asks until so many connections have been accepted.
    fn wait_for(&mut self, connections: usize) -> usize {
        loop {
            let (now, bytes) = self.measure();
            if now == connections {
                return bytes;
            }
            std::thread::yield_now();
        }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Connections that a listener keeps until they are accepted; beyond it the network makes clients wait.
const BACKLOG: usize = 100;

/// Adds connections up to `size` and says a little on each.
fn join_crowd(server: &mut Remote, address: SocketAddr, size: usize) -> Vec<TcpStream> {
    let mut crowd = Vec::new();
    for n in 0..size {
        let mut stream = TcpStream::connect(address).unwrap();
        // The beginning of an obfuscation header, or of a frame.
        let first: &[u8] =
            if n.is_multiple_of(2) { &[0x99; 10] } else { &[0xee, 0xee, 0xee, 0xee, 0x60, 0, 0, 0, 1] };
        stream.write_all(first).unwrap();
        crowd.push(stream);
        if crowd.len().is_multiple_of(BACKLOG) {
            server.wait_for(crowd.len() + 1);
        }
    }
    server.wait_for(size + 1);
    crowd
}

#[test]
fn ten_thousand_idle_connections_cost_little() {
    let descriptors = raise_descriptors();
    let size = CROWD.min(usize::try_from(descriptors.saturating_sub(SPARE_DESCRIPTORS)).unwrap());
    if size < CROWD {
        eprintln!("only {size} connections instead of {CROWD}: {descriptors} descriptors are allowed");
    }
    let mut server = Remote::start();
    let address: SocketAddr = server.line_after("address ").parse().unwrap();
    let key = PublicKey::from_pem(&server.line_after("key ").replace('|', "\n")).unwrap();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut talk = runtime.block_on(Conversation::begin(address, Wire::default(), &key)).unwrap();
    runtime.block_on(increments(&mut talk));
    let before = server.wait_for(1);

    let crowd = join_crowd(&mut server, address, size);
    runtime.block_on(increments(&mut talk));
    let mut newcomer = runtime.block_on(Conversation::begin(address, Wire::default(), &key)).unwrap();
    runtime.block_on(increments(&mut newcomer));
    let after = server.measure().1;
    let each = after.saturating_sub(before) / size;
    println!("{size} idle connections: {each} bytes each; {before} before, {after} after");
    assert!(each <= MAX_BYTES_EACH, "{each} bytes for each of {size} idle connections");

    drop(crowd);
    drop(newcomer);
    server.wait_for(1);
    runtime.block_on(increments(&mut talk));
}
