//! Connections of the virtual network, and how they fail.

use std::time::Duration;

use bytes::BytesMut;
use rand::RngExt;
use zaun_mtproto::session::ConnId;
use zaun_transport::{ClientCodec, Framing, Limits, ServerCodec};

use super::World;
use super::queue::{End, Happening};

/// One connection: both codecs, and what the path between them is doing.
#[derive(Debug)]
pub struct Link {
    pub client: usize,
    pub up: ClientCodec,
    pub down: ServerCodec,
    /// Nothing sent before these times may be overtaken.
    up_clear_at: Duration,
    down_clear_at: Duration,
    pub broken: bool,
    pub client_open: bool,
    pub server_open: bool,
    packets: u32,
    /// Bytes that it still carries.
    bytes_left: Option<usize>,
    /// Sessions that the server has seen on it.
    pub sessions: Vec<(i64, i64)>,
    pub disconnect_at: Option<Duration>,
}

impl World {
    /// Opens a connection with any framing.
    pub(super) fn open_link(&mut self, client: usize) -> ConnId {
        let framings = [Framing::Abridged, Framing::Intermediate, Framing::PaddedIntermediate, Framing::Full];
        let framing = framings[self.rng.random_range(0..framings.len())];
        let plain = framing == Framing::Full || self.rng.random_bool(0.5);
        let up = if plain {
            ClientCodec::new(framing)
        } else {
            ClientCodec::obfuscated(framing, 2, None, &mut self.rng).expect("only full framing refuses")
        };
        self.last_conn += 1;
        let conn = ConnId(self.last_conn);
        self.report.connections += 1;
        let down = ServerCodec::new(Limits::default());
        let earlier = usize::try_from(self.last_conn - 1).unwrap_or(usize::MAX);
        let bytes_left = (self.plan.faults.cut_at_every_byte && !self.calm).then_some(earlier);
        let (up_clear_at, down_clear_at) = (self.now, self.now);
        self.links.insert(
            conn,
            Link {
                client,
                up,
                down,
                up_clear_at,
                down_clear_at,
                broken: false,
                client_open: true,
                server_open: true,
                packets: 0,
                bytes_left,
                sessions: Vec::new(),
                disconnect_at: None,
            },
        );
        conn
    }

    /// A sealed packet leaves: framed and put on its way, unless the path does something to it.
    pub(super) fn send(&mut self, conn: ConnId, from: End, packet: &[u8]) {
        self.report.packets += 1;
        let times = if self.happens(self.plan.faults.loss) {
            self.report.lost += 1;
            0
        } else if self.happens(self.plan.faults.duplication) {
            self.report.duplicated += 1;
            2
        } else {
            1
        };
        let latency = self.latency();
        let Some(link) = self.links.get_mut(&conn) else { return };
        let mut wire = BytesMut::new();
        for _ in 0..times {
            let framed = match from {
                End::Client => link.up.write_frame(packet, false, &mut self.rng, &mut wire),
                End::Server => link.down.write_frame(packet, &mut self.rng, &mut wire),
            };
            if let Err(error) = framed {
                self.checker.wrong(format!("a packet cannot be framed: {error}"));
            }
        }
        link.packets += 1;
        let (clear_at, at) = match from {
            End::Client => (&mut link.up_clear_at, End::Server),
            End::Server => (&mut link.down_clear_at, End::Client),
        };
        *clear_at = (*clear_at).max(self.now + latency);
        let (arrives, sent_at) = (*clear_at, self.now);
        let due = self.plan.faults.cut_after.is_some_and(|after| link.packets >= after);
        let ends_inside = link.bytes_left.is_some_and(|left| wire.len() > left);
        let left = link.bytes_left.map_or(usize::MAX, |left| left.min(wire.len()));
        link.bytes_left = link.bytes_left.map(|left| left.saturating_sub(wire.len()));
        if ends_inside || due || self.happens(self.plan.faults.cut) {
            // The cut is in the middle of this packet.
            wire.truncate(if ends_inside { left } else { self.rng.random_range(0..=wire.len()) });
            self.queue.plan(arrives, Happening::Arrive { conn, at, bytes: wire.freeze(), sent_at });
            self.queue.plan(arrives, Happening::Break { conn });
        } else if !wire.is_empty() {
            self.queue.plan(arrives, Happening::Arrive { conn, at, bytes: wire.freeze(), sent_at });
        }
    }

    /// The path dies. Each end learns of it soon, or late.
    pub(super) fn break_link(&mut self, conn: ConnId) {
        let (client_late, server_late) =
            (self.happens(self.plan.faults.unnoticed), self.happens(self.plan.faults.unnoticed));
        let (soon, soon_too) = (self.latency(), self.latency());
        let late = self.rng.random_range(1_000..60_000);
        let Some(link) = self.links.get_mut(&conn).filter(|link| !link.broken) else { return };
        link.broken = true;
        // A client that does not notice misses a pong sooner or later.
        if !client_late {
            self.queue.plan(self.now + soon, Happening::Notice { conn, at: End::Client });
        }
        let server = if server_late { Duration::from_millis(late) } else { soon_too };
        self.queue.plan(self.now + server, Happening::Notice { conn, at: End::Server });
    }

    /// One end is done with the connection.
    pub(super) fn notice(&mut self, conn: ConnId, at: End) {
        let Some(link) = self.links.get_mut(&conn) else { return };
        match at {
            End::Client if link.client_open => {
                link.client_open = false;
                let client = link.client;
                self.client_lost(client, conn);
            }
            End::Server if link.server_open => {
                link.server_open = false;
                self.server_lost(conn);
            }
            _ => {}
        }
        if self.links.get(&conn).is_some_and(|link| !link.client_open && !link.server_open) {
            self.links.remove(&conn);
        }
    }

    /// An end closes the connection by itself; the other one learns of it.
    pub(super) fn close(&mut self, conn: ConnId, at: End) {
        self.notice(conn, at);
        self.break_link(conn);
    }

    pub(super) fn arrive(&mut self, conn: ConnId, at: End, bytes: &[u8], sent_at: Duration) {
        let open = |link: &Link| match at {
            End::Client => link.client_open,
            End::Server => link.server_open,
        };
        if !self.links.get(&conn).is_some_and(|link| open(link) && !link.broken) {
            return;
        }
        let step = if self.plan.faults.split { 1 } else { bytes.len().max(1) };
        for chunk in bytes.chunks(step) {
            match at {
                End::Client => self.client_hears(conn, chunk),
                End::Server => self.server_hears(conn, chunk, sent_at),
            }
        }
    }

    pub(super) fn latency(&mut self) -> Duration {
        let range = self.plan.faults.latency.clone();
        self.rng.random_range(range)
    }

    pub(super) fn happens(&mut self, chance: f64) -> bool {
        !self.calm && chance > 0.0 && self.rng.random_bool(chance)
    }
}
