//! Messages: committed when the sender has its answer, delivered when the receiver has the update.

use std::collections::VecDeque;

use anyhow::Context;
use zaun_client::{Client, Pending, Purpose, Pushed, PushedQueue};
use zaun_schema::api::{enums, functions, types};

use super::account;
use super::target::Target;
use super::{figure, headline};

/// How many send at the same time, and how eagerly. What a message costs falls with the number of those that one
/// commit carries, so a figure says little without its load.
#[derive(Debug, Clone, Copy)]
struct Load {
    name: &'static str,
    /// Senders, each with a receiver of its own.
    pairs: usize,
    /// Messages that a sender has in flight.
    window: usize,
    /// The share of all messages that this load takes, because few in flight take longer: one part in so many.
    part: usize,
}

const LOADS: [Load; 3] = [
    Load { name: "1 pair, 1 in flight", pairs: 1, window: 1, part: 8 },
    Load { name: "8 pairs, 1 in flight each", pairs: 8, window: 1, part: 2 },
    Load { name: "4 pairs, 64 in flight each", pairs: 4, window: 64, part: 1 },
];

/// Runs the measurement.
pub async fn run(target: &Target, messages: usize) -> anyhow::Result<()> {
    headline("messages between private accounts, synchronous=FULL on a server of our own");
    for load in LOADS {
        measure(target, load, messages / load.part).await?;
    }
    Ok(())
}

async fn measure(target: &Target, load: Load, messages: usize) -> anyhow::Result<()> {
    let share = messages / load.pairs;
    let mut pairs = Vec::new();
    for _ in 0..load.pairs {
        let (sender, _) = account::create(target).await?;
        let (receiver, phone) = account::create(target).await?;
        let peer = befriend(&sender, &phone).await?;
        pairs.push((sender, receiver, peer));
    }
    let watch = target.stopwatch();
    let mut senders = Vec::new();
    let mut receivers = Vec::new();
    for (sender, receiver, peer) in pairs {
        // What comes before somebody asks for it is not kept.
        let pushed = receiver.pushed().context("somebody else reads the updates")?;
        receivers.push(tokio::spawn(receive(receiver, pushed, share)));
        senders.push(tokio::spawn(send(sender, peer, share, load.window)));
    }
    for sender in senders {
        sender.await??;
    }
    let (committed, total) = (watch.wall(), (share * load.pairs) as f64);
    for receiver in receivers {
        receiver.await??;
    }
    let (delivered, server) = (watch.wall(), watch.server());
    let rates = format!("{:.0} / {:.0}", total / committed, total / delivered);
    figure(&format!("{}: committed / delivered", load.name), rates, "per second");
    let cost = format!("{:.0}", server / total * 1e6);
    figure(&format!("{}: server's processor time", load.name), cost, "µs per message");
    Ok(())
}

async fn send(account: Client, peer: enums::InputPeer, count: usize, window: usize) -> anyhow::Result<()> {
    let connection = account.connection(account.main_dc(), Purpose::Main).await?;
    let mut running = VecDeque::with_capacity(window);
    for number in 0..count {
        if running.len() == window
            && let Some(oldest) = running.pop_front()
        {
            Pending::result(oldest).await?;
        }
        let message = functions::messages::SendMessage {
            peer: peer.clone(),
            message: format!("message number {number} of the benchmark"),
            random_id: i64::try_from(number + 1)?,
            ..functions::messages::SendMessage::default()
        };
        running.push_back(connection.send(connection.encode(&message)?, None).await?);
    }
    for pending in running {
        pending.result().await?;
    }
    Ok(())
}

/// Reads pushed updates until so many messages came; the account stays connected that long.
async fn receive(_account: Client, mut pushed: PushedQueue, count: usize) -> anyhow::Result<()> {
    let mut seen = 0;
    while seen < count {
        let Some(pushed) = pushed.recv().await else { anyhow::bail!("the connection is closed") };
        let Pushed::Object(object) = pushed else { continue };
        match zaun_tl::from_bytes(object)? {
            enums::Updates::Updates(updates) => {
                let new = |update: &&enums::Update| matches!(update, enums::Update::UpdateNewMessage(_));
                seen += updates.updates.iter().filter(new).count();
            }
            enums::Updates::UpdatesTooLong => anyhow::bail!("the receiver was left behind"),
            _ => {}
        }
    }
    Ok(())
}

/// How an account names the one with a phone, which becomes its contact.
async fn befriend(account: &Client, phone: &str) -> anyhow::Result<enums::InputPeer> {
    let (phone, first_name) = (phone.to_owned(), "Friend".to_owned());
    let contact = types::InputPhoneContact { phone, first_name, ..types::InputPhoneContact::default() };
    let request = functions::contacts::ImportContacts { contacts: vec![contact] };
    let found = account.invoke(&request).await?;
    let Some(enums::User::User(user)) = found.users.first() else {
        anyhow::bail!("the phone has no account")
    };
    let access_hash = user.access_hash.unwrap_or(0);
    Ok(types::InputPeerUser { user_id: user.id, access_hash }.into())
}
