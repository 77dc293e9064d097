//! What is left of a node that ended.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use zaun_model::UserId;
use zaun_schema::api::enums;
use zaun_schema::api::functions::users::GetUsers;
use zaun_testkit::Sandbox;

use crate::support::client;

/// Nothing keeps a node in memory once it is dropped: its store closes, and its connections to a database with it.
#[tokio::test]
async fn a_node_that_was_dropped_leaves_nothing_behind() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut alice = client(&sandbox, "9996620001").await;
    let own = GetUsers { id: vec![enums::InputUser::InputUserSelf] };
    let enums::User::User(me) = alice.call(&own).await.unwrap().remove(0) else { panic!("an empty user") };
    // A bot that speaks HTTP has tasks of its own.
    let bot = sandbox.messenger().create_bot(UserId(me.id), "Echo", "left_behind_bot").await.ok().unwrap();
    let mut socket = TcpStream::connect(sandbox.address()).await.unwrap();
    let request = format!(
        "GET /bot{}/getUpdates HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        bot.token.reveal()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let messenger = Arc::downgrade(sandbox.messenger());
    drop((alice, socket, sandbox));
    for _ in 0..500 {
        if messenger.strong_count() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} holders are left", messenger.strong_count());
}
