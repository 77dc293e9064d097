//! What is measured: a process of `zaun proxy`, or of a plain relay as the floor.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::net::{TcpListener, TcpStream};
use zaun_transport::ProxySecret;

use super::super::target::{cpu_of, rss_kib_of};
use super::backs::{Backs, FRONT_DOMAIN, Mode};

/// A process between client and data centre.
pub struct Subject {
    /// Set if it was started here.
    child: Option<Child>,
    /// Its process, if that is known.
    process: Option<u32>,
    /// Where it listens for the data centre of each mode.
    addresses: [SocketAddr; 3],
    /// From its start until it said that it listens.
    pub start: Duration,
}

impl Drop for Subject {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Subject {
    /// A plain relay of TCP.
    pub fn relay(backs: &Backs) -> anyhow::Result<Subject> {
        let targets = backs.tcp.map(|address| address.to_string()).join(",");
        Subject::spawn(Command::new(std::env::current_exe()?).args(["bench", "--relay-to", &targets]))
    }

    /// A proxy with these secrets, over one route to the data centres.
    pub fn proxy(
        folder: &Path,
        secrets: &[ProxySecret],
        backs: &Backs,
        route: &str,
    ) -> anyhow::Result<Subject> {
        std::fs::create_dir_all(folder)?;
        let list = |addresses: &[SocketAddr; 3], open: &str, close: &str| {
            let one =
                |(mode, address): (Mode, &SocketAddr)| format!("{} = {open}'{address}'{close}", mode.dc());
            Mode::ALL.into_iter().zip(addresses).map(one).collect::<Vec<_>>().join(", ")
        };
        let secrets: String = secrets
            .iter()
            .enumerate()
            .map(|(n, secret)| format!("[[secret]]\nname = '{n}'\nsecret = '{}'\n", secret.to_hex()))
            .collect();
        let roots = folder.parent().unwrap_or(folder).join("roots.pem");
        let config = format!(
            "listen = ['127.0.0.1:0']\ncover = 'none'\nlog = 'error'\n{secrets}[upstream]\nroutes = ['{route}']\n\
             addresses = {{ {} }}\nwebsockets = {{ {} }}\nfront-domain = '{FRONT_DOMAIN}'\ncertificates = '{}'\n",
            list(&backs.tcp, "[", "]"),
            list(&backs.fronts, "", ""),
            roots.display()
        );
        std::fs::write(folder.join("proxy.toml"), config)?;
        let mut command = Command::new(std::env::current_exe()?);
        Subject::spawn(command.args(["proxy", "--config", "proxy.toml"]).current_dir(folder))
    }

    fn spawn(command: &mut Command) -> anyhow::Result<Subject> {
        let clock = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("no output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let start = clock.elapsed();
        let said: Vec<SocketAddr> =
            line.split([' ', ',', '\n']).filter_map(|word| word.parse().ok()).collect();
        let first = *said.first().with_context(|| format!("it does not say where it listens: {line:?}"))?;
        let addresses = said.try_into().unwrap_or([first; 3]);
        let process = Some(child.id());
        Ok(Subject { child: Some(child), process, addresses, start })
    }

    /// Somebody's proxy.
    pub fn foreign(address: SocketAddr, process: Option<u32>) -> Subject {
        Subject { child: None, process, addresses: [address; 3], start: Duration::ZERO }
    }

    /// Where it listens for a data centre.
    pub fn address(&self, mode: Mode) -> SocketAddr {
        let [echo, download, upload] = self.addresses;
        match mode {
            Mode::Echo => echo,
            Mode::Download => download,
            Mode::Upload => upload,
        }
    }

    /// Processor time so far; none of a process that is not known.
    pub fn cpu(&self) -> Duration {
        self.process.and_then(cpu_of).unwrap_or_default()
    }

    /// Memory in KiB.
    pub fn rss_kib(&self) -> u64 {
        self.process.and_then(rss_kib_of).unwrap_or_default()
    }
}

/// Is the relay: says where it listens, and serves until it is killed.
pub async fn relay(targets: &[SocketAddr]) -> anyhow::Result<()> {
    let mut said = Vec::new();
    for target in targets.iter().copied() {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        said.push(listener.local_addr()?.to_string());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay_one(client, target));
            }
        });
    }
    println!("{}", said.join(","));
    std::future::pending().await
}

async fn relay_one(mut client: TcpStream, target: SocketAddr) -> std::io::Result<()> {
    let mut server = TcpStream::connect(target).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    tokio::io::copy_bidirectional_with_sizes(&mut client, &mut server, RELAY_BYTES, RELAY_BYTES).await?;
    Ok(())
}

/// What one read of the relay brings: as much as one of the proxy's.
const RELAY_BYTES: usize = 64 * 1024;
