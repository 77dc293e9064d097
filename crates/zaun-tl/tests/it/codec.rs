//! Known answers for the primitives, by rule of the protocol.

use bytes::Bytes;
use zaun_tl::limits::{MAX_DEPTH, MAX_STRING_BYTES, SLICE_MIN_BYTES};
use zaun_tl::{DecodeError, EncodeError, RawObject, Reader, Writer, from_bytes, from_prefix, to_bytes};

fn encoded(value: &[u8]) -> Vec<u8> {
    to_bytes(&Bytes::copy_from_slice(value), 0).expect("bytes")
}

#[test]
fn m_002_short_string_has_one_length_byte_and_padding() {
    assert_eq!(encoded(b""), [0, 0, 0, 0]);
    assert_eq!(encoded(b"abc"), *b"\x03abc");
    assert_eq!(encoded(b"abcd"), *b"\x04abcd\0\0\0");
    let longest = encoded(&[7; 253]);
    assert_eq!((longest.len(), longest[0], longest[253], longest[254]), (256, 253, 7, 0));
    assert_eq!(from_bytes::<Bytes>(longest.into()), Ok(Bytes::from(vec![7; 253])));
}

#[test]
fn m_003_long_string_has_four_length_bytes() {
    let shortest = encoded(&[7; 254]);
    assert_eq!(shortest.len(), 260);
    assert_eq!(shortest[..5], [254, 254, 0, 0, 7]);
    assert_eq!(shortest[258..], [0, 0]);
    assert_eq!(from_bytes::<Bytes>(shortest.into()), Ok(Bytes::from(vec![7; 254])));
    assert_eq!(encoded(&[7; 0x01_0203])[..4], [254, 3, 2, 1]);
}

#[test]
fn m_003_longest_string_is_written_and_a_longer_one_is_an_error() {
    assert!(to_bytes(&Bytes::from(vec![0; MAX_STRING_BYTES]), 0).is_ok());
    let length = MAX_STRING_BYTES + 1;
    assert_eq!(to_bytes(&Bytes::from(vec![0; length]), 0), Err(EncodeError::StringTooLong { length }));
}

#[test]
fn m_004_padding_is_ignored_on_input() {
    assert_eq!(from_bytes::<String>(Bytes::from_static(b"\x01a\xff\xff")), Ok("a".into()));
}

#[test]
fn m_005_length_past_the_input_is_an_error() {
    for bytes in [&b"\x04abc"[..], b"\xfe\xff\xff\xff", b"\xfe\x05\0\0abcd", b"\x02a", b""] {
        let result = from_bytes::<Bytes>(Bytes::copy_from_slice(bytes));
        assert!(matches!(result, Err(DecodeError::Truncated { .. })), "{bytes:?}: {result:?}");
    }
}

#[test]
fn length_byte_255_is_an_error() {
    assert_eq!(from_bytes::<Bytes>(Bytes::from_static(&[255, 0, 0, 0])), Err(DecodeError::OutOfRange));
}

#[test]
fn string_must_be_utf_8_and_bytes_need_not() {
    let bytes = Bytes::from_static(&[1, 0xff, 0, 0]);
    assert_eq!(from_bytes::<String>(bytes.clone()), Err(DecodeError::NotUtf8));
    assert_eq!(from_bytes::<Bytes>(bytes), Ok(Bytes::from_static(&[0xff])));
}

#[test]
fn m_006_boxed_vector_has_id_and_count_and_a_bare_one_only_the_count() {
    let boxed = to_bytes(&vec![1, 2], 0).expect("a vector");
    assert_eq!(boxed, [0x15, 0xc4, 0xb5, 0x1c, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]);
    let mut w = Writer::new(0);
    zaun_tl::encode_bare_vec(&mut w, &[1, 2], |value, w| w.put_i32(*value));
    let bare = w.into_result().expect("a vector");
    assert_eq!(bare, boxed[4..]);
    assert_eq!(Reader::new(bare.into()).take_bare_vector(4, Reader::take_i32), Ok(vec![1, 2]));
    let other = Bytes::from_static(&[1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(
        from_bytes::<Vec<i32>>(other),
        Err(DecodeError::UnknownConstructor { id: 1, expected: "Vector" })
    );
}

#[test]
fn m_008_numbers_are_little_endian() {
    let mut w = Writer::new(0);
    w.put_i32(0x0102_0304);
    w.put_i64(-2);
    w.put_f64(1.0);
    w.put_bool(true);
    let bytes = Bytes::from(w.into_result().expect("numbers"));
    assert_eq!(bytes[..5], [4, 3, 2, 1, 0xfe]);
    let mut r = Reader::new(bytes);
    assert_eq!((r.take_i32(), r.take_i64()), (Ok(0x0102_0304), Ok(-2)));
    assert_eq!((r.take_f64(), r.take_bool(), r.finish()), (Ok(1.0), Ok(true), Ok(())));
}

#[test]
fn m_011_count_beyond_the_input_is_refused_by_element_size() {
    let with_count = |count: u8| {
        let mut bytes = zaun_tl::VECTOR_ID.to_le_bytes().to_vec();
        bytes.extend([count, 0, 0, 0]);
        bytes.extend([0; 16]);
        Bytes::from(bytes)
    };
    assert_eq!(from_bytes::<Vec<i64>>(with_count(2)), Ok(vec![0; 2]));
    let error = |count| Some(DecodeError::VectorTooLong { count, remaining: 16 });
    assert_eq!(from_bytes::<Vec<i64>>(with_count(3)).err(), error(3));
    assert_eq!(from_bytes::<Vec<i32>>(with_count(5)).err(), error(5));
    assert_eq!(from_bytes::<Vec<[u8; 16]>>(with_count(2)).err(), error(2));
}

#[test]
fn m_012_depth_is_counted() {
    let mut r = Reader::new(Bytes::new());
    for _ in 0..MAX_DEPTH {
        assert_eq!(r.enter(), Ok(()));
    }
    assert_eq!(r.enter(), Err(DecodeError::TooDeep { limit: MAX_DEPTH }));
    r.leave();
    assert_eq!(r.enter(), Ok(()));
}

#[test]
fn m_001_trailing_bytes_are_an_error_or_ignored_as_asked() {
    let bytes = Bytes::from_static(&[1, 0, 0, 0, 2]);
    assert_eq!(from_bytes::<i32>(bytes.clone()), Err(DecodeError::Trailing { remaining: 1 }));
    assert_eq!(from_prefix::<i32>(bytes), Ok(1));
}

#[test]
fn large_bytes_share_the_input_and_small_ones_do_not() {
    for (length, shared) in [(SLICE_MIN_BYTES - 1, false), (SLICE_MIN_BYTES, true)] {
        let input = Bytes::from(encoded(&vec![1; length]));
        let read: Bytes = from_bytes(input.clone()).expect("bytes");
        assert_eq!(input.as_ptr_range().contains(&read.as_ptr()), shared, "{length}");
    }
}

#[test]
fn raw_object_is_the_rest_of_the_input() {
    let bytes = Bytes::from_static(b"whatever");
    let raw: RawObject = from_bytes(bytes.clone()).expect("an object");
    assert_eq!((raw.0.clone(), raw.id()), (bytes.clone(), Some(0x7461_6877)));
    assert_eq!(to_bytes(&raw, 0), Ok(bytes.to_vec()));
}

#[test]
fn first_error_of_a_writer_is_kept() {
    let mut w = Writer::with_buffer(7, b"head".to_vec());
    w.no_form("first");
    w.no_form("second");
    assert_eq!(w.written(), b"head");
    assert_eq!(w.into_result(), Err(EncodeError::NoForm { type_name: "first", layer: 7 }));
}
