//! From what the messenger knows to what clients see, once per type. Everything here is pure: whoever is mentioned was
//! loaded with the answer.

mod chat;
mod group;
mod message;
mod user;

use zaun_messenger::access::Signer;
use zaun_messenger::presence::Presence;
use zaun_messenger::updates::State;
use zaun_messenger::views::Scene;
use zaun_messenger::{Error, Event, errors};
use zaun_model::{UnixTime, UserId};
use zaun_schema::api::{enums, types};
use zaun_schema::visit::{Complete, Completer};

pub(crate) use chat::channel_full;
pub(crate) use group::group_full;
pub(crate) use message::{edited_message, event_update, message, sent_updates};
pub(crate) use user::status;

/// Whose eyes an object is for.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) access: &'a Signer,
    pub(crate) presence: &'a Presence,
    pub(crate) now: UnixTime,
    /// Who looks.
    pub(crate) viewer: Viewer,
    /// The DC that the client believes it talks to: its files are there.
    pub(crate) dc: i32,
    /// Everybody that the object mentions.
    pub(crate) scene: &'a Scene,
}

/// Who looks at an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// A user; id 0 for nobody.
    User(UserId),
    /// Any ordinary member of a channel: objects hold nothing that differs from one to the other, and each gets its own
    /// access hash in place of this one.
    AnyMember {
        /// Stands where the access hash of the channel belongs.
        access_hash: i64,
    },
}

impl View<'_> {
    /// The user who looks; id 0 for nobody in particular.
    pub(crate) fn user_id(&self) -> UserId {
        match self.viewer {
            Viewer::User(id) => id,
            Viewer::AnyMember { .. } => UserId(0),
        }
    }

    /// Everybody in the scene.
    pub(crate) fn lists(self) -> Lists {
        let viewer = self.user_id();
        Lists {
            users: self.scene.people(viewer).map(|person| user::user(self, &person)).collect(),
            chats: self.chats(viewer),
        }
    }

    /// Basic groups, then channels. Basic groups are not told to just anybody: only their members have them.
    fn chats(self, viewer: UserId) -> Vec<enums::Chat> {
        let groups = self.scene.groups(viewer).map(|seen| group::group(self, &seen));
        let channels = self.scene.channels(viewer).map(|seen| chat::channel(self, &seen));
        groups.chain(channels).collect()
    }

    /// One user of the scene.
    pub(crate) fn one_user(self, id: UserId) -> Result<enums::User, Error> {
        let person = self.scene.person(self.user_id(), id);
        let person = person.ok_or_else(|| Error::bad(errors::USER_ID_INVALID))?;
        Ok(user::user(self, &person))
    }

    /// Completes what depends on the viewer anywhere inside an object.
    pub(crate) fn completed<T: Complete>(self, mut object: T) -> T {
        object.complete(&self);
        object
    }
}

/// Access hash, file reference and DC of media are the viewer's.
impl Completer for View<'_> {
    fn photo(&self, photo: &mut types::Photo) {
        photo.access_hash = self.access.media(photo.id);
        photo.file_reference = self.access.file_reference(photo.id, self.now).into();
        photo.dc_id = self.dc;
    }

    fn document(&self, document: &mut types::Document) {
        document.access_hash = self.access.media(document.id);
        document.file_reference = self.access.file_reference(document.id, self.now).into();
        document.dc_id = self.dc;
    }

    fn sticker_set(&self, set: &mut types::StickerSet) {
        set.thumb_dc_id = set.thumbs.as_ref().map(|_| self.dc);
    }
}

/// The users and chats of an answer.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    pub(crate) users: Vec<enums::User>,
    pub(crate) chats: Vec<enums::Chat>,
}

/// Returns the common box's state. seq stands still: every packet of ours may be applied at once (M-357).
pub(crate) fn state(state: State) -> types::updates::State {
    types::updates::State {
        pts: state.pts.0,
        qts: 0,
        date: state.date.to_tl(),
        seq: 1,
        unread_count: state.unread_count,
    }
}

/// Returns a packet of updates for one receiver, with everybody in its scene.
pub(crate) fn updates(view: View<'_>, updates: Vec<enums::Update>) -> enums::Updates {
    let Lists { users, chats } = view.lists();
    types::Updates { updates, users, chats, date: view.now.to_tl(), seq: 0 }.into()
}

/// Returns events of the caller's own doing as the result of a call.
pub(crate) fn own_updates(view: View<'_>, own: &[Event]) -> enums::Updates {
    updates(view, own.iter().map(|event| event_update(view, event)).collect())
}
