//! The places of updates, compared with the text of the schema.

use bytes::Bytes;
use zaun_schema::api::enums;
use zaun_tl::schema::{self, Category, Definition};
use zaun_updates::{Place, place};

/// Serialized by hand: every required field in its simplest form, the numbers recognizable.
fn sample(definition: &Definition, all: &[Definition]) -> Vec<u8> {
    let mut out = definition.id.to_le_bytes().to_vec();
    for param in &definition.params {
        fill(&param.to_string(), &mut out, all);
    }
    out
}

fn fill(param: &str, out: &mut Vec<u8>, all: &[Definition]) {
    let (name, kind) = param.split_once(':').unwrap();
    match (name, kind) {
        (_, optional) if optional.contains('?') => {}
        (_, "#") => out.extend([0; 4]),
        ("pts", "int") => out.extend(70i32.to_le_bytes()),
        ("pts_count", "int") => out.extend(3i32.to_le_bytes()),
        ("qts", "int") => out.extend(90i32.to_le_bytes()),
        ("channel_id", "long") => out.extend(50i64.to_le_bytes()),
        (_, "int") => out.extend(1i32.to_le_bytes()),
        (_, "long" | "double") => out.extend(1i64.to_le_bytes()),
        (_, "int256") => out.extend([0; 32]),
        (_, "int128") => out.extend([0; 16]),
        (_, "string" | "bytes") => out.extend([0; 4]),
        (_, "Bool") => out.extend(0x9972_75b5_u32.to_le_bytes()),
        (_, vector) if vector.starts_with("Vector<") || vector.starts_with("vector<") => {
            out.extend(0x1cb5_c415_u32.to_le_bytes());
            out.extend([0; 4]);
        }
        // A message in a channel, so that the channel can be found.
        (_, "Message") => {
            let empty = all.iter().find(|d| d.name == "messageEmpty").unwrap();
            out.extend(empty.id.to_le_bytes());
            out.extend(1i32.to_le_bytes());
            out.extend(1i32.to_le_bytes());
            let channel = all.iter().find(|d| d.name == "peerChannel").unwrap();
            out.extend(sample(channel, all));
        }
        (_, kind) => {
            let mut of_kind: Vec<&Definition> = all.iter().filter(|d| d.result.to_string() == kind).collect();
            of_kind.sort_by_key(|d| d.params.len());
            let simplest = of_kind.first().unwrap_or_else(|| panic!("no constructor of {kind}"));
            out.extend(sample(simplest, all));
        }
    }
}

#[test]
fn every_numbered_update_of_the_schema_has_its_place() {
    let all = schema::parse(zaun_schema::text::API).unwrap();
    let all: Vec<Definition> = all.into_iter().filter(|d| d.category == Category::Constructor).collect();
    let updates = all.iter().filter(|d| d.result.to_string() == "Update");
    let (mut common, mut channels, mut secret) = (0, 0, 0);
    for definition in updates {
        let fields: Vec<String> = definition.params.iter().map(ToString::to_string).collect();
        let has = |field: &str| fields.iter().any(|f| f == field);
        let update: enums::Update = zaun_tl::from_bytes(Bytes::from(sample(definition, &all)))
            .unwrap_or_else(|error| panic!("{}: {error}", definition.name));
        let pts_count = if has("pts_count:int") { 3 } else { 0 };
        let expected = if has("pts:int") && (has("channel_id:long") || definition.name.contains("Channel")) {
            channels += 1;
            Place::Channel { channel_id: 50, pts: 70, pts_count }
        } else if has("pts:int") {
            common += 1;
            Place::Common { pts: 70, pts_count }
        } else if has("qts:int") {
            secret += 1;
            Place::Qts { qts: 90 }
        } else if definition.name == "updateChannelTooLong" {
            Place::ChannelTooLong { channel_id: 50, pts: None }
        } else {
            Place::Free
        };
        assert_eq!(place(&update), expected, "{}", definition.name);
    }
    assert!(common >= 9 && channels >= 6 && secret >= 17, "{common} {channels} {secret}");
}
