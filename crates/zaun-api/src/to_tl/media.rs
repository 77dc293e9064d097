//! Photos and documents: access hash, file reference and DC are the viewer's, so they are filled in here.

use zaun_schema::api::{enums, types};

use super::View;

/// Completes the media of a message, with everything nested in it.
pub(crate) fn media(view: View<'_>, media: &mut enums::MessageMedia) {
    match media {
        enums::MessageMedia::MessageMediaPhoto(media) => {
            media.photo.iter_mut().for_each(|photo| complete_photo(view, photo));
            media.video.iter_mut().for_each(|video| complete_document(view, video));
        }
        enums::MessageMedia::MessageMediaDocument(media) => {
            media.document.iter_mut().for_each(|document| complete_document(view, document));
            media.alt_documents.iter_mut().flatten().for_each(|document| complete_document(view, document));
            media.video_cover.iter_mut().for_each(|cover| complete_photo(view, cover));
        }
        _ => {}
    }
}

/// A photo for its viewer.
pub(crate) fn photo(view: View<'_>, photo: types::Photo) -> enums::Photo {
    let mut photo = photo.into();
    complete_photo(view, &mut photo);
    photo
}

fn complete_photo(view: View<'_>, photo: &mut enums::Photo) {
    let enums::Photo::Photo(photo) = photo else { return };
    photo.access_hash = view.messenger.access.media(photo.id);
    photo.file_reference = view.messenger.access.file_reference(photo.id, view.messenger.now()).into();
    photo.dc_id = view.dc;
}

fn complete_document(view: View<'_>, document: &mut enums::Document) {
    let enums::Document::Document(document) = document else { return };
    document.access_hash = view.messenger.access.media(document.id);
    document.file_reference = view.messenger.access.file_reference(document.id, view.messenger.now()).into();
    document.dc_id = view.dc;
}
