//! Every way to connect: answers, quick acknowledgements, transport errors (M-013 … M-056).

use crate::support::*;
use zaun_probe::{RawClient, Received, Wire, object};
use zaun_transport::Framing;
use zaun_wire::{functions, types};

#[tokio::test]
async fn every_framing_is_served_on_one_port() {
    let fixture = Fixture::start().await;
    for wire in Wire::all() {
        let mut talk = fixture.talk_over(wire).await;
        increments(&mut talk).await;
        let query = talk.send(&Bytes1(100_000)).await.unwrap();
        assert_eq!(talk.result_of(query).await.unwrap().len(), 100_004, "M-021: {wire:?}");
    }
}

#[tokio::test]
async fn quick_acks_have_the_form_of_their_framing() {
    let fixture = Fixture::start().await;
    for wire in Wire::all() {
        let mut talk = fixture.talk_over(wire).await;
        let (msg_id, seqno) = talk.session.stamp(zaun_probe::now(), true);
        let body = object(&functions::Ping { ping_id: 1 });
        let packet = talk.session.seal(&talk.session.header(msg_id, seqno), &body);
        let token =
            zaun_mtproto::packet::open(&talk.session.key, zaun_crypto::kdf::Side::Client, packet.clone());
        talk.client.send_for_quick_ack(&packet).await.unwrap();
        if wire.framing != Framing::Full {
            let expected = Received::QuickAck(token.unwrap().quick_ack_token);
            assert_eq!(talk.client.receive().await.unwrap(), expected, "M-038, M-040 … M-044: {wire:?}");
        }
        talk.wait_for(|m| m.decode::<types::Pong>()).await.expect("M-045");
        // Refused packets get none, however they are refused.
        for (salt, seqno, body) in [(0, 1, &body), (talk.session.salt, 0, &object(&Call::<INCREMENT>(1)))] {
            let (msg_id, _) = talk.session.stamp(zaun_probe::now(), false);
            let header = zaun_mtproto::packet::Header { salt, ..talk.session.header(msg_id, seqno) };
            let packet = talk.session.seal(&header, body);
            talk.client.send_for_quick_ack(&packet).await.unwrap();
            let next = talk.client.receive().await.unwrap();
            assert!(matches!(next, Received::Payload(_)), "M-046: {wire:?}: {next:?}");
        }
        assert_eq!(fixture.runs(), 0, "M-237");
    }
}

#[tokio::test]
async fn transport_errors_have_the_form_of_their_framing() {
    let fixture = Fixture::start().await;
    for wire in Wire::all() {
        let mut client = RawClient::connect(fixture.server.address(), wire).await.unwrap();
        client.send(&[7; 24 + 48]).await.unwrap();
        // A body of 16 bytes or more would have come as a payload (M-052).
        assert_eq!(client.receive().await.unwrap(), Received::Error(-404), "M-048, M-049, M-052: {wire:?}");
        assert_eq!(client.receive().await.unwrap(), Received::Closed, "M-056");
        crate::log::names(&client, "M-049");
    }
}

#[tokio::test]
async fn packets_may_come_in_any_pieces() {
    let fixture = Fixture::start().await;
    for wire in Wire::all() {
        let mut talk = fixture.talk_over(wire).await;
        let mut bytes = Vec::new();
        let mut queries = Vec::new();
        for n in 0..3 {
            let (msg_id, seqno) = talk.session.stamp(zaun_probe::now(), true);
            let header = talk.session.header(msg_id, seqno);
            let packet = talk.session.seal(&header, &object(&Call::<INCREMENT>(n)));
            bytes.extend_from_slice(&talk.client.framed(&packet, false).unwrap());
            queries.push(msg_id);
        }
        for piece in bytes.chunks(7) {
            talk.client.send_bytes(piece).await.unwrap();
        }
        for (n, query) in (0..).zip(queries) {
            assert_eq!(number(talk.result_of(query).await.unwrap()), n + 1, "M-032: {wire:?}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_ends_within_a_frame_harms_nobody() {
    let fixture = Fixture::start().await;
    let mut other = fixture.talk().await;
    for wire in Wire::all() {
        let mut talk = fixture.talk_over(wire).await;
        let (msg_id, seqno) = talk.session.stamp(zaun_probe::now(), true);
        let packet = talk.session.seal(&talk.session.header(msg_id, seqno), &object(&Call::<INCREMENT>(1)));
        let bytes = talk.client.framed(&packet, false).unwrap();
        talk.client.send_bytes(&bytes[..bytes.len() - 1]).await.unwrap();
        drop(talk);
        answers(&mut other).await;
    }
    assert_eq!(fixture.runs(), 0);
}
