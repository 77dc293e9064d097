//! Saved Messages and dates of reading.

use zaun_model::{BoxId, ContentId, MsgId, Peer, Pts, UnixTime, UserId};
use zaun_store::StoreError;
use zaun_store::repo::messages::{self, MessageRow, Range};
use zaun_store::repo::{read_dates, saved};

use crate::world::{Place, on_both_engines};

on_both_engines!(conversations_hold_their_messages, the_first_step_past_a_message_dates_it);

const OWNER: UserId = UserId(7);
const WHOLE: Range = Range { from: MsgId(1), to: MsgId::MAX, skip: 0, limit: 10 };

fn row(id: i32) -> MessageRow {
    MessageRow {
        box_id: BoxId::User(OWNER),
        peer: Peer::User(OWNER),
        id: MsgId(id),
        content_id: ContentId(i64::from(id)),
        author: Peer::User(OWNER),
        date: UnixTime(1000 + i64::from(id)),
        pts: Pts(id),
        reply_to_id: None,
        media_kind: 0,
        pinned: false,
        media_unread: false,
        thread_id: MsgId(0),
    }
}

async fn conversations_hold_their_messages(place: Place) {
    let (store, bob, note) = (place.open(), Peer::User(UserId(8)), Peer::User(OWNER));
    store
        .write(move |tx| {
            for (id, peer) in [(1, bob), (2, note), (3, bob), (4, bob)] {
                messages::insert(tx, &row(id))?;
                saved::on_message(tx, OWNER, peer, (MsgId(id), UnixTime(1000 + i64::from(id))))?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    store
        .read(move |tx| {
            let ids = |rows: Vec<MessageRow>| rows.iter().map(|row| row.id.0).collect::<Vec<_>>();
            assert_eq!(ids(saved::newest(tx, OWNER, bob, WHOLE)?), [4, 3, 1]);
            assert_eq!(ids(saved::oldest(tx, OWNER, bob, Range { skip: 1, ..WHOLE })?), [3, 4]);
            assert_eq!(saved::places(tx, OWNER, &[MsgId(2), MsgId(9)])?, [(note, MsgId(2))]);
            let page = saved::page(tx, OWNER, MsgId::MAX, 10)?;
            let lines: Vec<_> = page.iter().map(|row| (row.peer, row.top_id.0, row.messages)).collect();
            assert_eq!(lines, [(bob, 4, 3), (note, 2, 1)]);
            assert_eq!(saved::page(tx, OWNER, MsgId(4), 10)?.len(), 1);
            assert_eq!(saved::count(tx, OWNER)?, 2);
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn the_first_step_past_a_message_dates_it(place: Place) {
    let (store, spot) = (place.open(), (Peer::User(UserId(8)), MsgId(0)));
    store
        .write(move |tx| {
            for (id, date) in [(3, 100), (5, 200), (9, 300), (9, 400)] {
                read_dates::insert(tx, OWNER, spot, MsgId(id), UnixTime(date))?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    for (id, date) in [(1, Some(100)), (3, Some(100)), (4, Some(200)), (6, Some(300)), (10, None)] {
        let found = store.read(move |tx| read_dates::of_message(tx, spot, &[(OWNER, MsgId(id))])).await;
        let wanted: Vec<_> = date.into_iter().map(|date| (OWNER, UnixTime(date))).collect();
        assert_eq!(found.unwrap(), wanted, "message {id}");
    }
    assert_eq!(store.write(|tx| read_dates::sweep(tx, UnixTime(250), 10)).await.unwrap(), 2);
}
