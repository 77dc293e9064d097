//! Memory of connections that have a session and are silent.

use zaun_schema::mtproto::{functions, types};
use zaun_testkit::{Conversation, Session};

use super::target::Target;
use super::{figure, headline};

/// Sessions on one key; below the server's limit per key.
const SESSIONS_PER_KEY: usize = 100;

/// Runs the measurement.
pub async fn run(target: &Target, connections: usize) -> anyhow::Result<()> {
    headline("idle encrypted connections");
    let mut open: Vec<Conversation> = Vec::with_capacity(connections);
    // What the first connections cost once is not theirs.
    for _ in 0..SESSIONS_PER_KEY {
        open.push(greet(target, None).await?);
    }
    let before = target.rss_kib();
    let mut key: Option<Session> = None;
    while open.len() < connections + SESSIONS_PER_KEY {
        if open.len().is_multiple_of(SESSIONS_PER_KEY) {
            key = None;
        }
        let conversation = greet(target, key.as_ref()).await?;
        key.get_or_insert_with(|| conversation.session.clone());
        open.push(conversation);
    }
    figure("connections", connections, "");
    if let (Some(before), Some(after)) = (before, target.rss_kib()) {
        let each = (after.saturating_sub(before)) as f64 / connections as f64;
        figure("memory of the server per connection", format!("{each:.2}"), "KiB");
    }
    Ok(())
}

/// One connection with a session of its own, on a known key or a new one, after one ping.
async fn greet(target: &Target, known: Option<&Session>) -> anyhow::Result<Conversation> {
    let mut conversation = match known {
        None => target.converse().await?,
        Some(other) => {
            let session = Session::new(other.key.clone(), other.salt);
            Conversation::resume(target.address, Target::wire(), session).await?
        }
    };
    conversation.send_even(&functions::Ping { ping_id: 1 }).await?;
    while conversation.receive().await?.decode::<types::Pong>().is_none() {}
    Ok(conversation)
}
