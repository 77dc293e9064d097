//! Groups and channels, and who is in them.

use serde_json::{Value, json};
use zaun_messenger::channels::NewChannel;
use zaun_messenger::peers::PeerRef;
use zaun_messenger::{Actor, Error, errors};
use zaun_model::rights::AdminRights;
use zaun_model::{ChannelId, Peer, UserId};

use crate::fields::Fields;
use crate::{Control, Refusal, acting};

/// What a conversation of many is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Group,
    Supergroup,
    Channel,
}

impl Kind {
    const ALL: [(&str, Kind); 3] =
        [("group", Kind::Group), ("supergroup", Kind::Supergroup), ("channel", Kind::Channel)];

    fn read(fields: &mut Fields) -> Result<Kind, Refusal> {
        let name = fields.text("kind")?;
        let known = Kind::ALL.into_iter().find(|(word, _)| *word == name);
        known
            .map(|(_, kind)| kind)
            .ok_or_else(|| fields.wrong("kind", "this is to be group, supergroup or channel"))
    }
}

fn known_users(users: &[UserId]) -> Vec<PeerRef> {
    users.iter().map(|id| PeerRef::Known(Peer::User(*id))).collect()
}

/// Makes a basic group, a supergroup or a channel with its members.
pub(crate) async fn create_chat(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let kind = Kind::read(&mut fields)?;
    let title = fields.text("title")?;
    let about = fields.maybe_text("about")?.unwrap_or_default();
    let username = fields.maybe_text("username")?;
    let owner = acting(control.user(&mut fields, "owner").await?);
    let members = control.users(&mut fields, "members").await?;
    let admins = control.users(&mut fields, "admins").await?;
    let key = control.new_key(&mut fields)?;
    let place = fields.clone();
    fields.end()?;
    let new = New { title, about, username, owner, members, admins };
    let peer = match kind {
        Kind::Group => create_group(control, &new, &place).await?,
        Kind::Supergroup => create_channel(control, &new, false, &place).await?,
        Kind::Channel => create_channel(control, &new, true, &place).await?,
    };
    control.keep_key(key, peer);
    super::see::chat_of(control, owner, peer).await
}

struct New {
    title: String,
    about: String,
    username: Option<String>,
    owner: Actor,
    members: Vec<UserId>,
    admins: Vec<UserId>,
}

async fn create_group(control: &Control, new: &New, place: &Fields) -> Result<Peer, Refusal> {
    if new.username.is_some() || !new.about.is_empty() {
        let field = if new.username.is_some() { "username" } else { "about" };
        return Err(place.wrong(field, "a basic group cannot have this; a supergroup can"));
    }
    let messenger = control.messenger();
    let mut invited = new.members.clone();
    invited.extend(new.admins.iter().filter(|id| !new.members.contains(id)));
    let made = messenger.create_chat(new.owner, &new.title, known_users(&invited), 0).await;
    let (id, missing) = made.map_err(|error| blame(place, error))?.value;
    let peer = Peer::Chat(id);
    let finish = async {
        require_everybody(place, &missing)?;
        for admin in known_users(&new.admins) {
            let made = messenger.edit_chat_admin(new.owner, PeerRef::Known(peer), admin, true).await;
            made.map_err(|error| Refusal::from(error).of_field(&place.path("admins")))?;
        }
        Ok(peer)
    };
    let finished = finish.await;
    if finished.is_err() {
        messenger.delete_chat(new.owner, PeerRef::Known(peer)).await?;
    }
    finished
}

async fn create_channel(
    control: &Control,
    new: &New,
    broadcast: bool,
    place: &Fields,
) -> Result<Peer, Refusal> {
    let messenger = control.messenger();
    let channel =
        NewChannel { broadcast, title: new.title.clone(), about: new.about.clone(), ..NewChannel::default() };
    let made = messenger.create_channel(new.owner, channel).await;
    let (id, _) = made.map_err(|error| blame(place, error))?.value;
    let finished = fill_channel(control, new, id, place).await;
    if finished.is_err() {
        messenger.delete_channel(new.owner, PeerRef::Known(Peer::Channel(id))).await?;
    }
    finished
}

async fn fill_channel(control: &Control, new: &New, id: ChannelId, place: &Fields) -> Result<Peer, Refusal> {
    let (messenger, peer) = (control.messenger(), Peer::Channel(id));
    let channel = PeerRef::Known(peer);
    if let Some(username) = &new.username {
        let named = messenger.update_channel_username(new.owner, channel, username.clone()).await;
        named.map_err(|error| blame(place, error))?;
    }
    let members: Vec<UserId> = new.members.iter().copied().filter(|id| *id != new.owner.user_id).collect();
    if !members.is_empty() {
        let invited = messenger.invite_to_channel(new.owner, channel, known_users(&members)).await;
        let invited = invited.map_err(|error| Refusal::from(error).of_field(&place.path("members")))?;
        require_everybody(place, &invited.value.1)?;
    }
    let rights = AdminRights::ALL.without(AdminRights::ANONYMOUS);
    for admin in known_users(&new.admins) {
        let made = messenger.edit_channel_admin(new.owner, channel, admin, rights, None).await;
        made.map_err(|error| Refusal::from(error).of_field(&place.path("admins")))?;
    }
    Ok(peer)
}

fn require_everybody(place: &Fields, missing: &[UserId]) -> Result<(), Refusal> {
    match missing.first() {
        Some(id) => Err(place.wrong("members", format!("{} cannot be brought in", id.0))),
        None => Ok(()),
    }
}

/// Says which field the messenger's refusal of a new conversation blames.
fn blame(place: &Fields, error: Error) -> Refusal {
    let refusal = Refusal::from(error);
    let field = match refusal.text.as_str() {
        errors::CHAT_TITLE_EMPTY => "title",
        errors::CHAT_ABOUT_TOO_LONG => "about",
        errors::USERNAME_INVALID | errors::USERNAME_OCCUPIED => "username",
        errors::USERS_TOO_FEW | errors::USERS_TOO_MUCH => "members",
        _ => return refusal,
    };
    let path = place.path(field);
    refusal.of_field(&path)
}

/// Brings users into a group or a channel.
pub(crate) async fn add(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let actor = control.actor(&mut fields).await?;
    let chat = control.peer(&mut fields, "chat").await?;
    let users = control.users(&mut fields, "users").await?;
    let place = fields.clone();
    fields.end()?;
    if users.is_empty() {
        return Err(place.wrong("users", "somebody has to be named"));
    }
    let (messenger, peer) = (control.messenger(), PeerRef::Known(chat));
    let missing = match chat {
        Peer::User(_) => return Err(place.wrong("chat", "nobody can be brought into a private chat")),
        Peer::Channel(_) => messenger.invite_to_channel(actor, peer, known_users(&users)).await?.value.1,
        Peer::Chat(_) => {
            let mut missing = Vec::new();
            for user in known_users(&users) {
                missing.extend(messenger.add_chat_user(actor, peer, user, 0).await?.value);
            }
            missing
        }
    };
    Ok(json!({ "missing": missing.iter().map(|id| id.0).collect::<Vec<_>>() }))
}

/// Joins a public supergroup or channel.
pub(crate) async fn join(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let actor = control.actor(&mut fields).await?;
    let chat = control.peer(&mut fields, "chat").await?;
    let place = fields.clone();
    fields.end()?;
    if chat.channel().is_none() {
        return Err(place.wrong("chat", "only supergroups and channels are joined"));
    }
    control.messenger().join_channel(actor, PeerRef::Known(chat)).await?;
    super::see::chat_of(control, actor, chat).await
}

/// Leaves a group or a channel.
pub(crate) async fn leave(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let actor = control.actor(&mut fields).await?;
    let chat = control.peer(&mut fields, "chat").await?;
    let place = fields.clone();
    fields.end()?;
    let (messenger, peer) = (control.messenger(), PeerRef::Known(chat));
    match chat {
        Peer::User(_) => return Err(place.wrong("chat", "a private chat is not left")),
        Peer::Channel(_) => drop(messenger.leave_channel(actor, peer).await?),
        Peer::Chat(_) => {
            let itself = PeerRef::Known(Peer::User(actor.user_id));
            messenger.delete_chat_user(actor, peer, itself, false).await?;
        }
    }
    Ok(json!({}))
}
