//! The short forms of a new message, made whole.

use zaun_schema::api::{enums, types};

/// The message of an updateShortMessage (M-368).
pub fn private(short: &types::UpdateShortMessage) -> types::Message {
    types::Message {
        out: short.out,
        mentioned: short.mentioned,
        media_unread: short.media_unread,
        silent: short.silent,
        id: short.id,
        peer_id: types::PeerUser { user_id: short.user_id }.into(),
        fwd_from: short.fwd_from.clone(),
        via_bot_id: short.via_bot_id,
        reply_to: short.reply_to.clone(),
        date: short.date,
        message: short.message.clone(),
        entities: short.entities.clone(),
        ttl_period: short.ttl_period,
        ..types::Message::default()
    }
}

/// The message of an updateShortChatMessage (M-368).
pub fn group(short: &types::UpdateShortChatMessage) -> types::Message {
    types::Message {
        out: short.out,
        mentioned: short.mentioned,
        media_unread: short.media_unread,
        silent: short.silent,
        id: short.id,
        from_id: Some(types::PeerUser { user_id: short.from_id }.into()),
        peer_id: types::PeerChat { chat_id: short.chat_id }.into(),
        fwd_from: short.fwd_from.clone(),
        via_bot_id: short.via_bot_id,
        reply_to: short.reply_to.clone(),
        date: short.date,
        message: short.message.clone(),
        entities: short.entities.clone(),
        ttl_period: short.ttl_period,
        ..types::Message::default()
    }
}

/// An update that a message is new. Outside of differences it has its place in a box.
pub fn new_message(message: impl Into<enums::Message>, pts: i32, pts_count: i32) -> enums::Update {
    types::UpdateNewMessage { message: message.into(), pts, pts_count }.into()
}

/// The same in a channel.
pub fn new_channel_message(message: enums::Message, pts: i32, pts_count: i32) -> enums::Update {
    types::UpdateNewChannelMessage { message, pts, pts_count }.into()
}
