//! The named limits, and the errors at them.

use bytes::Bytes;
use zaun_schema::LAYER;
use zaun_schema::api::{self, enums, ids, types};
use zaun_tl::limits::MAX_DEPTH;
use zaun_tl::{DecodeError, Reader, from_bytes, to_bytes};

use crate::allocator::peak_of;
use crate::oracle::Schemas;

/// `textBold` around `textBold` … around `textEmpty`.
fn nested_text(depth: u32) -> Bytes {
    let mut bytes: Vec<u8> = (1..depth).flat_map(|_| ids::TEXT_BOLD.to_le_bytes()).collect();
    bytes.extend(ids::TEXT_EMPTY.to_le_bytes());
    bytes.into()
}

#[test]
fn m_012_nesting_up_to_the_limit_is_read() {
    assert!(from_bytes::<enums::RichText>(nested_text(MAX_DEPTH)).is_ok());
}

#[test]
fn m_012_nesting_beyond_the_limit_is_an_error() {
    let error = DecodeError::TooDeep { limit: MAX_DEPTH };
    assert_eq!(from_bytes::<enums::RichText>(nested_text(MAX_DEPTH + 1)), Err(error.clone()));
    assert_eq!(from_bytes::<enums::RichText>(nested_text(1_000_000)), Err(error));
}

/// Threads of the usual runtime have 2 MiB; unoptimised frames are the largest.
#[test]
fn m_012_deepest_nesting_of_every_type_fits_half_a_usual_stack() {
    let schemas = Schemas::api();
    let layer = schemas.layer(LAYER);
    let types = layer.recursive_types();
    assert!(types.len() > 10, "{types:?}");
    for ty in types {
        let bytes = Bytes::from(layer.deep(&ty, MAX_DEPTH as usize + 1));
        let decode = move || match api::describe_any(bytes) {
            Err(DecodeError::TooDeep { .. }) => true,
            other => panic!("{other:?}"),
        };
        let thread = std::thread::Builder::new().name(ty.clone()).stack_size(1024 * 1024).spawn(decode);
        assert!(thread.expect("a thread").join().expect("no overflow"), "{ty}");
    }
}

/// What decodes can also be described, written, read and dropped.
#[test]
fn m_012_deepest_value_can_be_used() {
    let deep = || {
        let bytes = nested_text(MAX_DEPTH);
        assert!(api::describe_any(bytes.clone()).is_ok());
        assert_eq!(api::transcode_any(bytes.clone(), LAYER), Ok(bytes.to_vec()));
    };
    let thread = std::thread::Builder::new().stack_size(1024 * 1024).spawn(deep);
    thread.expect("a thread").join().expect("no overflow");
}

#[test]
fn m_011_forged_count_costs_no_memory() {
    for count in [3_u32, 1 << 20, u32::MAX] {
        let mut bytes = zaun_tl::VECTOR_ID.to_le_bytes().to_vec();
        bytes.extend(count.to_le_bytes());
        bytes.extend([0; 16]);
        let bytes = Bytes::from(bytes);
        let (result, peak) = peak_of(|| zaun_tl::from_prefix::<Vec<types::Message>>(bytes.clone()));
        let remaining = 16;
        assert_eq!(result, Err(DecodeError::VectorTooLong { count, remaining }));
        assert!(peak < 256, "{peak}");
    }
}

#[test]
fn m_010_unknown_ids_are_told_apart() {
    let unknown = Bytes::from_static(&[1, 2, 3, 4]);
    assert_eq!(
        api::Request::decode(&mut Reader::new(unknown.clone())),
        Err(DecodeError::UnknownMethod { id: 0x0403_0201 })
    );
    assert_eq!(
        from_bytes::<enums::Peer>(unknown),
        Err(DecodeError::UnknownConstructor { id: 0x0403_0201, expected: "Peer" })
    );
}

#[test]
fn m_001_bytes_after_an_object_are_an_error_unless_asked_for() {
    let mut bytes = to_bytes(&enums::Peer::from(types::PeerUser { user_id: 7 }), LAYER).expect("a peer");
    bytes.extend([0; 4]);
    let bytes = Bytes::from(bytes);
    assert_eq!(from_bytes::<enums::Peer>(bytes.clone()), Err(DecodeError::Trailing { remaining: 4 }));
    assert!(zaun_tl::from_prefix::<enums::Peer>(bytes).is_ok());
}
