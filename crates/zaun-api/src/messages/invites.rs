//! Invite links, and requests to join.

use zaun_messenger::Error;
use zaun_messenger::invites::{
    EditedInvite, Importers, InvitePreview, InviteTerms, Named, Preview, PreviewKind,
};
use zaun_model::Peer;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl::{self, Lists};

/// Colours that a picture without a photo may have.
const COLOURS: i64 = 7;

/// messages.exportChatInvite; links with a price do not exist here.
pub(crate) async fn export_chat_invite(
    call: Call,
    r: functions::messages::ExportChatInvite,
) -> Result<enums::ExportedChatInvite, Error> {
    if r.subscription_pricing.is_some() {
        return Err(Error::bad("PRICING_CHAT_INVALID"));
    }
    let terms = InviteTerms {
        expires_at: r.expire_date,
        usage_limit: r.usage_limit,
        request_needed: Some(r.request_needed),
        title: r.title,
    };
    let peer = call.peer(&r.peer)?;
    let permanent = r.legacy_revoke_permanent;
    Ok(call.messenger().export_invite(call.actor(), peer, permanent, terms).await?.into())
}

/// messages.checkChatInvite
pub(crate) async fn check_chat_invite(
    call: Call,
    r: functions::messages::CheckChatInvite,
) -> Result<enums::ChatInvite, Error> {
    match call.messenger().check_invite(call.actor(), r.hash).await? {
        InvitePreview::Already { peer, scene } => {
            let chat = call.view(&scene).lists().chats.into_iter().next();
            let chat = chat.ok_or_else(|| zaun_messenger::errors::peer_invalid(peer))?;
            Ok(types::ChatInviteAlready { chat }.into())
        }
        InvitePreview::Invite(preview) => Ok(shown(&call, *preview).into()),
    }
}

fn shown(call: &Call, preview: Preview) -> types::ChatInvite {
    let view = call.view(&preview.scene);
    let is_channel = preview.kind != PreviewKind::Chat;
    let participants: Vec<_> = preview.shown.iter().filter_map(|user| view.one_user(*user).ok()).collect();
    let photo = preview.photo.clone().map(|photo| view.completed(enums::Photo::from(photo)));
    let id = match preview.peer {
        Peer::User(id) => id.0,
        Peer::Chat(id) => id.0,
        Peer::Channel(id) => id.0,
    };
    types::ChatInvite {
        channel: is_channel,
        broadcast: preview.kind == PreviewKind::Broadcast,
        megagroup: preview.kind == PreviewKind::Megagroup,
        public: is_channel && preview.is_public,
        request_needed: preview.request_needed,
        title: preview.title,
        about: Some(preview.about).filter(|about| !about.is_empty()),
        photo: photo.unwrap_or(types::PhotoEmpty { id: 0 }.into()),
        participants_count: preview.members,
        participants: Some(participants).filter(|shown| !shown.is_empty()),
        color: i32::try_from(id % COLOURS).unwrap_or(0),
        ..types::ChatInvite::default()
    }
}

/// messages.importChatInvite
pub(crate) async fn import_chat_invite(
    call: Call,
    r: functions::messages::ImportChatInvite,
) -> Result<enums::messages::ChatInviteJoinResult, Error> {
    let joined = call.messenger().import_invite(call.actor(), r.hash).await?;
    let updates = to_tl::own_updates(call.view(&joined.scene), &joined.own);
    Ok(types::messages::ChatInviteJoinResultOk { updates }.into())
}

/// messages.getExportedChatInvites
pub(crate) async fn get_exported_chat_invites(
    call: Call,
    r: functions::messages::GetExportedChatInvites,
) -> Result<enums::messages::ExportedChatInvites, Error> {
    let (peer, admin) = (call.peer(&r.peer)?, call.user(&r.admin_id)?);
    let (kind, from) = ((admin, r.revoked), (r.offset_date, r.offset_link));
    let page = call.messenger().exported_invites(call.actor(), peer, kind, from, r.limit).await?;
    let invites = page.invites.into_iter().map(Into::into).collect();
    let count = page.count;
    Ok(call.answer(&page.scene, |Lists { users, .. }| types::messages::ExportedChatInvites {
        count,
        invites,
        users,
    }))
}

/// messages.getExportedChatInvite
pub(crate) async fn get_exported_chat_invite(
    call: Call,
    r: functions::messages::GetExportedChatInvite,
) -> Result<enums::messages::ExportedChatInvite, Error> {
    let found = call.messenger().exported_invite(call.actor(), call.peer(&r.peer)?, r.link).await?;
    Ok(edited(&call, found))
}

fn edited(call: &Call, edited: EditedInvite) -> enums::messages::ExportedChatInvite {
    let invite = edited.invite.into();
    call.answer(&edited.scene, |Lists { users, .. }| match edited.new {
        Some(new) => {
            types::messages::ExportedChatInviteReplaced { invite, new_invite: new.into(), users }.into()
        }
        None => types::messages::ExportedChatInvite { invite, users }.into(),
    })
}

/// messages.editExportedChatInvite
pub(crate) async fn edit_exported_chat_invite(
    call: Call,
    r: functions::messages::EditExportedChatInvite,
) -> Result<enums::messages::ExportedChatInvite, Error> {
    let terms = InviteTerms {
        expires_at: r.expire_date,
        usage_limit: r.usage_limit,
        request_needed: r.request_needed,
        title: r.title,
    };
    let peer = call.peer(&r.peer)?;
    let changed = call.messenger().edit_invite(call.actor(), peer, r.link, r.revoked, terms).await?;
    Ok(edited(&call, changed))
}

/// messages.deleteExportedChatInvite
pub(crate) async fn delete_exported_chat_invite(
    call: Call,
    r: functions::messages::DeleteExportedChatInvite,
) -> Result<bool, Error> {
    call.messenger().delete_invite(call.actor(), call.peer(&r.peer)?, r.link).await?;
    Ok(true)
}

/// messages.deleteRevokedExportedChatInvites
pub(crate) async fn delete_revoked_exported_chat_invites(
    call: Call,
    r: functions::messages::DeleteRevokedExportedChatInvites,
) -> Result<bool, Error> {
    let (peer, admin) = (call.peer(&r.peer)?, call.user(&r.admin_id)?);
    call.messenger().delete_revoked_invites(call.actor(), peer, admin).await?;
    Ok(true)
}

/// messages.getAdminsWithInvites
pub(crate) async fn get_admins_with_invites(
    call: Call,
    r: functions::messages::GetAdminsWithInvites,
) -> Result<enums::messages::ChatAdminsWithInvites, Error> {
    let found = call.messenger().owners_of_invites(call.actor(), call.peer(&r.peer)?).await?;
    let admins = found.owners.iter().map(|(admin, valid, revoked)| types::ChatAdminWithInvites {
        admin_id: admin.0,
        invites_count: *valid,
        revoked_invites_count: *revoked,
    });
    let admins = admins.collect();
    Ok(call
        .answer(&found.scene, |Lists { users, .. }| types::messages::ChatAdminsWithInvites { admins, users }))
}

/// messages.getChatInviteImporters
pub(crate) async fn get_chat_invite_importers(
    call: Call,
    r: functions::messages::GetChatInviteImporters,
) -> Result<enums::messages::ChatInviteImporters, Error> {
    let before_user = match &r.offset_user {
        enums::InputUser::InputUserEmpty => None,
        user => Some(call.user(user)?),
    };
    let wanted = Importers {
        requested: r.requested,
        link: r.link,
        text: r.q.unwrap_or_default(),
        before: r.offset_date,
        before_user,
        limit: r.limit,
    };
    let peer = call.peer(&r.peer)?;
    let (count, rows, scene) = call.messenger().importers(call.actor(), peer, wanted).await?;
    let importers = rows.iter().map(|row| types::ChatInviteImporter {
        requested: row.requested,
        user_id: row.user_id.0,
        date: row.date.to_tl(),
        approved_by: (row.approved_by.0 > 0).then_some(row.approved_by.0),
        ..types::ChatInviteImporter::default()
    });
    let importers = importers.collect();
    Ok(call.answer(&scene, |Lists { users, .. }| types::messages::ChatInviteImporters {
        count,
        importers,
        users,
    }))
}

async fn decide(
    call: Call,
    peer: &enums::InputPeer,
    named: Named,
    approved: bool,
) -> Result<enums::Updates, Error> {
    let done = call.messenger().decide_requests(call.actor(), call.peer(peer)?, named, approved).await?;
    Ok(to_tl::own_updates(call.view(&done.scene), &done.own))
}

/// messages.hideChatJoinRequest
pub(crate) async fn hide_chat_join_request(
    call: Call,
    r: functions::messages::HideChatJoinRequest,
) -> Result<enums::Updates, Error> {
    let user = call.user(&r.user_id)?;
    decide(call, &r.peer, Named::User(user), r.approved).await
}

/// messages.hideAllChatJoinRequests
pub(crate) async fn hide_all_chat_join_requests(
    call: Call,
    r: functions::messages::HideAllChatJoinRequests,
) -> Result<enums::Updates, Error> {
    decide(call, &r.peer, Named::All(r.link), r.approved).await
}
