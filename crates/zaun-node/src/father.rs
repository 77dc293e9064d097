//! BotFather as a program: it answers what people write to it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use zaun_messenger::Messenger;
use zaun_messenger::views::Message;
use zaun_model::Peer;

/// Messages that wait to be answered; beyond it they are not.
pub(crate) const MAX_QUEUED: usize = 1024;
/// Messages of one person that are answered in [`WINDOW`]: far more than anybody types, and little of the time that
/// BotFather has for all.
const MAX_PER_PERSON: u32 = 240;
/// The time for which they are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// How often each person wrote of late.
struct Counts {
    since: Instant,
    by_author: HashMap<Peer, u32>,
}

impl Counts {
    fn new(now: Instant) -> Counts {
        Counts { since: now, by_author: HashMap::new() }
    }

    /// Counts a message; `false` if its author is not answered any more.
    fn admits(&mut self, author: Peer, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= WINDOW {
            *self = Counts::new(now);
        }
        let count = self.by_author.entry(author).or_default();
        *count += 1;
        *count <= MAX_PER_PERSON
    }
}

/// Answers one message after another, for ever.
pub(crate) async fn answer_for_ever(messenger: Arc<Messenger>, mut written: mpsc::Receiver<Arc<Message>>) {
    let mut counts = Counts::new(Instant::now());
    while let Some(message) = written.recv().await {
        if !counts.admits(message.row.author, Instant::now()) {
            continue;
        }
        if let Err(error) = messenger.father_hears(&message).await {
            tracing::error!(%error, "BotFather could not answer");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zaun_model::UserId;

    #[test]
    fn who_writes_without_end_is_not_answered_and_others_are() {
        let start = Instant::now();
        let (mut counts, flooder) = (Counts::new(start), Peer::User(UserId(1)));
        let answered = (0..1000).filter(|_| counts.admits(flooder, start)).count();
        assert_eq!(answered, MAX_PER_PERSON as usize);
        assert!(counts.admits(Peer::User(UserId(2)), start));
        assert!(counts.admits(flooder, start + WINDOW));
    }
}
