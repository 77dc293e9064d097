//! Where the server is that is to be followed, and the stream of its events.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use crate::console::CONTROL;
use crate::terminal::Printable;

/// How long a server may take to begin.
const START_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest head of a response: the console's has a few hundred bytes.
const MAX_HEAD_BYTES: u64 = 16 * 1024;

/// A server's inspector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Its control socket.
    Socket(PathBuf),
    /// Host and port of its page.
    Page(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Socket(path) => path.parent().unwrap_or(path).display().fmt(f),
            Place::Page(authority) => write!(f, "http://{authority}/"),
        }
    }
}

/// The server that was named, or the one that can be found.
pub fn find(data: Option<&Path>, url: Option<&str>) -> anyhow::Result<Place> {
    if let Some(url) = url {
        let rest = url.strip_prefix("http://").unwrap_or(url);
        let authority = rest.split('/').next().unwrap_or_default();
        anyhow::ensure!(
            authority.contains(':'),
            "\"{url}\" names no port; it looks like http://127.0.0.1:4431/"
        );
        return Ok(Place::Page(authority.to_owned()));
    }
    if let Some(data) = data {
        return Ok(Place::Socket(data.join(CONTROL)));
    }
    let own = Path::new("zaun-data").join(CONTROL);
    let mut running = sandboxes(&std::env::temp_dir());
    running.extend(Some(own).filter(|path| UnixStream::connect(path).is_ok()));
    match running.as_slice() {
        [] => anyhow::bail!(
            "no running server found: none in ./zaun-data, no sandbox in {}; name one with --data DIR or --url URL",
            std::env::temp_dir().display()
        ),
        [only] => Ok(Place::Socket(only.clone())),
        several => {
            let list: String = several
                .iter()
                .filter_map(|path| {
                    // Whoever may write there has named these folders.
                    Some(format!("\n  zaun inspect --data {}", Printable(path.parent()?.display())))
                })
                .collect();
            anyhow::bail!("several servers run; choose one:{list}")
        }
    }
}

/// Control sockets of the sandboxes that answer.
fn sandboxes(temp: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(temp) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(crate::data::SANDBOX_PREFIX))
        .map(|entry| entry.path().join(CONTROL))
        .filter(|path| UnixStream::connect(path).is_ok())
        .collect();
    found.sort();
    found
}

impl Place {
    /// The stream of events from now on.
    pub fn follow(&self) -> anyhow::Result<Box<dyn BufRead>> {
        match self {
            Place::Socket(path) => {
                let explain = || format!("no server answers at {}; is it running?", path.display());
                let stream = UnixStream::connect(path).with_context(explain)?;
                stream.set_read_timeout(Some(START_TIMEOUT))?;
                let reader = ask(stream, "localhost")?;
                reader.get_ref().set_read_timeout(None)?;
                Ok(Box::new(reader))
            }
            Place::Page(authority) => {
                let explain =
                    || format!("no inspector answers at {authority}; was it started with --inspect?");
                let stream = TcpStream::connect(authority).with_context(explain)?;
                stream.set_read_timeout(Some(START_TIMEOUT))?;
                let reader = ask(stream, authority)?;
                reader.get_ref().set_read_timeout(None)?;
                Ok(Box::new(reader))
            }
        }
    }
}

/// Asks for the stream and reads the head. In HTTP/1.0 a body has no chunks: it is everything until the end.
fn ask<T: Read + Write>(mut stream: T, host: &str) -> anyhow::Result<BufReader<T>> {
    write!(stream, "GET /events HTTP/1.0\r\nHost: {host}\r\n\r\n")?;
    let mut reader = BufReader::new(stream);
    let mut head = (&mut reader).take(MAX_HEAD_BYTES);
    let mut status = String::new();
    head.read_line(&mut status).context("the inspector did not answer")?;
    let mut line = String::new();
    while head.read_line(&mut line)? > 2 {
        line.clear();
    }
    if status.split(' ').nth(1) != Some("200") {
        let mut reason = String::new();
        (&mut reader).take(MAX_HEAD_BYTES).read_to_string(&mut reason)?;
        anyhow::bail!("the inspector refused: {} {}", status.trim(), reason.trim());
    }
    Ok(reader)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_named_by_its_url() {
        let place = |url| find(None, Some(url)).ok();
        assert_eq!(place("http://127.0.0.1:4431/"), Some(Place::Page("127.0.0.1:4431".into())));
        assert_eq!(place("localhost:1"), Some(Place::Page("localhost:1".into())));
        assert_eq!(place("http://localhost/"), None);
    }

    #[test]
    fn sandboxes_that_are_gone_are_not_found() {
        let temp = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let dir = temp.path().join(name);
            std::fs::create_dir(&dir).unwrap();
            std::os::unix::net::UnixListener::bind(dir.join(CONTROL)).unwrap()
        };
        let (gone, living, _other) = (make("zaun-sandbox-a"), make("zaun-sandbox-b"), make("something"));
        drop(gone);
        assert_eq!(sandboxes(temp.path()), [temp.path().join("zaun-sandbox-b").join(CONTROL)]);
        drop(living);
    }
}
