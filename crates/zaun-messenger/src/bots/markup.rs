//! Keyboards that bots give their messages (B-069 … B-090).

use zaun_model::Peer;
use zaun_schema::api::{enums, types};

use crate::limits::{BUTTON_DATA_BYTES, BUTTON_ROW, BUTTON_URL_BYTES, BUTTONS, COPY_TEXT_LENGTH};
use crate::{Error, errors};

use enums::{InlineButtonType as I, ReplyMarkup as R};

/// Returns a keyboard as it is kept, or none if nothing is left of it; refuses what may not be sent to the peer.
pub fn settle(markup: R, peer: Peer, broadcast: bool) -> Result<Option<R>, Error> {
    match markup {
        R::ReplyInlineMarkup(mut markup) => {
            cut(&mut markup.rows, |row| &mut row.buttons);
            for button in markup.rows.iter_mut().flat_map(|row| &mut row.buttons) {
                settle_inline(button, peer)?;
            }
            Ok((!markup.rows.is_empty()).then_some(R::ReplyInlineMarkup(markup)))
        }
        // B-086: channels take inline keyboards only.
        _ if broadcast => Err(Error::bad(errors::BUTTON_TYPE_INVALID)),
        R::ReplyKeyboardMarkup(mut markup) => {
            cut(&mut markup.rows, |row| &mut row.buttons);
            // B-078: all but text in private chats only.
            let plain = |button: &enums::KeyboardButton| {
                matches!(button.r#type, enums::ButtonType::ButtonTypeDefault)
            };
            let private = matches!(peer, Peer::User(_));
            if !private && !markup.rows.iter().flat_map(|row| &row.buttons).all(plain) {
                return Err(Error::bad(errors::BUTTON_TYPE_INVALID));
            }
            Ok((!markup.rows.is_empty()).then_some(R::ReplyKeyboardMarkup(markup)))
        }
        other => Ok(Some(other)),
    }
}

/// B-069: what is too much is cut silently.
fn cut<Row, Button>(rows: &mut Vec<Row>, buttons: impl Fn(&mut Row) -> &mut Vec<Button>) {
    let mut left = BUTTONS;
    for row in rows.iter_mut() {
        let row = buttons(row);
        row.truncate(BUTTON_ROW.min(left));
        left -= row.len();
    }
    rows.retain_mut(|row| !buttons(row).is_empty());
}

fn settle_inline(button: &mut enums::KeyboardInlineButton, peer: Peer) -> Result<(), Error> {
    match &mut button.r#type {
        I::InlineButtonTypeCallback(callback) => {
            let fits = (1..=BUTTON_DATA_BYTES).contains(&callback.data.len());
            if fits { Ok(()) } else { Err(Error::bad(errors::BUTTON_DATA_INVALID)) }
        }
        I::InlineButtonTypeUrl(url) => {
            if is_url(&url.url) {
                Ok(())
            } else {
                Err(Error::bad(errors::BUTTON_URL_INVALID))
            }
        }
        I::InlineButtonTypeCopy(copy) => {
            let fits = (1..=COPY_TEXT_LENGTH).contains(&copy.copy_text.chars().count());
            if fits { Ok(()) } else { Err(Error::bad(errors::BUTTON_COPY_TEXT_INVALID)) }
        }
        I::InlineButtonTypeSwitchInline(_)
        | I::InlineButtonTypeUserProfile(_)
        | I::InlineButtonTypeBuy
        | I::InlineButtonTypeDisabled => Ok(()),
        I::InputInlineButtonTypeUserProfile(profile) => {
            let user_id = match &profile.user_id {
                enums::InputUser::InputUser(user) => user.user_id,
                _ => return Err(Error::bad(errors::BUTTON_USER_INVALID)),
            };
            button.r#type = types::InlineButtonTypeUserProfile { user_id }.into();
            Ok(())
        }
        // B-163: only in the chat with the bot.
        I::InlineButtonTypeWebView(view) if matches!(peer, Peer::User(_)) => {
            if is_url(&view.url) {
                Ok(())
            } else {
                Err(Error::bad(errors::BUTTON_URL_INVALID))
            }
        }
        _ => Err(Error::bad(errors::BUTTON_TYPE_INVALID)),
    }
}

/// The keyboard of an invoice begins with the button that pays, and nothing else has one (B-077).
pub(crate) fn settle_pay(message: &mut types::Message) -> Result<(), Error> {
    let media = match &message.media {
        Some(enums::MessageMedia::MessageMediaInvoice(media)) => Some(media),
        _ => None,
    };
    let pays = |button: &enums::KeyboardInlineButton| matches!(button.r#type, I::InlineButtonTypeBuy);
    let buttons = || match &message.reply_markup {
        Some(R::ReplyInlineMarkup(markup)) => {
            markup.rows.iter().flat_map(|row| row.buttons.clone()).collect()
        }
        _ => Vec::new(),
    };
    let buttons: Vec<enums::KeyboardInlineButton> = buttons();
    let Some(media) = media else {
        let none = !buttons.iter().any(pays);
        return if none { Ok(()) } else { Err(Error::bad(errors::BUTTON_TYPE_INVALID)) };
    };
    if message.via_bot_id.is_some() || message.fwd_from.is_some() {
        return Ok(());
    }
    if buttons.is_empty() {
        let text = format!("Pay {}", price(&media.currency, media.total_amount));
        let button = types::KeyboardInlineButton { style: None, text, r#type: I::InlineButtonTypeBuy };
        let rows = vec![types::KeyboardInlineButtonRow { buttons: vec![button] }];
        message.reply_markup = Some(types::ReplyInlineMarkup { force_reply: false, rows }.into());
        return Ok(());
    }
    if buttons.first().is_some_and(pays) { Ok(()) } else { Err(Error::bad(errors::REPLY_MARKUP_BUY_EMPTY)) }
}

/// Currencies without a smaller unit.
const WHOLE: [&str; 4] = ["XTR", "JPY", "KRW", "VND"];

fn price(currency: &str, amount: i64) -> String {
    if WHOLE.contains(&currency) {
        return format!("{amount} {currency}");
    }
    format!("{}.{:02} {currency}", amount / 100, amount % 100)
}

/// Says whether a text is a place that a button may open.
fn is_url(url: &str) -> bool {
    let begins = |scheme: &str| {
        url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            && url.len() > scheme.len()
    };
    let known = ["http://", "https://", "tg://", "ton://", "tonsite://"].iter().any(|scheme| begins(scheme));
    known && url.len() <= BUTTON_URL_BYTES && !url.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Returns what is left of a keyboard in a forwarded copy (B-089).
#[must_use]
pub fn forwarded(markup: Option<R>) -> Option<R> {
    let R::ReplyInlineMarkup(mut markup) = markup? else { return None };
    for row in &mut markup.rows {
        row.buttons.retain(|button| {
            matches!(button.r#type, I::InlineButtonTypeUrl(_) | I::InlineButtonTypeSwitchInline(_))
        });
    }
    markup.rows.retain(|row| !row.buttons.is_empty());
    (!markup.rows.is_empty()).then_some(R::ReplyInlineMarkup(markup))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inline(rows: Vec<Vec<I>>) -> R {
        let button = |r#type| types::KeyboardInlineButton { style: None, text: "x".into(), r#type };
        let row = |buttons: Vec<I>| types::KeyboardInlineButtonRow {
            buttons: buttons.into_iter().map(button).collect(),
        };
        types::ReplyInlineMarkup { force_reply: false, rows: rows.into_iter().map(row).collect() }.into()
    }

    fn callback(length: usize) -> I {
        types::InlineButtonTypeCallback { requires_password: false, data: vec![b'x'; length].into() }.into()
    }

    #[test]
    fn b069_what_is_too_much_is_cut() {
        let wide = inline(vec![vec![callback(1); 20]; 40]);
        let Some(R::ReplyInlineMarkup(kept)) =
            settle(wide, Peer::User(zaun_model::UserId(1)), false).unwrap()
        else {
            panic!("nothing is left")
        };
        assert!(kept.rows.iter().all(|row| row.buttons.len() <= 12));
        assert_eq!(kept.rows.iter().map(|row| row.buttons.len()).sum::<usize>(), 300);
        assert_eq!(settle(inline(vec![]), Peer::User(zaun_model::UserId(1)), false).unwrap(), None);
    }

    #[test]
    fn b074_bad_buttons_are_refused() {
        let peer = Peer::User(zaun_model::UserId(1));
        let text = |button| settle(inline(vec![vec![button]]), peer, false).unwrap_err().to_string();
        assert_eq!(text(callback(65)), "400 BUTTON_DATA_INVALID");
        assert_eq!(
            text(types::InlineButtonTypeUrl { url: "nowhere".into() }.into()),
            "400 BUTTON_URL_INVALID"
        );
    }
}
