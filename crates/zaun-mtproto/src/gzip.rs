//! gzip_packed (M-269 … M-273): unpacking with a limit, packing when it pays.

use std::io::{Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::GzEncoder;

/// Constructor of `gzip_packed`.
pub const GZIP_PACKED: u32 = 0x3072_cfa1;
/// Most bytes that the gzip_packed objects of one packet may unpack to (M-272): sixteen of the largest file parts.
pub const MAX_UNPACKED: usize = 8 * 1024 * 1024;
/// Shorter bodies are never packed (M-273): the header and a lost microsecond cost more than they bring.
pub const MIN_PACKED: usize = 512;

/// The first bytes of the gzip format (RFC 1952).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What is wrong with packed data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GzipError {
    /// Not the TL form of gzip_packed.
    #[error("gzip_packed is not a well-formed TL object (M-269)")]
    Malformed,
    /// Not gzip data, or damaged.
    #[error("gzip_packed does not hold valid gzip data (M-269)")]
    Data,
    /// A bomb, or an honest giant.
    #[error("gzip_packed unpacks to more than the packet may hold, {MAX_UNPACKED} bytes (M-272)")]
    TooLarge,
}

/// Unpacks a whole `gzip_packed` object, constructor included.
pub fn unpack(object: &Bytes) -> Result<Bytes, GzipError> {
    unpack_within(object, MAX_UNPACKED)
}

/// Like [`unpack`], with a lower limit for what comes out.
pub fn unpack_within(object: &Bytes, max_bytes: usize) -> Result<Bytes, GzipError> {
    let mut reader = zaun_tl::Reader::new(object.clone());
    if reader.take_u32().map_err(|_| GzipError::Malformed)? != GZIP_PACKED {
        return Err(GzipError::Malformed);
    }
    let packed = reader.take_bytes().map_err(|_| GzipError::Malformed)?;
    let mut out = Vec::new();
    let limit = u64::try_from(max_bytes.saturating_add(1)).unwrap_or(u64::MAX);
    // Against M-269: mtcute packs in the zlib format (RFC 1950), and the official server takes it.
    let read = if packed.starts_with(&GZIP_MAGIC) {
        GzDecoder::new(&packed[..]).take(limit).read_to_end(&mut out)
    } else {
        ZlibDecoder::new(&packed[..]).take(limit).read_to_end(&mut out)
    };
    read.map_err(|_| GzipError::Data)?;
    if out.len() > max_bytes {
        return Err(GzipError::TooLarge);
    }
    Ok(out.into())
}

/// The `gzip_packed` form of an object, if it is worth it: long enough, and at least a tenth smaller (M-273).
pub fn pack(object: &[u8]) -> Option<Bytes> {
    if object.len() < MIN_PACKED {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(object.len() / 2), Compression::fast());
    encoder.write_all(object).ok()?;
    let packed = encoder.finish().ok()?;
    if packed.len() > object.len() / 10 * 9 {
        return None;
    }
    let mut writer = zaun_tl::Writer::new(0);
    writer.put_u32(GZIP_PACKED);
    writer.put_bytes(&packed);
    writer.into_result().ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_unpacks_to_the_same() {
        let text = b"the same words again and again ".repeat(100);
        let packed = pack(&text).unwrap();
        assert!(packed.len() < text.len() / 5);
        assert_eq!(unpack(&packed).unwrap(), text);
    }

    #[test]
    fn the_zlib_format_is_taken_too() {
        let text = b"the same words again and again ".repeat(100);
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&text).unwrap();
        let mut writer = zaun_tl::Writer::new(0);
        writer.put_u32(GZIP_PACKED);
        writer.put_bytes(&encoder.finish().unwrap());
        let packed = Bytes::from(writer.into_result().unwrap());
        assert_eq!(unpack(&packed).unwrap(), text);
        assert_eq!(unpack_within(&packed, 100), Err(GzipError::TooLarge), "M-272");
    }

    #[test]
    fn short_or_random_data_is_not_packed() {
        assert_eq!(pack(&[7; 100]), None, "M-273");
        let mut state = 1u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .take(4096)
        .collect();
        assert_eq!(pack(&noise), None, "M-273");
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = pack(&vec![0; MAX_UNPACKED + 1]).unwrap();
        assert!(bomb.len() < 100_000);
        assert_eq!(unpack(&bomb), Err(GzipError::TooLarge), "M-272");
    }
}
