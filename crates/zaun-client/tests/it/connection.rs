//! Calls through a connection: over every carrier, through cuts, with temporary keys, given up, and after the end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::support::*;
use zaun_client::{Carrier, Closed, Connection, Dial, InvokeError, State};
use zaun_schema::api::functions::{help, updates};
use zaun_testkit::Sandbox;
use zaun_transport::Framing;
use zaun_wire::functions::DestroyAuthKey;

async fn calls(connection: &Connection) {
    let nearest = connection.invoke(&help::GetNearestDc {}).await.unwrap();
    assert_eq!(nearest.this_dc, 2);
}

#[tokio::test]
async fn every_carrier_carries_calls() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut dials = vec![Dial::new(Framing::Full), Dial::new(Framing::Full).carrier(Carrier::http("/api"))];
    for framing in [Framing::Abridged, Framing::Intermediate, Framing::PaddedIntermediate] {
        dials.push(Dial::new(framing));
        dials.push(Dial::new(framing).obfuscated(2));
        dials.push(Dial::new(framing).obfuscated(2).carrier(Carrier::web_socket("/apiws")));
    }
    for dial in dials {
        let builder = Connection::builder(sandbox.address()).key(sandbox.public_key()).dial(dial);
        let connection = builder.introduce(Arc::new(introduce)).connect().await.unwrap();
        calls(&connection).await;
        connection.disconnect().await;
    }
}

#[tokio::test]
async fn calls_survive_a_cut_connection() {
    let sandbox = Sandbox::start().await.unwrap();
    let gate = Gate::before(sandbox.address()).await;
    let connection = through(&gate, &sandbox).connect().await.unwrap();
    calls(&connection).await;
    for _ in 0..3 {
        gate.cut();
        calls(&connection).await;
    }
    gate.set_open(false);
    gate.cut();
    until(&connection, |state| *state == State::Connecting).await;
    let waiting = tokio::spawn({
        let connection = connection.clone();
        async move { calls(&connection).await }
    });
    tokio::time::timeout(Duration::from_secs(30), async {
        while gate.taken.load(Ordering::SeqCst) < 7 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("it goes on trying");
    gate.set_open(true);
    waiting.await.unwrap();
}

#[tokio::test]
async fn calls_survive_cuts_in_the_middle_of_whatever() {
    let sandbox = Sandbox::start().await.unwrap();
    let gate = Gate::before(sandbox.address()).await;
    let connection = through(&gate, &sandbox).connect().await.unwrap();
    for bytes in (1..900).step_by(110) {
        gate.cut_after.store(bytes, Ordering::SeqCst);
        gate.cut();
        let calls = calls(&connection);
        tokio::pin!(calls);
        let mut connections = connection.state();
        connections.mark_unchanged();
        tokio::select! {
            // So many bytes are enough for everything.
            () = &mut calls => continue,
            _ = connections.wait_for(|state| *state == State::Connecting) => {}
        }
        gate.cut_after.store(0, Ordering::SeqCst);
        calls.await;
    }
}

#[tokio::test]
async fn m_148_messages_travel_under_temporary_keys() {
    let sandbox = Sandbox::start().await.unwrap();
    let gate = Gate::before(sandbox.address()).await;
    let builder = through(&gate, &sandbox).temporary_keys(Duration::from_secs(86_400));
    let connection = builder.connect().await.unwrap();
    let mut watch = sandbox.handle().watch();
    calls(&connection).await;
    gate.cut();
    calls(&connection).await;
    let permanent = connection.auth_key().id();
    connection.disconnect().await;
    let mut packets = 0;
    while let Some(zaun_server::inspect::Watched::Event(event)) = watch.next().await {
        match event.kind {
            zaun_server::inspect::Kind::Received { key_id, .. } => {
                assert_ne!(key_id, permanent);
                packets += 1;
            }
            zaun_server::inspect::Kind::Closed { .. } if packets > 2 => break,
            _ => {}
        }
    }
}

#[tokio::test]
async fn m_148_temporary_keys_are_replaced_before_they_end() {
    let sandbox = Sandbox::start().await.unwrap();
    let gate = Gate::before(sandbox.address()).await;
    let mut watch = sandbox.handle().watch();
    let connection = through(&gate, &sandbox).temporary_keys(Duration::from_secs(2)).connect().await.unwrap();
    let mut lives = Vec::new();
    while lives.len() < 4 {
        // What came is looked at first, lest it be too much.
        tokio::select! {
            biased;
            Some(zaun_server::inspect::Watched::Event(event)) = watch.next() => {
                if let zaun_server::inspect::Kind::KeyCreated { expires_in, .. } = event.kind {
                    lives.push(expires_in);
                }
            }
            () = calls(&connection) => {}
        }
    }
    assert_eq!(lives, [None, Some(2), Some(2), Some(2)]);
    calls(&connection).await;
    connection.disconnect().await;
    let kept = through(&gate, &sandbox).saved(connection.saved()).connect().await.unwrap();
    calls(&kept).await;
}

#[tokio::test]
async fn an_authorization_goes_on_without_another_key_exchange() {
    let sandbox = Sandbox::start().await.unwrap();
    let gate = Gate::before(sandbox.address()).await;
    let first = through(&gate, &sandbox).connect().await.unwrap();
    calls(&first).await;
    first.disconnect().await;
    let kept = first.saved();
    let second = through(&gate, &sandbox).saved(kept.clone()).connect().await.unwrap();
    calls(&second).await;
    assert_eq!(second.auth_key(), kept.key);
    second.disconnect().await;
    assert!(second.saved().time_offset_s.abs() <= 1);
}

#[tokio::test]
async fn m_048_a_key_that_the_server_does_not_know_ends_the_connection_and_is_not_thrown_away() {
    let sandbox = Sandbox::start().await.unwrap();
    let gate = Gate::before(sandbox.address()).await;
    let first = through(&gate, &sandbox).connect().await.unwrap();
    calls(&first).await;
    let kept = first.saved();
    let destroy = first.encode(&DestroyAuthKey {}).unwrap();
    let error = first.invoke_raw(destroy).await.unwrap_err();
    assert_eq!(
        error,
        InvokeError::Closed(Closed::KeyUnknown),
        "the query is repeated, under a key that is gone"
    );
    let second = through(&gate, &sandbox).saved(kept.clone()).connect().await.unwrap();
    let error = second.invoke(&help::GetNearestDc {}).await.unwrap_err();
    assert_eq!(error, InvokeError::Closed(Closed::KeyUnknown));
    assert_eq!(second.saved().key, kept.key);
    let later = second.invoke(&help::GetNearestDc {}).await.unwrap_err();
    assert_eq!(later, InvokeError::Closed(Closed::KeyUnknown));
}

#[tokio::test]
async fn disconnecting_ends_what_waits_with_the_reason() {
    let sandbox = Sandbox::start().await.unwrap();
    let gate = Gate::before(sandbox.address()).await;
    let connection = through(&gate, &sandbox).connect().await.unwrap();
    gate.set_open(false);
    gate.cut();
    let query = connection.encode(&help::GetNearestDc {}).unwrap();
    let pending = connection.send(query, None).await.unwrap();
    connection.disconnect().await;
    assert_eq!(pending.result().await.unwrap_err(), InvokeError::Closed(Closed::Disconnected));
}

#[tokio::test]
async fn a_call_without_an_answer_ends_in_time_and_gives_its_turn_back() {
    let sandbox = Sandbox::start().await.unwrap();
    let gate = Gate::before(sandbox.address()).await;
    let short = Some(Duration::from_millis(50));
    let connection = through(&gate, &sandbox).timeout(short).in_flight(1).connect().await.unwrap();
    gate.set_open(false);
    gate.cut();
    for _ in 0..3 {
        let error = connection.invoke(&help::GetNearestDc {}).await.unwrap_err();
        assert!(matches!(error, InvokeError::Timeout(_)), "{error}");
    }
}

#[tokio::test]
async fn m_410_a_call_after_one_that_failed_is_not_run() {
    let sandbox = Sandbox::start().await.unwrap();
    let gate = Gate::before(sandbox.address()).await;
    let connection = through(&gate, &sandbox).connect().await.unwrap();
    let good = || connection.encode(&help::GetNearestDc {}).unwrap();
    let bad = connection.encode(&updates::GetState {}).unwrap();
    let first = connection.send(bad, None).await.unwrap();
    let second = connection.send(good(), Some(&first)).await.unwrap();
    assert!(first.result().await.is_err());
    assert!(second.result().await.is_err());
    let third = connection.send(good(), None).await.unwrap();
    let fourth = connection.send(good(), Some(&third)).await.unwrap();
    assert!(fourth.result().await.is_ok() && third.result().await.is_ok());
}

#[tokio::test]
async fn many_calls_at_once_are_all_answered() {
    let sandbox = Sandbox::start().await.unwrap();
    let gate = Gate::before(sandbox.address()).await;
    let connection = through(&gate, &sandbox).connect().await.unwrap();
    let calls: Vec<_> = (0..3000)
        .map(|_| {
            let connection = connection.clone();
            tokio::spawn(async move { connection.invoke(&help::GetNearestDc {}).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(20)).await;
    gate.cut();
    for call in calls {
        call.await.unwrap().unwrap();
    }
}
