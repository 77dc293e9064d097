//! What strangers see: the cover site, byte for byte (M-353), or silence (M-340).

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use zaun_link::{Address, Io};

use crate::announce::{Ends, canonical};
use crate::limits::{COVER_CONNECT, DRAIN_BYTES, DRAIN_TIME, FIRST_READ_BYTES};
use crate::proxy::Live;

/// Where strangers are sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Cover {
    /// To the site that the secret names, at port 443.
    #[default]
    Domain,
    /// To this site, whatever they name.
    Site(Address),
    /// Nowhere: what they send is read, and not answered.
    None,
}

/// Where strangers go that name this domain, or none.
pub(crate) fn site(live: &Live, domain: Option<&str>) -> Option<Address> {
    match &live.settings.cover {
        Cover::None => None,
        Cover::Site(address) => Some(address.clone()),
        Cover::Domain => covered(live, domain).map(|domain| Address::Host(domain.to_owned(), 443)),
    }
}

/// The domain whose site a stranger sees.
fn covered<'a>(live: &'a Live, domain: Option<&'a str>) -> Option<&'a str> {
    domain.filter(|domain| live.users.knows_domain(domain)).or(live.first_domain.as_deref())
}

async fn connect(live: &Live, ends: Ends, domain: Option<&str>) -> Option<Box<dyn Io>> {
    let site = site(live, domain)?;
    if covered(live, domain).is_some_and(|domain| live.imitation.is_own(domain)) {
        return None;
    }
    match timeout(COVER_CONNECT, open(live, ends, &site)).await {
        Ok(Ok(io)) => Some(io),
        Ok(Err(error)) => {
            tracing::warn!("the cover site cannot be reached: {error}");
            None
        }
        Err(_) => {
            tracing::warn!("the cover site does not answer");
            None
        }
    }
}

/// A connection to the site, which is told whose it is if the settings say so.
pub(crate) async fn open(live: &Live, ends: Ends, site: &Address) -> io::Result<Box<dyn Io>> {
    let mut io: Box<dyn Io> = match site {
        Address::Tcp(address) => not_here(TcpStream::connect(address).await?, ends)?,
        Address::Host(name, port) => not_here(TcpStream::connect((name.as_str(), *port)).await?, ends)?,
        Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
    };
    if let Some(version) = live.settings.cover_header {
        io.write_all(&version.header(ends)).await?;
    }
    Ok(io)
}

/// Refuses a connection that ends where the stranger's was accepted: each stranger would become strangers without end.
fn not_here(socket: TcpStream, ends: Ends) -> io::Result<Box<dyn Io>> {
    let there = canonical(socket.peer_addr()?);
    if ends.here.map(canonical) == Some(there) {
        return Err(io::Error::other(format!("{there} is this proxy itself")));
    }
    socket.set_nodelay(true)?;
    Ok(Box::new(socket))
}

/// Lets a stranger talk to the cover site, which hears first what was read already.
pub(crate) async fn show(live: &Live, ends: Ends, mut io: Box<dyn Io>, head: &[u8], domain: Option<&str>) {
    match connect(live, ends, domain).await {
        Some(site) => splice(&mut io, site, head).await,
        None => drain(&mut io, DRAIN_TIME).await,
    }
}

async fn splice(io: &mut Box<dyn Io>, mut site: Box<dyn Io>, head: &[u8]) {
    if site.write_all(head).await.is_ok() && site.flush().await.is_ok() {
        let _ = copy_bidirectional(io, &mut site).await;
    }
}

async fn drain(io: &mut Box<dyn Io>, time: Duration) {
    let mut left = u64::try_from(DRAIN_BYTES).unwrap_or(u64::MAX);
    let _ = timeout(time, async {
        let mut bytes = [0; FIRST_READ_BYTES];
        while left > 0 {
            match io.read(&mut bytes).await {
                Ok(0) | Err(_) => return,
                Ok(read) => left = left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX)),
            }
        }
    })
    .await;
}

/// Lets the cover site hear a hello that comes slowly. It has the say as soon as it says anything, or ends the connection;
/// until then a hello may still turn out to be ours, and the site hears no more of it. `None` when the connection has
/// ended.
pub(crate) async fn shadow<V>(
    live: &Live,
    ends: Ends,
    io: &mut Box<dyn Io>,
    head: &mut BytesMut,
    settled: impl Fn(&[u8]) -> Option<V>,
) -> Option<V> {
    let mut site = connect(live, ends, None).await;
    if let Some(site) = &mut site {
        site.write_all(head).await.ok()?;
        site.flush().await.ok()?;
    }
    let slow = timeout(DRAIN_TIME, std::future::pending::<()>());
    tokio::pin!(slow);
    loop {
        head.reserve(FIRST_READ_BYTES);
        let (mut answer, before) = ([0; FIRST_READ_BYTES], head.len());
        let heard = async {
            match &mut site {
                Some(site) => site.read(&mut answer).await,
                None => std::future::pending().await,
            }
        };
        let read = tokio::select! {
            heard = heard => {
                let heard = heard.ok()?;
                io.write_all(answer.get(..heard)?).await.ok()?;
                io.flush().await.ok()?;
                let mut site = site?;
                if heard == 0 {
                    io.shutdown().await.ok()?;
                }
                let _ = copy_bidirectional(io, &mut site).await;
                return None;
            }
            read = io.read_buf(head) => read.ok()?,
            _ = &mut slow, if live.settings.cover == Cover::None => return None,
        };
        if read > 0
            && let Some(verdict) = settled(head)
        {
            // A stranger begins again with a connection of its own, to the site that it names by now: this one has
            // said nothing yet, so nothing is lost.
            return Some(verdict);
        }
        let Some(site) = &mut site else {
            if read == 0 {
                return None;
            }
            continue;
        };
        if read == 0 {
            site.shutdown().await.ok()?;
            let _ = copy_bidirectional(io, site).await;
            return None;
        }
        site.write_all(head.get(before..)?).await.ok()?;
        site.flush().await.ok()?;
    }
}
