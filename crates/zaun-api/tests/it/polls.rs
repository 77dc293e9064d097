//! Polls and quizzes, with three people in a group.

use zaun_schema::api::{enums, functions, types};
use zaun_testkit::ApiClient;

use crate::support::*;

fn words(text: &str) -> types::TextWithEntities {
    types::TextWithEntities { text: text.into(), entities: Vec::new() }
}

/// A poll with two answers, `yes` and `no`, named by the server.
fn poll(change: impl Fn(&mut types::Poll)) -> types::InputMediaPoll {
    let answer = |text: &str| types::InputPollAnswer { text: words(text), media: None }.into();
    let mut poll = types::Poll {
        question: words("Rain?"),
        answers: vec![answer("yes"), answer("no")],
        ..Default::default()
    };
    change(&mut poll);
    types::InputMediaPoll { poll, ..Default::default() }
}

async fn send(
    client: &mut ApiClient,
    peer: &enums::InputPeer,
    media: types::InputMediaPoll,
) -> Result<types::Message, String> {
    let send = functions::messages::SendMedia {
        peer: peer.clone(),
        media: media.into(),
        random_id: rand::random(),
        ..Default::default()
    };
    let sent = packet(client.call(&send).await.map_err(|e| e.to_string())?);
    let message = sent.updates.into_iter().find_map(|update| match update {
        enums::Update::UpdateNewMessage(new) => Some(new.message),
        _ => None,
    });
    match message {
        Some(enums::Message::Message(message)) => Ok(*message),
        other => panic!("{other:?}"),
    }
}

fn media(message: &types::Message) -> types::MessageMediaPoll {
    match &message.media {
        Some(enums::MessageMedia::MessageMediaPoll(media)) => (**media).clone(),
        other => panic!("{other:?}"),
    }
}

fn option(poll: &types::Poll, place: usize) -> bytes::Bytes {
    match &poll.answers[place] {
        enums::PollAnswer::PollAnswer(answer) => answer.option.clone(),
        other => panic!("{other:?}"),
    }
}

fn results(update: &enums::Update) -> Option<types::PollResults> {
    match update {
        enums::Update::UpdateMessagePoll(update) => Some(update.results.clone()),
        _ => None,
    }
}

fn voters(results: &types::PollResults) -> Option<Vec<(Option<i32>, bool, bool)>> {
    let shown = |result: &types::PollAnswerVoters| (result.voters, result.chosen, result.correct);
    results.results.as_ref().map(|results| results.iter().map(shown).collect())
}

async fn vote(
    client: &mut ApiClient,
    peer: &enums::InputPeer,
    msg_id: i32,
    options: Vec<bytes::Bytes>,
) -> Result<types::PollResults, String> {
    let vote = functions::messages::SendVote { peer: peer.clone(), msg_id, options };
    let done = packet(client.call(&vote).await.map_err(|e| e.to_string())?);
    Ok(done.updates.iter().find_map(results).expect("updateMessagePoll"))
}

/// The newest message with a poll in a client's own box.
async fn seen(client: &mut ApiClient, peer: &enums::InputPeer) -> types::Message {
    let get = functions::messages::GetHistory { peer: peer.clone(), limit: 1, ..Default::default() };
    let messages = match client.call(&get).await.unwrap() {
        enums::messages::Messages::Messages(page) => page.messages,
        enums::messages::Messages::MessagesSlice(page) => page.messages,
        other => panic!("{other:?}"),
    };
    match messages.into_iter().next() {
        Some(enums::Message::Message(message)) => *message,
        other => panic!("{other:?}"),
    }
}

/// A basic group of Alice, Bob and Carol.
async fn group(world: &mut World, prefix: &str) -> enums::InputPeer {
    let users = vec![
        named(&mut world.alice, &format!("{prefix}0002")).await,
        named(&mut world.alice, &format!("{prefix}0003")).await,
    ];
    let create = functions::messages::CreateChat { users, title: "Weather".into(), ttl_period: None };
    let made = packet(world.alice.call(&create).await.unwrap().updates);
    let Some(enums::Chat::Chat(chat)) = made.chats.first() else { panic!("{made:?}") };
    types::InputPeerChat { chat_id: chat.id }.into()
}

/// G-348 … G-357: a public poll with one answer each.
#[tokio::test]
async fn g349_g357_a_public_poll_counts_votes() {
    let mut world = world("999661").await;
    let peer = group(&mut world, "999661").await;
    for (change, text) in [
        (poll(|poll| poll.answers.truncate(1)), "400 POLL_ANSWERS_INVALID"),
        (poll(|poll| poll.question.text.clear()), "400 POLL_QUESTION_INVALID"),
        (poll(|poll| poll.quiz = true), "400 QUIZ_CORRECT_ANSWERS_EMPTY"),
        (
            poll(|poll| (poll.close_period, poll.close_date) = (Some(60), Some(2_000_000_000))),
            "400 POLL_CLOSE_DATE_INVALID",
        ),
    ] {
        assert_eq!(send(&mut world.alice, &peer, change).await.unwrap_err(), text);
    }
    let sent = send(&mut world.alice, &peer, poll(|poll| poll.public_voters = true)).await.unwrap();
    let own = media(&sent);
    assert!(own.poll.id != 0 && own.poll.creator, "G-355");
    // Who did not vote sees no counts.
    assert_eq!((voters(&own.results), own.results.total_voters), (None, Some(0)));
    let (yes, no) = (option(&own.poll, 0), option(&own.poll, 1));

    let theirs = seen(&mut world.bob, &peer).await;
    assert!(!media(&theirs).poll.creator);
    assert_eq!(
        vote(&mut world.bob, &peer, theirs.id, vec![yes.clone(), no.clone()]).await.unwrap_err(),
        "400 OPTIONS_TOO_MUCH"
    );
    assert_eq!(
        vote(&mut world.bob, &peer, theirs.id, vec![b"x".to_vec().into()]).await.unwrap_err(),
        "400 OPTION_INVALID"
    );
    let own = vote(&mut world.bob, &peer, theirs.id, vec![yes.clone()]).await.unwrap();
    assert_eq!(voters(&own), Some(vec![(Some(1), true, false), (Some(0), false, false)]));
    assert!(
        !own.min && own.total_voters == Some(1) && own.recent_voters.as_ref().is_some_and(|v| v.len() == 1)
    );
    let heard = update(&mut world.alice, results).await;
    assert_eq!((heard.total_voters, voters(&heard)), (Some(1), None));

    let list = |id, option| functions::messages::GetPollVotes {
        peer: peer.clone(),
        id,
        option,
        offset: None,
        limit: 10,
    };
    assert_eq!(refused(&mut world.alice, &list(sent.id, None)).await, "403 POLL_VOTE_REQUIRED");
    vote(&mut world.alice, &peer, sent.id, vec![no.clone()]).await.unwrap();
    let votes = world.alice.call(&list(sent.id, None)).await.unwrap();
    assert_eq!((votes.count, votes.votes.len(), votes.users.len(), votes.next_offset), (2, 2, 2, None));
    let votes = world.alice.call(&list(sent.id, Some(yes.clone()))).await.unwrap();
    assert!(
        votes.count == 1
            && matches!(votes.votes[..], [enums::MessagePeerVote::MessagePeerVoteInputOption(_)])
    );
}

/// G-356, G-360: a vote is taken back, and the author ends the poll.
#[tokio::test]
async fn g356_g360_a_vote_is_taken_back_and_a_poll_ended() {
    let mut world = world("999663").await;
    let peer = group(&mut world, "999663").await;
    let sent = send(&mut world.alice, &peer, poll(|poll| poll.public_voters = true)).await.unwrap();
    let (yes, no) = (option(&media(&sent).poll, 0), option(&media(&sent).poll, 1));
    let theirs = seen(&mut world.bob, &peer).await;
    vote(&mut world.bob, &peer, theirs.id, vec![yes.clone()]).await.unwrap();
    vote(&mut world.alice, &peer, sent.id, vec![no]).await.unwrap();
    // A vote is taken back.
    let own = vote(&mut world.bob, &peer, theirs.id, vec![]).await.unwrap();
    assert_eq!((own.total_voters, voters(&own)), (Some(1), None));
    // The author ends it.
    let close = functions::messages::EditMessage {
        peer: peer.clone(),
        id: sent.id,
        media: Some(poll(|poll| poll.closed = true).into()),
        ..Default::default()
    };
    let ended = packet(world.alice.call(&close).await.unwrap());
    let [enums::Update::UpdateMessagePoll(first), enums::Update::UpdateEditMessage(_)] =
        ended.updates.as_slice()
    else {
        panic!("{ended:?}")
    };
    assert!(first.poll.as_ref().is_some_and(|poll| poll.closed));
    let over = media(&seen(&mut world.bob, &peer).await);
    assert!(over.poll.closed);
    assert_eq!(voters(&over.results), Some(vec![(Some(0), false, false), (Some(1), false, false)]));
    assert_eq!(
        vote(&mut world.bob, &peer, theirs.id, vec![yes]).await.unwrap_err(),
        "400 MESSAGE_POLL_CLOSED"
    );
}

/// G-350, G-351, G-353: a quiz tells what is right after the vote, which is final, and ends by itself.
#[tokio::test]
async fn g350_g353_a_quiz_tells_what_is_right_after_the_vote() {
    let mut world = world("999662").await;
    let peer = group(&mut world, "999662").await;
    let quiz = types::InputMediaPoll {
        correct_answers: Some(vec![1]),
        solution: Some("It is dry.".into()),
        ..poll(|poll| (poll.quiz, poll.close_period) = (true, Some(600)))
    };
    let sent = send(&mut world.alice, &peer, quiz).await.unwrap();
    let own = media(&sent);
    assert!(own.results.results.is_none() && own.results.solution.is_none() && own.poll.close_date.is_some());
    let theirs = seen(&mut world.bob, &peer).await;
    let (yes, no) = (option(&own.poll, 0), option(&own.poll, 1));
    let own = vote(&mut world.bob, &peer, theirs.id, vec![yes.clone()]).await.unwrap();
    assert_eq!(voters(&own), Some(vec![(Some(1), true, false), (Some(0), false, true)]));
    assert_eq!(own.solution.as_deref(), Some("It is dry."));
    assert!(own.recent_voters.is_none(), "the poll is anonymous");
    assert_eq!(vote(&mut world.bob, &peer, theirs.id, vec![no]).await.unwrap_err(), "400 REVOTE_NOT_ALLOWED");
    assert_eq!(vote(&mut world.bob, &peer, theirs.id, vec![]).await.unwrap_err(), "400 REVOTE_NOT_ALLOWED");
    assert!(media(&seen(&mut world.carol, &peer).await).results.solution.is_none());

    // What is right does not leave with an answer elsewhere either, and nothing else takes the poll's place.
    let elsewhere = functions::messages::SendMessage {
        peer: enums::InputPeer::InputPeerSelf,
        message: "hm".into(),
        random_id: 7,
        reply_to: Some(
            types::InputReplyToMessage {
                reply_to_msg_id: seen(&mut world.carol, &peer).await.id,
                reply_to_peer_id: Some(peer.clone()),
                ..Default::default()
            }
            .into(),
        ),
        ..Default::default()
    };
    world.carol.call(&elsewhere).await.unwrap();
    let noted = seen(&mut world.carol, &enums::InputPeer::InputPeerSelf).await;
    let Some(enums::MessageReplyHeader::MessageReplyHeader(header)) = noted.reply_to else {
        panic!("a reply")
    };
    let Some(enums::MessageMedia::MessageMediaPoll(quoted)) = header.reply_media else { panic!("its media") };
    assert!(quoted.results.solution.is_none());
    assert!(quoted.results.results.iter().flatten().all(|result| !result.correct));
    let replace = functions::messages::EditMessage {
        peer: peer.clone(),
        id: sent.id,
        media: Some(poll(|_| ()).into()),
        ..Default::default()
    };
    assert_eq!(refused(&mut world.alice, &replace).await, "400 MEDIA_INVALID");

    world._sandbox.advance(601).await;
    let over = media(&seen(&mut world.carol, &peer).await);
    assert!(over.poll.closed && over.results.solution.is_some());
    assert_eq!(voters(&over.results), Some(vec![(Some(1), false, false), (Some(0), false, true)]));
}
