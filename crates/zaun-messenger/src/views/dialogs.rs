//! Lines of the list of conversations.

use std::collections::{BTreeMap, HashMap};

use zaun_model::{BoxId, MsgId, Peer, UserId};
use zaun_schema::api::types::{DraftMessage, PeerNotifySettings};
use zaun_schema::visit::{Mentioned, Mentions};
use zaun_store::Tx;
use zaun_store::repo::boxes::BoxRow;
use zaun_store::repo::dialogs::{self, DialogRow};
use zaun_store::repo::marks;
use zaun_store::repo::messages;

use super::{Message, Scene};
use crate::limits::ANSWER_BYTES;
use crate::peers::mention;
use crate::{Error, rights, stored};

/// A conversation with what its line in the list shows.
#[derive(Debug, Clone)]
pub struct DialogLine {
    /// The conversation, with its newest message and unread count even if they are those of a channel.
    pub row: DialogRow,
    /// Messages that mention the viewer and were not seen.
    pub unread_mentions: i32,
    /// Messages of the viewer with reactions that were not seen.
    pub unread_reactions: i32,
    /// Its newest message.
    pub top: Option<Message>,
    /// Its notification settings.
    pub notify: PeerNotifySettings,
    /// Its draft.
    pub draft: Option<DraftMessage>,
    /// The pts of a channel's box.
    pub channel_pts: Option<i32>,
}

/// Lines of the list, with everybody that they mention.
#[derive(Debug, Clone, Default)]
pub struct DialogLines {
    /// The lines.
    pub lines: Vec<DialogLine>,
    /// Everybody that the lines mention.
    pub scene: Scene,
}

/// Bytes that a line costs in an answer beside its message and its draft.
const LINE_OVERHEAD_BYTES: usize = 512;

/// What waits for a user's attention in conversations, by kind.
fn waiting(tx: &Tx<'_>, user: UserId, peers: &[Peer]) -> Result<HashMap<(Peer, i64), i32>, Error> {
    let counted = marks::count_waiting(tx, user, peers)?.into_iter();
    Ok(counted.map(|(peer, kind, count)| ((peer, kind), count)).collect())
}

/// Fills lines: newest messages, unread counts of channels, settings, drafts, and everybody in them. `boxes` holds the
/// counters of the channels' boxes. Lines that would make the answer too long are left out, but never the first.
pub(crate) fn lines(
    tx: &Tx<'_>,
    user: UserId,
    mut rows: Vec<DialogRow>,
    boxes: &BTreeMap<BoxId, BoxRow>,
) -> Result<DialogLines, Error> {
    let peers: Vec<Peer> = rows.iter().map(|row| row.peer).collect();
    let channels: Vec<Peer> = peers.iter().copied().filter(|peer| peer.channel().is_some()).collect();
    let unread: HashMap<Peer, i32> = dialogs::unread_in_channels(tx, user, &channels)?.into_iter().collect();
    for row in &mut rows {
        if let Some(counters) = boxes.get(&BoxId::of(user, row.peer)).filter(|_| row.peer.channel().is_some())
        {
            (row.top_id, row.top_date) = (counters.top_id, counters.top_date);
            row.messages = counters.messages;
            row.unread = unread.get(&row.peer).copied().unwrap_or(0);
        }
    }
    let wanted: Vec<(BoxId, MsgId)> = rows
        .iter()
        .filter(|row| row.top_id.0 > 0)
        .map(|row| (BoxId::of(user, row.peer), row.top_id))
        .collect();
    let tops = super::messages(tx, messages::find_copies(tx, &wanted)?)?;
    let mut tops: HashMap<(BoxId, MsgId), Message> =
        tops.into_iter().map(|message| ((message.row.box_id, message.row.id), message)).collect();
    let waiting = waiting(tx, user, &peers)?;
    let (mut drafts, mut notify) = drafts_and_settings(tx, user, &peers)?;
    let (mut lines, mut mentioned, mut left) = (Vec::new(), Mentioned::default(), ANSWER_BYTES);
    for row in rows {
        let top = tops.remove(&(BoxId::of(user, row.peer), row.top_id));
        let text = top.as_ref().map_or(0, |top| top.body.text().len());
        let draft = drafts.remove(&row.peer);
        let bytes = LINE_OVERHEAD_BYTES + text + draft.as_ref().map_or(0, |(_, bytes)| *bytes);
        if bytes > left && !lines.is_empty() {
            break;
        }
        left = left.saturating_sub(bytes);
        mention(&mut mentioned, row.peer);
        top.iter().for_each(|message| message.mentions(&mut mentioned));
        let draft = draft.map(|(draft, _)| draft);
        draft.iter().for_each(|draft| draft.mentions(&mut mentioned));
        let channel_pts = boxes.get(&BoxId::of(user, row.peer)).map(|counters| counters.pts.0);
        let channel_pts = channel_pts.filter(|_| row.peer.channel().is_some());
        let notify = notify.remove(&row.peer).unwrap_or_default();
        let waits = |kind| waiting.get(&(row.peer, kind)).copied().unwrap_or(0);
        let (unread_mentions, unread_reactions) = (waits(marks::MENTION), waits(marks::REACTION));
        lines.push(DialogLine { unread_mentions, unread_reactions, row, top, notify, draft, channel_pts });
    }
    let scene = Scene::for_viewer(tx, user, &mentioned)?;
    for line in &mut lines {
        let channel = line.row.peer.channel().and_then(|id| scene.channel(user, id));
        let hidden = channel.map_or(MsgId(0), |seen| rights::hidden_until(seen.channel, seen.member));
        // G-227
        if line.row.top_id <= hidden {
            (line.row.top_id, line.top) = (MsgId(0), None);
        }
    }
    Ok(DialogLines { lines, scene })
}

type Drafts = HashMap<Peer, (DraftMessage, usize)>;
type Settings = HashMap<Peer, PeerNotifySettings>;

fn drafts_and_settings(tx: &Tx<'_>, user: UserId, peers: &[Peer]) -> Result<(Drafts, Settings), Error> {
    let (mut drafts, mut settings) = (Drafts::new(), Settings::new());
    for (peer, is_draft, body) in dialogs::drafts_and_settings(tx, user, peers)? {
        if is_draft {
            let bytes = body.len();
            drafts.insert(peer, (stored::decode(body)?, bytes));
        } else {
            settings.insert(peer, stored::decode(body)?);
        }
    }
    Ok((drafts, settings))
}
