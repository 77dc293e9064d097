//! Updates as they come, one line each.

use zaun_client::{Client, UpdateEvent};
use zaun_console::tree;
use zaun_schema::LAYER;

use crate::terminal;

pub async fn follow(client: &Client, count: Option<usize>) -> anyhow::Result<()> {
    let mut updates = client.updates().await?;
    terminal::note("following updates; Ctrl-C ends it");
    let mut left = count.unwrap_or(usize::MAX);
    while left > 0 {
        match updates.next().await? {
            UpdateEvent::Update { update, .. } => {
                let object = zaun_tl::to_bytes(&*update, LAYER)?.into();
                for message in tree::decode(&object, &|_| None).messages {
                    terminal::say(tree::line(&message.tree))?;
                }
            }
            UpdateEvent::ChannelTooLong { channel_id, .. } => {
                terminal::say(format_args!("too much was missed in channel {channel_id}"))?;
            }
            UpdateEvent::ChannelMissed { channel_id } => {
                terminal::say(format_args!(
                    "what happened in channel {channel_id} cannot be read; it goes on from here"
                ))?;
            }
            _ => terminal::say("too much was missed to be told")?,
        }
        left -= 1;
    }
    Ok(())
}
