//! Hostile bytes: no panic, no large allocation, always an answer.

use bytes::Bytes;
use proptest::prelude::*;
use zaun_schema::{LAYER, api};
use zaun_tl::{DecodeError, Reader};
use zaun_wire as mtproto;

use crate::allocator::peak_of;
use crate::oracle::{Rng, Schemas};

/// Bytes of memory that one byte of input may cost while it is decoded, and what any decoding may cost.
///
/// The dearest are vectors of `BotInfo`, eight bytes each on the wire; what requests can hold stays below half.
const MEMORY_PER_BYTE: usize = 80;
const MEMORY_BASE: usize = 16 * 1024;

/// Decodes in every way there is, and checks what it costs.
fn decode_all_ways(bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    let (_, peak) = peak_of(|| {
        let _ = api::decode_any(&mut Reader::new(bytes.clone()));
        let _ = api::Request::decode(&mut Reader::new(bytes.clone()));
        let _ = mtproto::decode_any(&mut Reader::new(bytes.clone()));
    });
    let allowed = bytes.len() * MEMORY_PER_BYTE + MEMORY_BASE;
    assert!(peak <= allowed, "{peak} bytes of memory for {} bytes of input", bytes.len());
}

/// Valid objects with a few bytes changed, removed or repeated.
fn mutated(seed: u64, mutations: &[(u16, u8, u8)]) -> Vec<u8> {
    thread_local! {
        static SCHEMAS: Schemas = Schemas::api();
    }
    let mut bytes = SCHEMAS.with(|schemas| {
        let mut rng = Rng(seed | 1);
        let number = schemas.layers[rng.below(schemas.layers.len())];
        let layer = schemas.layer(number);
        let definition = layer.definitions[rng.below(layer.definitions.len())];
        layer.generate(definition, &mut rng, 3, &mut Vec::new())
    });
    for (position, value, kind) in mutations {
        let position = usize::from(*position) % bytes.len().max(1);
        match kind % 4 {
            0 => bytes[position..].first_mut().into_iter().for_each(|byte| *byte = *value),
            1 => bytes.truncate(position / 4 * 4),
            2 => drop(bytes.splice(position / 4 * 4..position / 4 * 4, [*value, 0, 0, 0])),
            _ => bytes.extend_from_within(position / 4 * 4..),
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn arbitrary_bytes_decode_or_fail_cheaply(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        decode_all_ways(&bytes);
    }

    #[test]
    fn arbitrary_bytes_behind_known_ids_decode_or_fail_cheaply(
        index in any::<usize>(),
        words in proptest::collection::vec(prop_oneof![any::<u32>(), 0..16_u32, Just(zaun_tl::VECTOR_ID)], 0..256),
    ) {
        let method = &api::METHODS[index % api::METHODS.len()];
        let mut bytes = method.ids[index % method.ids.len()].to_le_bytes().to_vec();
        bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        decode_all_ways(&bytes);
    }

    #[test]
    fn mutated_objects_decode_or_fail_cheaply(
        seed in any::<u64>(),
        mutations in proptest::collection::vec(any::<(u16, u8, u8)>(), 0..6),
    ) {
        let bytes = mutated(seed, &mutations);
        decode_all_ways(&bytes);
        // Whatever decodes can be written for any layer without a panic, and read again if it was.
        for layer in [198, 211, LAYER] {
            if let Ok(again) = api::transcode_any(bytes.clone().into(), layer) {
                let read = api::describe_any(again.into());
                prop_assert!(read.is_ok(), "layer {layer}: {:?}", read.err());
            }
        }
    }
}

/// The dearest input there is: vectors full of the smallest elements.
#[test]
fn widest_vectors_cost_a_small_multiple_of_their_bytes() {
    let schemas = Schemas::api();
    let layer = schemas.layer(LAYER);
    let (mut worst, mut name) = (0, "");
    for (definition, param, element) in layer.vectors() {
        let bytes = Bytes::from(layer.generate_wide(definition, param, element, 300));
        let (result, peak) = peak_of(|| api::decode_any(&mut Reader::new(bytes.clone())).map(drop));
        assert!(result.is_ok(), "{definition}.{}: {result:?}", param.name);
        let ratio = peak / bytes.len();
        if ratio > worst {
            (worst, name) = (ratio, &element.name);
        }
    }
    println!("{worst} bytes of memory per byte of input, for {name}");
    assert!(worst <= MEMORY_PER_BYTE, "{worst} bytes of memory per byte of input, for {name}");
}

#[test]
fn every_prefix_of_an_object_is_truncated() {
    let schemas = Schemas::api();
    let layer = schemas.layer(LAYER);
    let mut rng = Rng(7);
    for definition in &layer.definitions {
        let bytes = Bytes::from(layer.generate(definition, &mut rng, 1, &mut Vec::new()));
        // `!X` takes whatever is left, even nothing.
        let open =
            definition.params.iter().any(|param| matches!(param.ty, zaun_tl::schema::TypeExpr::Any(_)));
        if open {
            continue;
        }
        for end in 0..bytes.len() {
            let result = api::describe_any(bytes.slice(..end));
            let truncated =
                matches!(result, Err(DecodeError::Truncated { .. } | DecodeError::VectorTooLong { .. }));
            assert!(truncated, "{definition} cut at {end}: {result:?}");
        }
    }
}
