//! Particular values: names, old forms, substitutes, answers to old method ids.

use bytes::Bytes;
use zaun_schema::api::{self, Request, enums, functions, ids, types};
use zaun_schema::{LAYER, MIN_LAYER};
use zaun_tl::{Encode, EncodeError, Function, Reader, Writer, from_bytes, to_bytes};

use crate::oracle::Schemas;

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|word| u32::from_le_bytes(*word.first_chunk().expect("four bytes"))).collect()
}

#[test]
fn old_method_id_fills_the_newest_struct_and_is_kept() {
    // messages.sendMessage of layers 200 to 205.
    let mut w = Writer::new(205);
    functions::messages::SendMessage { message: "hi".into(), random_id: 5, ..Default::default() }
        .encode(&mut w);
    let bytes = Bytes::from(w.into_result().expect("a call"));
    let (id, request) = Request::decode(&mut Reader::new(bytes)).expect("a call");
    assert_eq!(id, 0xfbf2_340a);
    let Request::MessagesSendMessage(call) = request else { panic!("{request:?}") };
    assert_eq!((call.message.as_str(), call.random_id), ("hi", 5));
}

#[test]
fn gone_method_becomes_its_successor() {
    let method =
        api::METHODS.iter().find(|method| method.name == "messages.getForumTopics").expect("a method");
    assert_eq!(method.ids, [0x3ba4_7bff, 0x0de5_60d1]);
    let old = api::legacy::functions::channels::GetForumTopics {
        channel: types::InputChannel { channel_id: 3, access_hash: 4 }.into(),
        limit: 20,
        ..Default::default()
    };
    let bytes = Bytes::from(to_bytes(&old, 214).expect("a call"));
    let (id, request) = Request::decode(&mut Reader::new(bytes)).expect("a call");
    assert_eq!((id, request.name()), (0x0de5_60d1, "messages.getForumTopics"));
    let Request::MessagesGetForumTopics(call) = request else { panic!("another call") };
    assert_eq!(call.peer, types::InputPeerChannel { channel_id: 3, access_hash: 4 }.into());
}

#[test]
fn what_old_clients_ask_for_when_they_start_becomes_what_is_asked_today() {
    use api::legacy::functions as old;
    let user = || enums::InputUser::from(types::InputUser { user_id: 7, access_hash: 8 });
    let channel = types::InputChannel { channel_id: 3, access_hash: 4 }.into();
    let calls: [(Vec<u8>, &str); 5] = [
        (
            to_bytes(&old::channels::GetSponsoredMessages { channel }, 180).unwrap(),
            "messages.getSponsoredMessages",
        ),
        (to_bytes(&old::stories::GetUserStories { user_id: user() }, 160).unwrap(), "stories.getPeerStories"),
        (to_bytes(&old::stories::GetAllReadUserStories {}, 160).unwrap(), "stories.getAllReadPeerStories"),
        (to_bytes(&old::users::GetStoriesMaxIDs { id: vec![user()] }, 160).unwrap(), "stories.getPeerMaxIDs"),
        (
            to_bytes(&old::users::GetIsPremiumRequiredToContact { id: vec![user()] }, 180).unwrap(),
            "users.getRequirementsToContact",
        ),
    ];
    for (bytes, expected) in calls {
        let (_, request) = Request::decode(&mut Reader::new(Bytes::from(bytes))).expect(expected);
        assert_eq!(request.name(), expected);
    }
}

#[test]
fn element_without_form_leaves_its_vector() {
    let answer = types::Updates {
        updates: vec![
            enums::Update::UpdateConfig,
            types::UpdateMonoForumNoPaidException::default().into(),
            enums::Update::UpdatePtsChanged,
        ],
        ..Default::default()
    };
    let count = |layer| words(&to_bytes(&answer, layer).expect("updates"))[2];
    assert_eq!((count(198), count(LAYER)), (2, 3));
}

#[test]
fn required_value_without_form_takes_its_substitute() {
    let message = types::MessageService {
        action: types::MessageActionTodoCompletions::default().into(),
        ..Default::default()
    };
    let holds = |layer, id: u32| words(&to_bytes(&message, layer).expect("a message")).contains(&id);
    assert!(holds(204, ids::MESSAGE_ACTION_EMPTY) && !holds(204, ids::MESSAGE_ACTION_TODO_COMPLETIONS));
    assert!(holds(205, ids::MESSAGE_ACTION_TODO_COMPLETIONS) && !holds(205, ids::MESSAGE_ACTION_EMPTY));
}

#[test]
fn value_without_form_or_substitute_is_an_error_that_names_it() {
    let community = enums::Chat::from(types::CommunityForbidden::default());
    let error = EncodeError::NoForm { type_name: "communityForbidden", layer: 198 };
    assert_eq!(to_bytes(&community, 198), Err(error));
    assert!(!community.has_form(227) && community.has_form(228));
}

#[test]
fn inline_keyboard_has_the_old_buttons_in_old_layers() {
    let button = types::KeyboardInlineButton {
        text: "ok".into(),
        r#type: types::InlineButtonTypeCallback { data: Bytes::from_static(b"d"), ..Default::default() }
            .into(),
        ..Default::default()
    };
    let off = types::KeyboardInlineButton {
        r#type: enums::InlineButtonType::InlineButtonTypeDisabled,
        ..Default::default()
    };
    let rows = vec![types::KeyboardInlineButtonRow { buttons: vec![button.clone(), off] }];
    let markup: enums::ReplyMarkup = types::ReplyInlineMarkup { force_reply: false, rows }.into();
    for (layer, id) in [(198, 0x35bb_db6b), (222, 0xe62b_c960), (228, 0xe62b_c960)] {
        let old = to_bytes(&markup, layer).expect("a markup");
        assert_eq!(words(&old)[0], 0x48a3_0254);
        assert!(words(&old).contains(&id), "{layer}");
        let enums::ReplyMarkup::ReplyInlineMarkup(again) = from_bytes(old.into()).expect("a markup") else {
            panic!("another markup")
        };
        assert_eq!(again.rows[0].buttons, std::slice::from_ref(&button));
    }
}

#[test]
fn old_ids_of_a_method_get_the_result_they_promise() {
    let write = |id| {
        let mut w = Writer::new(LAYER);
        let count = types::stories::CanSendStoryCount { count_remains: 3 };
        functions::stories::CanSendStory::encode_response(&count, id, &mut w);
        words(&w.into_result().expect("an answer"))
    };
    assert_eq!(write(0xc7df_dfdd), [zaun_tl::BOOL_TRUE_ID]);
    assert_eq!(
        write(functions::stories::CanSendStory::CONSTRUCTOR_ID),
        [ids::STORIES_CAN_SEND_STORY_COUNT, 3]
    );
    let changed = api::RESULT_CHANGED.iter().filter(|change| change.converted);
    let converted: std::collections::BTreeSet<&str> = changed.map(|change| change.method).collect();
    let expected = [
        "auth.logOut",
        "channels.deleteHistory",
        "channels.inviteToChannel",
        "channels.joinChannel",
        "help.getAppConfig",
        "messages.addChatUser",
        "messages.createChat",
        "messages.getDialogFilters",
        "messages.getMessageReadParticipants",
        "messages.getPeerSettings",
        "messages.importChatInvite",
        "messages.requestSimpleWebView",
        "phone.sendGroupCallMessage",
        "stories.canSendStory",
        "stories.getPeerMaxIDs",
        "stories.getPeerStories",
        "users.getFullUser",
        "users.getRequirementsToContact",
    ];
    assert_eq!(converted, expected.into(), "every other changed result is refused");
}

#[test]
fn wrapper_holds_the_inner_call_untouched() {
    let inner = to_bytes(&functions::help::GetConfig, LAYER).expect("a call");
    let call = functions::InvokeWithLayer { layer: 214, query: zaun_tl::RawObject(inner.into()) };
    let bytes = Bytes::from(to_bytes(&call, LAYER).expect("a call"));
    let (_, request) = Request::decode(&mut Reader::new(bytes)).expect("a call");
    let Request::InvokeWithLayer(wrapper) = request else { panic!("{request:?}") };
    let (_, inner) = Request::decode(&mut Reader::new(wrapper.query.0)).expect("the inner call");
    assert_eq!((wrapper.layer, inner.name()), (214, "help.getConfig"));
}

#[test]
fn file_part_is_a_slice_of_the_input_and_small_bytes_are_not() {
    let part =
        |length| functions::upload::SaveFilePart { bytes: vec![1; length].into(), ..Default::default() };
    for (length, shared) in [(4095, false), (4096, true)] {
        let input = Bytes::from(to_bytes(&part(length), LAYER).expect("a call"));
        let read: functions::upload::SaveFilePart = from_bytes(input.clone()).expect("a call");
        let range = input.as_ptr_range();
        assert_eq!(range.contains(&read.bytes.as_ptr()), shared, "{length}");
        assert_eq!(read.bytes.len(), length);
    }
}

#[test]
fn m_007_future_salts_hold_bare_elements_in_a_bare_vector() {
    use zaun_wire::types::{FutureSalt, FutureSalts};
    let salts = vec![FutureSalt { valid_since: 3, valid_until: 4, salt: 5 }];
    let bytes = zaun_tl::to_bytes(&FutureSalts { req_msg_id: 1, now: 2, salts }, 0).unwrap();
    let words = [0xae50_0895_u32, 1, 0, 2, 1, 3, 4, 5, 0];
    let expected: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    assert_eq!(bytes, expected);
}

/// Until 159 a message named what it answers in a field of its own.
#[test]
fn an_answer_of_an_old_layer_names_its_message() {
    // messages.sendMessage of layers 135 to 147: a flag word with the reply's bit, inputPeerSelf, 77, "hi", 5.
    let mut w = Writer::new(147);
    w.put_u32(0x0d9d_75a4);
    w.put_u32(1);
    w.put_u32(ids::INPUT_PEER_SELF);
    w.put_i32(77);
    w.put_str("hi");
    w.put_i64(5);
    let bytes = Bytes::from(w.into_result().expect("a call"));
    let (_, request) = Request::decode(&mut Reader::new(bytes)).expect("a call");
    let Request::MessagesSendMessage(call) = request else { panic!("{request:?}") };
    let Some(enums::InputReplyTo::InputReplyToMessage(reply)) = call.reply_to else { panic!("no reply") };
    assert_eq!((reply.reply_to_msg_id, reply.top_msg_id), (77, None));
}

/// What is written by hand for old layers is what their schemas say.
#[test]
fn forms_written_by_hand_are_those_of_their_layers() {
    let schemas = Schemas::api();
    let user = || enums::User::from(types::User { id: 7, ..Default::default() });
    let page = types::users::UserFull {
        full_user: types::UserFull {
            id: 7,
            about: Some("here".into()),
            can_pin_message: true,
            pinned_msg_id: Some(5),
            folder_id: Some(1),
            ..Default::default()
        },
        users: vec![user()],
        ..Default::default()
    };
    let mut w = Writer::new(133);
    functions::users::GetFullUser::encode_response(&page, 0xca30_a5b1, &mut w);
    let bytes = w.into_result().expect("an answer");
    assert_eq!(words(&bytes)[0], 0xd697_ff05);
    assert_eq!(schemas.layer(133).check(&bytes), Ok(()));

    let peer = || types::PeerUser { user_id: 7 }.into();
    let options = vec![Bytes::from_static(b"1"), Bytes::from_static(b"2")];
    let votes = types::messages::VotesList {
        count: 3,
        votes: vec![
            types::MessagePeerVote { peer: peer(), option: Bytes::from_static(b"1"), date: 1 }.into(),
            types::MessagePeerVoteInputOption { peer: peer(), date: 1 }.into(),
            types::MessagePeerVoteMultiple { peer: peer(), options, date: 1 }.into(),
        ],
        users: vec![user()],
        next_offset: Some("1_7".into()),
        ..Default::default()
    };
    let bytes = to_bytes(&votes, 147).expect("a list");
    assert_eq!((words(&bytes)[0], schemas.layer(147).check(&bytes)), (0x0823_f649, Ok(())));

    let reaction = types::ReactionEmoji { emoticon: "👍".into() }.into();
    let by = types::MessagePeerReaction { peer_id: peer(), reaction, ..Default::default() };
    let list = types::messages::MessageReactionsList {
        count: 1,
        reactions: vec![by],
        users: vec![user()],
        ..Default::default()
    };
    let bytes = to_bytes(&list, 136).expect("a list");
    assert_eq!((words(&bytes)[0], schemas.layer(136).check(&bytes)), (0xa366_923c, Ok(())));
}

/// What holds a text or a reaction existed before those were objects.
#[test]
fn polls_folders_and_reactions_are_there_in_layers_that_had_them() {
    let schemas = Schemas::api();
    let text = |text: &str| types::TextWithEntities { text: text.into(), ..Default::default() };
    let answer =
        types::PollAnswer { text: text("yes"), option: Bytes::from_static(b"1"), ..Default::default() };
    let poll = types::Poll { question: text("Tea?"), answers: vec![answer.into()], ..Default::default() };
    let media = enums::MessageMedia::from(types::MessageMediaPoll { poll, ..Default::default() });
    let bytes = to_bytes(&media, MIN_LAYER).expect("a poll");
    assert_eq!(words(&bytes)[..2], [0x4bd6_e798, 0x86e1_8161]);
    assert_eq!(schemas.layer(MIN_LAYER).check(&bytes), Ok(()));

    let folder = enums::DialogFilter::from(types::DialogFilter { title: text("Work"), ..Default::default() });
    let bytes = to_bytes(&vec![folder], MIN_LAYER).expect("folders");
    assert_eq!(words(&bytes)[..3], [zaun_tl::VECTOR_ID, 1, 0x7438_f7e8]);

    let count = |reaction| types::ReactionCount { reaction, count: 2, ..Default::default() };
    let thumb = types::ReactionEmoji { emoticon: "👍".into() };
    let own = types::ReactionCustomEmoji { document_id: 5 };
    let reactions = types::MessageReactions {
        results: vec![count(thumb.into()), count(own.into())],
        ..Default::default()
    };
    for (layer, id, shown) in [(136, 0x6fb2_50d1, 1), (145, ids::REACTION_COUNT, 2)] {
        let bytes = to_bytes(&reactions, layer).expect("reactions");
        assert_eq!(schemas.layer(layer).check(&bytes), Ok(()), "{layer}");
        assert_eq!(words(&bytes)[3..5], [shown, id], "{layer}");
    }
}

/// kurigram marks a dialog as unread with the bare peer.
#[test]
fn a_dialog_is_read_without_its_constructor() {
    let peer: enums::InputPeer = types::InputPeerUser { user_id: 5, access_hash: 6 }.into();
    let read: enums::InputDialogPeer =
        from_bytes(to_bytes(&peer, LAYER).expect("a peer").into()).expect("a dialog");
    assert_eq!(read, types::InputDialogPeer { peer }.into());
    assert_eq!(from_bytes(to_bytes(&read, LAYER).expect("a dialog").into()), Ok(read));
}
