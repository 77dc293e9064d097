//! From bytes to trees: what is opened, what is said of what cannot be read, and that nothing runs away.

use bytes::Bytes;
use proptest::prelude::*;
use zaun_console::limits::{MAX_DEPTH, MAX_NODES};
use zaun_console::tree::{Decoded, Node, decode, line};
use zaun_schema::LAYER;
use zaun_schema::api::{enums, functions, types};
use zaun_testkit::{Message, container, gzip, msg_copy, object};
use zaun_tl::schema::TypeExpr;
use zaun_tl::{Encode, RawObject};
use zaun_wire::types::{MsgsAck, Pong};

fn bytes(value: &impl Encode) -> Bytes {
    zaun_tl::to_bytes(value, LAYER).unwrap().into()
}

fn tree(body: &Bytes) -> Node {
    decode(body, &|_| None).messages.remove(0).tree
}

fn rpc_result(result: &[u8]) -> Bytes {
    let mut body = 0xf35c_6d01_u32.to_le_bytes().to_vec();
    body.extend_from_slice(&77_i64.to_le_bytes());
    body.extend_from_slice(result);
    body.into()
}

/// Every range lies in its buffer and in its parent's, and hidden values are gone.
fn check(decoded: &Decoded) {
    fn inside(
        node: &Node,
        parent: (usize, usize, usize),
        decoded: &Decoded,
        count: &mut usize,
        depth: usize,
    ) {
        *count += 1;
        let (buffer, start, end) = node.at;
        assert!(start <= end && end <= decoded.buffers[buffer].length, "{node:?}");
        assert!(depth <= 3 * MAX_DEPTH, "depth");
        if buffer == parent.0 && node.kind != "true" {
            assert!(parent.1 <= start && end <= parent.2, "{node:?} in {parent:?}");
        }
        if node.hidden {
            assert!(node.value.is_none() && node.children.is_empty(), "{node:?}");
            let hex = &decoded.buffers[buffer].hex;
            let hidden = &hex[(start * 2).min(hex.len())..(end * 2).min(hex.len())];
            assert!(hidden.bytes().all(|b| b == b'*'), "{node:?}: {hidden}");
        }
        node.children.iter().for_each(|child| inside(child, node.at, decoded, count, depth + 1));
    }
    let mut count = 0;
    for message in &decoded.messages {
        inside(&message.tree, message.tree.at, decoded, &mut count, 0);
    }
    assert!(count <= 2 * MAX_NODES, "{count} nodes");
}

#[test]
fn wrappers_are_opened_and_stand_behind_what_they_wrap() {
    let query = functions::messages::SendMessage {
        peer: enums::InputPeer::InputPeerSelf,
        message: "hello \"you\"".into(),
        random_id: -5,
        silent: true,
        ..functions::messages::SendMessage::default()
    };
    let wrapped = functions::InvokeWithLayer { layer: 225, query: RawObject(bytes(&query)) };
    let decoded = decode(&bytes(&wrapped), &|_| None);
    check(&decoded);
    let message = &decoded.messages[0];
    assert_eq!(message.name, "messages.sendMessage");
    assert_eq!(
        message.text,
        r#"messages.sendMessage(silent, peer: inputPeerSelf, message: "hello \"you\"", random_id: -5) in invokeWithLayer 225"#
    );
    let text = message.tree.field("query").unwrap().field("message").unwrap();
    let (_, start, end) = text.at;
    let hex = &decoded.buffers[0].hex[start * 2..end * 2];
    assert_eq!(hex, "0b68656c6c6f2022796f7522", "a length and eleven characters");
}

#[test]
fn a_container_gives_its_messages_and_a_copy_its_original() {
    let pong = object(&Pong { msg_id: 8, ping_id: 9 });
    let body = container(&[
        Message::new(101, 1, msg_copy(&Message::new(5, 3, pong))),
        Message::new(105, 2, object(&MsgsAck { msg_ids: vec![4, 12] })),
    ]);
    let decoded = decode(&body, &|_| None);
    check(&decoded);
    assert!(decoded.container);
    let text: Vec<_> = decoded.messages.iter().map(|m| m.text.as_str()).collect();
    assert_eq!(
        text,
        [
            "msg_copy(orig_message: message(msg_id: 5, seqno: 3, bytes: 20, body: pong(msg_id: 8, ping_id: 9)))",
            "msgs_ack(msg_ids: [4, 12])"
        ]
    );
    assert_eq!(decoded.messages[1].msg_id.as_deref(), Some("105"));
}

#[test]
fn a_packed_answer_is_opened_in_a_buffer_of_its_own() {
    let dialogs = functions::users::GetUsers { id: vec![enums::InputUser::InputUserSelf; 50] };
    let packed = gzip(&bytes(&dialogs));
    let decoded = decode(&rpc_result(&packed), &|_| None);
    check(&decoded);
    assert_eq!(decoded.buffers.len(), 2);
    let result = decoded.messages[0].tree.field("result").unwrap();
    assert_eq!(result.kind, "gzip_packed");
    let inner = result.field("unpacked").unwrap();
    assert_eq!((inner.at.0, inner.field("id").unwrap().children.len()), (1, 50));
}

#[test]
fn what_is_packed_keeps_its_secrets_and_the_packed_bytes_with_them() {
    let sign_in = functions::auth::SignIn {
        phone_number: "99966".repeat(100),
        phone_code_hash: "abcdef".into(),
        phone_code: Some("22222".into()),
        email_verification: None,
    };
    let decoded = decode(&gzip(&bytes(&sign_in)), &|_| None);
    check(&decoded);
    assert!(
        decoded.buffers[0].hex[8..].bytes().all(|b| b == b'*'),
        "whoever has the packed bytes can unpack them"
    );
    assert!(!decoded.buffers[1].hex.contains("3232323232"));
}

#[test]
fn what_the_service_account_says_is_hidden_wherever_it_stands() {
    let peer = |user_id| -> enums::Peer { types::PeerUser { user_id }.into() };
    let message = |writer, forwarded: Option<i64>| types::Message {
        id: 1,
        from_id: Some(peer(writer)),
        peer_id: peer(1_000_001),
        message: "Login code: 22222".into(),
        fwd_from: forwarded
            .map(|from| types::MessageFwdHeader { from_id: Some(peer(from)), ..Default::default() }),
        ..types::Message::default()
    };
    let tells = |body: &Bytes| {
        let decoded = decode(body, &|_| None);
        check(&decoded);
        decoded.messages[0].text.contains("22222") || decoded.buffers[0].hex.contains("3232323232")
    };
    assert!(tells(&object(&message(1_000_002, None))), "other people say what they like");
    assert!(!tells(&object(&message(777_000, None))));
    assert!(!tells(&object(&message(1_000_002, Some(777_000)))));
    let quote = functions::messages::SendMessage {
        peer: enums::InputPeer::InputPeerSelf,
        reply_to: Some(
            types::InputReplyToMessage {
                reply_to_msg_id: 5,
                reply_to_peer_id: Some(types::InputPeerUser { user_id: 777_000, access_hash: 0 }.into()),
                quote_text: Some("22222".into()),
                ..Default::default()
            }
            .into(),
        ),
        ..functions::messages::SendMessage::default()
    };
    assert!(!tells(&bytes(&quote)));
}

#[test]
fn a_bare_vector_is_read_by_the_method_or_by_what_fits() {
    let longs = bytes(&vec![1_i64, -2]);
    let result = |body: &Bytes| line(decode(body, &|_| None).messages[0].tree.field("result").unwrap());
    assert_eq!(result(&rpc_result(&longs)), "[1, -2]");
    static INTS: std::sync::LazyLock<TypeExpr> =
        std::sync::LazyLock::new(|| TypeExpr::Vector(Box::new(TypeExpr::Named("int".into()))));
    let asked = |id: i64| (id == 77).then_some(("x.getInts", &*INTS));
    let decoded = decode(&rpc_result(&bytes(&vec![7, 8, 9, 10])), &asked);
    assert_eq!(line(decoded.messages[0].tree.field("result").unwrap()), "[7, 8, 9, 10]");
    assert_eq!(decoded.messages[0].answers.as_deref(), Some("x.getInts"));
    let users: Vec<enums::User> = vec![types::UserEmpty { id: 3 }.into()];
    assert_eq!(result(&rpc_result(&bytes(&users))), "[userEmpty(id: 3)]");
}

#[test]
fn constructors_of_old_layers_are_known() {
    // botCommand of layers 198 to 227.
    let mut body = 0xc27a_c8c7_u32.to_le_bytes().to_vec();
    body.extend_from_slice(b"\x05start\0\0\x02go\0");
    assert_eq!(line(&tree(&body.into())), r#"botCommand(command: "start", description: "go")"#);
}

#[test]
fn an_unknown_id_is_named_and_its_bytes_are_kept_back() {
    let body = Bytes::from_static(b"\xef\xbe\xad\xde22222222");
    let decoded = decode(&body, &|_| None);
    check(&decoded);
    let node = &decoded.messages[0].tree;
    assert_eq!((&*node.kind, node.hidden), ("?", true), "nobody knows what is in it");
    assert!(node.error.as_deref().unwrap().contains("deadbeef"));
}

#[test]
fn a_broken_object_says_what_is_wrong_and_shows_its_bytes_if_nothing_in_it_can_be_secret() {
    let whole = bytes(&functions::messages::GetHistory {
        peer: enums::InputPeer::InputPeerSelf,
        offset_id: 0x1111,
        ..functions::messages::GetHistory::default()
    });
    let node = tree(&whole.slice(..whole.len() - 6));
    let last = node.children.last().unwrap();
    assert!(last.error.as_deref().unwrap().contains("8 bytes are needed, 2 are left"), "{last:?}");
    assert_eq!(last.value.as_deref(), Some("0000"));
    let sign_in = bytes(&functions::auth::SignIn {
        phone_number: "1".into(),
        phone_code_hash: "abcdefgh".into(),
        phone_code: Some("22222".into()),
        email_verification: None,
    });
    let decoded = decode(&sign_in.slice(..sign_in.len() - 3), &|_| None);
    check(&decoded);
    assert!(!decoded.buffers[0].hex.contains("3232"), "{decoded:?}");
}

#[test]
fn trees_stop_at_their_limits() {
    let many = bytes(&functions::messages::ReadMessageContents { id: vec![5; 100_000] });
    let decoded = decode(&many, &|_| None);
    check(&decoded);
    assert!(serde_json::to_string(&decoded.messages).unwrap().contains("the rest is left out"));
    let mut deep = Vec::new();
    for _ in 0..10_000 {
        // invokeWithoutUpdates: a wrapper with nothing but its query.
        deep.extend_from_slice(&0xbf94_59b7_u32.to_le_bytes());
    }
    let decoded = decode(&deep.into(), &|_| None);
    check(&decoded);
    assert!(serde_json::to_string(&decoded.messages).unwrap().contains("nested deeper"));
    let mut bomb = gzip(&vec![0; 1_000_000]);
    for _ in 0..200 {
        bomb = gzip(&bomb);
    }
    check(&decode(&bomb, &|_| None));
    check(&decode(&gzip(&vec![0; 9_000_000]), &|_| None));
}

/// An id that the decoder knows, so that random bytes get somewhere.
fn known_id() -> impl Strategy<Value = u32> {
    let ids: Vec<u32> =
        zaun_console::dictionary::Dictionary::shared().entries().map(|entry| entry.definition.id).collect();
    prop_oneof![proptest::sample::select(ids), Just(zaun_tl::VECTOR_ID), Just(0x3072_cfa1), Just(0x73f1_f8dc)]
}

proptest! {
    #[test]
    fn no_bytes_break_it(
        words in proptest::collection::vec(prop_oneof![known_id(), 0_u32..40, any::<u32>()], 0..200),
        cut in 0_usize..4,
    ) {
        let mut body: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        body.truncate(body.len().saturating_sub(cut));
        let decoded = decode(&body.into(), &|_| None);
        check(&decoded);
        // What goes out can be read again.
        let text = serde_json::to_string(&decoded.messages).unwrap();
        let again: Vec<zaun_console::tree::Message> = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(again, decoded.messages);
    }
}
