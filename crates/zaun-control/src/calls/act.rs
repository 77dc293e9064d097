//! What a user does beside writing: reacting, voting, following links, paying, opening mini apps.

use serde_json::{Value, json};
use zaun_messenger::bots::{AppRequest, Opened};
use zaun_messenger::payments::{InvoiceRef, Paid};
use zaun_messenger::peers::PeerRef;
use zaun_messenger::{Error, errors};
use zaun_model::{MsgId, Peer};
use zaun_schema::api::{enums, types};

use super::see;
use crate::fields::Fields;
use crate::limits::{MAX_STARS, MAX_TIP};
use crate::{Control, Refusal};

/// Reacts to a message, or takes the reaction back.
pub(crate) async fn react(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let actor = control.actor(&mut fields).await?;
    let chat = control.peer(&mut fields, "chat").await?;
    let id = MsgId(fields.message_id("message")?);
    let emoji = fields.maybe_text("emoji")?;
    let place = fields.clone();
    fields.end()?;
    let wanted = emoji.map(|emoticon| types::ReactionEmoji { emoticon }.into()).into_iter().collect();
    let done = control.messenger().send_reaction(actor, PeerRef::Known(chat), id, wanted, false).await;
    done.map_err(|error| blame(&place, error, errors::REACTION_INVALID, "emoji"))?;
    see::message(control, actor, chat, id).await
}

/// Says which field a refusal blames.
fn blame(place: &Fields, error: Error, text: &str, field: &str) -> Refusal {
    let refusal = Refusal::from(error);
    let field = match refusal.text.as_str() {
        errors::MESSAGE_ID_INVALID => "message",
        other if other == text => field,
        _ => return refusal,
    };
    refusal.of_field(&place.path(field))
}

/// Votes in a poll by the texts of its answers; without any the vote is taken back.
pub(crate) async fn vote(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let actor = control.actor(&mut fields).await?;
    let chat = control.peer(&mut fields, "chat").await?;
    let id = MsgId(fields.message_id("message")?);
    let mut wanted = Vec::new();
    for (path, value) in fields.list("options")? {
        let text = value.as_str().map(str::to_owned);
        wanted.push((
            text.ok_or_else(|| Refusal::field(path.clone(), "this is to be an answer of the poll"))?,
            path,
        ));
    }
    let place = fields.clone();
    fields.end()?;
    let peer = PeerRef::Known(chat);
    let (message, _) = control.messenger().poll_results(actor, peer, id).await?;
    let media = message.body.written().ok().and_then(|content| content.message.media.as_ref());
    let Some(enums::MessageMedia::MessageMediaPoll(media)) = media else {
        return Err(place.wrong("message", "this is no poll"));
    };
    let mut options = Vec::new();
    for (text, path) in wanted {
        let found = media.poll.answers.iter().find_map(|answer| match answer {
            enums::PollAnswer::PollAnswer(answer) if answer.text.text == text => Some(answer.option.to_vec()),
            _ => None,
        });
        options.push(found.ok_or_else(|| Refusal::field(path, "the poll has no such answer"))?);
    }
    control.messenger().send_vote(actor, peer, id, options).await?;
    see::message(control, actor, chat, id).await
}

/// Follows an invite link: the user joins, or asks to.
pub(crate) async fn follow(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let actor = control.actor(&mut fields).await?;
    let link = fields.text("link")?;
    let place = fields.clone();
    fields.end()?;
    let end = link.rsplit(['/', '+']).next().unwrap_or_default().to_owned();
    match control.messenger().import_invite(actor, end).await {
        Ok(joined) => Ok(json!({ "chat": see::chat_of(control, actor, joined.value).await? })),
        Err(error) if Refusal::from(error.clone()).text == errors::INVITE_REQUEST_SENT => {
            Ok(json!({ "asked": true }))
        }
        Err(error) => Err(Refusal::from(error).of_field(&place.path("link"))),
    }
}

/// What the payer says of itself.
fn info(value: &Value) -> types::PaymentRequestedInfo {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let address = &value["address"];
    let part = |name: &str| text(&address[name]).unwrap_or_default();
    let shipping_address = address.is_object().then(|| types::PostAddress {
        street_line1: part("street_line1"),
        street_line2: part("street_line2"),
        city: part("city"),
        state: part("state"),
        country_iso2: part("country_code"),
        post_code: part("post_code"),
    });
    types::PaymentRequestedInfo {
        name: text(&value["name"]),
        phone: text(&value["phone"]),
        email: text(&value["email"]),
        shipping_address,
    }
}

/// Pays an invoice, by card or in stars: the bot is asked as it is when an app does this.
pub(crate) async fn pay(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let actor = control.actor(&mut fields).await?;
    let link = fields.maybe_text("link")?;
    let named = match &link {
        Some(link) => {
            let end = link.rsplit(['/', '$']).next().unwrap_or_default();
            InvoiceRef::Slug(end.to_owned())
        }
        None => {
            let chat = control.peer(&mut fields, "chat").await?;
            InvoiceRef::Message(PeerRef::Known(chat), MsgId(fields.message_id("message")?))
        }
    };
    let tip = fields.maybe_number("tip", (0, MAX_TIP))?.unwrap_or(0);
    let card = fields.maybe_text("card")?.unwrap_or_else(|| "4242424242424242".to_owned());
    let shipping = fields.maybe_text("shipping")?;
    let said = fields.take("info");
    let place = fields.clone();
    fields.end()?;
    let messenger = control.messenger();
    let form = messenger.payment_form(actor, named.clone()).await?;
    let (mut requested_info_id, mut options) = (None, Vec::new());
    if let Some(said) = &said {
        let done = messenger.validate_requested_info(actor, named.clone(), info(said)).await;
        let done = done.map_err(|error| Refusal::from(error).of_field(&place.path("info")))?;
        (requested_info_id, options) = (Some(done.id), done.options.unwrap_or_default());
    }
    // The first way to send it is taken, unless one is named.
    let chosen = shipping.or_else(|| options.first().map(|option| option.id.clone()));
    let paid = Paid {
        form_id: form.form_id,
        requested_info_id,
        shipping_option_id: chosen,
        tip,
        credentials: Some(json!({ "card_number": card }).to_string()),
    };
    let done = messenger.pay(actor, named, paid).await?;
    Ok(json!({ "charge": form.form_id.to_string(), "message": done.value.0, "chat": form.bot.0 }))
}

/// Gives a user or bot stars.
pub(crate) async fn give_stars(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let user = control.user(&mut fields, "user").await?;
    let amount = fields.number("amount", (1, MAX_STARS))?;
    fields.end()?;
    Ok(json!({ "balance": control.messenger().grant_stars(user, amount).await? }))
}

/// Opens a mini app as an app does: from a button of a message, or from the menu of a chat.
pub(crate) async fn open_app(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let actor = control.actor(&mut fields).await?;
    let chat = control.peer(&mut fields, "chat").await?;
    let bot = match fields.take("bot") {
        Some(bot) => {
            let found = control.named_user(&bot).await;
            Peer::User(found.map_err(|refusal| refusal.of_field(&fields.path("bot")))?)
        }
        None => chat,
    };
    let request = AppRequest {
        url: fields.maybe_text("url")?,
        start_param: fields.maybe_text("start_param")?,
        platform: fields.maybe_text("platform")?.unwrap_or_else(|| "sandbox".to_owned()),
        theme: None,
    };
    fields.end()?;
    let opened = Opened::Chat { peer: PeerRef::Known(chat), reply_to: None };
    let app = control.messenger().open_app(actor, PeerRef::Known(bot), opened, request).await?;
    Ok(json!({ "url": app.url, "init_data": app.init_data, "query_id": app.query_name() }))
}

/// Sends a bot what a mini app of a reply keyboard has to say.
pub(crate) async fn send_app_data(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let actor = control.actor(&mut fields).await?;
    let bot = control.user(&mut fields, "bot").await?;
    let (button, data) = (fields.text("button")?, fields.text("data")?);
    fields.end()?;
    control.messenger().send_app_data(actor, PeerRef::Known(Peer::User(bot)), button, data).await?;
    Ok(json!({}))
}
