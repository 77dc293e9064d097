//! The server under examination, and short ways to talk to it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::sync::OnceCell;
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::rsa::PublicKey;
use zaun_mtproto::handshake::plain;
use zaun_mtproto::msg_id;
use zaun_mtproto::packet::Header;
use zaun_probe::{Conversation, Dial, Error, Message, RawClient, Received, Session, Wire, now, object};
use zaun_wire::{functions, types};

use super::check::Trouble;

/// A server, and the one authorization key that most checks share. Clones are the same patient.
#[derive(Clone)]
pub struct Patient {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its RSA key, if it is known.
    pub key: Option<Arc<PublicKey>>,
    /// Whether TLS is tried.
    pub tls: bool,
    agreed: Arc<OnceCell<(AuthKey, i64)>>,
    /// Whether the shared key was asked for; if it is not there then, it does not come.
    asked: Arc<AtomicBool>,
    answers: Arc<AtomicBool>,
}

impl Patient {
    /// A server that nobody spoke to yet.
    pub fn new(address: SocketAddr, key: Option<PublicKey>, tls: bool) -> Patient {
        Patient {
            address,
            key: key.map(Arc::new),
            tls,
            agreed: Arc::default(),
            asked: Arc::default(),
            answers: Arc::default(),
        }
    }

    /// The RSA key once more; checks that need it are not made without.
    pub fn rsa(&self) -> Result<PublicKey, Trouble> {
        let pem = self.key.as_ref().map(|key| key.to_pkcs1_pem()).unwrap_or_default();
        PublicKey::from_pem(&pem).map_err(|_| Trouble::NotTried("needs the server's RSA key".into()))
    }

    /// Notes that it answered a first question.
    pub fn answered(&self) {
        self.answers.store(true, Ordering::Relaxed);
    }

    /// Whether it ever answered, over any transport.
    pub fn answers(&self) -> bool {
        self.answers.load(Ordering::Relaxed)
    }

    /// A connection over TCP, intermediate and plain.
    pub async fn connect(&self) -> Result<RawClient, Error> {
        RawClient::connect(self.address, Wire::default()).await
    }

    /// A new session of the shared key; the key is made with the first, and asked for once.
    pub async fn session(&self) -> Result<Session, Trouble> {
        let rsa = self.rsa()?;
        if self.asked.swap(true, Ordering::Relaxed) && !self.agreed.initialized() {
            return Err(Trouble::NotTried("no key could be agreed upon".into()));
        }
        let exchange = async {
            let agreed = self.connect().await?.exchange_key(&rsa).await?;
            Ok::<_, Error>((agreed.auth_key, agreed.first_salt))
        };
        let (key, salt) = self.agreed.get_or_try_init(|| exchange).await?;
        Ok(Session::new(key.clone(), *salt))
    }

    /// A new session on a new connection, over anything.
    pub async fn talk_over(&self, dial: &Dial) -> Result<Talk, Trouble> {
        let session = self.session().await?;
        let client = RawClient::dial(self.address, dial).await?;
        Ok(Talk(Conversation { client, session, inbox: VecDeque::new() }))
    }

    /// A new session that nothing was sent in.
    pub async fn stranger(&self) -> Result<Talk, Trouble> {
        self.resume(self.session().await?).await
    }

    /// A new session that the server knows already.
    pub async fn talk(&self) -> Result<Talk, Trouble> {
        let mut talk = self.stranger().await?;
        talk.ping().await?;
        Ok(talk)
    }

    /// A session on a new connection.
    pub async fn resume(&self, session: Session) -> Result<Talk, Trouble> {
        Ok(Talk(Conversation::resume(self.address, Wire::default(), session).await?))
    }
}

/// A plaintext payload with this object.
pub fn plaintext(body: &[u8]) -> Bytes {
    plain::encode(msg_id::from_time(now()), body)
}

/// Asks for a resPQ and checks that it is one, for this nonce.
pub async fn res_pq(client: &mut RawClient, nonce: [u8; 16]) -> Result<types::ResPQ, Trouble> {
    client.send(&plaintext(&object(&functions::ReqPqMulti { nonce }))).await?;
    read_res_pq(client, nonce).await
}

/// Reads a resPQ.
pub async fn read_res_pq(client: &mut RawClient, nonce: [u8; 16]) -> Result<types::ResPQ, Trouble> {
    let payload = client.payload().await?.freeze();
    let seen = |what: &str| Trouble::Seen(what.to_owned());
    let body = plain::decode(payload).map_err(|error| Trouble::Seen(error.to_string()))?.body;
    let answer: types::ResPQ = zaun_tl::from_bytes(body).map_err(|_| seen("an answer that is no resPQ"))?;
    if answer.nonce != nonce {
        return Err(seen("a resPQ with another nonce"));
    }
    Ok(answer)
}

/// Waits for a transport error.
pub async fn refused(client: &mut RawClient, code: i32) -> Result<(), Trouble> {
    loop {
        match client.receive().await? {
            Received::Error(seen) if seen == code => return Ok(()),
            Received::Error(seen) => return Err(Trouble::Seen(format!("transport error {seen}"))),
            Received::QuickAck(_) => {}
            Received::Payload(payload) => {
                return Err(Trouble::Seen(format!("a payload of {} bytes", payload.len())));
            }
            Received::Closed => {
                return Err(Trouble::Seen("the connection ended without a transport error".into()));
            }
        }
    }
}

/// A conversation with short ways to do what many checks do.
pub struct Talk(pub Conversation);

impl Talk {
    /// Sends a ping and waits for its pong.
    pub async fn ping(&mut self) -> Result<(), Trouble> {
        let ping = self.0.send(&functions::Ping { ping_id: 7 }).await?;
        self.pong(ping).await
    }

    /// Waits for the pong to this message; a correction of the salt is not taken.
    pub async fn pong(&mut self, ping: i64) -> Result<(), Trouble> {
        let answer = self.0.wait_for(|m| answer_to(m, ping)).await?;
        match answer {
            Answer::Pong => Ok(()),
            Answer::Bad(code, _) => Err(Trouble::Seen(format!("code {code} for a ping"))),
        }
    }

    /// The next identifiers.
    pub fn stamp(&mut self, content_related: bool) -> Header {
        let (msg_id, seqno) = self.0.session.stamp(now(), content_related);
        self.0.session.header(msg_id, seqno)
    }

    /// Sends a message that has to be refused with this code, and pings afterwards: nothing else came of it.
    pub async fn bad(&mut self, header: &Header, body: &[u8], code: i32) -> Result<(), Trouble> {
        self.0.send_as(header, body).await?;
        match self.0.wait_for(|m| answer_to(m, header.msg_id)).await? {
            Answer::Bad(seen, seqno) if seen == code => {
                if seqno == header.seqno {
                    Ok(())
                } else {
                    Err(Trouble::Seen(format!("code {code}, but with seqno {seqno} (M-233)")))
                }
            }
            Answer::Bad(seen, _) => Err(Trouble::Seen(format!("code {seen}"))),
            Answer::Pong => Err(Trouble::Seen("it was taken".into())),
        }
    }

    /// Sends a query whose method no server has, with an odd seqno; returns its header and body.
    pub async fn unknown_method(&mut self) -> Result<(Header, Bytes), Trouble> {
        let header = self.stamp(true);
        let body = Bytes::copy_from_slice(&UNKNOWN_METHOD.to_le_bytes());
        self.0.send_as(&header, &body).await?;
        Ok((header, body))
    }

    /// The message with the result of a query.
    pub async fn result(&mut self, query: i64) -> Result<(Message, Bytes), Trouble> {
        Ok(self
            .0
            .wait_for(|m| {
                m.rpc_result().filter(|(id, _)| *id == query).map(|(_, result)| (m.clone(), result))
            })
            .await?)
    }
}

/// No schema has it: the constructor of nothing.
pub const UNKNOWN_METHOD: u32 = 0x7a75_6e01;

/// What a server says to a ping or to a bad message.
enum Answer {
    Pong,
    /// Code and seqno of a bad_msg_notification or bad_server_salt.
    Bad(i32, i32),
}

fn answer_to(message: &Message, msg_id: i64) -> Option<Answer> {
    if let Some(bad) = message.decode::<types::BadMsgNotification>() {
        return (bad.bad_msg_id == msg_id).then_some(Answer::Bad(bad.error_code, bad.bad_msg_seqno));
    }
    if let Some(bad) = message.decode::<types::BadServerSalt>() {
        return (bad.bad_msg_id == msg_id).then_some(Answer::Bad(bad.error_code, bad.bad_msg_seqno));
    }
    message.decode::<types::Pong>().filter(|pong| pong.msg_id == msg_id).map(|_| Answer::Pong)
}
