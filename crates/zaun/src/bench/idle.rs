//! Memory of connections that have a session and are silent.

use zaun_probe::{Carrier, Conversation, Dial, RawClient, Session};
use zaun_transport::Framing;
use zaun_wire::{functions, types};

use super::target::Target;
use super::{BenchArgs, figure, headline};

/// Sessions on one key; below the server's limit per key.
const SESSIONS_PER_KEY: usize = 100;
/// How long a silent HTTP client lets its request wait, in milliseconds; longer than the measurement.
const LONG_POLL_MS: i32 = 60_000;

/// How a connection is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Tcp,
    WebSocket,
    /// A request waits: without one there is no connection to speak of.
    Http,
}

/// Runs the measurement: TCP with as many connections as asked for, the others with a tenth.
pub async fn run(args: &BenchArgs) -> anyhow::Result<()> {
    headline("idle encrypted connections");
    for (way, connections) in [
        (Way::Tcp, args.connections),
        (Way::WebSocket, args.connections / 10),
        (Way::Http, args.connections / 10),
    ] {
        measure(&Target::open(args)?, way, connections).await?;
    }
    Ok(())
}

async fn measure(target: &Target, way: Way, connections: usize) -> anyhow::Result<()> {
    let mut open: Vec<Conversation> = Vec::with_capacity(connections);
    // What the first connections cost once is not theirs.
    for _ in 0..SESSIONS_PER_KEY {
        open.push(greet(target, way, None).await?);
    }
    let before = target.rss_kib();
    let mut key: Option<Session> = None;
    while open.len() < connections + SESSIONS_PER_KEY {
        if open.len().is_multiple_of(SESSIONS_PER_KEY) {
            key = None;
        }
        let conversation = greet(target, way, key.as_ref()).await?;
        key.get_or_insert_with(|| conversation.session.clone());
        open.push(conversation);
    }
    if let (Some(before), Some(after)) = (before, target.rss_kib()) {
        let each = (after.saturating_sub(before)) as f64 / connections as f64;
        figure(
            &format!("{way:?}, {connections} connections"),
            format!("{each:.2}"),
            "KiB of the server each",
        );
    }
    Ok(())
}

/// One connection with a session of its own, on a known key or a new one, after one ping.
async fn greet(target: &Target, way: Way, known: Option<&Session>) -> anyhow::Result<Conversation> {
    let dial = match way {
        Way::Tcp => Dial::new(Framing::Intermediate),
        Way::WebSocket => {
            Dial::new(Framing::Intermediate).obfuscated(2).carrier(Carrier::web_socket("/apiws"))
        }
        Way::Http => Dial::new(Framing::Full).carrier(Carrier::http("/api")),
    };
    let client = RawClient::dial(target.address, &dial).await?;
    let mut conversation = match known {
        None => Conversation::begin_on(client, &target.key).await?,
        Some(other) => {
            let session = Session::new(other.key.clone(), other.salt);
            Conversation { client, session, inbox: std::collections::VecDeque::new() }
        }
    };
    conversation.send_even(&functions::Ping { ping_id: 1 }).await?;
    while conversation.receive().await?.decode::<types::Pong>().is_none() {}
    if way == Way::Http {
        // new_session_created is the only thing that would end the wait.
        let msg_ids = conversation.inbox.drain(..).map(|message| message.msg_id).collect();
        let (ack_id, ack_seqno) = conversation.session.stamp(zaun_probe::now(), false);
        let (wait_id, wait_seqno) = conversation.session.stamp(zaun_probe::now(), false);
        let wait = types::HttpWait { max_delay: 0, wait_after: 0, max_wait: LONG_POLL_MS };
        let inside = [
            zaun_probe::Message::new(ack_id, ack_seqno, zaun_probe::object(&types::MsgsAck { msg_ids })),
            zaun_probe::Message::new(wait_id, wait_seqno, zaun_probe::object(&wait)),
        ];
        conversation.send_body(false, &zaun_probe::container(&inside)).await?;
    }
    Ok(conversation)
}
