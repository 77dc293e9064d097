//! Filters of searches.

use zaun_messenger::messages::content::kind;
use zaun_messenger::messages::search::Filter;
use zaun_schema::api::enums::MessagesFilter;

/// Reads a filter.
pub(crate) fn filter(input: &MessagesFilter) -> Filter {
    use MessagesFilter as F;
    let kinds = |kinds: &[i64]| Filter::Kinds(kinds.to_vec());
    match input {
        F::InputMessagesFilterEmpty => Filter::Any,
        F::InputMessagesFilterPhotos => kinds(&[kind::PHOTO]),
        F::InputMessagesFilterVideo => kinds(&[kind::VIDEO]),
        F::InputMessagesFilterPhotoVideo => kinds(&[kind::PHOTO, kind::VIDEO]),
        F::InputMessagesFilterDocument => kinds(&[kind::DOCUMENT]),
        F::InputMessagesFilterUrl => kinds(&[kind::LINK]),
        F::InputMessagesFilterGif => kinds(&[kind::GIF]),
        F::InputMessagesFilterVoice => kinds(&[kind::VOICE]),
        F::InputMessagesFilterMusic => kinds(&[kind::MUSIC]),
        F::InputMessagesFilterRoundVideo => kinds(&[kind::ROUND]),
        F::InputMessagesFilterRoundVoice => kinds(&[kind::ROUND, kind::VOICE]),
        F::InputMessagesFilterContacts => kinds(&[kind::CONTACT]),
        F::InputMessagesFilterGeo => kinds(&[kind::GEO]),
        F::InputMessagesFilterChatPhotos => kinds(&[kind::CHAT_PHOTO]),
        F::InputMessagesFilterPinned => Filter::Pinned,
        // Calls, mentions and polls do not exist yet.
        _ => Filter::Nothing,
    }
}
