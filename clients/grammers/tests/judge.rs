//! grammers: key exchange, login, dialogs, messages in both directions, a file, logout. Full framing, the only one it
//! speaks.

use std::time::Duration;

use grammers_client::update::Update;
use grammers_judge::{Error, Judge, Server};
use grammers_tl_types as tl;

/// The next message that somebody else sent.
async fn incoming(updates: &mut grammers_client::client::UpdateStream) -> Result<String, Error> {
    let wait = async {
        loop {
            if let Update::NewMessage(message) = updates.next().await?
                && !message.outgoing()
                && message.text() != ""
                && !message.text().starts_with("Login code")
            {
                return Ok(message.text().to_owned());
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await?
}

async fn named(judge: &Judge, username: &str) -> Result<(), Error> {
    judge.client.invoke(&tl::functions::account::UpdateUsername { username: username.into() }).await?;
    Ok(())
}

#[tokio::test]
async fn a_conversation_a_file_and_the_end() -> Result<(), Error> {
    let server = Server::start().await?;
    for (phone, name) in [("9996610001", "Alice"), ("9996620002", "Bob")] {
        Judge::new(&server).await?.sign_up(phone, name).await?;
    }
    let (mut alice, mut bob) = (Judge::new(&server).await?, Judge::new(&server).await?);
    alice.log_in("9996610001").await?;
    bob.log_in("9996620002").await?;
    named(&alice, "alice_judge").await?;
    named(&bob, "bob_judge").await?;
    assert_eq!(alice.client.get_me().await?.first_name(), Some("Alice"));
    let mut at_alice =
        alice.client.stream_updates(alice.updates.take().unwrap(), Judge::configuration()).await?;
    let mut at_bob = bob.client.stream_updates(bob.updates.take().unwrap(), Judge::configuration()).await?;

    let to_bob = alice.client.resolve_username("bob_judge").await?.expect("Bob has a name");
    let to_bob = to_bob.to_ref().await?.expect("and can be written to");
    let sent = alice.client.send_message(to_bob, "hello bob").await?;
    assert_eq!(incoming(&mut at_bob).await?, "hello bob");
    let to_alice = bob.client.resolve_username("alice_judge").await?.expect("Alice has a name");
    let to_alice = to_alice.to_ref().await?.expect("and can be written to");
    bob.client.send_message(to_alice, "hello alice").await?;
    assert_eq!(incoming(&mut at_alice).await?, "hello alice");
    alice.client.edit_message(to_bob, sent.id(), "changed").await?;

    let mut dialogs = bob.client.iter_dialogs();
    let mut names = Vec::new();
    while let Some(dialog) = dialogs.next().await? {
        names.push(dialog.peer().name().unwrap_or_default().to_owned());
    }
    assert!(names.iter().any(|name| name.contains("Alice")), "{names:?}");

    let bytes: Vec<u8> = (0..700_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let up = alice.client.upload_stream(&mut &bytes[..], bytes.len(), "random.bin".into()).await?;
    let file = grammers_client::message::InputMessage::new().text("a file").file(up);
    alice.client.send_message(to_bob, file).await?;
    assert_eq!(incoming(&mut at_bob).await?, "a file");
    let newest = bob.client.iter_messages(to_alice).limit(1).next().await?.expect("the file is there");
    let media = newest.media().expect("with its file");
    // Chunk by chunk, because download_media does not wait for its last write.
    let (mut download, mut down) = (bob.client.iter_download(&media), Vec::new());
    while let Some(chunk) = download.next().await? {
        down.extend(chunk);
    }
    assert!(down == bytes, "{} bytes came back", down.len());

    alice.client.sign_out().await?;
    assert!(!alice.client.is_authorized().await?);
    alice.quit();
    bob.quit();
    server.stop().await
}
