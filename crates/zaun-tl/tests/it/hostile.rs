//! Arbitrary input to the reader and to the schema parser.

use bytes::Bytes;
use proptest::prelude::*;
use zaun_tl::{Reader, from_bytes, schema, to_bytes};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn primitives_survive(text in ".{0,300}", numbers in proptest::collection::vec(any::<i64>(), 0..40)) {
        let bytes = to_bytes(&text, 0).expect("a string");
        prop_assert_eq!(bytes.len() % 4, 0, "M-001");
        prop_assert_eq!(from_bytes::<String>(bytes.into()), Ok(text));
        let bytes = to_bytes(&numbers, 0).expect("a vector");
        prop_assert_eq!(from_bytes::<Vec<i64>>(bytes.into()), Ok(numbers));
    }

    #[test]
    fn no_input_makes_the_reader_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..64),
        steps in proptest::collection::vec(0..8_u8, 0..16),
    ) {
        let mut r = Reader::new(Bytes::from(bytes));
        for step in steps {
            let before = r.remaining();
            match step {
                0 => drop(r.take_i64()),
                1 => drop(r.take_bytes()),
                2 => drop(r.take_string()),
                3 => drop(r.take_vector::<Vec<String>>()),
                4 => drop(r.take_bool()),
                5 => drop(r.take_raw(usize::from(step) * 3)),
                6 => drop(r.take_array::<32>()),
                _ => drop(r.take_bare_vector(0, Reader::take_u32)),
            }
            prop_assert!(r.remaining() <= before);
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[a-z#:.?!%<> ={};0-9\n/T-]{0,200}") {
        let _ = schema::parse(&text);
        let _ = schema::History::parse(&text);
    }
}
