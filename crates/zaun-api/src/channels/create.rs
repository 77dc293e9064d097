//! Creating channels, and their public names.

use zaun_messenger::channels::NewChannel;
use zaun_messenger::peers::PeerRef;
use zaun_messenger::{Error, Outcome};
use zaun_schema::api::{enums, functions};

use crate::Call;
use crate::to_tl;

/// channels.createChannel: neither kind asked for makes a broadcast channel (G-040).
pub(crate) async fn create_channel(
    call: Call,
    r: functions::channels::CreateChannel,
) -> Result<enums::Updates, Error> {
    if r.for_import || r.geo_point.is_some() {
        // Imports and places do not exist yet, and are not made as if they did.
        return Err(Error::bad("METHOD_NOT_IMPLEMENTED"));
    }
    let new = NewChannel {
        broadcast: !r.megagroup && !r.forum,
        title: r.title,
        about: r.about,
        forum: r.forum,
        ttl: r.ttl_period.unwrap_or(0),
    };
    let made = call.messenger().create_channel(call.actor(), new).await?;
    let Outcome { value: (_, sent), own, scene } = made;
    let sent = Outcome { value: vec![sent], own, scene };
    Ok(to_tl::sent_updates(call.view(&sent.scene), &sent))
}

/// The channel that a client names, if it names one.
fn optional_channel(call: &Call, input: &enums::InputChannel) -> Result<Option<PeerRef>, Error> {
    match input {
        enums::InputChannel::InputChannelEmpty => Ok(None),
        named => call.channel(named).map(Some),
    }
}

/// channels.checkUsername
pub(crate) async fn check_username(call: Call, r: functions::channels::CheckUsername) -> Result<bool, Error> {
    let channel = optional_channel(&call, &r.channel)?;
    call.messenger().check_channel_username(call.actor(), channel, &r.username).await
}

/// channels.updateUsername
pub(crate) async fn update_username(
    call: Call,
    r: functions::channels::UpdateUsername,
) -> Result<bool, Error> {
    call.messenger().update_channel_username(call.actor(), call.channel(&r.channel)?, r.username).await?;
    Ok(true)
}
