//! What administrators did in a channel (G-237 … G-244).

use zaun_model::rights::AdminRights;
use zaun_model::{ChannelId, Peer, UserId};
use zaun_schema::api::enums::ChannelAdminLogEventAction as Action;
use zaun_schema::api::types;
use zaun_schema::visit::{Mentioned, Mentions};
use zaun_store::Tx;
use zaun_store::repo::admin_log::{self, LogRow};
use zaun_store::repo::messages::MessageRow;

use crate::limits::{LOG_PAGE, LOG_ROUNDS, PEERS_PER_CALL};
use crate::messages::content::Body;
use crate::peers::{PeerRef, mention};
use crate::rights::Membership;
use crate::views::{self, Scene};
use crate::{Actor, Changes, Error, Messenger, errors, stored};

/// What kind of event it is: the bits of channelAdminLogEventsFilter.
pub(crate) mod kind {
    pub(crate) const JOIN: i64 = 1;
    pub(crate) const LEAVE: i64 = 1 << 1;
    pub(crate) const INVITE: i64 = 1 << 2;
    pub(crate) const BAN: i64 = 1 << 3;
    pub(crate) const UNBAN: i64 = 1 << 4;
    pub(crate) const KICK: i64 = 1 << 5;
    pub(crate) const UNKICK: i64 = 1 << 6;
    pub(crate) const PROMOTE: i64 = 1 << 7;
    pub(crate) const DEMOTE: i64 = 1 << 8;
    pub(crate) const INFO: i64 = 1 << 9;
    pub(crate) const SETTINGS: i64 = 1 << 10;
    pub(crate) const PINNED: i64 = 1 << 11;
    pub(crate) const EDIT: i64 = 1 << 12;
    pub(crate) const DELETE: i64 = 1 << 13;
    pub(crate) const INVITES: i64 = 1 << 15;
    pub(crate) const FORUMS: i64 = 1 << 17;
    pub(crate) const EDIT_RANK: i64 = 1 << 19;
}

/// Bits of an event's id below its second.
const LOG_IDS_PER_SECOND_BITS: u32 = 20;

/// Which events are listed.
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    /// Kinds as bits of channelAdminLogEventsFilter; `None` for all.
    pub kinds: Option<i64>,
    /// Only by these.
    pub admins: Option<Vec<PeerRef>>,
    /// Only events that concern somebody whose name begins so.
    pub text: String,
    /// Only ids below; 0 for no limit.
    pub max_id: i64,
    /// Only ids above.
    pub min_id: i64,
    /// How many.
    pub limit: i32,
}

/// A page of the log, the newest first.
#[derive(Debug, Clone, Default)]
pub struct LogPage {
    /// The events with what happened.
    pub events: Vec<(Action, LogRow)>,
    /// Everybody in them.
    pub scene: Scene,
}

/// Notes what an administrator did.
pub(crate) fn record(
    changes: &Changes<'_, '_>,
    channel: ChannelId,
    user_id: UserId,
    kind: i64,
    action: impl Into<Action>,
) -> Result<(), Error> {
    // Ids rise for ever, also when everything before was swept.
    let by_time = changes.now.0 << LOG_IDS_PER_SECOND_BITS;
    let row = LogRow {
        channel_id: channel,
        id: by_time.max(admin_log::highest(changes.tx, channel)? + 1),
        user_id,
        date: changes.now,
        kind,
        body: stored::encode(&action.into())?,
    };
    admin_log::insert(changes.tx, &row).map_err(Into::into)
}

/// Notes that somebody else's message was edited (G-244).
pub(crate) fn edited(
    changes: &Changes<'_, '_>,
    channel: ChannelId,
    user_id: UserId,
    row: &MessageRow,
    after: &Body,
) -> Result<(), Error> {
    let old = views::one_message(changes.tx, row.clone())?;
    let new = views::Message { body: after.clone(), edit_date: Some(changes.now), ..old.clone() };
    let (prev_message, new_message) = (old.to_tl(), new.to_tl());
    let done = types::ChannelAdminLogEventActionEditMessage { prev_message, new_message };
    record(changes, channel, user_id, kind::EDIT, done)
}

/// Notes that messages of others were deleted, with what they said (G-244).
pub(crate) fn deleted(
    changes: &Changes<'_, '_>,
    channel: ChannelId,
    user_id: UserId,
    rows: &[MessageRow],
) -> Result<(), Error> {
    for message in views::messages(changes.tx, rows.to_vec())? {
        if message.writer != Peer::User(user_id) {
            let done = types::ChannelAdminLogEventActionDeleteMessage { message: message.to_tl() };
            record(changes, channel, user_id, kind::DELETE, done)?;
        }
    }
    Ok(())
}

/// Notes that a message was pinned or unpinned.
pub(crate) fn pinned(
    changes: &Changes<'_, '_>,
    channel: ChannelId,
    user_id: UserId,
    row: &MessageRow,
    pinned: bool,
) -> Result<(), Error> {
    let row = MessageRow { pinned, ..row.clone() };
    let message = views::one_message(changes.tx, row)?.to_tl();
    let done = types::ChannelAdminLogEventActionUpdatePinned { message };
    record(changes, channel, user_id, kind::PINNED, done)
}

impl Messenger {
    /// Returns a page of what administrators of a channel did.
    pub async fn admin_log(
        &self,
        actor: Actor,
        channel: PeerRef,
        filter: LogFilter,
    ) -> Result<LogPage, Error> {
        if filter.admins.as_ref().is_some_and(|admins| admins.len() > PEERS_PER_CALL) {
            return Err(Error::bad(errors::LIMIT_INVALID));
        }
        self.read(actor.user_id, move |tx| {
            let viewer = actor.user_id;
            let id = channel.channel(tx, viewer)?;
            let membership = Membership::load(tx, viewer, id)?;
            membership.require_member()?;
            if membership.admin_rights() == AdminRights::NONE {
                return Err(Error::refused(403, errors::CHAT_ADMIN_REQUIRED));
            }
            let admins = filter.admins.as_ref();
            let admins = admins.map(|list| list.iter().map(|peer| peer.user(tx, viewer)).collect());
            let admins: Option<Vec<UserId>> = admins.transpose()?;
            let highest = if filter.max_id > 0 { filter.max_id } else { i64::MAX };
            let kinds = filter.kinds.unwrap_or(i64::MAX);
            let wanted = usize::try_from(i64::from(filter.limit).clamp(1, LOG_PAGE)).unwrap_or(1);
            let (mut events, mut below) = (Vec::new(), highest);
            let text = filter.text.trim().to_lowercase();
            for _ in 0..LOG_ROUNDS {
                let between = (filter.min_id, below);
                let rows = admin_log::page(tx, id, between, kinds, admins.as_deref(), LOG_PAGE)?;
                let Some(last) = rows.last() else { break };
                below = last.id;
                let read = rows.into_iter().map(|row| Ok((stored::decode(row.body.clone())?, row)));
                let read: Vec<(Action, LogRow)> = read.collect::<Result<_, Error>>()?;
                events.extend(naming(tx, viewer, read, &text)?);
                if events.len() >= wanted {
                    break;
                }
            }
            events.truncate(wanted);
            let mut mentioned = Mentioned::default();
            mention(&mut mentioned, Peer::Channel(id));
            for (action, row) in &events {
                mention(&mut mentioned, Peer::User(row.user_id));
                action.mentions(&mut mentioned);
            }
            Ok(LogPage { events, scene: Scene::for_viewer(tx, viewer, &mentioned)? })
        })
        .await
    }
}

/// Keeps the events that concern somebody whose name begins with a text.
fn naming(
    tx: &Tx<'_>,
    viewer: UserId,
    mut events: Vec<(Action, LogRow)>,
    text: &str,
) -> Result<Vec<(Action, LogRow)>, Error> {
    if text.is_empty() {
        return Ok(events);
    }
    let concerned = |(action, row): &(Action, LogRow)| {
        let mut mentioned = Mentioned::default();
        mention(&mut mentioned, Peer::User(row.user_id));
        action.mentions(&mut mentioned);
        mentioned
    };
    let mut everybody = Mentioned::default();
    events.iter().for_each(|event| everybody.users.extend(concerned(event).users));
    let scene = Scene::for_viewer(tx, viewer, &everybody)?;
    let fits = |id: &i64| {
        let person = scene.person(viewer, UserId(*id));
        person.is_some_and(|person| crate::contacts::is_named(person.user, person.contact, text))
    };
    events.retain(|event| concerned(event).users.iter().any(fits));
    Ok(events)
}
