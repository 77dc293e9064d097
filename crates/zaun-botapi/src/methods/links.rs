//! Invite links, and requests to join (B-290).

use serde_json::{Value, json};
use zaun_messenger::invites::{InviteTerms, Named};
use zaun_messenger::peers::PeerRef;
use zaun_model::{Peer, UserId};
use zaun_schema::api::types;

use super::Call;
use crate::error::ApiError;
use crate::to_json::Eyes;

impl Call<'_> {
    /// A group or channel whose links the bot manages.
    async fn link_place(&self) -> Result<PeerRef, ApiError> {
        match self.peer("chat_id").await? {
            Peer::User(_) => Err(ApiError::bad("chat invite link can't be created in private chats")),
            peer => Ok(PeerRef::Known(peer)),
        }
    }

    fn terms(&self) -> Result<InviteTerms, ApiError> {
        let small = |name: &str| -> Result<Option<i32>, ApiError> {
            let wrong = || ApiError::bad(format!("{name} is out of range"));
            self.params.number(name).map(|n| i32::try_from(n).map_err(|_| wrong())).transpose()
        };
        let limit = small("member_limit")?;
        let request_needed = self.params.is_set("creates_join_request");
        if request_needed && limit.is_some_and(|limit| limit != 0) {
            return Err(ApiError::bad(
                "member limit can't be specified for links requiring administrator approval",
            ));
        }
        Ok(InviteTerms {
            expires_at: Some(small("expire_date")?.unwrap_or(0)),
            usage_limit: Some(limit.unwrap_or(0)),
            request_needed: Some(request_needed),
            title: Some(self.params.get("name").unwrap_or_default().to_owned()),
        })
    }

    async fn link(&self, invite: &types::ChatInviteExported) -> Result<Value, ApiError> {
        let creator = PeerRef::Known(Peer::User(UserId(invite.admin_id)));
        let (_, scene) = self.messenger().person(self.bot.bot, creator).await?;
        Ok(Eyes { signer: &self.messenger().access, bot: self.bot.bot, scene: &scene }.invite_link(invite))
    }

    async fn decide(&self, approved: bool) -> Result<Value, ApiError> {
        let peer = self.link_place().await?;
        let user = self.params.number("user_id").filter(|id| *id > 0);
        let user = UserId(user.ok_or_else(|| ApiError::bad("invalid user_id specified"))?);
        let named = Named::User(PeerRef::Known(Peer::User(user)));
        self.messenger().decide_requests(self.actor(), peer, named, approved).await?;
        Ok(json!(true))
    }
}

/// createChatInviteLink
pub(super) async fn create_chat_invite_link(call: Call<'_>) -> Result<Value, ApiError> {
    let (peer, terms) = (call.link_place().await?, call.terms()?);
    let made = call.messenger().export_invite(call.actor(), peer, false, terms).await?;
    call.link(&made).await
}

/// exportChatInviteLink: the bot's permanent link; the one before leads nowhere any more.
pub(super) async fn export_chat_invite_link(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.link_place().await?;
    let made = call.messenger().export_invite(call.actor(), peer, true, InviteTerms::default()).await?;
    Ok(json!(made.link))
}

/// editChatInviteLink: what is not named falls back to nothing.
pub(super) async fn edit_chat_invite_link(call: Call<'_>) -> Result<Value, ApiError> {
    let (peer, terms) = (call.link_place().await?, call.terms()?);
    let link = call.params.required("invite_link")?.to_owned();
    let edited = call.messenger().edit_invite(call.actor(), peer, link, false, terms).await?;
    call.link(&edited.invite).await
}

/// revokeChatInviteLink
pub(super) async fn revoke_chat_invite_link(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.link_place().await?;
    let link = call.params.required("invite_link")?.to_owned();
    let terms = InviteTerms::default();
    let edited = call.messenger().edit_invite(call.actor(), peer, link, true, terms).await?;
    call.link(&edited.invite).await
}

/// approveChatJoinRequest
pub(super) async fn approve_chat_join_request(call: Call<'_>) -> Result<Value, ApiError> {
    call.decide(true).await
}

/// declineChatJoinRequest
pub(super) async fn decline_chat_join_request(call: Call<'_>) -> Result<Value, ApiError> {
    call.decide(false).await
}
