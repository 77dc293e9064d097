//! BotFather as a program: it answers what people write to it.

use std::sync::Arc;

use tokio::sync::mpsc;
use zaun_messenger::Messenger;
use zaun_messenger::views::Message;

/// Messages that wait to be answered; beyond it they are not.
pub(crate) const MAX_QUEUED: usize = 1024;

/// Answers one message after another, for ever.
pub(crate) async fn answer_for_ever(messenger: Arc<Messenger>, mut written: mpsc::Receiver<Arc<Message>>) {
    while let Some(message) = written.recv().await {
        if let Err(error) = messenger.father_hears(&message).await {
            tracing::error!(%error, "BotFather could not answer");
        }
    }
}
