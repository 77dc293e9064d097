//! What no server may take: unknown keys, broken packets, frames beyond the limit (M-030, M-049, M-172).

use zaun_crypto::auth_key::AuthKey;
use zaun_probe::{Received, Session, object};
use zaun_wire::functions;

use super::check::{Check, Finding, Trouble};
use super::patient::{Patient, refused};

const REFUSED: &str = "transport error -404";

/// The checks of this topic.
pub fn checks() -> Vec<Check> {
    vec![
        Check::open("M-049", "a packet of an unknown key is refused", REFUSED, unknown_key),
        Check::open(
            "M-030",
            "a frame of 16 MiB minus a word is not waited for",
            "the end of the connection",
            oversized,
        ),
        Check::keyed("M-172", "a packet with a broken msg_key is refused", REFUSED, |p| broken(p, 12)),
        Check::keyed("M-172", "a packet with a spoiled text is refused", REFUSED, |p| broken(p, 60)),
    ]
}

async fn unknown_key(patient: Patient) -> Finding {
    let mut client = patient.connect().await?;
    let mut bytes = [0; 256];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut bytes);
    let mut session = Session::new(AuthKey::new(bytes), 1);
    let (msg_id, seqno) = session.stamp(zaun_probe::now(), true);
    let packet = session.seal(&session.header(msg_id, seqno), &object(&functions::Ping { ping_id: 1 }));
    client.send(&packet).await?;
    refused(&mut client, -404).await
}

async fn oversized(patient: Patient) -> Finding {
    let mut client = patient.connect().await?;
    // The tag of intermediate framing and a length; none of the bytes it announces follow.
    client.send_bytes(&[0xee, 0xee, 0xee, 0xee, 0xfc, 0xff, 0xff, 0x00]).await?;
    match client.receive().await? {
        Received::Closed | Received::Error(_) => Ok(()),
        other => Err(Trouble::Seen(format!("{other:?}"))),
    }
}

async fn broken(patient: Patient, at: usize) -> Finding {
    let mut talk = patient.talk().await?;
    let header = talk.stamp(true);
    let mut packet = talk.0.session.seal(&header, &object(&functions::Ping { ping_id: 1 }));
    if let Some(byte) = packet.get_mut(at) {
        *byte ^= 1;
    }
    talk.0.client.send(&packet).await?;
    refused(&mut talk.0.client, -404).await
}
