//! The `zaun` binary as a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use zaun_crypto::rsa::PublicKey;

use crate::Error;

/// A running `zaun serve`; killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    address: SocketAddr,
    public_key: PublicKey,
}

impl Process {
    /// Starts `zaun serve` with these arguments on a free port, and waits until it says that it listens.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Malformed`] if the announcement is not understood.
    pub fn start(zaun: &Path, arguments: &[&str]) -> Result<Process, Error> {
        let mut command = Command::new(zaun);
        command.args(["serve", "--json", "--listen", "127.0.0.1:0"]).args(arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        match announced(&line) {
            Some((address, public_key)) => Ok(Process { child, address, public_key }),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                Err(Error::Malformed("the server did not announce its address and key"))
            }
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The key that clients trust.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

/// Address and key of the line that `--json` prints.
fn announced(line: &str) -> Option<(SocketAddr, PublicKey)> {
    let announcement: serde_json::Value = serde_json::from_str(line).ok()?;
    let port = u16::try_from(announcement.get("port")?.as_u64()?).ok()?;
    let ip = announcement.get("address")?.as_str()?.parse().ok()?;
    let pem = announcement.get("key")?.get("pkcs1_pem")?.as_str()?;
    Some((SocketAddr::new(ip, port), PublicKey::from_pem(pem).ok()?))
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
