//! What has to be done from time to time, by the messenger's clock.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::MissedTickBehavior;
use zaun_messenger::{Error, Messenger};
use zaun_model::UnixTime;

/// How often the clock is looked at. The search index is never further behind than this.
const LOOK: Duration = Duration::from_secs(1);

/// A duty of a node.
#[derive(Debug, Clone, Copy)]
enum Duty {
    /// Puts new messages into the search index.
    Index,
    /// Tells others of those whose online time ran out.
    Presence,
    /// Gives back what was taken from members of channels until now (G-138).
    Restrictions,
    /// Ends polls whose time is over (G-351).
    Polls,
    /// Sends messages whose time has come (G-344), and deletes those whose time is over (G-339).
    Messages,
    /// Removes uploads that nobody finished (M-506).
    Uploads,
    /// Removes old events, random ids and media that nothing shows.
    Sweep,
}

impl Duty {
    const ALL: [Duty; 7] = [
        Duty::Index,
        Duty::Presence,
        Duty::Restrictions,
        Duty::Polls,
        Duty::Messages,
        Duty::Uploads,
        Duty::Sweep,
    ];

    /// Seconds from one time to the next.
    fn interval_s(self) -> i64 {
        match self {
            Duty::Index | Duty::Polls | Duty::Messages => 1,
            Duty::Presence | Duty::Restrictions => 5,
            Duty::Uploads => 300,
            Duty::Sweep => 3600,
        }
    }

    async fn run(self, messenger: &Messenger) -> Result<(), Error> {
        match self {
            Duty::Index => messenger.index_messages().await,
            Duty::Presence => messenger.expire_presence().await,
            Duty::Restrictions => messenger.end_restrictions().await,
            Duty::Polls => messenger.end_polls().await,
            Duty::Messages => {
                messenger.send_due().await?;
                messenger.delete_expired().await
            }
            Duty::Uploads => messenger.sweep_uploads().await,
            Duty::Sweep => {
                messenger.sweep().await?;
                messenger.close_unused_accounts().await
            }
        }
    }
}

/// The duties of a node, with the moment at which each is due next.
pub(crate) struct Duties {
    messenger: Arc<Messenger>,
    /// Held while duties run, so that none runs twice at a time.
    due: Mutex<[(Duty, UnixTime); Duty::ALL.len()]>,
}

impl Duties {
    pub(crate) fn new(messenger: Arc<Messenger>) -> Duties {
        let now = messenger.now();
        Duties { due: Mutex::new(Duty::ALL.map(|duty| (duty, now + duty.interval_s()))), messenger }
    }

    /// Counts anew from now on, because the clock was put back.
    pub(crate) async fn begin_anew(&self) {
        let now = self.messenger.now();
        for (duty, due) in self.due.lock().await.iter_mut() {
            *due = now + duty.interval_s();
        }
    }

    /// Runs what is due by now, in order.
    pub(crate) async fn run_due(&self) {
        for (duty, due) in self.due.lock().await.iter_mut() {
            let now = self.messenger.now();
            if now < *due {
                continue;
            }
            *due = now + duty.interval_s();
            if let Err(error) = duty.run(&self.messenger).await {
                tracing::error!(%error, ?duty, "a duty in the background failed and is tried again later");
            }
        }
    }

    /// Runs what falls due, for ever. The system's time is looked at in between, because the messenger's may jump.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            self.run_due().await;
        }
    }
}
