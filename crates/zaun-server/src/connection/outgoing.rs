//! What a connection sends: packets of its sessions, sealed one by one or in batches.

use bytes::{Bytes, BytesMut};
use zaun_crypto::kdf::Side;
use zaun_mtproto::packet::{self, Header};
use zaun_mtproto::packet_v1;

use super::{Connection, Outlet, Version};
use crate::inspect::Kind;
use crate::keys::KeyEntry;
use crate::limits::{MAX_SEAL_PACKETS, SEAL_BYTES};
use crate::service::Service;
use crate::unsealed::Unsealed;

impl<S: Service> Connection<S> {
    /// Seals what there is to say now, in batches of up to [`MAX_SEAL_PACKETS`] packets and [`SEAL_BYTES`]; `false` if
    /// there is nothing.
    pub(crate) fn next_packets(&mut self, out: &mut dyn Outlet) -> bool {
        let mut any = false;
        while let Some(sealed) = self.mailbox.take() {
            out.payload(&sealed);
            any = true;
        }
        let most = if self.handle.shared.batching { MAX_SEAL_PACKETS } else { 1 };
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while bytes < SEAL_BYTES && batch.len() < most {
            let Some(packet) = self.next_packet() else { break };
            bytes += packet.body.len();
            batch.push(packet);
        }
        self.seal_batch(&batch, out);
        any || !batch.is_empty()
    }

    /// Seals one packet; `false` if there is none.
    pub(crate) fn one_packet(&mut self, out: &mut dyn Outlet) -> bool {
        let packet = self.next_packet();
        self.seal_batch(packet.as_slice(), out);
        packet.is_some()
    }

    fn seal_batch(&self, batch: &[Unsealed<S>], out: &mut dyn Outlet) {
        if self.version == Some(Version::One) {
            batch.iter().for_each(|packet| {
                let outgoing = packet.outgoing();
                self.seal(&packet.session.key, outgoing.header, packet.body.clone(), out);
            });
            return;
        }
        let messages: Vec<packet::Outgoing<'_>> = batch.iter().map(Unsealed::outgoing).collect();
        let mut sealed = BytesMut::new();
        packet::seal_many(&messages, &mut rand::rng(), &mut sealed);
        for (message, packet) in messages.iter().zip(batch) {
            self.note(|| packet.sent());
            out.payload(&sealed.split_to(message.packet_len()));
        }
    }

    /// The next packet of any session.
    fn next_packet(&mut self) -> Option<Unsealed<S>> {
        let now = self.handle.now();
        for index in self.spoken_for() {
            let session = self.sessions[index].clone();
            let (packet, lost) = {
                let mut engine = session.engine.lock();
                (engine.transmit(now, self.conn), engine.take_lost())
            };
            if lost {
                self.handle.service().updates_lost(&session);
            }
            if let Some(packet) = packet {
                return Some(Unsealed::new(&self.handle, session, packet));
            }
        }
        None
    }

    pub(super) fn spoken_for(&self) -> std::ops::Range<usize> {
        let count = self.sessions.len();
        if self.newest_only { count.saturating_sub(1)..count } else { 0..count }
    }

    /// How many messages wait for this connection, acknowledgements that are not due yet aside.
    pub(crate) fn waiting(&self) -> usize {
        let sessions = self.sessions.get(self.spoken_for()).unwrap_or_default();
        sessions.iter().map(|session| session.engine.lock().waiting(self.conn)).sum()
    }

    /// A packet that says nothing, for a client that waits for one (M-315).
    pub(crate) fn empty_packet(&self, out: &mut dyn Outlet) {
        let Some(session) = self.sessions.last() else { return };
        let packet = session.engine.lock().empty_packet(self.handle.now());
        self.seal_batch(&[Unsealed::new(&self.handle, session.clone(), packet)], out);
    }

    /// Between two requests an HTTP connection carries nothing (M-061).
    pub(crate) fn rest(&self) {
        self.sessions.iter().for_each(|session| session.rest(self.conn));
    }

    pub(super) fn seal(&self, key: &KeyEntry<S>, header: Header, body: Bytes, out: &mut dyn Outlet) {
        let mut sealed = BytesMut::new();
        let (auth_key, rng) = (&key.stored.key, &mut rand::rng());
        match self.version {
            Some(Version::One) => packet_v1::seal(auth_key, Side::Server, &header, &body, rng, &mut sealed),
            _ => packet::seal(auth_key, Side::Server, &header, &body, rng, &mut sealed),
        }
        self.note(|| Kind::Sent { key_id: key.id(), header, body });
        out.payload(&sealed);
    }
}
