//! Places of files.

use zaun_messenger::files::download::FileLocation;
use zaun_messenger::stickers::set_ref;
use zaun_messenger::{Error, errors};
use zaun_schema::api::enums;

use crate::Call;

/// Reads the place of a file.
pub(crate) fn file_location(call: &Call, input: enums::InputFileLocation) -> Result<FileLocation, Error> {
    use enums::InputFileLocation as L;
    Ok(match input {
        L::InputPhotoFileLocation(at) => FileLocation::Media {
            id: at.id,
            access_hash: at.access_hash,
            file_reference: at.file_reference,
            thumb: at.thumb_size,
        },
        L::InputDocumentFileLocation(at) => FileLocation::Media {
            id: at.id,
            access_hash: at.access_hash,
            file_reference: at.file_reference,
            thumb: at.thumb_size,
        },
        L::InputPeerPhotoFileLocation(at) => {
            FileLocation::Profile { peer: call.peer(&at.peer)?, photo_id: at.photo_id, big: at.big }
        }
        L::InputStickerSetThumb(at) => {
            FileLocation::SetThumb(set_ref(&call.messenger().access, &at.stickerset))
        }
        _ => return Err(Error::bad(errors::LOCATION_INVALID)),
    })
}
