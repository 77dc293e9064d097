//! The stream of what happens on the wire.

use std::time::Duration;

use crate::support::*;
use zaun_crypto::Side;
use zaun_mtproto::packet;
use zaun_probe::Received;
use zaun_server::inspect::{Event, Kind, Reaction, Refusal, Watch, Watched};
use zaun_wire::types;

/// The first event of which `pick` makes something.
pub async fn first<T>(watch: &mut Watch, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
    let wait = async {
        loop {
            match watch.next().await {
                Some(Watched::Event(event)) => {
                    if let Some(found) = pick(&event) {
                        return found;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("the event comes")
}

async fn refusal(watch: &mut Watch) -> Refusal {
    first(watch, |event| if let Kind::Refused(refusal) = &event.kind { Some(refusal.clone()) } else { None })
        .await
}

#[tokio::test]
async fn a_conversation_is_told_from_opening_to_close() {
    let fixture = Fixture::start().await;
    let mut watch = fixture.server.handle().watch();
    let mut talk = fixture.talk().await;
    increments(&mut talk).await;
    drop(talk);
    let mut story = Vec::new();
    first(&mut watch, |event| {
        story.push(match &event.kind {
            Kind::Opened { .. } => "opened",
            Kind::Transport { name, .. } => {
                assert_eq!(name, "intermediate");
                "transport"
            }
            Kind::PlainReceived { body } | Kind::PlainSent { body } => {
                assert!(!body.is_empty());
                "plain"
            }
            Kind::KeyCreated { .. } => "key",
            Kind::Received { .. } => "received",
            Kind::Sent { .. } => "sent",
            Kind::Closed { reason } => {
                assert_eq!(reason, "closed by the peer");
                return Some(());
            }
            other => panic!("{other:?}"),
        });
        None
    })
    .await;
    assert_eq!(story[..2], ["opened", "transport"]);
    assert_eq!(story.iter().filter(|step| **step == "plain").count(), 6, "{story:?}");
    assert_eq!(&story[7..9], ["key", "plain"], "{story:?}");
    assert!(story[9..].starts_with(&["received"]) && story[9..].contains(&"sent"), "{story:?}");
}

#[tokio::test]
async fn refusals_name_the_rule_and_the_values() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    increments(&mut talk).await;
    let mut watch = fixture.server.handle().watch();
    let right = talk.session.salt;
    talk.session.salt = 0x1234;
    talk.send(&Call::<INCREMENT>(1)).await.unwrap();
    let salt = refusal(&mut watch).await;
    assert_eq!((salt.rule(), salt.reaction), (Some("M-246"), Reaction::BadMsg(48)));
    assert!(salt.values.unwrap().starts_with("salt 0000000000001234, valid now is "));
    talk.session.salt = right;

    let (msg_id, _) = talk.session.stamp(zaun_probe::now(), true);
    talk.send_as(&talk.session.header(msg_id, 1), &zaun_probe::object(&Call::<INCREMENT>(1))).await.unwrap();
    let seqno = refusal(&mut watch).await;
    assert_eq!((seqno.rule(), seqno.reaction), (Some("M-227"), Reaction::BadMsg(32)));
    assert!(seqno.values.unwrap().contains("has seqno 1"));

    let long_ago = (zaun_mtproto::msg_id::from_time(zaun_probe::now()) - (400 << 32)) & !3;
    talk.send_as(&talk.session.header(long_ago, 9), &zaun_probe::object(&types::MsgsAck { msg_ids: vec![] }))
        .await
        .unwrap();
    let clock = refusal(&mut watch).await;
    assert_eq!((clock.rule(), clock.reaction), (Some("M-209"), Reaction::BadMsg(16)));
    assert!(clock.values.unwrap().contains("-400 s"));
}

#[tokio::test]
async fn a_wrong_msg_key_is_explained_in_plain_words() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    let mut watch = fixture.server.handle().watch();
    let (msg_id, seqno) = talk.session.stamp(zaun_probe::now(), true);
    let header = talk.session.header(msg_id, seqno);
    let mut wrong = bytes::BytesMut::new();
    packet::seal(&talk.session.key, Side::Server, &header, &[1; 16], &mut rand::rng(), &mut wrong);
    talk.client.send(&wrong).await.unwrap();
    let refused = refusal(&mut watch).await;
    assert_eq!(refused.reaction, Reaction::TransportError(-404));
    assert!(refused.reason.contains("msg_key does not match"), "{}", refused.reason);
    assert!(refused.reason.contains("sealed as the server seals"), "{}", refused.reason);
    assert_eq!(talk.client.receive().await.unwrap(), Received::Error(-404), "M-176: the wire says no more");
}

#[tokio::test]
async fn a_viewer_that_is_too_slow_is_told_what_it_missed() {
    let fixture = Fixture::start().await;
    let mut watch = fixture.server.handle().watch();
    let mut talk = fixture.talk().await;
    for _ in 0..5_000 {
        answers(&mut talk).await;
    }
    assert!(matches!(watch.next().await, Some(Watched::Missed(missed)) if missed > 0));
    assert!(matches!(watch.next().await, Some(Watched::Event(_))));
}
