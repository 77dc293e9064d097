//! gzip_packed: nothing unpacks beyond the limit, and what is packed unpacks to itself.

use bytes::Bytes;
use zaun_mtproto::gzip::{GZIP_PACKED, GzipError, MAX_UNPACKED, pack, unpack, unpack_within};

/// The first byte chooses: a whole object, the packed bytes of one, or something to pack.
pub fn run(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    match choice % 3 {
        0 => limits(Bytes::copy_from_slice(rest)),
        1 => limits(object(rest)),
        _ => {
            if let Some(packed) = pack(rest) {
                assert!(packed.len() < rest.len(), "packing pays");
                assert_eq!(unpack(&packed).expect("own packing"), rest);
            }
        }
    }
}

fn limits(object: Bytes) {
    let Ok(unpacked) = unpack(&object) else { return };
    assert!(unpacked.len() <= MAX_UNPACKED);
    assert_eq!(unpack_within(&object, unpacked.len()).as_ref(), Ok(&unpacked));
    if !unpacked.is_empty() {
        assert_eq!(unpack_within(&object, unpacked.len() - 1), Err(GzipError::TooLarge));
    }
}

fn object(packed: &[u8]) -> Bytes {
    let mut writer = zaun_tl::Writer::new(0);
    writer.put_u32(GZIP_PACKED);
    writer.put_bytes(packed);
    writer.into_result().expect("bytes always have a form").into()
}

/// Packed text, bare and as an object, both formats.
pub fn seeds() -> Vec<Vec<u8>> {
    let text = b"the same words again and again ".repeat(40);
    let packed = pack(&text).expect("it pays");
    let mut reader = zaun_tl::Reader::new(packed.slice(4..));
    let bare = reader.take_bytes().expect("own packing");
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut zlib, &text).expect("memory");
    let zlib = zlib.finish().expect("memory");
    vec![
        [&[0][..], &packed].concat(),
        [&[1][..], &bare].concat(),
        [&[1][..], &zlib].concat(),
        [&[2][..], &text].concat(),
    ]
}
