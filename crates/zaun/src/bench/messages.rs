//! Messages: committed when the sender has its answer, delivered when the receiver has the update.

use zaun_schema::api::{enums, functions};
use zaun_testkit::{ApiClient, check};

use super::account;
use super::target::Target;
use super::{figure, headline};

/// Senders, each with a receiver of its own.
const PAIRS: usize = 4;
/// Messages that a sender has in flight.
const WINDOW: usize = 64;

/// Runs the measurement.
pub async fn run(target: &Target, messages: usize) -> anyhow::Result<()> {
    headline("messages between private accounts, synchronous=FULL on a server of our own");
    let share = messages / PAIRS;
    let mut pairs = Vec::new();
    for _ in 0..PAIRS {
        let (mut sender, _) = account::create(target).await?;
        let (receiver, phone) = account::create(target).await?;
        let peer = sender.befriend(&phone).await?;
        pairs.push((sender, receiver, peer));
    }
    let watch = target.stopwatch();
    let mut senders = Vec::new();
    let mut receivers = Vec::new();
    for (sender, receiver, peer) in pairs {
        senders.push(tokio::spawn(send(sender, peer, share)));
        receivers.push(tokio::spawn(receive(receiver, share)));
    }
    for sender in senders {
        sender.await??;
    }
    let (committed, total) = (watch.wall(), (share * PAIRS) as f64);
    for receiver in receivers {
        receiver.await??;
    }
    let (delivered, server) = (watch.wall(), watch.server());
    figure("committed", format!("{:.0}", total / committed), "per second");
    figure("delivered", format!("{:.0}", total / delivered), "per second");
    figure("server's processor time", format!("{:.0}", server / total * 1e6), "µs per message");
    Ok(())
}

async fn send(mut account: ApiClient, peer: enums::InputPeer, count: usize) -> anyhow::Result<()> {
    let (mut sent, mut answered) = (0, 0);
    while answered < count {
        while sent < count && sent - answered < WINDOW {
            sent += 1;
            let message = functions::messages::SendMessage {
                peer: peer.clone(),
                message: format!("message number {sent} of the benchmark"),
                random_id: i64::try_from(sent)?,
                ..functions::messages::SendMessage::default()
            };
            account.send(&message).await?;
        }
        if let Some((_, result)) = account.conversation.receive().await?.rpc_result() {
            check(&result)?;
            answered += 1;
        }
    }
    Ok(())
}

/// Reads pushed updates until so many messages came; acknowledges them as a client does.
async fn receive(mut account: ApiClient, count: usize) -> anyhow::Result<()> {
    let (mut seen, mut unacked) = (0, Vec::new());
    while seen < count {
        let message = account.conversation.receive().await?;
        if message.content_related() {
            unacked.push(message.msg_id);
        }
        if unacked.len() >= WINDOW {
            let msg_ids = std::mem::take(&mut unacked);
            account.conversation.send_even(&zaun_schema::mtproto::types::MsgsAck { msg_ids }).await?;
        }
        match message.decode() {
            Some(enums::Updates::Updates(updates)) => {
                let new = |update: &&enums::Update| matches!(update, enums::Update::UpdateNewMessage(_));
                seen += updates.updates.iter().filter(new).count();
            }
            Some(enums::Updates::UpdatesTooLong) => anyhow::bail!("the receiver was left behind"),
            _ => {}
        }
    }
    Ok(())
}
