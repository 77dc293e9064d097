//! Every definition in every layer, against the oracle.

use std::collections::BTreeSet;

use bytes::Bytes;
use zaun_schema::{LAYER, MIN_LAYER, api};
use zaun_tl::{DecodeError, EncodeError, TranscodeError};
use zaun_wire as mtproto;

use crate::oracle::{Layer, Rng, Schemas};
use crate::trees::{Node, lost};

/// The seed of this run: fixed, unless `ZAUN_SEED` asks for another one.
fn seed() -> u64 {
    std::env::var("ZAUN_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed_2a0f)
}

/// Old definitions that nothing in the newest layer can stand for.
const NO_SUCCESSOR: [&str; 35] = [
    "channels.clickSponsoredMessage",
    "channels.reportSponsoredMessage",
    "channels.viewSponsoredMessage",
    "contacts.toggleStoriesHidden",
    "folders.deleteFolder",
    "help.getAppChangelog",
    "inputKeyboardButtonUrlAuth",
    "inputKeyboardButtonUserProfile",
    "inputPasskeyCredentialFirebasePNV",
    "keyboardButtonBuy",
    "keyboardButtonCallback",
    "keyboardButtonCopy",
    "keyboardButtonGame",
    "keyboardButtonSwitchInline",
    "keyboardButtonUrl",
    "keyboardButtonUrlAuth",
    "keyboardButtonUserProfile",
    "keyboardButtonWebView",
    "messages.getAllChats",
    "payments.getStarGiftWithdrawalUrl",
    "payments.getUserStarGift",
    "payments.getUserStarGifts",
    "payments.requestRecurringPayment",
    "payments.restorePlayMarketReceipt",
    "phone.createConferenceCall",
    "starGiftUnique",
    "stats.getBroadcastRevenueStats",
    "stats.getBroadcastRevenueTransactions",
    "stats.getBroadcastRevenueWithdrawalUrl",
    "stories.applyBoost",
    "stories.canApplyBoost",
    "stories.getBoostersList",
    "stories.getBoostsStatus",
    "test.parseInputAppEvent",
    "updateBroadcastRevenueTransactions",
];

/// Constructors of which some old version is not written.
const NO_OLD_FORM: [&str; 4] = ["chatTheme", "sponsoredMessage", "starGiftUnique", "userFull"];

/// Whether an old version of it has no conversion because nothing that is served needs one.
fn is_unconverted(name: &str) -> bool {
    api::UNCONVERTED.iter().any(|(_, known)| *known == name)
}

fn read<'a>(layer: &Layer<'a>, bytes: &[u8]) -> Vec<Node<'a>> {
    Node::read_all(layer, bytes).expect("an object of the layer")
}

fn first_word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(*bytes.first_chunk().expect("a word"))
}

#[test]
fn newest_layer_survives_decode_and_encode() {
    let schemas = Schemas::api();
    let layer = schemas.layer(LAYER);
    let mut rng = Rng(seed());
    for definition in &layer.definitions {
        for depth in [0, 1, 2, 4] {
            let bytes = layer.generate(definition, &mut rng, depth, &mut Vec::new());
            let again = api::transcode_any(bytes.clone().into(), LAYER);
            assert_eq!(again.as_ref(), Ok(&bytes), "{definition} (seed {})", seed());
        }
    }
}

#[test]
fn handshake_and_service_messages_survive_decode_and_encode() {
    let schemas = Schemas::mtproto();
    let layer = schemas.layer(0);
    let mut rng = Rng(seed());
    for definition in &layer.definitions {
        for depth in [0, 1, 2, 4] {
            let bytes = layer.generate(definition, &mut rng, depth, &mut Vec::new());
            assert_eq!(mtproto::transcode_any(bytes.clone().into(), 0).as_ref(), Ok(&bytes), "{definition}");
        }
    }
}

/// Old layer in, same layer out: equal bytes if no converted version takes part, else a fixed point with its id.
#[test]
fn every_version_of_every_layer_survives() {
    let schemas = Schemas::api();
    let newest = schemas.layer(LAYER);
    let current: BTreeSet<u32> = newest.definitions.iter().map(|definition| definition.id).collect();
    let mut rng = Rng(seed());
    let mut lost = BTreeSet::new();
    for number in &schemas.layers {
        let layer = schemas.layer(*number);
        for definition in &layer.definitions {
            let mut used = Vec::new();
            let bytes = layer.generate(definition, &mut rng, 2, &mut used);
            let context = || format!("{definition} in layer {number} (seed {}): {bytes:02x?}", seed());
            match api::transcode_any(bytes.clone().into(), *number) {
                Ok(again) if used.iter().all(|id| current.contains(id)) => {
                    assert_eq!(again, bytes, "{}", context())
                }
                Ok(again) => {
                    layer.check(&again).unwrap_or_else(|error| panic!("{error}: {}", context()));
                    let third = api::transcode_any(again.clone().into(), *number);
                    assert_eq!(third.as_ref(), Ok(&again), "{}", context());
                    if current.contains(&definition.id) {
                        assert_eq!(first_word(&again), definition.id, "{}", context());
                    }
                }
                Err(TranscodeError::Decode(DecodeError::NoSuccessor { name, .. }))
                    if is_unconverted(name) => {}
                Err(TranscodeError::Decode(DecodeError::NoSuccessor { name, .. })) => {
                    lost.insert(name);
                }
                // A method whose old form cannot be made from the new one is not sent in old layers.
                Err(TranscodeError::Encode(EncodeError::NoForm { type_name, .. }))
                    if api::METHODS.iter().any(|method| method.name == type_name)
                        || is_unconverted(type_name)
                        || NO_OLD_FORM.contains(&type_name) => {}
                Err(error) => panic!("{error}: {}", context()),
            }
        }
    }
    assert!(lost.iter().all(|name| NO_SUCCESSOR.contains(name)), "{lost:?}");
}

/// The newest values for every layer: what comes out is what a client of that layer can read, with all that its layer has,
/// or a clear error.
#[test]
fn newest_values_are_readable_in_every_layer() {
    let schemas = Schemas::api();
    let newest = schemas.layer(LAYER);
    let mut rng = Rng(seed());
    for number in &schemas.layers {
        let layer = schemas.layer(*number);
        let known: BTreeSet<&str> =
            layer.definitions.iter().map(|definition| definition.name.as_str()).collect();
        for definition in &newest.definitions {
            let bytes = newest.generate(definition, &mut rng, 3, &mut Vec::new());
            let context = || format!("{definition} for layer {number} (seed {}): {bytes:02x?}", seed());
            match api::transcode_any(bytes.clone().into(), *number) {
                Ok(old) => {
                    layer.check(&old).unwrap_or_else(|error| panic!("{error}: {}", context()));
                    lost(&read(&newest, &bytes), &read(&layer, &old), &layer)
                        .unwrap_or_else(|error| panic!("{error}: {}", context()));
                    match api::transcode_any(old.clone().into(), *number) {
                        Err(TranscodeError::Decode(DecodeError::NoSuccessor { name, .. }))
                            if is_unconverted(name) => {}
                        again => assert_eq!(again.as_ref(), Ok(&old), "{}", context()),
                    }
                }
                Err(TranscodeError::Encode(EncodeError::NoForm { type_name, .. })) => {
                    assert!(*number < LAYER && !type_name.is_empty(), "{}", context());
                    let whole = type_name == definition.name && known.contains(type_name);
                    let is_method = api::METHODS.iter().any(|method| method.name == type_name);
                    let is_excused = is_unconverted(type_name) || NO_OLD_FORM.contains(&type_name);
                    assert!(
                        !whole || is_method || is_excused,
                        "{type_name} is known in {number}: {}",
                        context()
                    );
                }
                Err(error) => panic!("{error}: {}", context()),
            }
        }
    }
}

#[test]
fn unknown_layers_are_served_as_the_next_lower_known_one() {
    let schemas = Schemas::api();
    let newest = schemas.layer(LAYER);
    let mut rng = Rng(seed());
    assert_eq!(schemas.layers.first(), Some(&MIN_LAYER));
    assert_eq!(schemas.layers.last(), Some(&LAYER));
    for definition in &newest.definitions {
        let bytes = Bytes::from(newest.generate(definition, &mut rng, 2, &mut Vec::new()));
        let layer = |number| api::transcode_any(bytes.clone(), number).ok();
        assert_eq!(layer(226), layer(225), "{definition}");
        assert_eq!(layer(999), layer(LAYER), "{definition}");
        assert_eq!(layer(231), layer(230), "{definition}");
        assert_eq!(layer(157), layer(156), "{definition}");
        assert_eq!(layer(141), layer(140), "{definition}");
        assert_eq!(layer(100), layer(MIN_LAYER), "{definition}");
        assert_eq!(layer(i32::MIN), layer(MIN_LAYER), "{definition}");
    }
}

#[test]
fn tables_know_every_id() {
    let schemas = Schemas::api();
    for number in &schemas.layers {
        for definition in schemas.layer(*number).definitions {
            let id = definition.id;
            let (name, other) = match definition.category {
                zaun_tl::schema::Category::Constructor => (api::constructor_name(id), api::method_name(id)),
                zaun_tl::schema::Category::Function => (api::method_name(id), api::constructor_name(id)),
            };
            assert_eq!((name, other), (Some(definition.name.as_str()), None));
        }
    }
    assert!(api::METHODS.is_sorted_by_key(|method| method.name));
    let ids: usize = api::METHODS.iter().map(|method| method.ids.len()).sum();
    let distinct: BTreeSet<u32> = api::METHODS.iter().flat_map(|method| method.ids).copied().collect();
    assert_eq!(ids, distinct.len());
}
