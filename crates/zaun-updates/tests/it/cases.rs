//! What happens to single objects.

use std::time::Duration;

use bytes::Bytes;
use zaun_schema::api::{enums, types};
use zaun_updates::{ChannelFailure, Event, MAX_CHANNEL_FETCHES, MAX_WAITING, UpdateHandler, UpdateState};

const START: UpdateState = UpdateState { pts: 100, qts: 10, seq: 5, date: 1000 };

fn at(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn handler() -> UpdateHandler {
    UpdateHandler::new(Some(START), at(0))
}

fn deleted(pts: i32, pts_count: i32) -> enums::Update {
    types::UpdateDeleteMessages { messages: vec![pts], pts, pts_count }.into()
}

fn in_channel(channel_id: i64, pts: i32) -> enums::Update {
    types::UpdateDeleteChannelMessages { channel_id, messages: vec![pts], pts, pts_count: 1 }.into()
}

/// An update without a number of its own; `n` tells it from others.
fn free(n: i64) -> enums::Update {
    types::UpdateUserTyping { user_id: n, ..types::UpdateUserTyping::default() }.into()
}

fn short(update: enums::Update) -> enums::Updates {
    types::UpdateShort { update, date: 1 }.into()
}

fn packet(seq: i32, updates: Vec<enums::Update>) -> enums::Updates {
    types::Updates { updates, seq, date: 2000 + seq, ..types::Updates::default() }.into()
}

fn knows_all(_: &enums::Peer) -> bool {
    true
}

/// What comes out: the updates, and the names of everything else.
fn told(handler: &mut UpdateHandler) -> (Vec<enums::Update>, Vec<Event>) {
    let (mut updates, mut others) = (Vec::new(), Vec::new());
    while let Some(event) = handler.next_event() {
        match event {
            Event::Update { update, .. } => updates.push(*update),
            other => others.push(other),
        }
    }
    (updates, others)
}

fn only_updates(handler: &mut UpdateHandler) -> Vec<enums::Update> {
    let (updates, others) = told(handler);
    assert_eq!(others, []);
    updates
}

fn asks_difference(handler: &mut UpdateHandler) -> (i32, i32, i32) {
    match &told(handler).1[..] {
        [Event::GetDifference(request)] => (request.pts, request.qts, request.date),
        other => panic!("{other:?}"),
    }
}

#[test]
fn m_358_updates_come_out_in_their_order_and_once() {
    let mut handler = handler();
    for pts in [103, 102, 102, 101, 104] {
        handler.updates(at(0), short(deleted(pts, 1)), &knows_all);
    }
    assert_eq!(only_updates(&mut handler), [101, 102, 103, 104].map(|pts| deleted(pts, 1)));
    assert_eq!((handler.state().pts, handler.next_deadline()), (104, Some(at(15 * 60 * 1000))));
}

#[test]
fn a_gap_is_waited_for_and_then_fetched() {
    let mut handler = handler();
    handler.updates(at(7), short(deleted(102, 1)), &knows_all);
    assert_eq!(handler.next_deadline(), Some(at(507)));
    handler.on_time(at(506));
    assert_eq!(told(&mut handler), (vec![], vec![]));
    handler.on_time(at(507));
    assert_eq!(asks_difference(&mut handler), (100, 10, 1000));
    handler.updates(at(508), short(deleted(104, 1)), &knows_all);
    let state = types::updates::State { pts: 103, qts: 11, seq: 6, date: 1001, unread_count: 0 };
    let message = types::MessageEmpty { id: 8, peer_id: None };
    let difference = types::updates::Difference {
        new_messages: vec![message.into()],
        other_updates: vec![deleted(103, 1)],
        state,
        ..types::updates::Difference::default()
    };
    handler.difference(at(600), difference.into());
    let updates = only_updates(&mut handler);
    assert!(
        matches!(&updates[0], enums::Update::UpdateNewMessage(new) if new.pts == 103 && new.pts_count == 0)
    );
    assert_eq!(updates[1..], [deleted(103, 1), deleted(104, 1)], "102 is in it, 104 came in the meantime");
    assert_eq!(handler.state(), UpdateState { pts: 104, qts: 11, seq: 6, date: 1001 });
}

#[test]
fn m_382_slices_go_on_until_the_end_and_never_in_a_circle() {
    let mut handler = handler();
    handler.refetch(at(0));
    asks_difference(&mut handler);
    let slice = |pts| {
        let intermediate_state = types::updates::State { pts, qts: 10, seq: 5, date: 1000, unread_count: 0 };
        types::updates::DifferenceSlice { intermediate_state, ..types::updates::DifferenceSlice::default() }
    };
    handler.difference(at(1), slice(150).into());
    assert_eq!(asks_difference(&mut handler), (150, 10, 1000));
    handler.difference(at(2), slice(150).into());
    assert_eq!(told(&mut handler), (vec![], vec![]), "the same again would be asked for without end");
    assert_eq!(handler.next_deadline(), Some(at(1002)));
    handler.on_time(at(1002));
    assert_eq!(asks_difference(&mut handler).0, 150);
}

#[test]
fn m_383_too_much_is_told_and_the_new_number_taken() {
    let mut handler = handler();
    handler.updates(at(0), enums::Updates::UpdatesTooLong, &knows_all);
    asks_difference(&mut handler);
    handler.difference(at(1), types::updates::DifferenceTooLong { pts: 9000 }.into());
    let (_, others) = told(&mut handler);
    assert!(matches!(&others[..], [Event::TooLong, Event::GetDifference(request)] if request.pts == 9000));
}

#[test]
fn m_366_packets_wait_for_the_one_before_and_keep_their_number() {
    let mut handler = handler();
    handler.updates(at(0), packet(7, vec![free(7)]), &knows_all);
    handler.updates(at(0), packet(0, vec![free(0)]), &knows_all);
    handler.updates(at(0), packet(5, vec![free(5)]), &knows_all);
    assert_eq!(only_updates(&mut handler), [free(0)]);
    handler.updates(at(1), packet(6, vec![free(6)]), &knows_all);
    assert_eq!(only_updates(&mut handler), [free(6), free(7)]);
    assert_eq!((handler.state().seq, handler.state().date), (7, 2007));
    handler.updates(at(2), packet(9, vec![free(9), deleted(101, 1)]), &knows_all);
    assert_eq!(only_updates(&mut handler), [deleted(101, 1)], "what has a number of its own does not wait");
    handler.on_time(at(502));
    assert_eq!(asks_difference(&mut handler).0, 101);
}

#[test]
fn m_365_a_combined_packet_counts_for_several() {
    let mut handler = handler();
    let all = types::UpdatesCombined {
        updates: vec![free(1)],
        seq_start: 6,
        seq: 8,
        date: 3,
        ..types::UpdatesCombined::default()
    };
    handler.updates(at(0), all.into(), &knows_all);
    assert_eq!((only_updates(&mut handler), handler.state().seq), (vec![free(1)], 8));
}

#[test]
fn m_368_a_short_message_of_a_stranger_is_fetched_whole() {
    let message = types::UpdateShortMessage {
        id: 4,
        user_id: 77,
        message: "hello".into(),
        pts: 101,
        pts_count: 1,
        ..types::UpdateShortMessage::default()
    };
    let mut handler = handler();
    handler.updates(at(0), message.clone().into(), &|_| false);
    assert_eq!(asks_difference(&mut handler).0, 100);

    let mut handler = self::handler();
    handler.updates(at(0), message.into(), &knows_all);
    let updates = only_updates(&mut handler);
    let [enums::Update::UpdateNewMessage(new)] = &updates[..] else { panic!("{updates:?}") };
    let enums::Message::Message(message) = &new.message else { panic!() };
    assert_eq!((message.id, message.message.as_str(), new.pts), (4, "hello", 101));
}

#[test]
fn m_362_own_events_move_the_box_and_come_out_no_more() {
    let mut handler = handler();
    handler.updates(at(0), short(deleted(103, 1)), &knows_all);
    handler.applied(at(0), 102, 2);
    assert_eq!(only_updates(&mut handler), [deleted(103, 1)]);
    let sent = types::UpdateShortSentMessage { pts: 104, pts_count: 1, ..Default::default() };
    handler.updates(at(0), sent.into(), &knows_all);
    assert_eq!((only_updates(&mut handler), handler.state().pts), (vec![], 104));
}

#[test]
fn an_object_of_a_newer_server_leads_to_a_difference() {
    let mut handler = handler();
    handler.object(at(0), Bytes::from_static(b"\x01\x02\x03\x04 and so on"), &knows_all);
    assert_eq!(asks_difference(&mut handler).0, 100);
}

#[test]
fn m_355_channels_have_numbers_of_their_own() {
    let mut handler = handler();
    handler.updates(at(0), short(in_channel(1, 5000)), &knows_all);
    handler.updates(at(0), short(in_channel(2, 7)), &knows_all);
    assert_eq!(only_updates(&mut handler).len(), 2, "where a channel is first heard of, it begins");
    handler.updates(at(0), short(in_channel(1, 5002)), &knows_all);
    assert_eq!(only_updates(&mut handler), []);
    handler.on_time(at(500));
    let (_, others) = told(&mut handler);
    assert_eq!(others, [Event::GetChannelDifference { channel_id: 1, pts: 5000, limit: 100 }]);
    let difference = types::updates::ChannelDifference {
        r#final: true,
        pts: 5001,
        other_updates: vec![in_channel(1, 5001)],
        ..types::updates::ChannelDifference::default()
    };
    handler.channel_difference(at(501), 1, difference.into());
    assert_eq!(only_updates(&mut handler), [in_channel(1, 5001), in_channel(1, 5002)]);
    assert_eq!(
        (handler.state(), handler.channel_pts(1), handler.channel_pts(2)),
        (START, Some(5002), Some(7))
    );
}

#[test]
fn m_377_channels_that_moved_are_fetched_a_few_at_a_time() {
    let mut handler = handler();
    let moved =
        |channel_id| -> enums::Update { types::UpdateChannelTooLong { channel_id, pts: None }.into() };
    let all = (1..=20).map(moved).collect();
    handler.updates(at(0), packet(6, all), &knows_all);
    let asked = |handler: &mut UpdateHandler| -> Vec<i64> {
        let ids = told(handler).1.into_iter().map(|event| match event {
            Event::GetChannelDifference { channel_id, .. } => channel_id,
            other => panic!("{other:?}"),
        });
        ids.collect()
    };
    assert_eq!(asked(&mut handler).len(), MAX_CHANNEL_FETCHES);
    handler.channel_failed(at(1), 1, ChannelFailure::Gone);
    assert_eq!(asked(&mut handler), [9]);
    handler.channel_failed(at(1), 2, ChannelFailure::Other);
    assert_eq!(asked(&mut handler), [10]);
    for channel_id in 3..=20 {
        let empty = types::updates::ChannelDifferenceEmpty { r#final: true, pts: 4, timeout: None };
        handler.channel_difference(at(2), channel_id, empty.into());
    }
    assert_eq!(asked(&mut handler).len(), 10, "11 to 20");
    assert_eq!((handler.channel_pts(1), handler.channel_pts(3)), (None, Some(4)));
    assert_eq!(handler.next_deadline(), Some(at(1001)), "2 is asked for again");
    handler.on_time(at(1001));
    assert_eq!(asked(&mut handler), [2]);
}

#[test]
fn m_395_messages_of_a_channel_that_is_too_far_are_not_lost() {
    let mut handler = handler();
    handler.updates(
        at(0),
        short(types::UpdateChannelTooLong { channel_id: 3, pts: Some(900) }.into()),
        &knows_all,
    );
    told(&mut handler);
    let gap = types::updates::ChannelDifferenceTooLong {
        r#final: true,
        dialog: types::Dialog { pts: Some(900), ..types::Dialog::default() }.into(),
        messages: vec![types::MessageEmpty { id: 1, peer_id: None }.into()],
        ..types::updates::ChannelDifferenceTooLong::default()
    };
    handler.channel_difference(at(1), 3, gap.into());
    let (_, others) = told(&mut handler);
    assert!(
        matches!(&others[..], [Event::ChannelTooLong { channel_id: 3, messages, .. }] if messages.len() == 1)
    );
    assert_eq!(handler.channel_pts(3), Some(900));
}

#[test]
fn too_much_that_waits_is_fetched_at_once() {
    let mut handler = handler();
    for pts in 0..=i32::try_from(MAX_WAITING).unwrap() {
        handler.updates(at(0), short(deleted(102 + pts, 1)), &knows_all);
    }
    assert_eq!(handler.next_deadline(), Some(at(0)));
    handler.on_time(at(0));
    asks_difference(&mut handler);
}

#[test]
fn silence_is_not_believed_for_ever() {
    let mut handler = handler();
    handler.on_time(at(15 * 60 * 1000));
    asks_difference(&mut handler);
}

#[test]
fn without_a_state_the_server_is_asked_and_its_numbers_taken() {
    let mut handler = UpdateHandler::new(None, at(0));
    assert_eq!(told(&mut handler).1, [Event::GetState]);
    handler.updates(at(0), short(deleted(500, 1)), &knows_all);
    handler.fetch_failed(at(0));
    handler.on_time(at(1000));
    assert_eq!(told(&mut handler).1, [Event::GetState]);
    let state = types::updates::State { pts: 500, qts: 1, seq: 1, date: 1, unread_count: 0 };
    handler.state_known(at(1001), &state);
    handler.updates(at(1002), short(deleted(501, 1)), &knows_all);
    assert_eq!(only_updates(&mut handler), [deleted(501, 1)]);
}

#[test]
fn what_is_kept_goes_on_with_a_difference() {
    let mut handler = handler();
    handler.updates(at(0), short(in_channel(1, 5000)), &knows_all);
    let bytes = handler.to_bytes();
    assert_eq!(bytes.len(), 28);
    let mut restored = UpdateHandler::from_bytes(&bytes, at(0)).unwrap();
    assert_eq!((restored.state(), restored.channel_pts(1)), (START, Some(5000)));
    assert_eq!(asks_difference(&mut restored), (100, 10, 1000));
    assert!(UpdateHandler::from_bytes(&bytes[..27], at(0)).is_err());
    assert!(UpdateHandler::from_bytes(&bytes[..5], at(0)).is_err());
}

#[test]
fn a_gap_that_the_server_never_fills_is_not_asked_for_without_end() {
    let mut handler = handler();
    handler.updates(at(0), short(deleted(110, 2)), &knows_all);
    handler.updates(at(0), short(deleted(120, 1)), &knows_all);
    handler.updates(at(0), packet(9, vec![free(9)]), &knows_all);
    let mut asked = 0;
    while let Some(deadline) = handler.next_deadline().filter(|at| *at < Duration::from_secs(60)) {
        handler.on_time(deadline);
        let (updates, others) = told(&mut handler);
        if let [Event::GetDifference(_)] = &others[..] {
            asked += 1;
            assert_eq!(updates, []);
            let empty = types::updates::DifferenceEmpty { date: 1000, seq: 5 };
            handler.difference(deadline, empty.into());
        }
        if asked == 6 {
            assert_eq!(only_updates(&mut handler), [deleted(110, 2), deleted(120, 1), free(9)]);
        }
    }
    assert_eq!((asked, handler.state().pts, handler.state().seq), (6, 120, 9));
}

#[test]
fn m_394_a_channel_that_never_ends_and_does_not_move_is_not_asked_again() {
    let mut handler = handler();
    let news = types::UpdateChannelTooLong { channel_id: 3, pts: None };
    handler.updates(at(0), short(news.into()), &knows_all);
    assert_eq!(told(&mut handler).1.len(), 1);
    let empty = types::updates::ChannelDifferenceEmpty { r#final: false, pts: 1, timeout: None };
    handler.channel_difference(at(1), 3, empty.into());
    assert_eq!(told(&mut handler), (vec![], vec![]));
}
