//! Many who write to each other at the same time.

use zaun_schema::api::{enums, functions};
use zaun_testkit::{ApiClient, Sandbox};

use crate::support::client;

const PEOPLE: usize = 4;
/// Messages from each to each other.
const MESSAGES: i64 = 15;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_writes_to_everybody_and_no_box_skips_a_number() {
    everybody_writes_to_everybody(&Sandbox::start().await.unwrap()).await;
}

/// Two that write to each other lock the same two boxes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_ever_on_postgresql() {
    let Some(url) = zaun_pgtest::new_database() else { return };
    everybody_writes_to_everybody(&Sandbox::on_postgres(&url).await.unwrap()).await;
}

async fn everybody_writes_to_everybody(sandbox: &Sandbox) {
    let phones: Vec<String> = (0..PEOPLE).map(|n| format!("999661000{n}")).collect();
    let mut people = Vec::new();
    for phone in &phones {
        people.push(client(sandbox, phone).await);
    }
    let mut writing = Vec::new();
    for (own, mut person) in people.into_iter().enumerate() {
        let mut peers = Vec::new();
        for (_, phone) in phones.iter().enumerate().filter(|(number, _)| *number != own) {
            peers.push(person.befriend(phone).await.unwrap());
        }
        writing.push((person, peers));
    }
    let mut before = Vec::new();
    for (person, _) in &mut writing {
        before.push(pts(person).await);
    }
    let tasks: Vec<_> =
        writing.into_iter().map(|(person, peers)| tokio::spawn(write_to(person, peers))).collect();
    let mut people = Vec::new();
    for task in tasks {
        people.push(task.await.unwrap());
    }
    let each = i32::try_from(MESSAGES).unwrap() * 2 * i32::try_from(PEOPLE - 1).unwrap();
    for (person, before) in people.iter_mut().zip(before) {
        assert_eq!(pts(person).await - before, each);
    }
}

async fn pts(person: &mut ApiClient) -> i32 {
    let state = person.call(&functions::updates::GetState {}).await.unwrap();
    state.pts
}

async fn write_to(mut person: ApiClient, peers: Vec<enums::InputPeer>) -> ApiClient {
    let mut sent = Vec::new();
    for number in 1..=MESSAGES {
        for (which, peer) in (0..).zip(&peers) {
            let message = functions::messages::SendMessage {
                peer: peer.clone(),
                message: format!("message {number}"),
                random_id: number * 100 + which,
                ..functions::messages::SendMessage::default()
            };
            sent.push(person.send(&message).await.unwrap());
        }
    }
    for query in sent {
        person.result_of(query).await.unwrap();
    }
    person
}
