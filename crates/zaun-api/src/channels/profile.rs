//! Channels by name, and what the page of one shows.

use zaun_messenger::Error;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl::{self, Lists};

/// channels.getChannels
pub(crate) async fn get_channels(
    call: Call,
    r: functions::channels::GetChannels,
) -> Result<enums::messages::Chats, Error> {
    let named: Result<Vec<_>, _> = r.id.iter().map(|channel| call.channel(channel)).collect();
    let scene = call.messenger().channels(call.user_id, named?).await?;
    Ok(call.answer(&scene, |Lists { chats, .. }| types::messages::Chats { chats }.into()))
}

/// channels.getFullChannel
pub(crate) async fn get_full_channel(
    call: Call,
    r: functions::channels::GetFullChannel,
) -> Result<enums::messages::ChatFull, Error> {
    let profile = call.messenger().channel_profile(call.actor(), call.channel(&r.channel)?).await?;
    let full_chat = to_tl::channel_full(call.view(&profile.scene), &profile).into();
    Ok(call.answer(&profile.scene, |Lists { users, chats }| types::messages::ChatFull {
        full_chat,
        chats,
        users,
    }))
}

/// channels.setStickers
pub(crate) async fn set_stickers(call: Call, r: functions::channels::SetStickers) -> Result<bool, Error> {
    let channel = call.channel(&r.channel)?;
    call.messenger().set_channel_stickers(call.actor(), channel, &r.stickerset).await?;
    Ok(true)
}
