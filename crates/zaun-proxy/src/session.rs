//! A client's session: the path that carries it, and both directions at once.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use tokio::time::{Instant, sleep_until};
use zaun_crypto::ctr::AesCtr256;
use zaun_link::Io;
use zaun_transport::faketls::Records;
use zaun_transport::relay::{Back, Front, PacketEnds};

use crate::limits::{HALF_CLOSED, MAX_FLIGHT_BYTES};
use crate::pump::{self, Down, Opener, Pump, Sealer, Up};
use crate::upstream::{Exhausted, Opened, Path, Paths, Target};
use crate::users::Seat;

/// A client that has shown its secret.
pub(crate) struct Client {
    pub io: Box<dyn Io>,
    /// Set inside fake TLS.
    pub records: Option<Records>,
    pub front: Front,
    /// What came behind the header, as it came.
    pub rest: BytesMut,
    pub seat: Seat,
}

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum End {
    #[error("the client names no data centre (M-337)")]
    UnknownDc,
    #[error(transparent)]
    NoPath(#[from] Exhausted),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the secret was withdrawn, has expired or has no traffic left")]
    Withdrawn,
}

/// What one path made of the session.
enum Outcome {
    Ended,
    /// It carried nothing, and another may have its chance.
    Mute(String),
}

struct Session<'a> {
    client: Box<dyn Io>,
    opener: Opener,
    front: Front,
    flight: Option<BytesMut>,
    paths: &'a Paths,
    target: Target,
    seat: Seat,
    up: Pump,
    down: Pump,
    /// Paths that were not tried, or that were late.
    left: Vec<Path>,
    /// Whether another path could follow.
    replaceable: bool,
}

/// The server's side of a session, on one path.
struct Line {
    path: Path,
    io: Box<dyn Io>,
    took: Duration,
    sealer: Sealer,
    down: Down,
}

/// Runs a session to its end. It is put in its place before anything waits: a future keeps a place of its own for whatever
/// is moved inside it.
pub(crate) fn run(client: Client, paths: &Paths) -> impl Future<Output = Result<(), End>> + Send {
    let session = Session::new(client, paths).map(Box::new);
    async move { session?.run().await }
}

impl<'a> Session<'a> {
    fn new(client: Client, paths: &'a Paths) -> Result<Session<'a>, End> {
        let Some(target) = paths.upstream.target(client.front.dc) else { return Err(End::UnknownDc) };
        let Client { io, records, mut front, mut rest, seat } = client;
        let from_client = std::mem::replace(&mut front.from_client, spare());
        let mut opener = Opener { records, from_client };
        let mut flight = BytesMut::new();
        // What came together with the header was read before there was a pump to count it.
        pump::count(&seat.user.usage.up_bytes, rest.len());
        opener.open(&mut rest, &mut flight)?;
        Ok(Session {
            client: io,
            opener,
            front,
            flight: Some(flight),
            paths,
            target,
            seat,
            up: Pump::default(),
            down: Pump::default(),
            left: paths.arranged(target),
            replaceable: true,
        })
    }

    async fn run(mut self: Box<Self>) -> Result<(), End> {
        let mut first = true;
        loop {
            let opened = self.paths.open(self.target, &mut self.left).await?;
            let mut line = Box::new(self.line(opened, first)?);
            let result = self.relay(&mut line).await;
            // Only the first bytes from a server use it, and then no other path follows.
            self.front.to_client = line.down.to_client;
            match result? {
                Outcome::Ended => return Ok(()),
                Outcome::Mute(reason) => self.paths.failed(self.target, &line.path, &reason),
            }
            first = false;
        }
    }

    /// Begins to carry the session over a path.
    fn line(&mut self, opened: Opened, first: bool) -> Result<Line, End> {
        let Opened { path, io, took } = opened;
        let back = self.back(path.secret, first)?;
        self.paths.counters.path_used(&path.label);
        self.replaceable = !self.left.is_empty();
        // What another path said, or that it ended, is not this one's.
        (self.up, self.down) = (Pump::default(), Pump::default());
        let down = Down {
            from_server: back.from_server,
            to_client: std::mem::replace(&mut self.front.to_client, spare()),
            records: self.opener.records.is_some(),
            usage: Arc::clone(&self.seat.user.usage),
        };
        let ends = path.messages.then(|| PacketEnds::new(self.front.framing));
        let mut sealer = Sealer { to_server: back.to_server, ends, begun: 0 };
        self.begin(&back.header, &mut sealer, path.messages);
        Ok(Line { path, io, took, sealer, down })
    }

    /// The header towards a server. Only the first path shares the client's keys, so that no two headers are alike.
    fn back(&self, secret: Option<zaun_transport::Secret>, first: bool) -> Result<Back, End> {
        let mut rng = rand::rng();
        let dc = self.target.field();
        let shares = first && secret.is_none() && self.paths.upstream.share_keys;
        let back = if shares {
            Back::sharing(&self.front, dc, &mut rng)
        } else {
            Back::own(self.front.framing, dc, secret, &mut rng)
        };
        back.ok_or_else(|| io::Error::other("full framing in a header").into())
    }

    /// Puts the header, and what the client has said so far, in front of everything else.
    fn begin(&mut self, header: &[u8], sealer: &mut Sealer, messages: bool) {
        let out = &mut self.up.out;
        out.bytes.extend_from_slice(header);
        out.whole_messages = messages;
        if messages {
            out.messages.push_back(header.len());
        }
        let start = out.bytes.len();
        out.bytes.extend_from_slice(self.flight.as_deref().unwrap_or_default());
        sealer.seal(out.bytes.get_mut(start..).unwrap_or_default(), &mut out.messages);
    }

    /// Carries the session until it ends or the path turns out to be mute.
    async fn relay(&mut self, line: &mut Line) -> Result<Outcome, End> {
        let withdrawn = self.seat.until_withdrawn();
        tokio::pin!(withdrawn);
        let silence = self.paths.upstream.silence;
        let mut deadline: Option<Instant> = None;
        let mut won = false;
        loop {
            let waits_for_first =
                self.replaceable && !won && self.flight.as_ref().is_some_and(|f| !f.is_empty());
            deadline = match deadline {
                None if waits_for_first => Some(Instant::now() + silence),
                None if self.up.done || self.down.done => Some(Instant::now() + HALF_CLOSED),
                other => other,
            };
            let until = deadline.unwrap_or_else(|| Instant::now() + Duration::from_secs(86_400));
            let (read_up, read_down) = (self.up.read_bytes, self.down.read_bytes);
            let step = poll_fn(|cx| self.step(cx, line, (read_up, read_down)));
            let result = tokio::select! {
                result = step => result,
                () = &mut withdrawn => return Err(End::Withdrawn),
                () = sleep_until(until), if deadline.is_some() => {
                    if waits_for_first {
                        return Ok(Outcome::Mute(format!("no answer within {} ms", silence.as_millis())));
                    }
                    return Ok(Outcome::Ended);
                }
            };
            if self.down.read_bytes > 0 && !won {
                won = true;
                self.paths.memory.won(self.target, &line.path.label, line.took);
                self.flight = None;
                deadline = None;
            } else if self.up.done || self.down.done {
                deadline = None;
            }
            if self.flight.as_ref().is_some_and(|flight| flight.len() > MAX_FLIGHT_BYTES) {
                self.flight = None;
                self.replaceable = false;
                deadline = None;
            }
            let client_left = self.up.ended;
            match result {
                Ok(true) if won || client_left || !self.replaceable => return Ok(Outcome::Ended),
                Ok(_) if self.down.ended && !won && self.replaceable && !client_left => {
                    return Ok(Outcome::Mute("closed before it carried anything".into()));
                }
                Ok(true) => return Ok(Outcome::Ended),
                Ok(false) => {}
                Err(Side::Server(error)) if !won && self.replaceable && !client_left => {
                    return Ok(Outcome::Mute(error.to_string()));
                }
                Err(Side::Server(error) | Side::Client(error)) => return Err(error.into()),
            }
            if self.seat.user.is_exhausted() || self.seat.user.has_expired() {
                return Err(End::Withdrawn);
            }
        }
    }

    /// Moves both directions; ready when something was read, when a direction ended, or with `true` when both have.
    fn step(
        &mut self,
        cx: &mut Context<'_>,
        line: &mut Line,
        read_before: (u64, u64),
    ) -> Poll<Result<bool, Side>> {
        let Line { io, sealer, down: down_stage, .. } = line;
        let before = (self.up.done, self.down.done, self.down.ended);
        let mut stage =
            Up { opener: &mut self.opener, sealer, flight: &mut self.flight, usage: &self.seat.user.usage };
        let up = match self.up.poll(cx, &mut self.client, io, &mut stage) {
            Poll::Ready(Err(error)) => return Poll::Ready(Err(Side::of(error, self.up.ended))),
            other => other.is_ready(),
        };
        // As long as another path may follow, its end is not the client's.
        let held = self.replaceable && self.down.read_bytes == 0 && !self.up.ended;
        let down = match self.down.poll_held(cx, io, &mut self.client, down_stage, held) {
            Poll::Ready(Err(error)) => return Poll::Ready(Err(Side::Server(error))),
            other => other.is_ready(),
        };
        let moved = (self.up.read_bytes, self.down.read_bytes) != read_before;
        let changed = (self.up.done, self.down.done, self.down.ended) != before;
        if (up && down) || moved || changed { Poll::Ready(Ok(up && down)) } else { Poll::Pending }
    }
}

/// A cipher in the place of one that is in use elsewhere.
fn spare() -> AesCtr256 {
    AesCtr256::new(&[0; 32], &[0; 16])
}

/// Whose connection broke.
enum Side {
    Client(io::Error),
    Server(io::Error),
}

impl Side {
    /// The upward direction fails where it reads, from the client, or where it writes.
    fn of(error: io::Error, client_ended: bool) -> Side {
        match error.kind() {
            io::ErrorKind::Other | io::ErrorKind::InvalidData => Side::Client(error),
            _ if client_ended => Side::Client(error),
            _ => Side::Server(error),
        }
    }
}
