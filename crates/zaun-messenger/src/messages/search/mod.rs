//! Search in one conversation, or in all of them: a look-up in the index, whatever the length of the histories.

mod fold;
mod index;

use std::collections::{BTreeMap, HashMap};

use zaun_model::{BoxId, ChannelId, ContentId, MsgId, Peer, UnixTime, UserId};
use zaun_schema::visit::Mentioned;
use zaun_store::Tx;
use zaun_store::repo::contents::{self, ContentRow};
use zaun_store::repo::messages::{self, MessageRow, Range};
use zaun_store::repo::search::{self, Sought};
use zaun_store::repo::{boxes, channels, dialogs};

use super::history::{WHOLE_RANGE, Window};
use super::saved;
use crate::content_ids::ContentIds;
use crate::limits::{CHANNELS_PER_USER, COUNTED_MESSAGES, IDS_PER_CALL, PAGE, PINNED_MESSAGES};
use crate::peers::PeerRef;
use crate::rights::{self, Reading};
use crate::threads;
use crate::views::{self, MessagePage, Scene};
use crate::{Actor, Error, Messenger, errors};

pub(crate) use index::reindex;

/// Which messages a filter lets through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Filter {
    /// All of them.
    #[default]
    Any,
    /// Those of some kinds of media, as [`kind`](super::content::kind) numbers them.
    Kinds(Vec<i64>),
    /// Pinned ones.
    Pinned,
    /// None: what is sought does not exist here.
    Nothing,
}

/// What is sought.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// In this conversation; everywhere without one.
    pub peer: Option<PeerRef>,
    /// Words that must occur; the last of each run may be the beginning of a longer one.
    pub text: String,
    /// Only by this author.
    pub from: Option<PeerRef>,
    /// Only such messages.
    pub filter: Filter,
    /// Not before this date; 0 for any.
    pub min_date: i32,
    /// Not after this date; 0 for any.
    pub max_date: i32,
    /// Only in this thread or topic.
    pub thread: Option<MsgId>,
    /// Where the page is.
    pub window: Window,
    /// Everywhere: the date and the conversation of the last message of the page before.
    pub after: Option<(UnixTime, Option<Peer>)>,
}

/// Steps through the index that one page may take when what it finds does not fit.
const MAX_ROUNDS: usize = 20;
/// Matches that one step looks at: a few pages, so that one step is enough as a rule.
const ROUND: i64 = 300;

impl Messenger {
    /// Returns matching messages, newest first, with the number of all matches.
    pub async fn search(&self, actor: Actor, query: Query) -> Result<MessagePage, Error> {
        if query.filter != Filter::Nothing {
            self.index_messages().await?;
        }
        self.read(actor.user_id, move |tx| search_page(tx, actor.user_id, &query)).await
    }

    /// Counts the messages of a conversation, or of a thread in it, that filters let through.
    pub async fn search_counters(
        &self,
        actor: Actor,
        peer: PeerRef,
        (thread, saved_from): (Option<MsgId>, Option<Peer>),
        filters: Vec<Filter>,
    ) -> Result<Vec<i32>, Error> {
        if filters.len() > IDS_PER_CALL {
            return Err(Error::bad(errors::LIMIT_INVALID));
        }
        if saved_from.is_some() {
            self.index_messages().await?;
        }
        self.read(actor.user_id, move |tx| {
            let Some(id) = thread else {
                let reading = rights::reading(tx, actor.user_id, peer)?;
                let own = Peer::User(actor.user_id);
                if let Some(peer) = saved_from.filter(|_| reading.peer == own) {
                    return filters.iter().map(|filter| count_saved(tx, &reading, peer, filter)).collect();
                }
                return filters.iter().map(|filter| count_filtered(tx, &reading, filter)).collect();
            };
            let of = threads::find(tx, actor.user_id, peer, id)?;
            let window = Window { thread: Some(of.column()), ..Window::NEWEST }.within(&of.reading);
            let query = |filter: &Filter| Query { filter: filter.clone(), window, ..Query::default() };
            filters.iter().map(|filter| Ok(by_kind(tx, &of.reading, &query(filter))?.1)).collect()
        })
        .await
    }
}

/// Returns the newest messages of a conversation that a user wrote and that are in the index, up to a limit.
pub(crate) fn written_by(
    tx: &Tx<'_>,
    box_id: BoxId,
    peer: Peer,
    author: UserId,
    limit: i64,
) -> Result<Vec<MessageRow>, Error> {
    let author = Peer::User(author);
    let scopes = vec![vec![index::conversation_term(box_id, peer)], vec![index::author_term(author)]];
    let sought = Sought { scopes, phrases: Vec::new() };
    let ids = search::find(tx, &sought, (ContentId(0), ContentId(i64::MAX)), limit)?;
    let contents = contents::find_many(tx, &ids)?;
    let copies = contents.iter().flat_map(ContentRow::copies).filter(|(copy, _)| *copy == box_id);
    let mut rows = messages::find_copies(tx, &copies.collect::<Vec<_>>())?;
    rows.retain(|row| row.peer == peer && row.author == author);
    Ok(rows)
}

fn count_filtered(tx: &Tx<'_>, reading: &Reading, filter: &Filter) -> Result<i32, Error> {
    let (box_id, peer) = (reading.box_id, reading.peer);
    Ok(match filter {
        Filter::Nothing => 0,
        Filter::Pinned => {
            let pinned = messages::pinned(tx, box_id, peer, COUNTED_MESSAGES)?;
            i32::try_from(pinned.len()).unwrap_or(i32::MAX)
        }
        Filter::Kinds(kinds) => {
            let counts = messages::media_counts(tx, box_id, peer)?;
            counts.iter().filter(|(kind, _)| kinds.contains(kind)).map(|(_, count)| count).sum()
        }
        Filter::Any => match peer {
            Peer::Channel(_) => boxes::find(tx, box_id)?.messages,
            _ => dialogs::find(tx, reading.viewer, peer)?.map_or(0, |dialog| dialog.messages),
        },
    })
}

/// Counts the messages of a conversation of Saved Messages that a filter lets through.
fn count_saved(tx: &Tx<'_>, reading: &Reading, peer: Peer, filter: &Filter) -> Result<i32, Error> {
    let kinds = match filter {
        Filter::Nothing => return Ok(0),
        Filter::Pinned => {
            let pinned = messages::pinned(tx, reading.box_id, reading.peer, COUNTED_MESSAGES)?;
            let pinned = saved::retain(tx, reading.viewer, peer, pinned)?;
            return Ok(i32::try_from(pinned.len()).unwrap_or(i32::MAX));
        }
        Filter::Kinds(kinds) => Some(kinds.iter().map(|kind| index::kind_term(*kind)).collect()),
        Filter::Any => None,
    };
    let mut scopes = vec![vec![index::saved_term(reading.viewer, peer)]];
    scopes.extend(kinds);
    Ok(search::count(tx, &Sought { scopes, phrases: Vec::new() }, COUNTED_MESSAGES)?)
}

fn search_page(tx: &Tx<'_>, viewer: UserId, q: &Query) -> Result<MessagePage, Error> {
    let mut q = q.clone();
    let reading = match (q.peer, q.thread) {
        (Some(peer), Some(id)) => {
            let of = threads::find(tx, viewer, peer, id)?;
            q.window.thread = Some(of.column());
            Some(of.reading)
        }
        (peer, _) => peer.map(|peer| rights::reading(tx, viewer, peer)).transpose()?,
    };
    if let Some(reading) = &reading {
        q.window = q.window.within(reading);
    }
    // Only Saved Messages have such conversations.
    let is_saved = reading.as_ref().is_some_and(|reading| reading.peer == Peer::User(viewer));
    q.window.saved = q.window.saved.filter(|_| is_saved);
    let q = &q;
    let from = q.from.map(|from| from.resolve(tx, viewer)).transpose()?;
    let phrases = fold::phrases(&q.text);
    let nothing = q.filter == Filter::Nothing || (phrases.is_empty() && !q.text.trim().is_empty());
    let (rows, total) = match &reading {
        _ if nothing => (Vec::new(), 0),
        Some(reading) if phrases.is_empty() && from.is_none() && q.window.saved.is_none() => {
            by_kind(tx, reading, q)?
        }
        _ => by_index(tx, viewer, reading.as_ref(), from, phrases, q)?,
    };
    let (messages, _) = views::cut_to_budget(tx, rows)?;
    let mut mentioned = Mentioned::default();
    messages.iter().for_each(|message| message.mentions(&mut mentioned));
    let channel_pts = match &reading {
        Some(Reading { box_id: box_id @ BoxId::Channel(_), .. }) => Some(boxes::find(tx, *box_id)?.pts.0),
        _ => None,
    };
    let scene = Scene::for_viewer(tx, viewer, &mentioned)?;
    Ok(MessagePage { messages, total, skipped: None, channel_pts, scene })
}

/// Without words: a page of the history, of one kind of media, or of what is pinned.
fn by_kind(tx: &Tx<'_>, reading: &Reading, q: &Query) -> Result<(Vec<MessageRow>, i32), Error> {
    let (box_id, peer) = (reading.box_id, reading.peer);
    let mut total = count_filtered(tx, reading, &q.filter)?;
    let place = Place::of(q);
    let candidates =
        match &q.filter {
            Filter::Kinds(kinds) => {
                let mut rows = Vec::new();
                for kind in kinds {
                    let range = Range { from: MsgId(1), to: MsgId::MAX, skip: 0, limit: 0 };
                    rows.extend(place.page(q, range, |range| {
                        Ok(messages::newest_of_kind(tx, box_id, peer, *kind, range)?)
                    })?);
                }
                rows.sort_by_key(|row| std::cmp::Reverse(row.id));
                rows.dedup_by_key(|row| row.id);
                rows
            }
            Filter::Pinned => messages::pinned(tx, box_id, peer, PINNED_MESSAGES)?,
            Filter::Any | Filter::Nothing => {
                let range = Range { from: MsgId(1), to: MsgId::MAX, skip: 0, limit: 0 };
                match q.window.thread {
                    Some(id) => place
                        .page(q, range, |range| Ok(messages::newest_in_thread(tx, box_id, id, range)?))?,
                    None => place.page(q, range, |range| Ok(messages::newest(tx, box_id, peer, range)?))?,
                }
            }
        };
    if q.window.range != WHOLE_RANGE || q.window.thread.is_some() {
        total = i32::try_from(candidates.iter().filter(|row| place.admits(row)).count()).unwrap_or(i32::MAX);
    }
    Ok((place.cut(q, candidates), total))
}

/// Bounds that every match keeps.
struct Place {
    ids: (i32, i32),
    dates: (i64, i64),
    thread: Option<MsgId>,
}

impl Place {
    fn of(q: &Query) -> Place {
        let w = q.window;
        let low = w.min_id.max(0).saturating_add(1).max(w.range.0);
        let high = if w.max_id > 0 { w.max_id - 1 } else { i32::MAX }.min(w.range.1);
        let last = if q.max_date > 0 { i64::from(q.max_date) } else { i64::MAX };
        let dates = (i64::from(q.min_date.max(0)), last);
        Place { ids: (low, high), dates, thread: w.thread }
    }

    fn admits(&self, row: &MessageRow) -> bool {
        (self.ids.0..=self.ids.1).contains(&row.id.0)
            && (self.dates.0..=self.dates.1).contains(&row.date.0)
            && self.thread.is_none_or(|thread| thread == row.thread_id)
    }

    /// Reads enough rows around the offset for a page.
    fn page(
        &self,
        q: &Query,
        range: Range,
        read: impl Fn(Range) -> Result<Vec<MessageRow>, Error>,
    ) -> Result<Vec<MessageRow>, Error> {
        let from = MsgId(range.from.0.max(self.ids.0));
        let to = MsgId(range.to.0.min(self.ids.1));
        let limit = page_limit(q) + i64::from(q.window.add_offset.max(0)).min(COUNTED_MESSAGES);
        let offset = q.window.offset_id;
        if offset <= 0 {
            return read(Range { from, to, skip: 0, limit });
        }
        let mut rows = read(Range { from, to: to.min(MsgId(offset - 1)), skip: 0, limit })?;
        if q.window.add_offset < 0 {
            // The newer half: everything from the offset on that the page may show.
            let newer = read(Range { from: from.max(MsgId(offset)), to, skip: 0, limit: COUNTED_MESSAGES })?;
            rows.splice(0..0, newer);
        }
        Ok(rows)
    }

    /// Cuts a page out of matches, newest first: from the offset on, moved by `add_offset`.
    fn cut(&self, q: &Query, rows: Vec<MessageRow>) -> Vec<MessageRow> {
        let rows: Vec<MessageRow> = rows.into_iter().filter(|row| self.admits(row)).collect();
        let offset = q.window.offset_id;
        let first = if offset > 0 { rows.partition_point(|row| row.id.0 >= offset) } else { 0 };
        let moved = isize::try_from(q.window.add_offset).unwrap_or(0);
        let first = first.saturating_add_signed(moved);
        let limit = usize::try_from(page_limit(q)).unwrap_or(0);
        rows.into_iter().skip(first).take(limit).collect()
    }
}

fn page_limit(q: &Query) -> i64 {
    i64::from(q.window.limit).clamp(0, PAGE)
}

/// With words or an author: from the index.
fn by_index(
    tx: &Tx<'_>,
    viewer: UserId,
    reading: Option<&Reading>,
    from: Option<Peer>,
    phrases: Vec<Vec<String>>,
    q: &Query,
) -> Result<(Vec<MessageRow>, i32), Error> {
    let searched = match reading {
        Some(reading) => BTreeMap::from([(reading.box_id, reading.hidden_until)]),
        None => boxes_of(tx, viewer)?,
    };
    let mut scopes = vec![match reading {
        Some(reading) => vec![index::conversation_term(reading.box_id, reading.peer)],
        None => searched.keys().map(|box_id| index::box_term(*box_id)).collect(),
    }];
    scopes.extend(from.map(|from| vec![index::author_term(from)]));
    scopes.extend(q.window.saved.map(|peer| vec![index::saved_term(viewer, peer)]));
    if let Filter::Kinds(kinds) = &q.filter {
        scopes.push(kinds.iter().map(|kind| index::kind_term(*kind)).collect());
    }
    let sought = Sought { scopes, phrases };
    let total = search::count(tx, &sought, COUNTED_MESSAGES)?;
    let found = Matches { searched, reading, sought, from, pinned: q.filter == Filter::Pinned };
    let rows = found.page(tx, q)?;
    Ok((rows, total))
}

/// The boxes that a search everywhere looks into, with what is hidden in each (G-227): the user's own, and those of its
/// channels.
fn boxes_of(tx: &Tx<'_>, viewer: UserId) -> Result<BTreeMap<BoxId, MsgId>, Error> {
    let limit = i64::try_from(CHANNELS_PER_USER).unwrap_or(i64::MAX);
    let members = channels::memberships(tx, viewer, limit)?;
    let ids: Vec<ChannelId> = members.iter().map(|member| member.channel_id).collect();
    let rows: HashMap<ChannelId, _> =
        channels::find_many(tx, &ids)?.into_iter().map(|row| (row.id, row)).collect();
    let seen = members.iter().filter_map(|member| {
        let channel = rows.get(&member.channel_id)?;
        Some((BoxId::Channel(channel.id), rights::hidden_until(channel, Some(member))))
    });
    let mut found: BTreeMap<BoxId, MsgId> = seen.collect();
    found.insert(BoxId::User(viewer), MsgId(0));
    Ok(found)
}

/// A search through the index.
struct Matches<'q> {
    /// Boxes, and up to which message each is hidden.
    searched: BTreeMap<BoxId, MsgId>,
    reading: Option<&'q Reading>,
    sought: Sought,
    from: Option<Peer>,
    pinned: bool,
}

impl Matches<'_> {
    fn page(&self, tx: &Tx<'_>, q: &Query) -> Result<Vec<MessageRow>, Error> {
        let place = Place::of(q);
        let above = ContentIds::lowest_at(UnixTime(place.dates.0));
        let mut below = self.start(tx, q)?;
        let wanted = page_limit(q) + i64::from(q.window.add_offset.unsigned_abs()).min(COUNTED_MESSAGES);
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        let mut rows = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let ids = search::find(tx, &self.sought, (above, below), ROUND)?;
            let Some(last) = ids.last() else { break };
            below = *last;
            let full = i64::try_from(ids.len()).is_ok_and(|found| found >= ROUND);
            rows.extend(self.rows(tx, &ids)?.into_iter().filter(|row| place.admits(row)));
            if !full || rows.len() >= wanted {
                break;
            }
        }
        Ok(match self.reading {
            Some(_) => place.cut(q, rows),
            None => {
                let limit = usize::try_from(page_limit(q)).unwrap_or(0);
                rows.into_iter().take(limit).collect()
            }
        })
    }

    /// The content below which the page begins.
    fn start(&self, tx: &Tx<'_>, q: &Query) -> Result<ContentId, Error> {
        let highest = ContentId(i64::MAX);
        let offset = MsgId(q.window.offset_id);
        // With a page that reaches towards newer messages, what is newer is needed too.
        if offset.0 <= 0 || q.window.add_offset < 0 {
            return Ok(highest);
        }
        match (self.reading, q.after) {
            (Some(reading), _) => {
                let range = Range { from: offset, to: MsgId::MAX, skip: 0, limit: 1 };
                let row = messages::oldest(tx, reading.box_id, reading.peer, range)?.pop();
                Ok(row.map_or(highest, |row| row.content_id))
            }
            (None, Some((date, peer))) => {
                let last = match peer {
                    Some(Peer::Channel(id)) => vec![(BoxId::Channel(id), offset)],
                    _ => self
                        .searched
                        .keys()
                        .filter(|id| matches!(id, BoxId::User(_)))
                        .map(|id| (*id, offset))
                        .collect(),
                };
                let row = messages::find_copies(tx, &last)?.pop();
                let by_date = ContentIds::lowest_at(date + 1);
                Ok(row.map_or(by_date, |row| row.content_id))
            }
            (None, None) => Ok(highest),
        }
    }

    /// The rows by which the viewer sees contents, newest first.
    fn rows(&self, tx: &Tx<'_>, ids: &[ContentId]) -> Result<Vec<MessageRow>, Error> {
        let contents = contents::find_many(tx, ids)?;
        let copies = contents.iter().flat_map(ContentRow::copies);
        let seen: Vec<_> = copies
            .filter(|(box_id, id)| self.searched.get(box_id).is_some_and(|hidden| id > hidden))
            .collect();
        let mut rows = messages::find_copies(tx, &seen)?;
        rows.retain(|row| {
            self.reading.is_none_or(|reading| row.peer == reading.peer)
                && self.from.is_none_or(|from| row.author == from)
                && (!self.pinned || row.pinned)
        });
        rows.sort_by_key(|row| std::cmp::Reverse(row.content_id));
        Ok(rows)
    }
}
