//! Search through the index.

use zaun_messenger::Actor;
use zaun_messenger::messages::change::Edit;
use zaun_messenger::messages::content::Content;
use zaun_messenger::messages::history::Window;
use zaun_messenger::messages::search::Query;
use zaun_messenger::messages::send::Draft;
use zaun_messenger::peers::PeerRef;
use zaun_model::MsgId;

use crate::world::{World, user};

fn query(peer: Option<PeerRef>, text: &str) -> Query {
    Query { peer, text: text.into(), window: Window { limit: 10, ..Window::default() }, ..Query::default() }
}

impl World {
    async fn write(&self, from: Actor, to: Actor, text: &str, random_id: i64) -> MsgId {
        let content = Content { text: text.into(), ..Content::default() };
        let draft = Draft { random_id, content, ..Draft::default() };
        self.messenger.send(from, user(to), vec![draft]).await.unwrap().value[0].message.id()
    }

    async fn found(&self, actor: Actor, query: Query) -> (Vec<String>, i32) {
        let page = self.messenger.search(actor, query).await.unwrap();
        (page.messages.iter().map(|message| message.body.text().to_owned()).collect(), page.total)
    }
}

#[tokio::test]
async fn words_are_found_in_one_conversation_and_in_all() {
    let w = World::new().await;
    let carol = w.another(1).await;
    w.write(w.alice, w.bob, "Grüße an alle, Welt!", 1).await;
    w.write(carol, w.alice, "die ganze Welt", 2).await;
    w.write(w.bob, carol, "Welt, die Alice nichts angeht", 1).await;
    let with_bob = Some(user(w.bob));
    let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    for text in ["welt", "WEL", "grüß welt", "Gru"] {
        let found = w.found(w.alice, query(with_bob, text)).await;
        assert_eq!(found, (list(&["Grüße an alle, Welt!"]), 1), "{text}");
    }
    assert_eq!(w.found(w.alice, query(with_bob, "orld")).await, (vec![], 0));
    let everywhere = w.found(w.alice, query(None, "welt")).await;
    assert_eq!(everywhere, (list(&["die ganze Welt", "Grüße an alle, Welt!"]), 2));
    let by_carol = Query { from: Some(user(carol)), ..query(None, "welt") };
    assert_eq!(w.found(w.alice, by_carol).await, (list(&["die ganze Welt"]), 1));
}

#[tokio::test]
async fn scripts_without_spaces_are_found_inside() {
    let w = World::new().await;
    for (n, text) in
        (1..).zip(["昨日は東京タワーへ行きました", "我们明天去北京", "สวัสดีครับ", "ＺＡＵＮ をどうぞ"])
    {
        w.write(w.alice, w.bob, text, n).await;
    }
    let peer = Some(user(w.bob));
    for (sought, found) in [("東京", 1), ("京東", 0), ("明天", 1), ("ดีครับ", 1), ("zaun", 1), ("京", 2)]
    {
        assert_eq!(w.found(w.alice, query(peer, sought)).await.1, found, "{sought}");
    }
}

#[tokio::test]
async fn an_edit_is_found_and_what_was_deleted_is_not() {
    let w = World::new().await;
    let id = w.write(w.alice, w.bob, "see https://example.org/x", 1).await;
    let peer = Some(user(w.bob));
    assert_eq!(w.found(w.alice, query(peer, "example.org")).await.1, 1);
    let edit = Edit { text: Some(("nothing to see".into(), None)), ..Edit::default() };
    w.messenger.edit_message(w.alice, user(w.bob), id, edit).await.unwrap();
    assert_eq!(w.found(w.alice, query(peer, "example.org")).await, (vec![], 0));
    assert_eq!(w.found(w.bob, query(Some(user(w.alice)), "nothing")).await.1, 1);
    w.messenger.delete_messages(w.alice, vec![id], false).await.unwrap();
    assert_eq!(w.found(w.alice, query(peer, "nothing")).await.0, Vec::<String>::new());
    assert_eq!(
        w.found(w.bob, query(Some(user(w.alice)), "nothing")).await.0.len(),
        1,
        "the other half stays"
    );
    w.messenger.delete_messages(w.bob, vec![MsgId(1)], true).await.unwrap();
    assert_eq!(w.found(w.bob, query(Some(user(w.alice)), "nothing")).await, (vec![], 0));
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended_and_move_both_ways() {
    let w = World::new().await;
    let mut ids = Vec::new();
    for n in 1..=30 {
        ids.push(w.write(w.alice, w.bob, &format!("hit number {n}"), n).await);
        w.write(w.alice, w.bob, "something else", 100 + n).await;
    }
    let page = |offset_id: MsgId, add_offset: i32| {
        let mut query = query(Some(user(w.bob)), "hit");
        (query.window.offset_id, query.window.add_offset) = (offset_id.0, add_offset);
        query
    };
    let numbers = |texts: &[String]| -> Vec<i32> {
        texts.iter().map(|text| text.rsplit(' ').next().unwrap().parse().unwrap()).collect()
    };
    let (first, total) = w.found(w.alice, page(MsgId(0), 0)).await;
    assert_eq!((numbers(&first), total), ((21..=30).rev().collect(), 30));
    let (second, _) = w.found(w.alice, page(ids[20], 0)).await;
    assert_eq!(numbers(&second), (11..=20).rev().collect::<Vec<_>>());
    // A negative add_offset moves towards newer messages.
    let (around, _) = w.found(w.alice, page(ids[14], -5)).await;
    assert_eq!(numbers(&around), (10..=19).rev().collect::<Vec<_>>());
}
