//! A connection and a session together.

use std::collections::VecDeque;
use std::net::SocketAddr;

use bytes::Bytes;
use zaun_crypto::rsa::PublicKey;
use zaun_mtproto::packet::Header;
use zaun_tl::Encode;

use crate::message::{Message, object, take_apart};
use crate::{Error, RawClient, Session, Wire, now};

/// One session on one connection. Messages of the server come one by one, whatever they were packed in; those that
/// a wait passes over stay for later ones.
#[derive(Debug)]
pub struct Conversation {
    /// The connection.
    pub client: RawClient,
    /// The session.
    pub session: Session,
    /// Messages that came and were not asked for yet.
    pub inbox: VecDeque<Message>,
}

impl Conversation {
    /// Connects and agrees upon a new key.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub async fn begin(address: SocketAddr, wire: Wire, key: &PublicKey) -> Result<Conversation, Error> {
        Conversation::begin_on(RawClient::connect(address, wire).await?, key).await
    }

    /// Agrees upon a new key on a connection of any kind.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub async fn begin_on(mut client: RawClient, key: &PublicKey) -> Result<Conversation, Error> {
        let negotiated = client.exchange_key(key).await?;
        let session = Session::new(negotiated.auth_key, negotiated.first_salt);
        Ok(Conversation { client, session, inbox: VecDeque::new() })
    }

    /// Goes on with a session on another connection.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::NotObfuscatable`].
    pub async fn resume(address: SocketAddr, wire: Wire, session: Session) -> Result<Conversation, Error> {
        let client = RawClient::connect(address, wire).await?;
        Ok(Conversation { client, session, inbox: VecDeque::new() })
    }

    /// Sends an object as an honest client does, with an odd seqno; returns its msg_id.
    ///
    /// # Errors
    /// [`Error::Link`].
    pub async fn send(&mut self, value: &(impl Encode + ?Sized)) -> Result<i64, Error> {
        self.send_body(true, &object(value)).await
    }

    /// Sends an object with an even seqno: acknowledgements, containers.
    ///
    /// # Errors
    /// [`Error::Link`].
    pub async fn send_even(&mut self, value: &(impl Encode + ?Sized)) -> Result<i64, Error> {
        self.send_body(false, &object(value)).await
    }

    /// Sends serialized bytes.
    ///
    /// # Errors
    /// [`Error::Link`].
    pub async fn send_body(&mut self, content_related: bool, body: &[u8]) -> Result<i64, Error> {
        let (msg_id, seqno) = self.session.stamp(now(), content_related);
        self.send_as(&self.session.header(msg_id, seqno), body).await?;
        Ok(msg_id)
    }

    /// Sends bytes with any header.
    ///
    /// # Errors
    /// [`Error::Link`].
    pub async fn send_as(&mut self, header: &Header, body: &[u8]) -> Result<(), Error> {
        let packet = self.session.seal(header, body);
        self.client.send(&packet).await
    }

    /// The next message: one that was passed over, or one that comes.
    ///
    /// # Errors
    /// As [`RawClient::payload`]; [`Error::Open`] and [`Error::Malformed`] for what a client would refuse.
    pub async fn receive(&mut self) -> Result<Message, Error> {
        loop {
            if let Some(message) = self.inbox.pop_front() {
                return Ok(message);
            }
            self.receive_packet().await?;
        }
    }

    async fn receive_packet(&mut self) -> Result<(), Error> {
        let payload = self.client.payload().await?;
        let opened = self.session.open(payload)?;
        let Header { session_id, msg_id, seqno, .. } = opened.header;
        if session_id != self.session.session_id {
            return Err(Error::Malformed("the packet is of another session (M-190)"));
        }
        if msg_id & 1 == 0 {
            return Err(Error::Malformed("a server's msg_id is odd (M-206)"));
        }
        let messages = take_apart(Message { msg_id, seqno, body: opened.body })?;
        if let Some(witness) = self.session.witness {
            messages.iter().for_each(witness);
        }
        self.inbox.extend(messages);
        Ok(())
    }

    /// The first message of which `pick` makes something.
    ///
    /// # Errors
    /// As [`Conversation::receive`].
    pub async fn wait_for<T>(&mut self, mut pick: impl FnMut(&Message) -> Option<T>) -> Result<T, Error> {
        let mut passed = 0;
        loop {
            while let Some(message) = self.inbox.get(passed) {
                if let Some(found) = pick(message) {
                    self.inbox.remove(passed);
                    return Ok(found);
                }
                passed += 1;
            }
            self.receive_packet().await?;
        }
    }

    /// The result of a query, without gzip.
    ///
    /// # Errors
    /// As [`Conversation::receive`].
    pub async fn result_of(&mut self, query: i64) -> Result<Bytes, Error> {
        self.wait_for(|message| message.rpc_result().filter(|(id, _)| *id == query).map(|(_, result)| result))
            .await
    }
}
