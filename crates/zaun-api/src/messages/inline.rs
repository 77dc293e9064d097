//! Inline bots: asking them, their answers, sending and editing what they made (B-101 … B-116).

use zaun_messenger::bots::{InlineAnswer, InlineDraft, InlineMessageId, InlineQuery};
use zaun_messenger::messages::change::Edit;
use zaun_messenger::peers::PeerRef;
use zaun_messenger::{Error, errors};
use zaun_model::Peer;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl;

/// messages.getInlineBotResults: waits for the bot's answer.
pub(crate) async fn get_inline_bot_results(
    call: Call,
    r: functions::messages::GetInlineBotResults,
) -> Result<enums::messages::BotResults, Error> {
    let bot = call.user(&r.bot)?;
    let peer = match &r.peer {
        enums::InputPeer::InputPeerEmpty => None,
        peer => Some(call.peer(peer)?),
    };
    let asked = InlineQuery { query: r.query, offset: r.offset };
    let kept = call.messenger().ask_inline(call.actor(), bot, peer, asked).await?;
    let known = PeerRef::Known(Peer::User(kept.bot));
    let (_, scene) = call.messenger().person(call.user_id, known).await?;
    let view = call.view(&scene);
    let answer = &kept.answer;
    Ok(types::messages::BotResults {
        gallery: answer.gallery,
        query_id: kept.query_id,
        next_offset: answer.next_offset.clone(),
        switch_pm: answer.switch_pm.clone(),
        switch_webview: answer.switch_webview.clone(),
        results: answer.results.iter().map(|result| view.completed(result.shown.clone())).collect(),
        cache_time: answer.cache_time,
        users: view.lists().users,
    })
}

/// messages.setInlineBotResults
pub(crate) async fn set_inline_bot_results(
    call: Call,
    r: functions::messages::SetInlineBotResults,
) -> Result<bool, Error> {
    let mut results = Vec::with_capacity(r.results.len());
    for mut result in r.results {
        settle_entities(&call, &mut result)?;
        results.push(call.messenger().make_inline_result(call.actor(), result).await?);
    }
    let answer = InlineAnswer {
        gallery: r.gallery,
        private: r.private,
        results,
        cache_time: r.cache_time,
        next_offset: r.next_offset,
        switch_pm: r.switch_pm,
        switch_webview: r.switch_webview,
    };
    call.messenger().answer_inline(call.user_id, r.query_id, answer).await?;
    Ok(true)
}

/// Checks whom the text of a result mentions.
pub(super) fn settle_entities(call: &Call, result: &mut enums::InputBotInlineResult) -> Result<(), Error> {
    use enums::InputBotInlineMessage as M;
    use enums::InputBotInlineResult as R;
    let message = match result {
        R::InputBotInlineResult(result) => &mut result.send_message,
        R::InputBotInlineResultPhoto(result) => &mut result.send_message,
        R::InputBotInlineResultDocument(result) => &mut result.send_message,
        R::InputBotInlineResultGame(result) => &mut result.send_message,
    };
    let entities = match message {
        M::InputBotInlineMessageMediaAuto(message) => &mut message.entities,
        M::InputBotInlineMessageText(message) => &mut message.entities,
        M::InputBotInlineMessageMediaWebPage(message) => &mut message.entities,
        _ => return Ok(()),
    };
    *entities = call.entities(entities.take())?;
    Ok(())
}

/// messages.sendInlineBotResult
pub(crate) async fn send_inline_bot_result(
    call: Call,
    r: functions::messages::SendInlineBotResult,
) -> Result<enums::Updates, Error> {
    if r.schedule_date.is_some() {
        return Err(Error::bad("SCHEDULE_DATE_INVALID"));
    }
    let peer = call.peer(&r.peer)?;
    if let Some(sent) = call.messenger().sent_before(call.actor(), peer, vec![r.random_id]).await? {
        return Ok(to_tl::sent_updates(call.view(&sent.scene), &sent));
    }
    let draft = InlineDraft {
        random_id: r.random_id,
        reply_to: call.reply_to(r.reply_to)?,
        clear_draft: r.clear_draft,
        silent: r.silent,
        send_as: call.send_as(r.send_as)?,
    };
    let sent = call.messenger().send_inline(call.actor(), peer, (r.query_id, r.id), draft).await?;
    Ok(to_tl::sent_updates(call.view(&sent.scene), &sent))
}

/// messages.editInlineBotMessage
pub(crate) async fn edit_inline_bot_message(
    call: Call,
    r: functions::messages::EditInlineBotMessage,
) -> Result<bool, Error> {
    let id = InlineMessageId::from_tl(&r.id).ok_or_else(|| Error::bad(errors::MESSAGE_ID_INVALID))?;
    let entities = call.entities(r.entities)?;
    let text = r.message.map(|text| (text, entities));
    let edit = Edit { text, reply_markup: r.reply_markup, ..Edit::default() };
    let edit = super::edit::new_media(&call, r.media, edit).await?;
    call.messenger().edit_inline(call.actor(), id, edit).await?;
    Ok(true)
}
