//! Nothing goes at the speed of the round trip because a server wants it so: requests are counted while a server that
//! answers after a millisecond says the same again and again for fifteen seconds.

use std::time::Duration;

use super::support::*;
use zaun_mtproto::client::Event;
use zaun_probe::{Message, take_apart};
use zaun_wire::{functions, types};

/// How long a server goes on.
const LONG_MS: u64 = 15_000;
/// Twenty at once and one in a second, and the first.
const MAX_SENT: usize = 20 + 15 + 1;

/// How often a message of this kind leaves while the server answers all there is with `say`.
fn counted(rig: &mut Rig, wanted: impl Fn(&Message) -> bool, mut say: impl FnMut(&mut Rig, u64)) -> usize {
    let mut count = 0;
    for turn in 0..LONG_MS {
        rig.wait(Duration::from_millis(1));
        for packet in rig.packets(A) {
            let message = Message::new(packet.header.msg_id, packet.header.seqno, packet.body);
            count += take_apart(message).unwrap().iter().filter(|message| wanted(message)).count();
        }
        say(rig, turn);
        rig.events();
    }
    count
}

#[test]
fn m_193_announcements_without_end_do_not_repeat_a_query_without_end() {
    let mut rig = Rig::begun();
    let (_, query) = rig.query(A);
    let sent = counted(
        &mut rig,
        |message| message.body == QUERY,
        |rig, turn| {
            let first_msg_id = query.msg_id + 4;
            let unique_id = i64::try_from(turn).unwrap();
            rig.says(A, true, &types::NewSessionCreated { first_msg_id, unique_id, server_salt: SALT });
        },
    );
    assert!((20..=MAX_SENT).contains(&sent), "{sent}");
}

#[test]
fn m_293_requests_to_resend_without_end_do_not_repeat_a_query_without_end() {
    let mut rig = Rig::begun();
    let (name, query) = rig.query(A);
    let sent = counted(
        &mut rig,
        |message| message.body == QUERY,
        |rig, _| _ = rig.says(A, false, &types::MsgResendReq { msg_ids: vec![query.msg_id] }),
    );
    assert!((20..=MAX_SENT).contains(&sent), "{sent}");
    rig.is_answered(name, query.msg_id);
}

#[test]
fn m_287_states_without_end_do_not_repeat_a_query_without_end() {
    for state in [1, 2, 3, 68] {
        let mut rig = Rig::begun();
        let (name, _) = rig.query(A);
        let sent = counted(
            &mut rig,
            |message| message.body == QUERY,
            |rig, _| {
                let msg_ids = vec![rig.client.msg_id(name).unwrap_or_default()];
                rig.says(A, false, &types::MsgsAllInfo { msg_ids, info: vec![state].into() });
            },
        );
        assert!((20..=MAX_SENT).contains(&sent), "state {state}: {sent}");
    }
}

#[test]
fn m_252_salts_that_end_soon_are_not_asked_for_without_end() {
    let mut rig = Rig::new();
    let mut last = 0;
    let mut sent = 0;
    for _ in 0..LONG_MS {
        rig.wait(Duration::from_millis(1));
        for packet in rig.packets(A) {
            let message = Message::new(packet.header.msg_id, packet.header.seqno, packet.body);
            for message in take_apart(message).unwrap() {
                if message.decode::<functions::GetFutureSalts>().is_some() {
                    (last, sent) = (message.msg_id, sent + 1);
                }
            }
        }
        let now = i32::try_from(rig.server_time().as_secs()).unwrap();
        rig.says(A, false, &types::FutureSalts { req_msg_id: last, now, salts: Vec::new() });
        rig.events();
    }
    assert_eq!(sent, 1);
}

#[test]
fn m_240_salts_that_change_without_end_are_not_asked_for_without_end() {
    let mut rig = Rig::begun();
    let mut sent = 0;
    for turn in 0..LONG_MS {
        rig.wait(Duration::from_millis(1));
        let packets = rig.packets(A);
        for packet in packets {
            let (bad_msg_id, bad_msg_seqno) = (packet.header.msg_id, packet.header.seqno);
            let message = Message::new(bad_msg_id, bad_msg_seqno, packet.body);
            let asks = |message: &Message| message.decode::<functions::GetFutureSalts>().is_some();
            sent += take_apart(message).unwrap().iter().filter(|message| asks(message)).count();
            let new_server_salt = i64::try_from(turn).unwrap();
            let refusal = types::BadServerSalt { bad_msg_id, bad_msg_seqno, error_code: 48, new_server_salt };
            rig.says(A, false, &refusal);
        }
        if rig.events().iter().any(|event| matches!(event, Event::SessionRenewed { .. })) {
            break;
        }
    }
    assert!(sent <= 16, "{sent}");
}
