//! Packets that wait for their encryption, alone or together with others.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use zaun_crypto::Side;
use zaun_mtproto::packet::{self, Header, Outgoing, Sealing};
use zaun_mtproto::session::{ConnId, Packet};

use crate::inspect::Kind;
use crate::limits::FAN_OUT;
use crate::mailbox::Mailbox;
use crate::server::Handle;
use crate::service::Service;
use crate::session::SessionHandle;

/// A packet of one session.
pub(crate) struct Unsealed<S: Service> {
    pub(crate) session: Arc<SessionHandle<S>>,
    header: Header,
    pub(crate) body: Bytes,
}

impl<S: Service> Unsealed<S> {
    pub(crate) fn new(handle: &Handle<S>, session: Arc<SessionHandle<S>>, packet: Packet) -> Self {
        let salt = handle.current_salt(&session.key);
        let header = Header { salt, session_id: session.id, msg_id: packet.msg_id, seqno: packet.seqno };
        Unsealed { session, header, body: packet.body }
    }

    pub(crate) fn outgoing(&self) -> Outgoing<'_> {
        let key = &self.session.key.stored.key;
        Outgoing { key, from: Side::Server, header: self.header, body: &self.body }
    }

    /// For whoever watches.
    pub(crate) fn sent(&self) -> Kind {
        Kind::Sent { key_id: self.session.key.id(), header: self.header, body: self.body.clone() }
    }
}

impl<S: Service> Handle<S> {
    /// Sends one serialized object to many sessions, as [`SessionHandle::push`] does to one; the packets are encrypted
    /// together.
    pub fn push_all<'i>(&self, sessions: &'i [Arc<SessionHandle<S>>], object: &'i Bytes) {
        self.push_batch(sessions, |session| (session, object));
    }

    /// Sends each session an object of its own, in batches as [`Handle::push_all`] does.
    pub fn push_each(&self, objects: &[(Arc<SessionHandle<S>>, Bytes)]) {
        self.push_batch(objects, |(session, object)| (session, object));
    }

    fn push_batch<'i, T>(
        &self,
        items: &'i [T],
        parts: impl Fn(&'i T) -> (&'i Arc<SessionHandle<S>>, &'i Bytes),
    ) {
        if !self.shared.batching {
            return items.iter().map(parts).for_each(|(session, object)| session.push(object.clone()));
        }
        for items in items.chunks(FAN_OUT) {
            let batch: Vec<(Unsealed<S>, ConnId, Arc<Mailbox>)> = items
                .iter()
                .map(&parts)
                .filter_map(|(session, object)| self.push_now(session, object))
                .collect();
            let mut packets = vec![BytesMut::new(); batch.len()];
            let sealing = batch.iter().zip(&mut packets);
            packet::seal_each(
                sealing.map(|((unsealed, ..), out)| Sealing { message: unsealed.outgoing(), out }),
                &mut rand::rng(),
            );
            for ((unsealed, conn, mailbox), sealed) in batch.into_iter().zip(packets) {
                self.note(conn, || unsealed.sent());
                mailbox.post(sealed.freeze());
            }
        }
    }

    /// Queues an object; a packet with it if its connection takes sealed packets now, else the connection fetches it.
    fn push_now(
        &self,
        session: &Arc<SessionHandle<S>>,
        object: &Bytes,
    ) -> Option<(Unsealed<S>, ConnId, Arc<Mailbox>)> {
        let (conn, mailbox) = session.enqueue(object.clone())?;
        if !mailbox.takes_sealed() {
            mailbox.wake();
            return None;
        }
        let packet = session.engine.lock().transmit(self.now(), conn)?;
        Some((Unsealed::new(self, session.clone(), packet), conn, mailbox))
    }
}
