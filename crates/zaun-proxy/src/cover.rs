//! What strangers see: the cover site, byte for byte (M-353), or silence (M-340).

use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::time::timeout;
use zaun_link::{Address, Dial, Io};
use zaun_transport::Framing;

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

fn site(live: &Live, domain: Option<&str>) -> Option<Address> {
    match &live.settings.cover {
        Cover::None => None,
        Cover::Site(address) => Some(address.clone()),
        Cover::Domain => {
            let known = domain.filter(|domain| live.users.knows_domain(domain));
            known.or(live.first_domain.as_deref()).map(|domain| Address::Host(domain.to_owned(), 443))
        }
    }
}

async fn connect(live: &Live, domain: Option<&str>) -> Option<Box<dyn Io>> {
    let site = site(live, domain)?;
    let dial = Dial::new(Framing::Intermediate);
    match timeout(COVER_CONNECT, dial.open(site)).await {
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

/// Lets a stranger talk to the cover site, which hears first what was read already.
pub(crate) async fn show(live: &Live, mut io: Box<dyn Io>, head: &[u8], domain: Option<&str>) {
    match connect(live, domain).await {
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
    io: &mut Box<dyn Io>,
    head: &mut BytesMut,
    settled: impl Fn(&[u8]) -> Option<V>,
) -> Option<V> {
    let mut site = connect(live, None).await;
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
