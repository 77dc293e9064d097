//! A viewer: turns what the server tells into events, and remembers what makes them readable.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use zaun_server::inspect::{self, Kind, Refusal, Watch, Watched};
use zaun_tl::schema::TypeExpr;

use crate::dictionary::Dictionary;
pub use crate::event::Account;
use crate::event::{Event, Header, Packet, Refused, What, hex_id, reaction};
use crate::limits::{MAX_KNOWN_KEYS, MAX_OPEN_QUERIES};
use crate::redact;
use crate::tree::{Message, Node, decode, innermost};

/// How long the account of a key is believed: logins and logouts show after it.
const ACCOUNT_LIFE: Duration = Duration::from_secs(1);

/// What [`Source::account`] gives.
pub type AccountFuture<'a> = Pin<Box<dyn Future<Output = Account> + Send + 'a>>;

/// A server that can be watched.
pub trait Source: Send + Sync + 'static {
    /// Begins to watch.
    fn watch(&self) -> Watch;
    /// Who is logged in on a key.
    fn account(&self, key_id: i64) -> AccountFuture<'_>;
}

/// Any server; it knows nothing of accounts.
impl<S: zaun_server::Service> Source for zaun_server::Handle<S> {
    fn watch(&self) -> Watch {
        zaun_server::Handle::watch(self)
    }

    fn account(&self, _key_id: i64) -> AccountFuture<'_> {
        Box::pin(std::future::ready(Account::default()))
    }
}

/// The method of a query and the type of its result.
type Query = (&'static str, &'static TypeExpr);

/// One viewer's end.
pub(crate) struct Viewer {
    watch: Watch,
    count: u64,
    queries: HashMap<(i64, i64), Query>,
    /// The same, oldest first.
    query_order: VecDeque<(i64, i64)>,
    accounts: HashMap<i64, (Account, Instant)>,
    /// Phone numbers that were sent on a key.
    phones: HashMap<i64, String>,
}

impl Viewer {
    /// Begins to watch.
    pub(crate) fn new(source: &dyn Source) -> Viewer {
        Viewer {
            watch: source.watch(),
            count: 0,
            queries: HashMap::new(),
            query_order: VecDeque::new(),
            accounts: HashMap::new(),
            phones: HashMap::new(),
        }
    }

    /// The next event; `None` when the server is gone.
    pub(crate) async fn next(&mut self, source: &dyn Source) -> Option<Event> {
        let watched = self.watch.next().await?;
        self.count = self.count.saturating_add(1);
        let n = self.count;
        match watched {
            Watched::Missed(count) => {
                let at_us = crate::http::now_us();
                Some(Event { n, at_us, conn: 0, what: What::Missed { count } })
            }
            Watched::Event(inspect::Event { at, conn, kind }) => {
                let at_us = u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
                Some(Event { n, at_us, conn: conn.0, what: self.tell(source, kind).await })
            }
        }
    }

    async fn tell(&mut self, source: &dyn Source, kind: Kind) -> What {
        match kind {
            Kind::Opened { peer } => What::Opened { peer: peer.to_string() },
            Kind::Transport { name, dc } => What::Transport { name, dc },
            Kind::PlainReceived { body } => What::PlainReceived(plain(&body)),
            Kind::PlainSent { body } => What::PlainSent(plain(&body)),
            Kind::KeyCreated { key_id, expires_in, dc } => {
                What::KeyCreated { key_id: hex_id(key_id), expires_in, dc }
            }
            Kind::Received { key_id, header, body } => {
                let packet = self.packet(source, key_id, &header, &body).await;
                self.note_queries(key_id, &packet);
                What::Received(packet)
            }
            Kind::Sent { key_id, header, body } => {
                What::Sent(self.packet(source, key_id, &header, &body).await)
            }
            Kind::Refused(refusal) => self.refused(source, refusal).await,
            Kind::QuickAck { token } => What::QuickAck { token: format!("{token:08x}") },
            Kind::Closed { reason } => What::Closed { reason },
        }
    }

    async fn packet(
        &mut self,
        source: &dyn Source,
        key_id: i64,
        header: &zaun_mtproto::packet::Header,
        body: &Bytes,
    ) -> Packet {
        let queries = &self.queries;
        let decoded = decode(body, &|msg_id| queries.get(&(key_id, msg_id)).copied());
        if let Some(phone) = decoded.messages.iter().find_map(|message| phone_in(&message.tree)) {
            if self.phones.len() >= MAX_KNOWN_KEYS {
                self.phones.clear();
            }
            self.phones.insert(key_id, phone);
        }
        // Logging in and out: what was known of the key may have changed.
        let of_login = |message: &Message| {
            message.name.starts_with("auth.")
                || message.answers.as_ref().is_some_and(|m| m.starts_with("auth."))
        };
        if decoded.messages.iter().any(of_login) {
            self.accounts.remove(&key_id);
        }
        let account = self.account(source, key_id).await;
        let header = Header {
            key_id: hex_id(key_id),
            session_id: hex_id(header.session_id),
            msg_id: header.msg_id.to_string(),
            seqno: header.seqno,
        };
        let (container, messages, buffers) = (decoded.container, decoded.messages, decoded.buffers);
        Packet { header: Some(header), account, container, messages, buffers }
    }

    async fn account(&mut self, source: &dyn Source, key_id: i64) -> Account {
        let known = self.accounts.get(&key_id).filter(|(_, since)| since.elapsed() < ACCOUNT_LIFE);
        let mut account = match known {
            Some((account, _)) => account.clone(),
            None => {
                let account = source.account(key_id).await;
                if self.accounts.len() >= MAX_KNOWN_KEYS {
                    self.accounts.clear();
                }
                self.accounts.insert(key_id, (account.clone(), Instant::now()));
                account
            }
        };
        account.phone = account.phone.or_else(|| self.phones.get(&key_id).cloned());
        account
    }

    /// Remembers queries, so that their answers can be named.
    fn note_queries(&mut self, key_id: i64, packet: &Packet) {
        for message in &packet.messages {
            let own = packet.header.as_ref().map(|header| &header.msg_id);
            let msg_id = message.msg_id.as_ref().or(own).and_then(|id| id.parse().ok());
            let (Some(msg_id), Some(query)) = (msg_id, query(&message.tree)) else { continue };
            if self.query_order.len() >= MAX_OPEN_QUERIES
                && let Some(oldest) = self.query_order.pop_front()
            {
                self.queries.remove(&oldest);
            }
            if self.queries.insert((key_id, msg_id), query).is_none() {
                self.query_order.push_back((key_id, msg_id));
            }
        }
    }

    async fn refused(&mut self, source: &dyn Source, refusal: Refusal) -> What {
        let account = match refusal.key_id {
            Some(key_id) => self.account(source, key_id).await,
            None => Account::default(),
        };
        let rule = refusal.rule().map(str::to_owned);
        let values = refusal.values.as_deref().map(redact::values);
        What::Refused(Refused {
            key_id: refusal.key_id.map(hex_id),
            msg_id: refusal.msg_id.map(|id| id.to_string()),
            account,
            rule,
            values,
            reaction: reaction(refusal.reaction),
            reason: refusal.reason,
        })
    }
}

fn plain(body: &Bytes) -> Packet {
    let decoded = decode(body, &|_| None);
    let (messages, buffers) = (decoded.messages, decoded.buffers);
    Packet { header: None, account: Account::default(), container: false, messages, buffers }
}

/// The method that a message calls.
fn query(tree: &Node) -> Option<Query> {
    let entry = Dictionary::shared().find(innermost(tree).id?).filter(|entry| entry.is_method())?;
    Some((&entry.definition.name, &entry.definition.result))
}

/// A phone number that a client sent.
fn phone_in(node: &Node) -> Option<String> {
    let inner = innermost(node);
    let phone = inner.field("phone_number")?.value.as_deref()?;
    Some(phone.chars().filter(char::is_ascii_digit).collect())
}
