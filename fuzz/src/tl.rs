//! TL objects of both schemas: what decodes also encodes, and decodes again.

use bytes::Bytes;
use zaun_schema::api::{enums, functions, types};
use zaun_schema::{LAYER, MIN_LAYER, api};
use zaun_tl::Reader;
use zaun_wire as mtproto;

/// The first byte chooses how the rest is read, and for which layer it is written.
pub fn run(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let bytes = Bytes::copy_from_slice(rest);
    let layer = MIN_LAYER + i32::from(choice >> 2) % (LAYER - MIN_LAYER + 1);
    match choice & 3 {
        0 => again(bytes, LAYER, api::decode_any),
        1 => drop(zaun_tl::transcode(bytes, layer, api::decode_any)),
        2 => again(bytes, 0, mtproto::decode_any),
        _ => {
            let _ = api::Request::decode(&mut Reader::new(bytes.clone()));
            let _ = mtproto::Request::decode(&mut Reader::new(bytes));
        }
    }
}

/// What was read must be writable in the newest layer, and readable then.
fn again(bytes: Bytes, layer: i32, decode: zaun_tl::DecodeAny) {
    let Ok(object) = decode(&mut Reader::new(bytes)) else { return };
    let Ok(written) = zaun_tl::to_bytes(&*object, layer) else { return };
    let mut reader = Reader::new(written.into());
    let second = decode(&mut reader).expect("what was written can be read");
    reader.finish().expect("and is read to its end");
    // NaN differs from itself, but not in its text.
    assert_eq!(format!("{object:?}"), format!("{second:?}"));
}

/// Requests and objects as clients send them.
pub fn seeds() -> Vec<Vec<u8>> {
    let query = functions::messages::SendMessage {
        peer: types::InputPeerUser { user_id: 7, access_hash: -1 }.into(),
        message: "some words".into(),
        random_id: 5,
        entities: Some(vec![types::MessageEntityBold { offset: 0, length: 4 }.into()]),
        ..Default::default()
    };
    let peer: enums::Peer = types::PeerUser { user_id: 7 }.into();
    let ack = mtproto::types::MsgsAck { msg_ids: vec![1, 2, 3] };
    let objects = [
        (0, zaun_tl::to_bytes(&query, LAYER)),
        (3, zaun_tl::to_bytes(&query, LAYER)),
        (1 | 4 << 2, zaun_tl::to_bytes(&peer, LAYER)),
        (2, zaun_tl::to_bytes(&ack, 0)),
        (3, zaun_tl::to_bytes(&functions::help::GetConfig {}, LAYER)),
    ];
    objects
        .into_iter()
        .map(|(choice, bytes)| [&[choice][..], &bytes.expect("it has a form")].concat())
        .collect()
}
