//! Polls and quizzes (G-348 … G-360).

use std::collections::BTreeSet;

use rand::RngExt as _;
use zaun_model::rights::AdminRights;
use zaun_model::{MsgId, Peer, UnixTime, UserId};
use zaun_schema::api::enums::{MessageMedia, PollAnswer};
use zaun_schema::api::{enums, types};
use zaun_schema::visit::Mentioned;
use zaun_store::Tx;
use zaun_store::repo::contents::{self, ContentRow};
use zaun_store::repo::marks::{self, MarkRow, VOTE};
use zaun_store::repo::messages::{self, MessageRow};

use super::content::{Body, Content};
use super::entities::settle;
use super::reactions::{place_of, read_place};
use crate::limits::{
    POLL_ANSWER_LENGTH, POLL_ANSWERS, POLL_OPTION_BYTES, POLL_PERIOD_MAX_S, POLL_QUESTION_LENGTH,
    POLL_VOTES_PER_PAGE, QUIZ_SOLUTION_LENGTH, SWEEP_BATCH,
};
use crate::peers::{PeerRef, peer_to_tl};
use crate::rights::{self, Membership, Posting, Reading};
use crate::views::{self, Message, Scene};
use crate::{Actor, Changes, Error, Messenger, NOBODY, Outcome, errors};

/// How many of those who voted last a public poll names.
const RECENT: i64 = 3;

/// Those who voted in a public poll.
#[derive(Debug, Clone)]
pub struct Votes {
    /// How many votes there are.
    pub count: i32,
    /// Who chose what and when, the newest first.
    pub votes: Vec<(Peer, Vec<Vec<u8>>, UnixTime)>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
    /// They.
    pub scene: Scene,
}

/// Makes the poll of a message. Pictures in polls, polls for some countries and answers by others do not exist here.
pub(crate) fn make(input: types::InputMediaPoll, now: UnixTime) -> Result<MessageMedia, Error> {
    let absent = input.attached_media.is_some() || input.solution_media.is_some();
    let mut poll = input.poll;
    if absent || poll.countries_iso2.is_some() {
        return Err(Error::bad(errors::MEDIA_INVALID));
    }
    poll.question = text(poll.question, POLL_QUESTION_LENGTH, errors::POLL_QUESTION_INVALID)?;
    if !(2..=POLL_ANSWERS).contains(&poll.answers.len()) {
        return Err(Error::bad(errors::POLL_ANSWERS_INVALID));
    }
    let answers = std::mem::take(&mut poll.answers);
    let mut options = BTreeSet::new();
    for (place, answer) in (0u8..).zip(answers) {
        let (given, option) = match answer {
            PollAnswer::PollAnswer(answer) if answer.media.is_none() => (answer.text, answer.option.to_vec()),
            // G-349
            PollAnswer::InputPollAnswer(answer) if answer.media.is_none() => {
                (answer.text, vec![b'0' + place])
            }
            _ => return Err(Error::bad(errors::MEDIA_INVALID)),
        };
        if option.is_empty() || option.len() > POLL_OPTION_BYTES {
            return Err(Error::bad(errors::POLL_OPTION_INVALID));
        }
        if !options.insert(option.clone()) {
            return Err(Error::bad(errors::POLL_OPTION_DUPLICATE));
        }
        let text = text(given, POLL_ANSWER_LENGTH, errors::POLL_ANSWERS_INVALID)?;
        let answer = types::PollAnswer { text, option: option.into(), ..types::PollAnswer::default() };
        poll.answers.push(answer.into());
    }
    let results = blank(&poll, input.correct_answers.as_deref(), (input.solution, input.solution_entities))?;
    poll.close_date = ends_at(&poll, now)?;
    // G-355
    poll.id = rand::rng().random_range(1..i64::MAX);
    (poll.closed, poll.open_answers, poll.creator, poll.hash) = (false, false, false, 0);
    if poll.quiz {
        poll.multiple_choice = false;
    }
    Ok(types::MessageMediaPoll { poll, results, attached_media: None }.into())
}

/// A text of a poll within its limit.
fn text(
    given: enums::TextWithEntities,
    limit: usize,
    refusal: &'static str,
) -> Result<enums::TextWithEntities, Error> {
    let (text, entities) = settle(&given.text, Some(given.entities))?;
    if text.is_empty() || text.chars().count() > limit {
        return Err(Error::bad(refusal));
    }
    Ok(types::TextWithEntities { text, entities: entities.unwrap_or_default() })
}

/// When a poll ends by itself (G-351).
fn ends_at(poll: &types::Poll, now: UnixTime) -> Result<Option<i32>, Error> {
    let invalid = || Error::bad(errors::POLL_CLOSE_DATE_INVALID);
    let at = match (poll.close_period, poll.close_date) {
        (None, None) => return Ok(None),
        (Some(period), None) => now.0 + i64::from(period),
        (None, Some(date)) => i64::from(date),
        (Some(_), Some(_)) => return Err(invalid()),
    };
    if at <= now.0 || at - now.0 > POLL_PERIOD_MAX_S {
        return Err(invalid());
    }
    Ok(Some(UnixTime(at).to_tl()))
}

/// The results before anybody voted, with what is right in a quiz (G-350).
fn blank(
    poll: &types::Poll,
    correct: Option<&[i32]>,
    (solution, entities): (Option<String>, Option<Vec<enums::MessageEntity>>),
) -> Result<types::PollResults, Error> {
    let correct = correct.unwrap_or_default();
    let is_place = |place: &i32| usize::try_from(*place).is_ok_and(|place| place < poll.answers.len());
    match (poll.quiz, correct.len()) {
        (true, 0) => return Err(Error::bad(errors::QUIZ_CORRECT_ANSWERS_EMPTY)),
        (true, 1) if correct.iter().all(is_place) => {}
        (true, 1) => return Err(Error::bad(errors::QUIZ_CORRECT_ANSWER_INVALID)),
        (true, _) => return Err(Error::bad(errors::QUIZ_CORRECT_ANSWERS_TOO_MUCH)),
        (false, 0) => {}
        (false, _) => return Err(Error::bad(errors::QUIZ_CORRECT_ANSWER_INVALID)),
    }
    let (solution, solution_entities) = match solution.filter(|text| poll.quiz && !text.is_empty()) {
        Some(given) => {
            let (text, entities) = settle(&given, entities)?;
            if text.chars().count() > QUIZ_SOLUTION_LENGTH {
                return Err(Error::bad(errors::MEDIA_INVALID));
            }
            (Some(text), Some(entities.unwrap_or_default()))
        }
        None => (None, None),
    };
    let results = (0i32..).zip(&poll.answers).map(|(place, answer)| types::PollAnswerVoters {
        correct: correct.contains(&place),
        option: option_of(answer).to_vec().into(),
        voters: Some(0),
        recent_voters: None,
        chosen: false,
    });
    Ok(types::PollResults {
        results: Some(results.collect()),
        total_voters: Some(0),
        solution,
        solution_entities,
        ..types::PollResults::default()
    })
}

fn option_of(answer: &PollAnswer) -> &[u8] {
    match answer {
        PollAnswer::PollAnswer(answer) => &answer.option,
        PollAnswer::InputPollAnswer(_) => &[],
    }
}

/// Returns a poll as a viewer sees it; `None` stands for any member of a channel (G-352, G-353, G-360).
#[must_use]
pub fn shown(
    media: &types::MessageMediaPoll,
    message: &Message,
    viewer: Option<(UserId, &Scene)>,
) -> types::MessageMediaPoll {
    let Some((viewer, scene)) = viewer else { return common(media) };
    let mut media = media.clone();
    media.poll.creator = message.writer == Peer::User(viewer);
    let marks = scene.marks(viewer, message.row.content_id, VOTE);
    let chosen: Vec<Vec<u8>> = marks.map(|mark| mark.value.clone()).collect();
    for result in media.results.results.iter_mut().flatten() {
        result.chosen = chosen.iter().any(|option| option.as_slice() == &*result.option);
    }
    conceal(&mut media, !chosen.is_empty(), false);
    media
}

/// Leaves out what is not to be seen by somebody who has voted or not; members of a channel have their counts in common.
fn conceal(media: &mut types::MessageMediaPoll, voted: bool, in_common: bool) {
    let (poll, results) = (&media.poll, &mut media.results);
    let knows = poll.closed || voted;
    let sees_counts = (knows || in_common) && (poll.closed || !poll.hide_results_until_close);
    for result in results.results.iter_mut().flatten() {
        result.correct &= poll.quiz && knows;
        if !sees_counts {
            (result.voters, result.recent_voters) = (Some(0), Some(Vec::new()));
        }
    }
    if !sees_counts {
        results.recent_voters = None;
        if !voted {
            results.results = None;
        }
    }
    if !knows {
        (results.solution, results.solution_entities) = (None, None);
    }
}

/// Returns a poll as nobody in particular sees it: what is right, and why, is for who voted, and for all at the end.
#[must_use]
pub fn common(media: &types::MessageMediaPoll) -> types::MessageMediaPoll {
    let mut media = media.clone();
    media.results.min = true;
    conceal(&mut media, false, true);
    media
}

/// A poll in a message that is stored.
struct Stored {
    row: MessageRow,
    content: ContentRow,
    body: Body,
    media: types::MessageMediaPoll,
}

fn find(tx: &Tx<'_>, reading: &Reading, id: MsgId) -> Result<Stored, Error> {
    let invalid = || Error::bad(errors::MESSAGE_ID_INVALID);
    let row = messages::find(tx, reading.box_id, reading.peer, id)?.filter(|row| reading.shows(row.id));
    let row = row.ok_or_else(invalid)?;
    let content = contents::find_many(tx, &[row.content_id])?.pop().ok_or_else(invalid)?;
    let body = Body::decode(&content)?;
    let media = match &body.written()?.message.media {
        Some(MessageMedia::MessageMediaPoll(media)) => (**media).clone(),
        _ => return Err(invalid()),
    };
    Ok(Stored { row, content, body, media })
}

impl Stored {
    fn is_over(&self, now: UnixTime) -> bool {
        let poll = &self.media.poll;
        poll.closed || poll.close_date.is_some_and(|at| i64::from(at) <= now.0)
    }

    /// Returns the message's body with the poll as it is now.
    fn body(&self) -> Body {
        let mut body = self.body.clone();
        if let Body::Written(content) = &mut body {
            content.message.media = Some(self.media.clone().into());
        }
        body
    }
}

impl Messenger {
    /// Votes in a poll; no options take the vote back (G-356).
    pub async fn send_vote(
        &self,
        actor: Actor,
        peer: PeerRef,
        id: MsgId,
        options: Vec<Vec<u8>>,
    ) -> Result<Outcome<Message>, Error> {
        let options: BTreeSet<Vec<u8>> = options.into_iter().take(POLL_ANSWERS + 1).collect();
        let work = move |changes: &mut Changes<'_, '_>| {
            let reading = rights::reading(changes.tx, actor.user_id, peer)?;
            if let Peer::Channel(id) = reading.peer {
                Membership::load(changes.tx, actor.user_id, id)?.require_member()?;
            }
            let mut found = find(changes.tx, &reading, id)?;
            if found.is_over(changes.now) {
                return Err(Error::bad(errors::MESSAGE_POLL_CLOSED));
            }
            let me = Peer::User(actor.user_id);
            let before: BTreeSet<Vec<u8>> = marks::of_peer(changes.tx, found.content.id, VOTE, me)?
                .into_iter()
                .map(|m| m.value)
                .collect();
            require_vote(&found.media.poll, &before, &options)?;
            if before != options {
                vote(changes, &mut found, me, &before, &options)?;
                tell_bot(changes, &found, me, &options)?;
            }
            super::tell_viewers(changes, actor, &found.row, update)
        };
        self.change(actor, work).await
    }

    /// Returns a message with a poll, for its results.
    pub async fn poll_results(
        &self,
        actor: Actor,
        peer: PeerRef,
        id: MsgId,
    ) -> Result<(Message, Scene), Error> {
        self.read(actor.user_id, move |tx| {
            let reading = rights::reading(tx, actor.user_id, peer)?;
            let found = find(tx, &reading, id)?;
            let message = views::one_message(tx, found.row)?;
            let mut mentioned = Mentioned::default();
            message.mentions(&mut mentioned);
            Ok((message, Scene::for_viewer(tx, actor.user_id, &mentioned)?))
        })
        .await
    }

    /// Returns who voted in a public poll, for one option or any (G-357).
    pub async fn poll_votes(
        &self,
        actor: Actor,
        peer: PeerRef,
        id: MsgId,
        option: Option<Vec<u8>>,
        offset: Option<String>,
        limit: i32,
    ) -> Result<Votes, Error> {
        let limit = i64::from(limit).clamp(1, POLL_VOTES_PER_PAGE);
        let before = offset.as_deref().filter(|text| !text.is_empty()).map(read_place).transpose()?;
        self.read(actor.user_id, move |tx| {
            let reading = rights::reading(tx, actor.user_id, peer)?;
            let found = find(tx, &reading, id)?;
            if !found.media.poll.public_voters {
                return Err(Error::refused(403, errors::BROADCAST_FORBIDDEN));
            }
            let me = Peer::User(actor.user_id);
            if marks::of_peer(tx, found.content.id, VOTE, me)?.is_empty() && !found.media.poll.closed {
                return Err(Error::refused(403, errors::POLL_VOTE_REQUIRED));
            }
            let from = before.unwrap_or((UnixTime(i64::MAX), Peer::User(UserId(0))));
            // Somebody may have chosen several options: as many rows are read as that could take.
            let most = if option.is_some() { 1 } else { i64::try_from(POLL_ANSWERS).unwrap_or(1) };
            let kind = (found.content.id, VOTE);
            let rows = marks::newest(tx, kind, option.as_deref(), from, limit * most)?;
            let mut votes: Vec<(Peer, Vec<Vec<u8>>, UnixTime)> = Vec::new();
            for MarkRow { peer, value, date, .. } in rows {
                match votes.last_mut().filter(|(last, ..)| *last == peer) {
                    Some((_, options, _)) => options.push(value),
                    None => votes.push((peer, vec![value], date)),
                }
            }
            let full = votes.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
            votes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            let next = votes.last().filter(|_| full).map(|(peer, _, date)| place_of(*date, *peer));
            let results = found.media.results.results.iter().flatten();
            let count = match &option {
                Some(option) => results
                    .filter(|result| &*result.option == option.as_slice())
                    .filter_map(|result| result.voters)
                    .sum(),
                None => found.media.results.total_voters.unwrap_or(0),
            };
            let peers: Vec<Peer> = votes.iter().map(|(peer, ..)| *peer).collect();
            Ok(Votes { count, votes, next, scene: Scene::of_peers(tx, actor.user_id, peers)? })
        })
        .await
    }

    /// Ends a poll, which its author does by an edit (G-360).
    pub async fn close_poll(&self, actor: Actor, peer: PeerRef, id: MsgId) -> Result<Outcome<()>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let reading = rights::reading(changes.tx, actor.user_id, peer)?;
            let mut found = find(changes.tx, &reading, id)?;
            if found.content.author != Peer::User(actor.user_id) {
                let may = rights::require_over_others(changes.tx, &reading, AdminRights::EDIT_MESSAGES, None);
                may.map_err(|_| Error::refused(403, errors::MESSAGE_AUTHOR_REQUIRED))?;
            }
            if found.media.poll.closed {
                return Err(Error::bad(errors::MESSAGE_NOT_MODIFIED));
            }
            close(changes, &mut found)
        };
        self.change(actor, work).await
    }

    /// Ends the polls whose time is over (G-351).
    pub async fn end_polls(&self) -> Result<(), Error> {
        loop {
            let now = self.now();
            if self.read(NOBODY, move |tx| Ok(contents::due_polls(tx, now, 1)?)).await?.is_empty() {
                return Ok(());
            }
            let nobody = Actor { user_id: NOBODY, key_id: 0, session_id: 0 };
            let work = move |changes: &mut Changes<'_, '_>| {
                let due = contents::due_polls(changes.tx, now, SWEEP_BATCH)?;
                due.iter().try_for_each(|id| contents::forget_poll_end(changes.tx, *id))?;
                for content in contents::find_many(changes.tx, &due)? {
                    let rows: Vec<_> = content.copies().collect();
                    let Some(row) = messages::find_copies(changes.tx, &rows)?.pop() else { continue };
                    let reading = Reading::whole(row.box_id.user().unwrap_or(NOBODY), row.peer);
                    let reading = Reading { box_id: row.box_id, ..reading };
                    // What is no poll any more keeps no other from its end.
                    let Ok(mut found) = find(changes.tx, &reading, row.id) else { continue };
                    if !found.media.poll.closed {
                        close(changes, &mut found)?;
                    }
                }
                Ok(())
            };
            self.change(nobody, work).await?;
        }
    }
}

/// Returns media as nobody in particular sees it.
pub(crate) fn common_media(media: Option<MessageMedia>) -> Option<MessageMedia> {
    match media {
        Some(MessageMedia::MessageMediaPoll(poll)) => Some(common(&poll).into()),
        other => other,
    }
}

/// Says whether media is a poll.
pub(crate) fn is_poll(media: Option<&MessageMedia>) -> bool {
    matches!(media, Some(MessageMedia::MessageMediaPoll(_)))
}

/// Requires that a poll may stand where it is sent (G-302): votes in a broadcast channel are nobody's to see.
pub(crate) fn require_fitting(posting: &Posting, content: &Content) -> Result<(), Error> {
    match &content.message.media {
        Some(MessageMedia::MessageMediaPoll(media)) if posting.is_post && media.poll.public_voters => {
            Err(Error::bad(errors::BROADCAST_PUBLIC_VOTERS_FORBIDDEN))
        }
        _ => Ok(()),
    }
}

/// Notes when a poll that was sent ends by itself.
pub(crate) fn note_end(tx: &Tx<'_>, message: &Message) -> Result<(), Error> {
    let Ok(content) = message.body.written() else { return Ok(()) };
    let Some(MessageMedia::MessageMediaPoll(media)) = &content.message.media else { return Ok(()) };
    match media.poll.close_date {
        Some(at) => Ok(contents::note_poll_end(tx, message.row.content_id, UnixTime(i64::from(at)))?),
        None => Ok(()),
    }
}

/// Returns a poll as it is forwarded: with votes of its own, unless it is over.
pub(crate) fn forwarded(media: Option<MessageMedia>) -> Option<MessageMedia> {
    let Some(MessageMedia::MessageMediaPoll(mut media)) = media else { return media };
    media.poll.id = rand::rng().random_range(1..i64::MAX);
    if !media.poll.closed {
        let results = &mut media.results;
        (results.total_voters, results.recent_voters) = (Some(0), None);
        for result in results.results.iter_mut().flatten() {
            (result.voters, result.recent_voters) = (Some(0), None);
        }
    }
    Some(MessageMedia::MessageMediaPoll(media))
}

fn close(changes: &mut Changes<'_, '_>, found: &mut Stored) -> Result<(), Error> {
    found.media.poll.closed = true;
    let body = found.body();
    changes.edit(&found.content, &body)?;
    if let Peer::User(author) = found.content.author
        && crate::bots::is_bot(changes.tx, author)?
    {
        changes.hint_user(author, own_update(found, author));
    }
    Ok(())
}

/// Tells the bot whose poll it is of a vote.
fn tell_bot(
    changes: &mut Changes<'_, '_>,
    found: &Stored,
    voter: Peer,
    options: &BTreeSet<Vec<u8>>,
) -> Result<(), Error> {
    let poll = &found.media.poll;
    let places = poll.answers.iter().zip(0..).filter(|(answer, _)| options.contains(option_of(answer)));
    let (options, positions) =
        places.map(|(answer, place)| (option_of(answer).to_vec().into(), place)).unzip();
    let told = types::UpdateMessagePollVote {
        poll_id: poll.id,
        peer: peer_to_tl(voter),
        options,
        positions,
        qts: 0,
    };
    let counts = |bot: UserId| own_update(found, bot);
    let public = poll.public_voters;
    crate::bots::marks::tell_vote(changes, &found.content, &found.row, (voter, public), told, counts)
}

/// What a poll counts, as its author sees it.
fn own_update(found: &Stored, author: UserId) -> enums::Update {
    let mut media = found.media.clone();
    media.poll.creator = found.content.author == Peer::User(author);
    types::UpdateMessagePoll {
        peer: Some(peer_to_tl(found.row.peer)),
        msg_id: Some(found.row.id.0),
        poll_id: media.poll.id,
        poll: Some(media.poll),
        results: media.results,
        ..types::UpdateMessagePoll::default()
    }
    .into()
}

/// Requires that a vote is one that the poll knows, and may be given or taken back now.
fn require_vote(
    poll: &types::Poll,
    before: &BTreeSet<Vec<u8>>,
    options: &BTreeSet<Vec<u8>>,
) -> Result<(), Error> {
    let known = |option: &Vec<u8>| poll.answers.iter().any(|answer| option_of(answer) == option.as_slice());
    if !options.iter().all(known) {
        return Err(Error::bad(errors::OPTION_INVALID));
    }
    if options.len() > 1 && !poll.multiple_choice {
        return Err(Error::bad(errors::OPTIONS_TOO_MUCH));
    }
    let is_final = poll.quiz || poll.revoting_disabled;
    if is_final && !before.is_empty() && before != options {
        return Err(Error::bad(errors::REVOTE_NOT_ALLOWED));
    }
    Ok(())
}

/// Counts a vote (G-354).
fn vote(
    changes: &mut Changes<'_, '_>,
    found: &mut Stored,
    me: Peer,
    before: &BTreeSet<Vec<u8>>,
    options: &BTreeSet<Vec<u8>>,
) -> Result<(), Error> {
    let id = found.content.id;
    marks::delete(changes.tx, id, VOTE, me)?;
    for (position, value) in (0..).zip(options) {
        let (kind, date, value) = (VOTE, changes.now, value.clone());
        let mark = MarkRow { content_id: id, kind, peer: me, position, value, date, big: false };
        marks::insert(changes.tx, &mark)?;
    }
    let newest = |value: Option<&[u8]>| {
        let from = (UnixTime(i64::MAX), Peer::User(UserId(0)));
        let rows = marks::newest(changes.tx, (id, VOTE), value, from, RECENT)?;
        let mut peers: Vec<enums::Peer> = Vec::new();
        for row in rows {
            let peer = peer_to_tl(row.peer);
            if !peers.contains(&peer) {
                peers.push(peer);
            }
        }
        Ok::<_, Error>(peers)
    };
    let is_public = found.media.poll.public_voters;
    let results = &mut found.media.results;
    for result in results.results.iter_mut().flatten() {
        let option: &[u8] = &result.option;
        let (had, has) = (before.contains(option), options.contains(option));
        let voters = result.voters.unwrap_or(0) + i32::from(has) - i32::from(had);
        result.voters = Some(voters.max(0));
        if is_public && had != has {
            result.recent_voters = Some(newest(Some(option))?);
        }
    }
    let change = i32::from(!options.is_empty()) - i32::from(!before.is_empty());
    results.total_voters = Some((results.total_voters.unwrap_or(0) + change).max(0));
    if is_public {
        results.recent_voters = Some(newest(None)?);
    }
    Ok(contents::set_body(changes.tx, id, &found.body().encode()?)?)
}

/// Returns the update that tells of the results of a poll.
#[must_use]
pub fn update(message: &Message, viewer: Option<(UserId, &Scene)>) -> enums::Update {
    let media = match message.body.written().ok().and_then(|content| content.message.media.as_ref()) {
        Some(MessageMedia::MessageMediaPoll(media)) => shown(media, message, viewer),
        _ => types::MessageMediaPoll::default(),
    };
    // G-358: who only reads a channel is told of the poll, not of the message.
    let named = viewer.is_some() || !message.is_post();
    types::UpdateMessagePoll {
        peer: named.then(|| peer_to_tl(message.row.peer)),
        msg_id: named.then_some(message.row.id.0),
        poll_id: media.poll.id,
        poll: Some(media.poll),
        results: media.results,
        ..types::UpdateMessagePoll::default()
    }
    .into()
}
