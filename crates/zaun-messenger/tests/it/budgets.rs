//! What screens may cost, in statements: a performance test that cannot flake.

use zaun_messenger::dialogs::Offset;
use zaun_messenger::messages::content::Content;
use zaun_messenger::messages::history::Window;
use zaun_messenger::messages::send::Draft;
use zaun_messenger::peers::PeerRef;
use zaun_messenger::updates::Difference;
use zaun_messenger::{Actor, Error};
use zaun_model::{MsgId, Peer, Pts};

use crate::world::{World, user};

impl World {
    async fn say(&self, from: Actor, to: Actor, text: &str, random_id: i64) -> MsgId {
        let content = Content { text: text.into(), ..Content::default() };
        let draft = Draft { random_id, content, ..Draft::default() };
        let sent = self.messenger.send(from, user(to), vec![draft]).await.unwrap();
        sent.value[0].message.id()
    }

    /// Runs a screen and returns how many statements it took.
    async fn cost<T>(&self, screen: impl Future<Output = Result<T, Error>>) -> (T, u64) {
        let before = self.store.statements();
        let shown = screen.await.unwrap();
        (shown, self.store.statements() - before)
    }
}

fn newest(limit: i32) -> Window {
    Window { limit, ..Window::default() }
}

#[tokio::test]
async fn a_list_of_a_hundred_conversations_takes_twelve_statements() {
    let w = World::new().await;
    for n in 0..100 {
        let other = w.another(n).await;
        w.say(other, w.alice, "hello", i64::from(n) + 1).await;
    }
    let offset = Offset::default();
    let (page, statements) = w.cost(w.messenger.dialogs(w.alice, 0, offset, false, 100)).await;
    assert_eq!(page.page.lines.len(), 100);
    assert!(statements <= 12, "{statements} statements");
}

#[tokio::test]
async fn a_difference_of_five_hundred_events_takes_ten_statements() {
    let w = World::new().await;
    for n in 0..500 {
        w.say(w.bob, w.alice, "news", n + 1).await;
    }
    let (difference, statements) = w.cost(w.messenger.difference(w.alice, Pts(1), None, None)).await;
    let Difference::Events(events, _) = difference else { panic!("{difference:?}") };
    assert_eq!(events.new_messages.len(), 500);
    assert!(statements <= 10, "{statements} statements");
}

#[tokio::test]
async fn a_profile_and_a_page_of_history_take_a_handful() {
    let w = World::new().await;
    for n in 0..60 {
        w.say(w.bob, w.alice, "hello", n + 1).await;
    }
    let (_, statements) = w.cost(w.messenger.profile(w.alice, user(w.bob), String::new())).await;
    assert!(statements <= 7, "profile: {statements} statements");
    let (page, statements) = w.cost(w.messenger.history(w.alice, user(w.bob), newest(50))).await;
    assert_eq!(page.messages.len(), 50);
    assert!(statements <= 6, "history: {statements} statements");
    let by_date = Window { offset_date: i32::MAX, ..newest(50) };
    let (_, statements) = w.cost(w.messenger.history(w.alice, user(w.bob), by_date)).await;
    assert!(statements <= 12, "history by date: {statements} statements");
}

#[tokio::test]
async fn sending_takes_as_many_statements_however_long_the_history_is() {
    let w = World::new().await;
    w.say(w.alice, w.bob, "first", 1).await;
    let (_, early) = w.cost(async { Ok(w.say(w.alice, w.bob, "second", 2).await) }).await;
    for n in 0..200 {
        w.say(w.bob, w.alice, "more", n + 1).await;
    }
    let (_, late) = w.cost(async { Ok(w.say(w.alice, w.bob, "third", 3).await) }).await;
    assert_eq!(early, late);
    assert!(late <= 16, "{late} statements");
}

#[tokio::test]
async fn a_message_in_a_full_basic_group_takes_four_statements_per_member() {
    let w = World::new().await;
    let mut users = Vec::new();
    for n in 0..199 {
        users.push(user(w.another(n).await));
    }
    let made = w.messenger.create_chat(w.alice, "full", users, 0).await.unwrap();
    let group = PeerRef::Known(Peer::Chat(made.value.0));
    let content = Content { text: "hello".into(), ..Content::default() };
    let draft = Draft { random_id: 5, content, ..Draft::default() };
    let (sent, statements) = w.cost(w.messenger.send(w.alice, group, vec![draft])).await;
    assert_eq!(sent.value.len(), 1);
    assert!(statements <= 4 * 200, "{statements} statements");
}
