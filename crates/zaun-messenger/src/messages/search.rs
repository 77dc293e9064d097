//! Search in one conversation, or in all of them.

use zaun_schema::api::enums::MessagesFilter;
use zaun_store::Tx;
use zaun_store::repo::PeerKey;
use zaun_store::repo::messages::{self, MessageRow};

use super::body::kind;
use super::history::Page;
use crate::limits::PAGE;
use crate::peers::UserRef;
use crate::{Actor, Error, Messenger};

/// Rows read at a time while scanning.
const CHUNK: i64 = 500;

/// What is sought.
#[derive(Debug, Clone)]
pub struct Query {
    /// In this conversation; everywhere without one.
    pub peer: Option<UserRef>,
    /// Words that must occur, each as the beginning of a word.
    pub text: String,
    /// Only by this author.
    pub from: Option<UserRef>,
    /// Only such messages.
    pub filter: MessagesFilter,
    /// Not before this date; 0 for any.
    pub min_date: i32,
    /// Not after this date; 0 for any.
    pub max_date: i32,
    /// Only ids below; 0 for any.
    pub offset_id: i32,
    /// Leaves out so many of the newest matches; a negative one is taken as 0.
    pub add_offset: i32,
    /// Length of the page.
    pub limit: i32,
    /// Only ids below; 0 for any.
    pub max_id: i32,
    /// Only ids above; 0 for any.
    pub min_id: i32,
    /// Only ids in here, both ends included, and only these are counted.
    pub range: (i32, i32),
}

impl Messenger {
    /// Matching messages, newest first, with the number of all matches.
    pub async fn search(&self, actor: Actor, query: Query) -> Result<Page, Error> {
        self.read(move |tx| search(tx, actor.user_id, &query)).await
    }
}

fn search(tx: &Tx<'_>, owner: i64, q: &Query) -> Result<Page, Error> {
    let peer = q.peer.map(|peer| peer.chat(tx, owner)).transpose()?;
    let from = q.from.map(|from| from.resolve(tx, owner)).transpose()?;
    let words: Vec<String> = q.text.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let limit = usize::try_from(i64::from(q.limit).clamp(0, PAGE)).unwrap_or(0);
    let skip = usize::try_from(q.add_offset).unwrap_or(0);
    let mut page = Page::default();
    let (mut total, mut position) = (0usize, 0usize);
    scan(tx, owner, peer, |row| {
        let bounds = (q.max_id <= 0 || row.id < q.max_id)
            && row.id > q.min_id
            && (q.range.0..=q.range.1).contains(&row.id)
            && (q.min_date <= 0 || row.date >= i64::from(q.min_date))
            && (q.max_date <= 0 || row.date <= i64::from(q.max_date));
        let fits = bounds && from.is_none_or(|from| row.from_id == from);
        if !(fits && passes(&q.filter, &row) && contains(&row.text, &words)) {
            return;
        }
        total += 1;
        if q.offset_id > 0 && row.id >= q.offset_id {
            return;
        }
        position += 1;
        if position > skip && page.messages.len() < limit {
            page.messages.push(row);
        }
    })?;
    page.total = i32::try_from(total).unwrap_or(i32::MAX);
    Ok(page)
}

/// Walks a conversation, or the whole box, from the newest message back.
fn scan(
    tx: &Tx<'_>,
    owner: i64,
    peer: Option<PeerKey>,
    mut each: impl FnMut(MessageRow),
) -> Result<(), Error> {
    let mut below = i32::MAX;
    loop {
        let rows = match peer {
            Some(peer) => messages::newest(tx, owner, peer, (1, below.saturating_sub(1)), 0, CHUNK)?,
            None => messages::newest_of_box(tx, owner, below, CHUNK)?,
        };
        let Some(last) = rows.last() else { return Ok(()) };
        below = last.id;
        rows.into_iter().for_each(&mut each);
    }
}

fn contains(text: &str, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let text = text.to_lowercase();
    let parts: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|p| !p.is_empty()).collect();
    // A sought word may itself hold punctuation, as addresses do: then it may stand anywhere.
    let whole = |word: &str| word.chars().all(char::is_alphanumeric);
    words.iter().all(|word| {
        if whole(word) {
            parts.iter().any(|part| part.starts_with(word.as_str()))
        } else {
            text.contains(word)
        }
    })
}

fn passes(filter: &MessagesFilter, row: &MessageRow) -> bool {
    use MessagesFilter as F;
    let is = |kinds: &[i64]| kinds.contains(&row.media_kind);
    match filter {
        F::InputMessagesFilterEmpty => true,
        F::InputMessagesFilterPhotos => is(&[kind::PHOTO]),
        F::InputMessagesFilterVideo => is(&[kind::VIDEO]),
        F::InputMessagesFilterPhotoVideo => is(&[kind::PHOTO, kind::VIDEO]),
        F::InputMessagesFilterDocument => is(&[kind::DOCUMENT]),
        F::InputMessagesFilterUrl => is(&[kind::LINK]),
        F::InputMessagesFilterGif => is(&[kind::GIF]),
        F::InputMessagesFilterVoice => is(&[kind::VOICE]),
        F::InputMessagesFilterMusic => is(&[kind::MUSIC]),
        F::InputMessagesFilterRoundVideo => is(&[kind::ROUND]),
        F::InputMessagesFilterRoundVoice => is(&[kind::ROUND, kind::VOICE]),
        F::InputMessagesFilterContacts => is(&[kind::CONTACT]),
        F::InputMessagesFilterGeo => is(&[kind::GEO]),
        F::InputMessagesFilterPinned => row.pinned,
        // Calls, mentions, chat photos and polls do not exist in private chats yet.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn words_match_at_their_beginning_in_any_case() {
        let words =
            |text: &str| text.to_lowercase().split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert!(!contains("Grüße an alle, Welt!", &words("GRÜSS")));
        assert!(contains("Grüße an alle, Welt!", &words("grüß wel")));
        assert!(!contains("Hello world", &words("orld")));
        assert!(contains("see https://example.org/x", &words("example.org")));
        assert!(contains("anything", &[]));
    }
}
