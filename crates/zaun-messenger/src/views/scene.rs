//! Everybody that an answer mentions, as its viewers see them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use zaun_model::{ChannelId, ChatId, ContentId, Peer, UnixTime, UserId};
use zaun_schema::visit::Mentioned;
use zaun_store::Tx;
use zaun_store::repo::channels::{self, ChannelRow, MemberRow};
use zaun_store::repo::chats::{self, ChatMemberRow, ChatRow};
use zaun_store::repo::contacts::{self, ContactRow};
use zaun_store::repo::marks::{self, MarkRow};
use zaun_store::repo::users::{self, UserRow};

use crate::Error;
use crate::messages::saved::HIDDEN_AUTHOR;
use crate::privacy::{self, Hidden};

/// Everybody that an answer or an event mentions, with what each of its viewers knows of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scene {
    users: BTreeMap<UserId, UserRow>,
    channels: BTreeMap<ChannelId, ChannelRow>,
    /// By owner and contact.
    contacts: HashMap<(UserId, UserId), ContactRow>,
    members: HashMap<(ChannelId, UserId), MemberRow>,
    groups: BTreeMap<ChatId, ChatRow>,
    group_members: HashMap<(ChatId, UserId), ChatMemberRow>,
    /// What its viewers left on messages, or that they are mentioned, by content and viewer.
    marks: HashMap<(ContentId, UserId), Vec<MarkRow>>,
    /// What users hide from each other.
    hidden: Hidden,
    /// What the sets of stickers are called.
    sticker_sets: BTreeMap<i64, String>,
}

/// A basic group in the eyes of a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupView<'s> {
    /// The group.
    pub group: &'s ChatRow,
    /// What the viewer is to it.
    pub member: Option<&'s ChatMemberRow>,
}

impl GroupView<'_> {
    /// Says whether the viewer is in the group.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.member.is_some_and(|member| member.status == chats::MEMBER)
    }
}

/// A user in the eyes of a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonView<'s> {
    /// The account.
    pub user: &'s UserRow,
    /// The viewer's contact entry for it.
    pub contact: Option<&'s ContactRow>,
    /// Whether it is the viewer.
    pub is_self: bool,
    /// Whether it has the viewer as a contact, which opens its phone number.
    pub knows_viewer: bool,
    /// What it hides from the viewer, as bits of [`bit`](crate::privacy::bit).
    pub hidden: i64,
    /// Whether the viewer hides when it was seen from it, and so does not see that of it either.
    pub hides_own_status: bool,
}

impl PersonView<'_> {
    /// Says whether the viewer does not see something of the user; for any member of a channel, whether there is anybody
    /// who does not.
    #[must_use]
    pub fn hides(&self, key: i64) -> bool {
        self.hidden & key != 0
    }
}

/// A channel in the eyes of a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelView<'s> {
    /// The channel.
    pub channel: &'s ChannelRow,
    /// What the viewer is to it.
    pub member: Option<&'s MemberRow>,
}

impl ChannelView<'_> {
    /// Says whether the viewer is in the channel.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.member.is_some_and(|member| member.status == channels::MEMBER)
    }

    /// Says whether it is the discussion group of a channel, which readers of that channel see without joining (G-254).
    fn is_discussion(&self) -> bool {
        !self.channel.broadcast && self.channel.linked_id.0 != 0
    }

    /// Says whether the viewer may know of the channel: it is or was in it, or the channel is public.
    #[must_use]
    pub fn is_visible(&self) -> bool {
        self.member.is_some() || self.channel.username.is_some() || self.is_discussion()
    }
}

/// Nobody's account, under which clients gather what was saved of authors who hide (G-414).
fn hidden_author() -> UserRow {
    UserRow {
        id: HIDDEN_AUTHOR,
        phone: None,
        first_name: "Author Hidden".to_owned(),
        last_name: String::new(),
        username: None,
        about: String::new(),
        photo_id: None,
        photo_thumb: None,
        last_seen: UnixTime(0),
        created_at: UnixTime(0),
        deleted: false,
        home_dc: 0,
        bot_version: 0,
        bot_flags: 0,
        bot_placeholder: None,
        hides: 0,
    }
}

impl Scene {
    /// Loads those who are mentioned, for several viewers, in at most four statements, six with basic groups, one more
    /// if there are marks on messages, and one if there are stickers out of sets. Whoever does not exist is left out.
    pub(crate) fn load(
        tx: &Tx<'_>,
        viewers: &BTreeSet<UserId>,
        mentioned: &Mentioned,
    ) -> Result<Scene, Error> {
        let user_ids: Vec<UserId> = mentioned.users.iter().copied().map(UserId).collect();
        let channel_ids: Vec<ChannelId> = mentioned.channels.iter().copied().map(ChannelId).collect();
        let mut scene = Scene::default();
        let mut wanted = user_ids.clone();
        wanted.extend(viewers.iter().filter(|viewer| viewer.0 != 0 && !mentioned.users.contains(&viewer.0)));
        let users = if user_ids.is_empty() { Vec::new() } else { users::find_many(tx, &wanted)? };
        let present = users.iter().filter(|user| mentioned.users.contains(&user.id.0));
        scene.users = present.map(|user| (user.id, user.clone())).collect();
        if mentioned.users.contains(&HIDDEN_AUTHOR.0) {
            scene.users.entry(HIDDEN_AUTHOR).or_insert_with(hidden_author);
        }
        let channels = channels::find_many(tx, &channel_ids)?;
        scene.channels = channels.into_iter().map(|channel| (channel.id, channel)).collect();
        let group_ids: Vec<ChatId> = mentioned.chats.iter().copied().map(ChatId).collect();
        let groups = chats::find_many(tx, &group_ids)?;
        scene.groups = groups.into_iter().map(|group| (group.id, group)).collect();
        let (mut acquainted, mut joined, mut grouped) = (BTreeSet::new(), Vec::new(), Vec::new());
        for viewer in viewers.iter().filter(|viewer| viewer.0 != 0) {
            let others = scene.users.keys().filter(|user| *user != viewer);
            acquainted.extend(others.flat_map(|user| [(*viewer, *user), (*user, *viewer)]));
            joined.extend(scene.channels.keys().map(|channel| (*channel, *viewer)));
            grouped.extend(scene.groups.keys().map(|group| (*group, *viewer)));
        }
        let acquainted: Vec<_> = acquainted.into_iter().collect();
        let contacts = contacts::find_pairs(tx, &acquainted)?;
        scene.contacts = contacts.into_iter().map(|row| ((row.owner_id, row.user_id), row)).collect();
        let knows = |owner: UserId, other: UserId| scene.contacts.contains_key(&(owner, other));
        scene.hidden = privacy::hidden(tx, &users, viewers, knows)?;
        let members = channels::members(tx, &joined)?;
        scene.members = members.into_iter().map(|row| ((row.channel_id, row.user_id), row)).collect();
        let members = chats::members_of(tx, &grouped)?;
        scene.group_members = members.into_iter().map(|row| ((row.chat_id, row.user_id), row)).collect();
        let viewed = |content: &i64| {
            let content = ContentId(*content);
            viewers.iter().filter(|viewer| viewer.0 != 0).map(move |viewer| (content, *viewer))
        };
        let marked: Vec<_> = mentioned.contents.iter().flat_map(viewed).collect();
        for mark in marks::of_pairs(tx, &marked)? {
            if let Peer::User(user) = mark.peer {
                scene.marks.entry((mark.content_id, user)).or_default().push(mark);
            }
        }
        if !mentioned.sticker_sets.is_empty() {
            let ids: Vec<i64> = mentioned.sticker_sets.iter().copied().collect();
            scene.sticker_sets = crate::stickers::names_of(tx, &ids)?;
        }
        Ok(scene)
    }

    /// Returns the short name of a sticker set.
    #[must_use]
    pub fn sticker_set(&self, id: i64) -> Option<&str> {
        self.sticker_sets.get(&id).map(String::as_str)
    }

    /// Returns what a viewer left on a message, in order.
    pub fn marks(&self, viewer: UserId, content: ContentId, kind: i64) -> impl Iterator<Item = &MarkRow> {
        self.marks.get(&(content, viewer)).into_iter().flatten().filter(move |mark| mark.kind == kind)
    }

    /// Loads those who are mentioned, for one viewer.
    pub(crate) fn for_viewer(tx: &Tx<'_>, viewer: UserId, mentioned: &Mentioned) -> Result<Scene, Error> {
        Scene::load(tx, &BTreeSet::from([viewer]), mentioned)
    }

    /// Loads peers for one viewer.
    pub(crate) fn of_peers(
        tx: &Tx<'_>,
        viewer: UserId,
        peers: impl IntoIterator<Item = Peer>,
    ) -> Result<Scene, Error> {
        let mut mentioned = Mentioned::default();
        peers.into_iter().for_each(|peer| crate::peers::mention(&mut mentioned, peer));
        Scene::for_viewer(tx, viewer, &mentioned)
    }

    /// Returns a user as a viewer sees it.
    #[must_use]
    pub fn person(&self, viewer: UserId, id: UserId) -> Option<PersonView<'_>> {
        let user = self.users.get(&id)?;
        let is_self = id == viewer;
        let contact = self.contacts.get(&(viewer, id)).filter(|_| !is_self);
        let knows_viewer = !is_self && self.contacts.contains_key(&(id, viewer));
        let hides = |owner: UserId, other: UserId| self.hidden.get(&(owner, other)).copied().unwrap_or(0);
        // Nobody in particular sees what somebody may not.
        let hidden = if viewer.0 == 0 { user.hides } else { hides(id, viewer) };
        let hides_own_status = hides(viewer, id) & privacy::bit::STATUS != 0;
        Some(PersonView { user, contact, is_self, knows_viewer, hidden, hides_own_status })
    }

    /// Returns a channel as a viewer sees it.
    #[must_use]
    pub fn channel(&self, viewer: UserId, id: ChannelId) -> Option<ChannelView<'_>> {
        let channel = self.channels.get(&id)?;
        Some(ChannelView { channel, member: self.members.get(&(id, viewer)) })
    }

    /// Returns every basic group that a viewer may know of: it is or was in it. In order of their ids.
    pub fn groups(&self, viewer: UserId) -> impl Iterator<Item = GroupView<'_>> {
        self.groups.values().filter_map(move |group| {
            let member = self.group_members.get(&(group.id, viewer))?;
            Some(GroupView { group, member: Some(member) })
        })
    }

    /// Returns every user as a viewer sees it, in order of their ids.
    pub fn people(&self, viewer: UserId) -> impl Iterator<Item = PersonView<'_>> {
        self.users.keys().filter_map(move |id| self.person(viewer, *id))
    }

    /// Returns every channel as a viewer sees it, in order of their ids.
    pub fn channels(&self, viewer: UserId) -> impl Iterator<Item = ChannelView<'_>> {
        self.channels.keys().filter_map(move |id| self.channel(viewer, *id))
    }
}
