//! `stories.*`: nobody can tell a story, so all lists of them are empty.

use zaun_messenger::peers::{PeerRef, peer_to_tl};
use zaun_messenger::views::Scene;
use zaun_messenger::{Error, errors};
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::empty::empty_answers;
use crate::to_tl;

empty_answers! {
    /// stories.getAllStories: there are none.
    get_all_stories: functions::stories::GetAllStories => enums::stories::AllStories = types::stories::AllStories::default();
    /// stories.getPinnedStories: there are none.
    get_pinned_stories: functions::stories::GetPinnedStories => enums::stories::Stories = types::stories::Stories::default();
    /// stories.getStoriesArchive: there are none.
    get_stories_archive: functions::stories::GetStoriesArchive => enums::stories::Stories = types::stories::Stories::default();
}

/// stories.getAllReadPeerStories: there is none to have been read.
pub(crate) async fn get_all_read_peer_stories(
    call: Call,
    _: functions::stories::GetAllReadPeerStories,
) -> Result<enums::Updates, Error> {
    Ok(to_tl::updates(call.view(&Scene::default()), Vec::new()))
}

/// stories.getPeerStories: the one who was asked about, without any.
pub(crate) async fn get_peer_stories(
    call: Call,
    r: functions::stories::GetPeerStories,
) -> Result<enums::stories::PeerStories, Error> {
    let PeerRef::Known(peer) = call.peer(&r.peer)? else { return Err(Error::bad(errors::PEER_ID_INVALID)) };
    let stories = types::PeerStories { peer: peer_to_tl(peer), max_read_id: None, stories: Vec::new() };
    Ok(types::stories::PeerStories { stories, chats: Vec::new(), users: Vec::new() })
}

/// stories.getPeerMaxIDs: nothing for each who was asked about, in their order.
pub(crate) async fn get_peer_max_ids(
    _: Call,
    r: functions::stories::GetPeerMaxIDs,
) -> Result<Vec<enums::RecentStory>, Error> {
    Ok(r.id.iter().map(|_| types::RecentStory::default()).collect())
}
