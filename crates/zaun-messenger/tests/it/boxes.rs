//! Boxes and contents: what is counted, what is logged, what goes when nobody needs it any more.

use zaun_messenger::messages::change::Edit;
use zaun_messenger::messages::send::{Draft, Quote, ReplyTo};
use zaun_messenger::updates::{Difference, Events};
use zaun_messenger::{Actor, Audience};
use zaun_model::{MsgId, Pts};

use crate::world::{World, text, user};

impl World {
    async fn pts(&self, actor: Actor) -> Pts {
        self.messenger.state(actor).await.unwrap().pts
    }

    async fn events(&self, actor: Actor, since: Pts) -> Events {
        match self.messenger.difference(actor, since, None, None).await.unwrap() {
            Difference::Events(events, _) => *events,
            other => panic!("{other:?}"),
        }
    }

    async fn rows_of(&self, table: &'static str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        self.store.read(move |tx| tx.scalar::<i64>(&sql, &[])).await.unwrap()
    }
}

#[tokio::test]
async fn a_private_message_is_one_content_and_two_rows() {
    let w = World::new().await;
    w.post(w.alice, w.bob, text("hello", 1)).await;
    assert_eq!((w.rows_of("contents").await, w.rows_of("messages").await), (1, 2));
    // Its arrival is told by the rows themselves.
    assert_eq!(w.rows_of("events").await, 0);
    w.post(w.alice, w.alice, text("a note", 2)).await;
    assert_eq!((w.rows_of("contents").await, w.rows_of("messages").await), (2, 3));
}

#[tokio::test]
async fn a_content_goes_with_its_last_row() {
    let w = World::new().await;
    let (id, _) = w.post(w.alice, w.bob, text("hello", 1)).await;
    w.messenger.delete_messages(w.alice, vec![id], false).await.unwrap();
    assert_eq!((w.rows_of("contents").await, w.rows_of("messages").await), (1, 1), "the other half stays");
    w.messenger.delete_messages(w.bob, vec![MsgId(1)], true).await.unwrap();
    assert_eq!((w.rows_of("contents").await, w.rows_of("messages").await), (0, 0));
}

#[tokio::test]
async fn a_difference_merges_arrivals_and_events_in_the_order_of_their_pts() {
    let w = World::new().await;
    let start = w.pts(w.bob).await;
    let (first, _) = w.post(w.alice, w.bob, text("one", 1)).await;
    w.post(w.alice, w.bob, text("two", 2)).await;
    let edit = Edit { text: Some(("uno".into(), None)), ..Edit::default() };
    w.messenger.edit_message(w.alice, user(w.bob), first, edit).await.unwrap();
    w.messenger.read_history(w.bob, user(w.alice), MsgId(0)).await.unwrap();
    w.post(w.alice, w.bob, text("three", 3)).await;
    let end = w.pts(w.bob).await;
    assert_eq!(end.0 - start.0, 5);
    // From every pts on, what follows is told completely, and the pts of the answer is reached.
    for since in start.0..end.0 {
        let events = w.events(w.bob, Pts(since)).await;
        assert_eq!(events.pts, end);
        let arrived: Vec<&str> = events.new_messages.iter().map(|message| message.body.text()).collect();
        let expected: &[&str] = match since - start.0 {
            0 => &["uno", "two", "three"],
            1 => &["two", "three"],
            _ => &["three"],
        };
        assert_eq!(arrived, expected, "since {since}");
        // M-385: what is new is not edited on top of it.
        let edited = i32::from(since - start.0 >= 1 && since - start.0 < 3);
        assert_eq!(events.edited.len(), usize::try_from(edited).unwrap(), "since {since}");
    }
    // Pages of one event each lead to the same end.
    let (mut at, mut steps) = (start, 0);
    while at < end {
        match w.messenger.difference(w.bob, at, Some(1), None).await.unwrap() {
            Difference::Events(events, _) => at = events.pts,
            other => panic!("{other:?}"),
        }
        steps += 1;
        assert!(steps <= 5, "each page goes on");
    }
}

#[tokio::test]
async fn a_pts_inside_an_event_that_counts_for_several_loses_nothing() {
    let w = World::new().await;
    let mut ids = Vec::new();
    for n in 1..=4 {
        ids.push(w.post(w.alice, w.bob, text("x", n)).await.0);
    }
    let before = w.pts(w.bob).await;
    w.messenger.delete_messages(w.alice, ids, true).await.unwrap();
    w.post(w.alice, w.bob, text("after", 9)).await;
    for since in before.0..before.0 + 4 {
        let events = w.events(w.bob, Pts(since)).await;
        assert_eq!(events.new_messages.len(), 1, "since {since}");
        assert_eq!(events.other.len(), 1, "since {since}");
    }
}

#[tokio::test]
async fn who_is_behind_the_floor_begins_anew() {
    let w = World::new().await;
    let start = w.pts(w.bob).await;
    w.post(w.alice, w.bob, text("one", 1)).await;
    w.messenger.read_history(w.bob, user(w.alice), MsgId(0)).await.unwrap();
    w.advance(40 * 86_400);
    w.messenger.sweep().await.unwrap();
    assert_eq!(w.rows_of("events").await, 0, "the log was trimmed");
    let behind = w.messenger.difference(w.bob, start, None, None).await.unwrap();
    assert!(matches!(behind, Difference::TooLong(_)), "{behind:?}");
    let floor = w.pts(w.bob).await;
    w.post(w.alice, w.bob, text("two", 2)).await;
    assert_eq!(w.events(w.bob, floor).await.new_messages.len(), 1);
}

#[tokio::test]
async fn random_ids_are_known_for_a_day_and_then_forgotten() {
    let w = World::new().await;
    let first = w.post(w.alice, w.bob, text("once", 7)).await;
    w.advance(86_000);
    assert_eq!(w.post(w.alice, w.bob, text("once", 7)).await, first, "M-218");
    w.advance(3 * 86_400);
    w.messenger.sweep().await.unwrap();
    assert_eq!(w.rows_of("random_ids").await, 0);
}

#[tokio::test]
async fn what_was_done_already_changes_nothing() {
    let w = World::new().await;
    let (id, _) = w.post(w.alice, w.bob, text("hello", 1)).await;
    w.messenger.read_history(w.bob, user(w.alice), MsgId(0)).await.unwrap();
    let pts = (w.pts(w.alice).await, w.pts(w.bob).await);
    w.told.take();
    w.messenger.read_history(w.bob, user(w.alice), MsgId(0)).await.unwrap();
    w.messenger.read_contents(w.bob, vec![MsgId(1); 100]).await.unwrap();
    w.messenger.mark_dialog(w.bob, user(w.alice), false).await.unwrap();
    w.messenger.pin_dialog(w.bob, user(w.alice), false).await.unwrap();
    w.messenger.save_draft(w.bob, user(w.alice), MsgId(0), None).await.unwrap();
    assert_eq!((w.pts(w.alice).await, w.pts(w.bob).await), pts);
    assert!(w.told.take().is_empty());
    w.messenger.delete_messages(w.alice, vec![id, id], true).await.unwrap();
    let after = (w.pts(w.alice).await, w.pts(w.bob).await);
    assert_eq!(after.0.0 - pts.0.0, 1, "the same id twice is one message");
    w.messenger.delete_messages(w.alice, vec![id], true).await.unwrap();
    assert_eq!((w.pts(w.alice).await, w.pts(w.bob).await), after);
}

#[tokio::test]
async fn a_reply_names_the_message_as_each_box_numbers_it() {
    let w = World::new().await;
    w.post(w.bob, w.bob, text("a note that moves the numbers apart", 1)).await;
    let (asked, _) = w.post(w.alice, w.bob, text("A question?", 2)).await;
    let reply = |quote: Option<&str>, random_id| Draft {
        reply_to: Some(ReplyTo {
            msg_id: asked,
            elsewhere: None,
            thread: None,
            quote: quote.map(|text| Quote { text: text.into(), ..Quote::default() }),
        }),
        ..text("an answer", random_id)
    };
    w.told.take();
    w.post(w.alice, w.bob, reply(Some("question"), 3)).await;
    let told = w.told.take();
    let replied = |actor: Actor| {
        told.iter().find_map(|delivery| match &delivery.event {
            zaun_messenger::Event::Message(m) if delivery.audience == Audience::User(actor.user_id) => {
                m.row.reply_to_id
            }
            _ => None,
        })
    };
    assert_eq!((replied(w.alice), replied(w.bob)), (Some(asked), Some(MsgId(asked.0 + 1))));
    let invented = w.messenger.send(w.alice, user(w.bob), vec![reply(Some("I owe you"), 4)]).await;
    assert_eq!(invented.unwrap_err().to_string(), "400 QUOTE_TEXT_INVALID");
}
