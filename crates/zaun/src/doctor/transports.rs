//! Every way to reach the server (M-013 … M-082).

use zaun_crypto::kdf::Side;
use zaun_mtproto::packet;
use zaun_probe::{Carrier, Dial, RawClient, Received, Tls, now, object};
use zaun_transport::Framing;
use zaun_wire::{functions, types};

use super::check::{Check, Finding, Trouble, expect};
use super::patient::{Patient, res_pq};

/// Name, rule and way of every transport; full framing cannot be obfuscated.
fn ways(tls: bool) -> Vec<(String, &'static str, Dial)> {
    use Framing::{Abridged, Full, Intermediate, PaddedIntermediate};
    let mut ways = Vec::new();
    for framing in [Abridged, Intermediate, PaddedIntermediate, Full] {
        let name = framing.name();
        ways.push((format!("TCP {name}"), "M-021", Dial::new(framing)));
        if framing != Full {
            ways.push((format!("TCP {name} obfuscated"), "M-076", Dial::new(framing).obfuscated(2)));
        }
    }
    let hidden = Dial::new(Intermediate).obfuscated(2);
    for (carrier, name, rule) in [
        (Carrier::web_socket("/apiws"), "WebSocket at /apiws", "M-068"),
        (Carrier::http("/api"), "HTTP at /api", "M-058"),
        (Carrier::http("/apiw1"), "HTTP at /apiw1", "M-058"),
    ] {
        ways.push((name.to_owned(), rule, hidden.clone().carrier(carrier.clone())));
        if tls && let Ok(tls) = Tls::unverified("localhost") {
            let inside = hidden.clone().carrier(carrier.over_tls(tls));
            ways.push((format!("{name} over TLS"), rule, inside));
        }
    }
    ways
}

/// The checks of this topic.
pub fn checks(tls: bool) -> Vec<Check> {
    let mut checks = Vec::new();
    for (name, rule, dial) in ways(tls) {
        let (ask, ping, quick) = (dial.clone(), dial.clone(), dial);
        checks.push(Check::open(
            rule,
            format!("{name}: a key exchange can begin"),
            "resPQ with the nonce of the query",
            move |patient| asked(patient, ask.clone()),
        ));
        checks.push(Check::keyed(
            rule,
            format!("{name}: an encrypted ping is answered"),
            "pong",
            move |patient| pinged(patient, ping.clone()),
        ));
        if name.starts_with("TCP") && !name.contains("full") {
            checks.push(Check::keyed(
                "M-038",
                format!("{name}: a quick acknowledgement comes when asked for"),
                "the token of the packet",
                move |patient| quickly_acknowledged(patient, quick.clone()),
            ));
        }
    }
    checks
}

async fn asked(patient: Patient, dial: Dial) -> Finding {
    let mut client = RawClient::dial(patient.address, &dial).await?;
    res_pq(&mut client, [0x21; 16]).await?;
    patient.answered();
    Ok(())
}

async fn pinged(patient: Patient, dial: Dial) -> Finding {
    patient.talk_over(&dial).await?.ping().await
}

async fn quickly_acknowledged(patient: Patient, dial: Dial) -> Finding {
    let mut talk = patient.talk_over(&dial).await?.0;
    let (msg_id, seqno) = talk.session.stamp(now(), true);
    let sealed =
        talk.session.seal(&talk.session.header(msg_id, seqno), &object(&functions::Ping { ping_id: 1 }));
    let opened = packet::open(&talk.session.key, Side::Client, sealed.clone());
    let token = opened.map_err(|error| Trouble::NotTried(error.to_string()))?.quick_ack_token;
    talk.client.send_for_quick_ack(&sealed).await?;
    loop {
        match talk.client.receive().await? {
            Received::QuickAck(seen) => return expect(seen == token, format!("the token {seen:#010x}")),
            Received::Payload(payload) => {
                let opened = talk.session.open(payload).map_err(|error| Trouble::Seen(error.to_string()))?;
                let message =
                    zaun_probe::Message::new(opened.header.msg_id, opened.header.seqno, opened.body);
                if zaun_probe::take_apart(message)?.iter().any(|m| m.decode::<types::Pong>().is_some()) {
                    return Err(Trouble::Seen("the pong came first".into()));
                }
            }
            other => return Err(Trouble::Seen(format!("{other:?}"))),
        }
    }
}
