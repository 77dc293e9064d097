//! Whatever a test of this suite is answered or told is written once more for every layer, and read by a parser that knows
//! only the schema of that layer.

use std::collections::{BTreeSet, HashSet};
use std::sync::{LazyLock, Mutex};

use bytes::Bytes;
use zaun_schema::{LAYER, api};
use zaun_testkit::{Answer, Message};
use zaun_tl::schema::{Category, TypeExpr};

use crate::oracle::{Layer, Schemas};
use crate::trees::{Counts, Node, lost, read_value};

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(Schemas::api);
static LAYERS: LazyLock<Vec<Layer<'static>>> =
    LazyLock::new(|| SCHEMAS.layers.iter().map(|number| SCHEMAS.layer(*number)).collect());
static NEWEST: LazyLock<Layer<'static>> = LazyLock::new(|| SCHEMAS.layer(LAYER));
/// A method, or nothing for updates, and the constructors in an answer.
type Kind = (&'static str, BTreeSet<&'static str>);
/// What was looked at: another one of the same kind is not.
static SEEN: LazyLock<Mutex<HashSet<Kind>>> = LazyLock::new(Mutex::default);

/// Looks at what came without a call.
pub fn push(message: &Message) {
    let (id, updates) = (message.constructor(), TypeExpr::Named("Updates".into()));
    if NEWEST.by_id.get(&id).is_none_or(|constructor| constructor.result != updates) {
        return;
    }
    let Some(newest) = unseen("", &message.body) else { return };
    for layer in LAYERS.iter() {
        let old = api::transcode_any(Bytes::clone(&message.body), layer.number);
        let old = old.unwrap_or_else(|error| panic!("{newest:?} in layer {}: {error}", layer.number));
        check(layer, "", &updates, &newest, &old);
    }
}

/// The id of boolTrue.
const BOOL_TRUE: u32 = 0x9972_75b5;

/// Looks at an answer, as it would be to a call by the id that the method has in each layer.
pub fn answer(answer: &Answer<'_>) {
    let method = api::METHODS.iter().find(|method| method.name == answer.method).expect("a method");
    // These are the same everywhere.
    if ["Bool", "Vector<int>", "Vector<long>"].contains(&method.result) {
        return;
    }
    let Some(newest) = unseen(answer.method, answer.bytes) else { return };
    for layer in LAYERS.iter() {
        let call = layer.definitions.iter().find(|definition| {
            definition.category == Category::Function && method.ids.contains(&definition.id)
        });
        let Some(call) = call else { continue };
        // Who cannot say what it has is not told that this is the newest.
        let names_its_own = call.params.iter().any(|param| param.name == "hash");
        if !names_its_own && newest.iter().any(|node| node.definition.name.ends_with("NotModified")) {
            continue;
        }
        let old = (answer.rewrite)(call.id, layer.number);
        let old = old.unwrap_or_else(|error| panic!("{} in layer {}: {error}", answer.method, layer.number));
        // An id that promises a Bool says that it is done, and nothing else.
        if call.result == TypeExpr::Named("Bool".into()) {
            assert_eq!(old, BOOL_TRUE.to_le_bytes(), "{} in layer {}", answer.method, layer.number);
            continue;
        }
        check(layer, answer.method, &call.result, &newest, &old);
    }
}

/// The objects of an answer, unless there was one of the same constructors.
fn unseen(method: &'static str, bytes: &[u8]) -> Option<Vec<Node<'static>>> {
    let nodes = Node::read_all(&NEWEST, bytes).unwrap_or_else(|error| panic!("{method}: {error}"));
    let mut counts = Counts::new();
    nodes.iter().for_each(|node| node.count(&mut counts));
    let constructors = counts.into_keys().map(|(constructor, _)| constructor).collect();
    SEEN.lock().expect("no panic").insert((method, constructors)).then_some(nodes)
}

fn check(layer: &Layer<'static>, method: &str, promised: &TypeExpr, newest: &[Node<'static>], bytes: &[u8]) {
    let (mut rest, mut old) = (bytes, Vec::new());
    let outcome = read_value(layer, promised, &mut rest, &mut old).and_then(|()| match rest {
        [] => lost(newest, &old, layer),
        _ => Err(format!("{} bytes are left", rest.len())),
    });
    outcome.unwrap_or_else(|error| panic!("{method} in layer {}: {error}\n{newest:?}", layer.number));
}
