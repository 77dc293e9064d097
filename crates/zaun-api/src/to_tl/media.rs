//! Photos and documents: access hash, file reference and DC are the viewer's, so they are filled in here.

use zaun_schema::api::{enums, types};

use super::View;

/// Completes the media of a message.
pub(crate) fn media(view: View<'_>, media: &mut enums::MessageMedia) {
    match media {
        enums::MessageMedia::MessageMediaPhoto(media) => {
            if let Some(enums::Photo::Photo(found)) = &mut media.photo {
                photo(view, found);
            }
        }
        enums::MessageMedia::MessageMediaDocument(media) => {
            if let Some(enums::Document::Document(found)) = &mut media.document {
                document(view, found);
            }
        }
        _ => {}
    }
}

/// Completes a photo.
pub(crate) fn photo(view: View<'_>, photo: &mut types::Photo) {
    photo.access_hash = view.messenger.access.media(photo.id);
    photo.file_reference = view.messenger.access.file_reference(photo.id, view.messenger.now()).into();
    photo.dc_id = view.dc;
}

/// Completes a document.
pub(crate) fn document(view: View<'_>, document: &mut types::Document) {
    document.access_hash = view.messenger.access.media(document.id);
    document.file_reference = view.messenger.access.file_reference(document.id, view.messenger.now()).into();
    document.dc_id = view.dc;
}
