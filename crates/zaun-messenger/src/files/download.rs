//! Reading files back (M-512 … M-521).

use bytes::Bytes;
use zaun_blob::BlobHash;
pub use zaun_blob::RangeHash;
use zaun_model::UnixTime;
use zaun_schema::api::enums::{self, storage::FileType};
use zaun_store::Tx;
use zaun_store::repo::{media, users};

use super::PHOTO;
use crate::limits::{HASH_RANGE_BYTES, HASH_RANGES};
use crate::peers::PeerRef;
use crate::stickers::SetRef;
use crate::{Actor, Error, Messenger, errors, stored};

/// Offset and limit stay within one block of so many bytes (M-513).
const BLOCK: i64 = 1 << 20;

/// Which bytes of a file are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// From here.
    pub offset: i64,
    /// At most so many.
    pub limit: i32,
    /// The looser rules for streaming.
    pub precise: bool,
}

impl Range {
    /// M-512 … M-514.
    fn check(self) -> Result<(u64, usize), Error> {
        let Range { offset, precise, .. } = self;
        let limit = i64::from(self.limit);
        let unit = if precise { 1024 } else { 4096 };
        let start = u64::try_from(offset).ok().filter(|_| offset % unit == 0);
        let start = start.ok_or_else(|| Error::bad(errors::OFFSET_INVALID))?;
        let fits = limit > 0 && limit <= BLOCK && limit % unit == 0 && (precise || BLOCK % limit == 0);
        if !fits || offset.checked_add(limit - 1).is_none_or(|end| offset / BLOCK != end / BLOCK) {
            return Err(Error::bad(errors::LIMIT_INVALID));
        }
        Ok((start, usize::try_from(limit).unwrap_or(0)))
    }
}

/// What a client names as the place of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum FileLocation {
    /// A photo or document, or a thumbnail of it.
    Media {
        /// Its id.
        id: i64,
        /// The access hash that came with it.
        access_hash: i64,
        /// The reference that came with it.
        file_reference: Bytes,
        /// Letter of a size; empty for a document itself.
        thumb: String,
    },
    /// The photo of a peer.
    Profile {
        /// Whose photo it is.
        peer: PeerRef,
        /// The photo.
        photo_id: i64,
        /// The large size.
        big: bool,
    },
    /// The picture that stands for a sticker set.
    SetThumb(SetRef),
}

/// Some bytes of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// The bytes, fewer than wanted at the end of the file (M-515).
    pub bytes: Bytes,
    /// What the file is.
    pub file_type: FileType,
    /// When the file was made.
    pub modified_at: UnixTime,
}

/// Where bytes are that a client may read.
struct Found {
    hash: BlobHash,
    file_type: FileType,
    modified_at: UnixTime,
}

/// A checked location.
#[derive(Debug, Clone)]
enum Place {
    /// A media object, with the letter of a size.
    Media { id: i64, thumb: String },
    /// A user's profile photo.
    Profile { peer: PeerRef, photo_id: i64, big: bool },
    /// The picture of a sticker set.
    SetThumb(SetRef),
}

impl Messenger {
    /// Reads a piece of a file (M-512 … M-515, M-517, M-520).
    pub async fn file_piece(
        &self,
        actor: Actor,
        location: FileLocation,
        range: Range,
    ) -> Result<Piece, Error> {
        let (offset, length) = range.check()?;
        let found = self.locate(actor, location).await?;
        let bytes = self.files.blobs.read(found.hash, offset, length).await?;
        Ok(Piece { bytes, file_type: found.file_type, modified_at: found.modified_at })
    }

    /// Hashes of consecutive ranges of a file (M-521).
    pub async fn file_hashes(
        &self,
        actor: Actor,
        location: FileLocation,
        offset: i64,
    ) -> Result<Vec<RangeHash>, Error> {
        let start = u64::try_from(offset).ok().filter(|_| offset % 1024 == 0);
        let start = start.ok_or_else(|| Error::bad(errors::OFFSET_INVALID))?;
        let found = self.locate(actor, location).await?;
        Ok(self.files.blobs.range_hashes(found.hash, start, HASH_RANGE_BYTES, HASH_RANGES).await?)
    }

    async fn locate(&self, actor: Actor, location: FileLocation) -> Result<Found, Error> {
        let place = self.place(location)?;
        self.read(actor.user_id, move |tx| match &place {
            Place::Media { id, thumb } => {
                media_bytes(tx, *id, &[thumb])?.ok_or_else(|| Error::bad(errors::LOCATION_INVALID))
            }
            Place::Profile { peer, photo_id, big } => {
                let user_id = peer.user(tx, actor.user_id)?;
                if users::photo_added_at(tx, user_id, *photo_id)?.is_none() {
                    return Err(Error::bad(errors::LOCATION_INVALID));
                }
                let letters: &[&str] = if *big { &["c", "b", "a"] } else { &["a"] };
                media_bytes(tx, *photo_id, letters)?.ok_or_else(|| Error::bad(errors::LOCATION_INVALID))
            }
            Place::SetThumb(set) => {
                let row = set.find(tx)?.ok_or_else(|| Error::refused(406, errors::STICKERSET_INVALID))?;
                let found = row.thumb_id.map(|id| media_bytes(tx, id, &[""])).transpose()?;
                found.flatten().ok_or_else(|| Error::bad(errors::LOCATION_INVALID))
            }
        })
        .await
    }

    /// Checks hash and reference of a location (M-517).
    fn place(&self, location: FileLocation) -> Result<Place, Error> {
        match location {
            FileLocation::Media { id, access_hash, file_reference, thumb } => {
                self.media_place(id, access_hash, &file_reference, &thumb)
            }
            FileLocation::SetThumb(set) => Ok(Place::SetThumb(set)),
            FileLocation::Profile { peer, photo_id, big } => Ok(Place::Profile { peer, photo_id, big }),
        }
    }

    fn media_place(&self, id: i64, hash: i64, reference: &[u8], thumb: &str) -> Result<Place, Error> {
        if hash != self.access.media(id) {
            return Err(Error::bad(errors::LOCATION_INVALID));
        }
        self.access.check_file_reference(id, reference, self.now()).map_err(Error::bad)?;
        Ok(Place::Media { id, thumb: thumb.to_owned() })
    }
}

/// The bytes of a media object in the first of some sizes that it has.
fn media_bytes(tx: &Tx<'_>, id: i64, letters: &[&str]) -> Result<Option<Found>, Error> {
    let row = media::find(tx, id)?.ok_or_else(|| Error::bad(errors::FILE_ID_INVALID))?;
    for letter in letters {
        let Some((sha256, _)) = media::part(tx, id, letter)? else { continue };
        let file_type = if row.kind == PHOTO || !letter.is_empty() {
            FileType::FileJpeg
        } else {
            let document: enums::Document = stored::decode(row.body)?;
            document_type(&document)
        };
        return Ok(Some(Found { hash: BlobHash(sha256), file_type, modified_at: row.created_at }));
    }
    Ok(None)
}

fn document_type(document: &enums::Document) -> FileType {
    let enums::Document::Document(document) = document else { return FileType::FileUnknown };
    match document.mime_type.as_str() {
        "image/jpeg" => FileType::FileJpeg,
        "image/gif" => FileType::FileGif,
        "image/png" => FileType::FilePng,
        "image/webp" => FileType::FileWebp,
        "application/pdf" => FileType::FilePdf,
        "audio/mpeg" | "audio/mp3" => FileType::FileMp3,
        "video/quicktime" => FileType::FileMov,
        "video/mp4" => FileType::FileMp4,
        _ => FileType::FileUnknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(offset: i64, limit: i32, precise: bool) -> String {
        match (Range { offset, limit, precise }).check() {
            Ok(_) => "good".into(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn ranges_keep_the_rules() {
        let (offset, limit) = ("400 OFFSET_INVALID", "400 LIMIT_INVALID");
        assert_eq!(check(0, 1 << 20, false), "good", "M-512");
        assert_eq!(check(4096, 4096, false), "good", "M-512");
        assert_eq!(check(1024, 4096, false), offset, "M-512");
        assert_eq!(check(0, 1024, false), limit, "M-512");
        assert_eq!(check(0, 12_288, false), limit, "M-512: does not divide 1 MiB");
        assert_eq!(check(1024, 12_288, true), "good", "M-512");
        assert_eq!(check(512, 1024, true), offset, "M-512");
        assert_eq!(check(0, 1000, true), limit, "M-512");
        assert_eq!(check(0, 2 << 20, true), limit, "M-512");
        assert_eq!(check(1 << 19, 1 << 20, false), limit, "M-513");
        assert_eq!(check((1 << 20) - 1024, 2048, true), limit, "M-513");
        assert_eq!(check(-4096, 4096, false), offset, "M-514");
        assert_eq!(check(0, 0, false), limit, "M-514");
        assert_eq!(check(0, -4096, true), limit, "M-514");
        assert_eq!(check(i64::MAX - 4095, 4096, false), "good", "M-515");
    }
}
