//! Coming in by a link.

use zaun_model::{ChannelId, ChatId, Peer, UserId};
use zaun_schema::api::enums::{ChannelAdminLogEventAction as Action, MessageAction};
use zaun_schema::api::types;
use zaun_store::Tx;
use zaun_store::repo::channels::{self, REMOVED};
use zaun_store::repo::invites::{self, InviteRow, InvitedRow};
use zaun_store::repo::{chats, media};

use super::{exported, hash_of, is_alive, requests};
use crate::channels::log::{kind, record};
use crate::channels::{Joining, enter, post_service};
use crate::files::media::decode_photo;
use crate::limits::MEMBERS_IN_PREVIEW;
use crate::messages::content::Body;
use crate::rights::{Group, Membership};
use crate::views::Scene;
use crate::{Actor, Changes, Error, Messenger, Outcome, errors};

/// What a link leads to, before somebody comes in.
#[derive(Debug, Clone)]
pub enum InvitePreview {
    /// The viewer is in there already.
    Already {
        /// Where.
        peer: Peer,
        /// It.
        scene: Box<Scene>,
    },
    /// What strangers see of it.
    Invite(Box<Preview>),
}

/// What kind of conversation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreviewKind {
    /// A basic group.
    Chat,
    /// A supergroup.
    Megagroup,
    /// A broadcast channel.
    Broadcast,
}

/// What strangers see of a group or channel to which they have a link (G-188, G-189).
#[derive(Debug, Clone)]
pub struct Preview {
    /// Which one.
    pub peer: Peer,
    /// Of what kind.
    pub kind: PreviewKind,
    /// Whether it has a public name.
    pub is_public: bool,
    /// Whether an administrator decides who comes in.
    pub request_needed: bool,
    /// Its title.
    pub title: String,
    /// Its description.
    pub about: String,
    /// Its photo, canonical.
    pub photo: Option<types::Photo>,
    /// How many are in it.
    pub members: i32,
    /// Some of them.
    pub shown: Vec<UserId>,
    /// They.
    pub scene: Scene,
}

/// How somebody comes in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way {
    /// By a link.
    Link,
    /// Because an administrator said yes.
    Request(UserId),
}

fn gone() -> Error {
    Error::refused(406, errors::INVITE_HASH_EXPIRED)
}

impl Messenger {
    /// Returns what a link leads to (G-187).
    pub async fn check_invite(&self, actor: Actor, hash: String) -> Result<InvitePreview, Error> {
        let now = self.now();
        self.read(actor.user_id, move |tx| {
            let invite = invites::find(tx, hash_of(&hash)?)?.ok_or_else(gone)?;
            let (preview, status) = match invite.peer {
                Peer::Chat(id) => of_chat(tx, actor.user_id, id)?,
                Peer::Channel(id) => of_channel(tx, actor.user_id, id)?,
                Peer::User(_) => return Err(gone()),
            };
            match status {
                Some(chats::MEMBER) => {
                    let scene = Box::new(Scene::of_peers(tx, actor.user_id, [invite.peer])?);
                    Ok(InvitePreview::Already { peer: invite.peer, scene })
                }
                Some(REMOVED) => Err(gone()),
                _ if !is_alive(&invite, now) => Err(gone()),
                _ => {
                    let people: Vec<Peer> = preview.shown.iter().map(|user| Peer::User(*user)).collect();
                    let scene = Scene::of_peers(tx, actor.user_id, people)?;
                    let request_needed = invite.request_needed;
                    Ok(InvitePreview::Invite(Box::new(Preview { request_needed, scene, ..preview })))
                }
            }
        })
        .await
    }

    /// Comes in by a link, or asks to (G-190, G-192).
    pub async fn import_invite(&self, actor: Actor, hash: String) -> Result<Outcome<Peer>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let found = invites::find(changes.tx, hash_of(&hash)?)?;
            let mut invite = found.ok_or_else(gone)?;
            require_outside(changes.tx, actor.user_id, invite.peer)?;
            if !is_alive(&invite, changes.now) {
                return Err(gone());
            }
            if invite.request_needed {
                requests::ask(changes, actor.user_id, invite.peer, Some(&mut invite))?;
                return Ok(None);
            }
            let peer = invite.peer;
            let_in(changes, actor.user_id, peer, Some(&mut invite), Way::Link)?;
            crate::peers::mention(&mut changes.mentioned, peer);
            Ok(Some(peer))
        };
        let Outcome { value, own, scene } = self.change(actor, work).await?;
        match value {
            Some(value) => Ok(Outcome { value, own, scene }),
            None => Err(Error::bad(errors::INVITE_REQUEST_SENT)),
        }
    }
}

/// Requires that a user is neither in a group or channel nor kept out of it.
fn require_outside(tx: &Tx<'_>, user: UserId, peer: Peer) -> Result<(), Error> {
    let status = match peer {
        Peer::Chat(id) => chats::member(tx, id, user)?.map(|member| member.status),
        Peer::Channel(id) => channels::member(tx, id, user)?.map(|member| member.status),
        Peer::User(_) => return Err(gone()),
    };
    match status {
        Some(chats::MEMBER) => Err(Error::bad(errors::USER_ALREADY_PARTICIPANT)),
        Some(REMOVED) => Err(gone()),
        _ => Ok(()),
    }
}

/// Makes a user a member, and tells those who are there already.
pub(super) fn let_in(
    changes: &mut Changes<'_, '_>,
    user: UserId,
    peer: Peer,
    mut invite: Option<&mut InviteRow>,
    way: Way,
) -> Result<(), Error> {
    let inviter = match (way, &invite) {
        (Way::Request(admin), _) => admin,
        (Way::Link, Some(invite)) => invite.admin_id,
        (Way::Link, None) => user,
    };
    if let Some(invite) = invite.as_deref_mut() {
        invite.used = invite.used.saturating_add(1);
        invites::save(changes.tx, invite)?;
    }
    let action: MessageAction = match way {
        Way::Link => types::MessageActionChatJoinedByLink { inviter_id: inviter.0 }.into(),
        Way::Request(_) => MessageAction::MessageActionChatJoinedByRequest,
    };
    // What is announced is the newcomer's doing.
    let newcomer = Actor { user_id: user, key_id: 0, session_id: 0 };
    match peer {
        Peer::Chat(id) => {
            let chat = chats::find(changes.tx, id)?.filter(|chat| !chat.deactivated);
            crate::chats::add(changes, chat.ok_or_else(gone)?, user, inviter)?;
            crate::chats::announce(changes, newcomer, id, action)?;
        }
        Peer::Channel(id) => {
            let mut row = channels::find(changes.tx, id)?.filter(|row| !row.deleted).ok_or_else(gone)?;
            enter(changes, &mut row, user, Joining::by(user))?;
            channels::save(changes.tx, &row)?;
            record(changes, id, user, kind::JOIN, logged(invite.as_deref(), way))?;
            changes.hint_user(user, types::UpdateChannel { channel_id: id.0 }.into());
            if !row.broadcast {
                post_service(changes, newcomer, id, Body::from(action))?;
            }
        }
        Peer::User(_) => return Err(gone()),
    }
    let approved_by = if let Way::Request(admin) = way { admin } else { UserId(0) };
    let hash = invite.map(|invite| invite.hash.clone()).unwrap_or_default();
    let row = InvitedRow { peer, user_id: user, hash, date: changes.now, requested: false, approved_by };
    Ok(invites::put_invited(changes.tx, &row)?)
}

fn logged(invite: Option<&InviteRow>, way: Way) -> Action {
    use zaun_schema::api::enums::ExportedChatInvite as Exported;
    let invite = invite.map_or(Exported::ChatInvitePublicJoinRequests, |invite| exported(invite).into());
    match way {
        Way::Link => {
            types::ChannelAdminLogEventActionParticipantJoinByInvite { via_chatlist: false, invite }.into()
        }
        Way::Request(admin) => {
            let approved_by = admin.0;
            types::ChannelAdminLogEventActionParticipantJoinByRequest { invite, approved_by }.into()
        }
    }
}

fn photo_of(tx: &Tx<'_>, photo: Option<i64>) -> Result<Option<types::Photo>, Error> {
    match photo {
        Some(photo) => media::find(tx, photo)?.map(decode_photo).transpose(),
        None => Ok(None),
    }
}

/// A group's preview, and what the viewer is to it.
fn of_chat(tx: &Tx<'_>, viewer: UserId, id: ChatId) -> Result<(Preview, Option<i64>), Error> {
    let row = chats::find(tx, id)?.filter(|row| !row.deactivated).ok_or_else(gone)?;
    let members = chats::members(tx, id)?;
    let shown = members.iter().take(MEMBERS_IN_PREVIEW).map(|member| member.user_id).collect();
    let status = Group::load(tx, viewer, id).ok().map(|group| group.member.status);
    let preview = Preview {
        peer: Peer::Chat(id),
        kind: PreviewKind::Chat,
        is_public: false,
        request_needed: false,
        photo: photo_of(tx, row.photo_id)?,
        title: row.title,
        about: row.about,
        members: row.members,
        shown,
        scene: Scene::default(),
    };
    Ok((preview, status))
}

/// A channel's preview, and what the viewer is to it.
fn of_channel(tx: &Tx<'_>, viewer: UserId, id: ChannelId) -> Result<(Preview, Option<i64>), Error> {
    let Membership { channel: row, member, .. } = Membership::load(tx, viewer, id).map_err(|_| gone())?;
    let shown = match row.broadcast || row.hidden_members {
        true => Vec::new(),
        false => {
            let limit = i64::try_from(MEMBERS_IN_PREVIEW).unwrap_or(i64::MAX);
            channels::recent(tx, id, 0, limit)?.into_iter().map(|member| member.user_id).collect()
        }
    };
    let preview = Preview {
        peer: Peer::Channel(id),
        kind: if row.broadcast { PreviewKind::Broadcast } else { PreviewKind::Megagroup },
        is_public: row.username.is_some(),
        request_needed: false,
        photo: photo_of(tx, row.photo_id)?,
        title: row.title,
        about: row.about,
        members: row.members,
        shown,
        scene: Scene::default(),
    };
    Ok((preview, member.map(|member| member.status)))
}
