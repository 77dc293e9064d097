//! From an accepted socket to a client with a secret, or to a stranger.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use zaun_link::Io;
use zaun_transport::SecretKind;
use zaun_transport::faketls::{Gathered, Hello, Records, gather};
use zaun_transport::proxy_header::{self, Header};
use zaun_transport::relay::{Front, HEADER_BYTES};

use crate::announce::Ends;
use crate::counters::Counters;
use crate::cover;
use crate::imitation::{self, Probe};
use crate::limits::{FIRST_READ_BYTES, HANDSHAKE, PATIENCE};
use crate::proxy::Live;
use crate::session::Client;
use crate::users::{self, Seat};

/// What the first bytes of a connection are.
enum Verdict {
    /// Not enough of them.
    More,
    /// A hello of the proxy's own, with which it looks at the cover site, or a copy of one.
    Own(Arc<Probe>),
    /// Nobody of ours (M-353); the site that is named, if one is.
    Stranger(Option<String>),
    /// A header under a secret; so many bytes.
    Header(Box<(Seat, Front)>),
    /// A hello that took so many bytes, and its answer.
    Hello(Seat, usize, BytesMut),
}

/// Reads the first bytes. `None` when the connection has ended, as a stranger's or by itself.
pub(crate) async fn admit(live: &Arc<Live>, mut io: Box<dyn Io>, mut ends: Ends) -> Option<Client> {
    let mut head = BytesMut::new();
    if live.settings.proxy_headers {
        ends.client = timeout(HANDSHAKE, named(&mut io, &mut head, ends.client)).await.ok()??;
    }
    let address = ends.client.map(|client| client.ip().to_canonical());
    let verdict = match timeout(PATIENCE, judge_until(live, &mut io, &mut head, address)).await {
        Ok(verdict) => verdict?,
        // The cover site hears what is there, and has the say until a hello of ours is whole.
        Err(_) => cover::shadow(live, ends, &mut io, &mut head, |head| settled(live, head, address)).await?,
    };
    let verdict = match verdict {
        Verdict::Own(probe) if probe.is_own().await => return None,
        Verdict::Own(_) => settled(live, &head, address).unwrap_or(Verdict::Stranger(None)),
        verdict => verdict,
    };
    match verdict {
        Verdict::More | Verdict::Own(_) => None,
        Verdict::Stranger(domain) => {
            Counters::add(&live.counters.strangers);
            cover::show(live, ends, io, &head, domain.as_deref()).await;
            None
        }
        Verdict::Header(opened) => {
            let (seat, front) = *opened;
            head.advance(HEADER_BYTES);
            Some(Client { io, records: None, front, rest: head, seat })
        }
        Verdict::Hello(seat, consumed, answer) => {
            head.advance(consumed);
            timeout(HANDSHAKE, finish_hello(io, head, seat, answer)).await.ok().flatten()
        }
    }
}

/// The client that a PROXY header names, or the balancer that speaks for itself; `None` without a header.
async fn named(
    io: &mut Box<dyn Io>,
    head: &mut BytesMut,
    peer: Option<SocketAddr>,
) -> Option<Option<SocketAddr>> {
    loop {
        match proxy_header::parse(head) {
            Header::Complete { length, client } => {
                head.advance(length);
                return Some(client.or(peer));
            }
            Header::Incomplete => {}
            Header::Wrong => {
                tracing::warn!("a connection without a PROXY header was closed");
                return None;
            }
        }
        head.reserve(FIRST_READ_BYTES);
        if io.read_buf(head).await.ok()? == 0 {
            return None;
        }
    }
}

/// The verdict, once there is one.
fn settled(live: &Live, head: &[u8], address: Option<IpAddr>) -> Option<Verdict> {
    match judge(live, head, address) {
        Verdict::More => None,
        verdict => Some(verdict),
    }
}

async fn judge_until(
    live: &Live,
    io: &mut Box<dyn Io>,
    head: &mut BytesMut,
    address: Option<IpAddr>,
) -> Option<Verdict> {
    loop {
        // Something may have come behind a PROXY header.
        if let Some(verdict) = settled(live, head, address) {
            return Some(verdict);
        }
        head.reserve(FIRST_READ_BYTES);
        let read = io.take(u64::try_from(FIRST_READ_BYTES).unwrap_or(u64::MAX)).read_buf(head).await;
        if read.ok()? == 0 {
            // What half a hello is worth, the cover site decides.
            return (!head.is_empty()).then_some(Verdict::Stranger(None));
        }
    }
}

fn judge(live: &Live, head: &[u8], address: Option<IpAddr>) -> Verdict {
    if head.is_empty() {
        return Verdict::More;
    }
    if live.users.has_domains() {
        if let Some(probe) = live.imitation.met(head) {
            return Verdict::Own(probe);
        }
        match gather(head) {
            Gathered::Whole { consumed, record } => return judge_hello(live, &record, consumed, address),
            Gathered::Incomplete => return Verdict::More,
            Gathered::Foreign => {}
        }
    }
    if !live.users.has_bare() || begins_otherwise(head) {
        return Verdict::Stranger(None);
    }
    let Some(header) = head.first_chunk::<HEADER_BYTES>() else { return Verdict::More };
    let Some((user, front)) = live.users.of_header(header, address) else { return Verdict::Stranger(None) };
    if !live.replays.first_header(header, now_s()) {
        Counters::add(&live.counters.replays);
        return Verdict::Stranger(None);
    }
    match user.admit(address) {
        Ok(seat) => Verdict::Header(Box::new((seat, front))),
        Err(refused) => {
            tracing::info!(name = user.name, "not let in: {refused}");
            Verdict::Stranger(None)
        }
    }
}

/// Whether no header may begin so (M-081).
fn begins_otherwise(head: &[u8]) -> bool {
    const OTHERS: [&[u8]; 4] = [b"POST", b"GET ", b"HEAD", b"OPTI"];
    OTHERS.iter().any(|other| head.starts_with(other)) || head.first() == Some(&0xef)
}

fn judge_hello(live: &Live, record: &[u8], consumed: usize, address: Option<IpAddr>) -> Verdict {
    let Some(hello) = Hello::parse(record) else { return Verdict::Stranger(None) };
    let domain = std::str::from_utf8(hello.domain()).ok().map(str::to_owned);
    match try_hello(live, &hello, record, address) {
        Some((seat, answer)) => Verdict::Hello(seat, consumed, answer),
        None => Verdict::Stranger(domain),
    }
}

fn try_hello(
    live: &Live,
    hello: &Hello<'_>,
    record: &[u8],
    address: Option<IpAddr>,
) -> Option<(Seat, BytesMut)> {
    let (user, time_s) = live.users.of_hello(hello)?;
    let key = user.secret.key;
    if let Err(stranger) = live.settings.window.check(time_s, now_s()).and_then(|()| hello.check_offer()) {
        tracing::info!(name = user.name, "a hello is not taken: {stranger}");
        return None;
    }
    if !live.replays.first_hello(hello.random(), time_s.into()) {
        Counters::add(&live.counters.replays);
        return None;
    }
    let seat = match user.admit(address) {
        Ok(seat) => seat,
        Err(refused) => {
            tracing::info!(name = user.name, "not let in: {refused}");
            return None;
        }
    };
    let profile = match &user.secret.kind {
        SecretKind::FakeTls(domain) => live.imitation.profile(domain),
        SecretKind::Plain | SecretKind::Padded => None,
    };
    Some((seat, imitation::answer(hello, record, &key, profile.as_deref(), &mut rand::rng())?))
}

/// Answers a hello, and reads the header inside the first records (M-350).
async fn finish_hello(mut io: Box<dyn Io>, head: BytesMut, seat: Seat, answer: BytesMut) -> Option<Client> {
    io.write_all(&answer).await.ok()?;
    io.flush().await.ok()?;
    let (mut records, mut content) = (Records::default(), BytesMut::new());
    records.feed(&head);
    let mut read = BytesMut::new();
    loop {
        while content.len() < HEADER_BYTES {
            let Some(more) = records.next_content().ok()? else { break };
            content.unsplit(more);
        }
        if let Some(header) = content.first_chunk::<HEADER_BYTES>() {
            let front = users::open(&seat.user, header)?;
            content.advance(HEADER_BYTES);
            let rest = records.unread(&content);
            return Some(Client { io, records: Some(Records::default()), front, rest, seat });
        }
        read.clear();
        read.reserve(FIRST_READ_BYTES);
        if io.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
        records.feed(&read);
    }
}

pub(crate) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
