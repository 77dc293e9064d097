//! Servers that have no end, on a virtual clock where an answer takes a millisecond: requests are counted for fifteen
//! seconds.

use std::time::Duration;

use zaun_schema::api::{enums, types};
use zaun_updates::{ChannelFailure, Event, UpdateHandler, UpdateState};

const START: UpdateState = UpdateState { pts: 100, qts: 10, seq: 5, date: 1000 };
const LONG: Duration = Duration::from_secs(15);
/// Twenty at once, one in a second, and the first.
const MAX_ASKED: usize = 20 + 15 + 1;

fn moved(channel_id: i64) -> enums::Updates {
    types::UpdateShort { update: types::UpdateChannelTooLong { channel_id, pts: None }.into(), date: 1 }
        .into()
}

/// Answers each request for a difference after a millisecond; how many requests there were, and what the user was told.
fn asked(
    handler: &mut UpdateHandler,
    mut answer: impl FnMut(&mut UpdateHandler, Duration, &Event),
) -> (usize, Vec<Event>) {
    let (mut now, mut asked, mut told) = (Duration::ZERO, 0, Vec::new());
    while now < LONG {
        match handler.next_event() {
            Some(
                event @ (Event::GetState | Event::GetDifference(_) | Event::GetChannelDifference { .. }),
            ) => {
                asked += 1;
                now += Duration::from_millis(1);
                answer(handler, now, &event);
            }
            Some(event) => told.push(event),
            None => {
                now = handler.next_deadline().unwrap_or(LONG).max(now);
                if now < LONG {
                    handler.on_time(now);
                }
            }
        }
    }
    (asked, told)
}

fn begun() -> UpdateHandler {
    let mut handler = UpdateHandler::new(Some(START), Duration::ZERO);
    handler.refetch(Duration::ZERO);
    handler
}

fn slice(pts: i32) -> enums::updates::Difference {
    let intermediate_state = types::updates::State { pts, qts: 10, seq: 5, date: 1000, unread_count: 0 };
    types::updates::DifferenceSlice { intermediate_state, ..types::updates::DifferenceSlice::default() }
        .into()
}

#[test]
fn m_383_too_long_at_the_same_number_is_asked_later_and_later() {
    let (count, _) = asked(&mut begun(), |handler, now, _| {
        handler.difference(now, types::updates::DifferenceTooLong { pts: 100 }.into());
    });
    assert!((3..=5).contains(&count), "{count}");
}

#[test]
fn m_382_numbers_without_content_are_followed_within_a_budget() {
    let mut pts = 100;
    let mut up = || {
        pts += 1;
        pts
    };
    let rising = asked(&mut begun(), |handler, now, _| handler.difference(now, slice(up()))).0;
    let mut turn = false;
    let circle = asked(&mut begun(), |handler, now, _| {
        turn = !turn;
        handler.difference(now, slice(if turn { 7 } else { 9 }));
    });
    let too_long = asked(&mut begun(), |handler, now, _| {
        let pts = up();
        handler.difference(now, types::updates::DifferenceTooLong { pts }.into());
    });
    for count in [rising, circle.0, too_long.0] {
        assert!((20..=MAX_ASKED).contains(&count), "{count}");
    }
}

#[test]
fn m_382_slices_with_content_go_on_at_once() {
    let mut pts = 100;
    let (count, told) = asked(&mut begun(), |handler, now, _| {
        pts += 1;
        let enums::updates::Difference::DifferenceSlice(mut part) = slice(pts) else { panic!() };
        part.other_updates =
            vec![types::UpdateDeleteMessages { messages: vec![1], pts, pts_count: 1 }.into()];
        if pts < 300 {
            handler.difference(now, (*part).into());
        } else {
            handler.difference(now, types::updates::DifferenceEmpty { date: 1000, seq: 5 }.into());
        }
    });
    assert_eq!((count, told.len()), (200, 199));
}

#[test]
fn m_199_a_state_that_is_in_doubt_again_and_again_is_asked_for_within_a_budget() {
    let (count, _) = asked(&mut begun(), |handler, now, _| {
        handler.refetch(now);
        handler.difference(now, types::updates::DifferenceEmpty { date: 1000, seq: 5 }.into());
    });
    assert!((20..=MAX_ASKED).contains(&count), "{count}");
}

#[test]
fn m_394_channels_that_rise_for_nothing_are_followed_within_a_budget() {
    let mut handler = UpdateHandler::new(Some(START), Duration::ZERO);
    handler.updates(Duration::ZERO, moved(3), &|_| true);
    let mut pts = 1;
    let (count, _) = asked(&mut handler, |handler, now, _| {
        pts += 1;
        let empty = types::updates::ChannelDifferenceEmpty { r#final: false, pts, timeout: None };
        handler.channel_difference(now, 3, empty.into());
    });
    assert!((20..=MAX_ASKED).contains(&count), "{count}");
}

#[test]
fn m_377_a_channel_that_is_said_to_move_without_end_is_fetched_once_in_a_second() {
    let mut handler = UpdateHandler::new(Some(START), Duration::ZERO);
    handler.updates(Duration::ZERO, moved(3), &|_| true);
    let (count, _) = asked(&mut handler, |handler, now, _| {
        let empty = types::updates::ChannelDifferenceEmpty { r#final: true, pts: 5, timeout: None };
        handler.channel_difference(now, 3, empty.into());
        handler.updates(now, moved(3), &|_| true);
    });
    assert!((14..=16).contains(&count), "{count}");
}

#[test]
fn an_account_whose_differences_cannot_be_read_is_followed_from_now_on() {
    let mut handler = begun();
    let (count, told) = asked(&mut handler, |handler, now, event| match event {
        Event::GetState => {
            let state = types::updates::State { pts: 900, qts: 10, seq: 9, date: 2000, unread_count: 0 };
            handler.state_known(now, &state);
        }
        _ => handler.unreadable(now),
    });
    assert_eq!((count, told), (4, vec![Event::TooLong]), "three differences and the state");
    assert_eq!(handler.state().pts, 900);
    let update: enums::Update =
        types::UpdateDeleteMessages { messages: vec![1], pts: 901, pts_count: 1 }.into();
    handler.updates(LONG, types::UpdateShort { update, date: 1 }.into(), &|_| true);
    assert!(matches!(handler.next_event(), Some(Event::Update { .. })), "it goes on");
}

#[test]
fn a_channel_whose_differences_cannot_be_read_begins_anew() {
    let mut handler = UpdateHandler::new(Some(START), Duration::ZERO);
    handler.updates(Duration::ZERO, moved(3), &|_| true);
    let (count, told) = asked(&mut handler, |handler, now, _| {
        handler.channel_failed(now, 3, ChannelFailure::Unreadable);
    });
    assert_eq!((count, told), (3, vec![Event::ChannelMissed { channel_id: 3 }]));
    assert_eq!(handler.channel_pts(3), None);
}

#[test]
fn twenty_thousand_channels_with_gaps_take_no_time() {
    const CHANNELS: i64 = 20_000;
    let mut handler = UpdateHandler::new(Some(START), Duration::ZERO);
    for channel_id in 1..=CHANNELS {
        for pts in [5, 7] {
            let update =
                types::UpdateDeleteChannelMessages { channel_id, messages: vec![1], pts, pts_count: 1 };
            handler.updates(
                Duration::ZERO,
                types::UpdateShort { update: update.into(), date: 1 }.into(),
                &|_| true,
            );
        }
    }
    while handler.next_event().is_some() {}
    // A list that is searched for each of them takes minutes here.
    let (count, _) = asked(&mut handler, |handler, now, event| {
        if let Event::GetChannelDifference { channel_id, .. } = event {
            handler.channel_failed(now, *channel_id, ChannelFailure::Other);
        }
    });
    assert!(count > 10_000, "{count}");
}
