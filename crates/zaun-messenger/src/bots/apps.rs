//! Mini apps: pages that a bot shows inside a client, and what they are told of who opened them (B-146 … B-162).

use std::fmt::Write as _;

use zaun_crypto::hash::hmac_sha256;
use zaun_model::{Peer, UserId};
use zaun_schema::api::enums::BotMenuButton;
use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::{bots, settings, users};

use super::{InlineResult, Token, is_bot};
use crate::changes::{Place, Thread};
use crate::held::Held;
use crate::limits::{
    APP_BUTTON_LENGTH, APP_DATA_BYTES, APP_LIFE_S, APP_PLATFORM_BYTES, APP_THEME_BYTES, OPEN_APPS_PER_USER,
    START_PARAM_LENGTH,
};
use crate::messages::content::Body;
use crate::messages::send::{Draft, ReplyTo, Sent};
use crate::peers::PeerRef;
use crate::{Actor, Audience, Changes, Error, Messenger, NOBODY, Outcome, errors, rights, stored};

/// The version of what a page may ask its client for.
const WEB_APP_VERSION: &str = "9.1";
/// Name of the setting of a bot that holds its menu button.
const MENU_BUTTON: &str = "menu_button";

/// From where a page is opened.
#[derive(Debug, Clone)]
pub enum Opened {
    /// From a button under a message, the menu or the attachment menu of a conversation, where it may send a message.
    Chat {
        /// The conversation.
        peer: PeerRef,
        /// What its message is to answer.
        reply_to: Option<ReplyTo>,
    },
    /// From a reply keyboard or a side menu, without a conversation.
    Simple,
}

/// A page to be opened.
#[derive(Debug, Clone, Default)]
pub struct AppRequest {
    /// The address that a button carries; without one the bot's menu button decides.
    pub url: Option<String>,
    /// What a link carried.
    pub start_param: Option<String>,
    /// Colours of the client: JSON.
    pub theme: Option<String>,
    /// What the client calls its platform.
    pub platform: String,
}

/// A page with what it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedApp {
    /// The address, with what the page is told behind a `#`.
    pub url: String,
    /// What the page is told of who opened it, with its check.
    pub init_data: String,
    /// Under which the page may send one message.
    pub query_id: Option<i64>,
}

impl OpenedApp {
    /// The name under which the bot answers, as the page is told it.
    #[must_use]
    pub fn query_name(&self) -> Option<String> {
        self.query_id.map(query_name)
    }
}

/// A page that may send a message for its user.
#[derive(Debug, Clone)]
struct Open {
    bot: UserId,
    peer: Peer,
    reply_to: Option<ReplyTo>,
}

/// Pages that may send a message; in memory, because they are open only while somebody looks.
pub struct Apps(Held<i64, Open>);

impl Default for Apps {
    fn default() -> Apps {
        Apps(Held::new(OPEN_APPS_PER_USER))
    }
}

impl Apps {
    pub(crate) fn clear(&self) {
        self.0.clear();
    }
}

/// A text as a JSON string.
fn json(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' | '/' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    // Writing into a string cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text as it stands in an address.
fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The check of what a page is told (B-153): whoever has the token can make it.
#[must_use]
pub fn check_of(token: &str, fields: &[(&str, String)]) -> String {
    let mut lines: Vec<String> = fields.iter().map(|(key, value)| format!("{key}={value}")).collect();
    lines.sort_unstable();
    let secret = hmac_sha256(b"WebAppData", &[token.as_bytes()]);
    let hash = hmac_sha256(&secret, &[lines.join("\n").as_bytes()]);
    hash.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// What a page is told, as it stands in its address (B-151).
fn init_data(token: &str, fields: Vec<(&str, String)>) -> String {
    let hash = check_of(token, &fields);
    let all = fields.into_iter().chain([("hash", hash)]);
    all.map(|(key, value)| format!("{key}={}", percent(&value))).collect::<Vec<_>>().join("&")
}

/// A user as a page is told of it (B-150).
fn user_json(user: &users::UserRow, may_write: bool) -> String {
    let mut out = format!("{{\"id\":{},\"first_name\":{}", user.id.0, json(&user.first_name));
    let _ = write!(out, ",\"last_name\":{}", json(&user.last_name));
    if let Some(username) = &user.username {
        let _ = write!(out, ",\"username\":{}", json(username));
    }
    out.push_str(",\"language_code\":\"en\"");
    if may_write {
        out.push_str(",\"allows_write_to_pm\":true");
    }
    out.push('}');
    out
}

/// The address of a page with what it is told behind it (B-147).
fn address(page: &str, data: &str, request: &AppRequest, inline: bool) -> String {
    let mut page = page.to_owned();
    if let Some(param) = &request.start_param {
        let (before, after) = page.split_once('#').map_or((page.as_str(), None), |(a, b)| (a, Some(b)));
        let sign = if before.contains('?') { '&' } else { '?' };
        let mut with = format!("{before}{sign}tgWebAppStartParam={}", percent(param));
        if let Some(after) = after {
            let _ = write!(with, "#{after}");
        }
        page = with;
    }
    let sign = if page.contains('#') { '&' } else { '#' };
    let theme = request.theme.as_deref().unwrap_or("{}");
    let platform = if request.platform.is_empty() { "unknown" } else { &request.platform };
    let mut out = format!(
        "{page}{sign}tgWebAppData={}&tgWebAppVersion={WEB_APP_VERSION}&tgWebAppPlatform={}&tgWebAppThemeParams={}",
        percent(data),
        percent(platform),
        percent(theme),
    );
    if inline {
        out.push_str("&tgWebAppBotInline=1");
    }
    out
}

fn checked_param(param: Option<&String>) -> Result<(), Error> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match param {
        Some(param) if param.len() > START_PARAM_LENGTH || !param.chars().all(good) => {
            Err(Error::bad(errors::START_PARAM_INVALID))
        }
        _ => Ok(()),
    }
}

fn checked_page(url: &str) -> Result<(), Error> {
    let known = url.starts_with("https://") || url.starts_with("http://");
    let plain = !url.chars().any(|c| c.is_whitespace() || c.is_control());
    if known && plain && url.len() <= crate::limits::BUTTON_URL_BYTES {
        Ok(())
    } else {
        Err(Error::bad(errors::URL_INVALID))
    }
}

/// What stands beside the field of a chat with a bot: for one user, or for all.
pub(super) fn menu_button(tx: &Tx<'_>, bot: UserId, user: UserId) -> Result<BotMenuButton, Error> {
    let own = if user == NOBODY { None } else { settings::find(tx, bot, &of_user(user))? };
    let found = match own {
        Some(body) => Some(body),
        None => settings::find(tx, bot, MENU_BUTTON)?,
    };
    Ok(found.map(stored::decode).transpose()?.unwrap_or(BotMenuButton::BotMenuButtonDefault))
}

/// Which rights a bot asks for.
pub(super) fn wanted_rights(
    tx: &Tx<'_>,
    bot: UserId,
    broadcast: bool,
) -> Result<Option<types::ChatAdminRights>, Error> {
    settings::find(tx, bot, rights_name(broadcast))?.map(stored::decode).transpose()
}

fn rights_name(broadcast: bool) -> &'static str {
    if broadcast { "channel_rights" } else { "group_rights" }
}

fn of_user(user: UserId) -> String {
    format!("{MENU_BUTTON} {}", user.0)
}

impl Messenger {
    /// Opens a page of a bot.
    pub async fn open_app(
        &self,
        actor: Actor,
        bot: PeerRef,
        opened: Opened,
        request: AppRequest,
    ) -> Result<OpenedApp, Error> {
        checked_param(request.start_param.as_ref())?;
        if request.platform.len() > APP_PLATFORM_BYTES
            || request.theme.as_ref().is_some_and(|theme| theme.len() > APP_THEME_BYTES)
        {
            return Err(Error::bad(errors::THEME_PARAMS_INVALID));
        }
        let signer = self.access.clone();
        let (user_id, asked, place) = (actor.user_id, request.clone(), opened.clone());
        let (token, user, page, peer) = self
            .read(user_id, move |tx| {
                let bot = bot.user(tx, user_id)?;
                let row = bots::find(tx, bot)?.ok_or_else(|| Error::bad(errors::BOT_INVALID))?;
                let text = signer.open(&row.sealed).ok_or_else(|| Error::refused(500, errors::INTERNAL))?;
                let token = Token::parse(&text).ok_or_else(|| Error::refused(500, errors::INTERNAL))?;
                let page = match &asked.url {
                    Some(url) => url.clone(),
                    None => match menu_button(tx, bot, user_id)? {
                        BotMenuButton::BotMenuButton(button) => button.url.clone(),
                        _ => return Err(Error::bad(errors::BOT_APP_INVALID)),
                    },
                };
                let user = users::find(tx, user_id)?.ok_or_else(|| Error::bad(errors::USER_ID_INVALID))?;
                let may_write = bots::is_allowed(tx, bot, user_id)?;
                let peer = match place {
                    Opened::Chat { peer, .. } => Some(rights::reading(tx, user_id, peer)?.peer),
                    Opened::Simple => None,
                };
                Ok((token, user_json(&user, may_write), page, peer))
            })
            .await?;
        checked_page(&page)?;
        let (bot, now) = (token.bot_id(), self.now());
        let query_id = match (opened, peer) {
            (Opened::Chat { reply_to, .. }, Some(peer)) => {
                let id = (rand::Rng::next_u64(&mut rand::rng()) >> 1).cast_signed();
                self.apps.0.add(user_id, id, Open { bot, peer, reply_to }, now + APP_LIFE_S, now);
                Some(id)
            }
            _ => None,
        };
        let mut fields = Vec::new();
        fields.extend(query_id.map(|id| ("query_id", query_name(id))));
        fields.push(("user", user));
        fields.extend(request.start_param.clone().map(|param| ("start_param", param)));
        fields.push(("auth_date", now.0.to_string()));
        let data = init_data(token.reveal(), fields);
        let url = address(&page, &data, &request, query_id.is_none());
        Ok(OpenedApp { url, init_data: data, query_id })
    }

    /// Keeps a page alive (B-158).
    pub fn prolong_app(&self, actor: Actor, query_id: i64) -> Result<(), Error> {
        let now = self.now();
        match self.apps.0.prolong(actor.user_id, &query_id, now + APP_LIFE_S, now) {
            true => Ok(()),
            false => Err(Error::bad(errors::QUERY_ID_INVALID)),
        }
    }

    /// Sends the message of a page, as its user and by way of its bot (B-159); returns what names it if it has buttons.
    pub async fn answer_app(
        &self,
        bot: Actor,
        query: &str,
        result: InlineResult,
    ) -> Result<Option<super::InlineMessageId>, Error> {
        let invalid = || Error::bad(errors::QUERY_ID_INVALID);
        let id = read_query_name(query).ok_or_else(invalid)?;
        // Taken before it is sent, so that it is sent once.
        let taken = self.apps.0.take(&id, self.now(), |_, open| open.bot == bot.user_id);
        let (user, open) = taken.ok_or_else(invalid)?;
        let mut content = result.content.ok_or_else(|| Error::bad(errors::WEBPAGE_CURL_FAILED))?;
        content.message.via_bot_id = Some(bot.user_id.0);
        let has_keyboard = content.message.reply_markup.is_some();
        let actor = Actor { user_id: user, key_id: 0, session_id: 0 };
        let random_id = (rand::Rng::next_u64(&mut rand::rng()) >> 1).cast_signed().max(1);
        let draft = Draft { random_id, content, reply_to: open.reply_to, ..Draft::default() };
        let sent: Outcome<Vec<Sent>> = self.send(actor, PeerRef::Known(open.peer), vec![draft]).await?;
        let update = types::UpdateWebViewResultSent { query_id: id };
        self.hint(vec![Audience::User(user)], update.into()).await?;
        let message = sent.value.first().map(|sent| sent.message.clone());
        Ok(message.filter(|_| has_keyboard).map(|message| {
            super::InlineMessageId::new(&self.access, bot.user_id, message.row.box_id, message.id())
        }))
    }

    /// Tells a bot what a page of a reply keyboard sent it (B-161).
    pub async fn send_app_data(
        &self,
        actor: Actor,
        bot: PeerRef,
        text: String,
        data: String,
    ) -> Result<Outcome<()>, Error> {
        if data.len() > APP_DATA_BYTES || text.chars().count() > APP_BUTTON_LENGTH {
            return Err(Error::bad(errors::DATA_INVALID));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let bot = bot.user(changes.tx, actor.user_id)?;
            if !is_bot(changes.tx, bot)? {
                return Err(Error::bad(errors::BOT_INVALID));
            }
            let posting = rights::posting(changes.tx, actor.user_id, PeerRef::Known(Peer::User(bot)))?;
            let own: enums::MessageAction = types::MessageActionWebViewDataSent { text: text.clone() }.into();
            let told: enums::MessageAction =
                types::MessageActionWebViewDataSentMe { text: text.clone(), data: data.clone() }.into();
            let user = actor.user_id;
            for (owner, other, action, unread) in [(user, bot, own, false), (bot, user, told, true)] {
                let (box_id, peer) = (zaun_model::BoxId::User(owner), Peer::User(other));
                let place = Place { box_id, peer, reply_to: None, unread, thread: Thread::None };
                changes.post(user, posting.author, &Body::from(action), &[place], &[])?;
            }
            bots::allow(changes.tx, bot, user, changes.now).map_err(Into::into)
        };
        self.change(actor, work).await
    }

    /// Returns which rights a bot asks for where it is made an administrator.
    pub async fn wanted_rights(
        &self,
        bot: UserId,
        broadcast: bool,
    ) -> Result<Option<types::ChatAdminRights>, Error> {
        self.read(bot, move |tx| wanted_rights(tx, bot, broadcast)).await
    }

    /// Sets which rights a bot asks for where it is made an administrator.
    pub async fn set_wanted_rights(
        &self,
        bot: Actor,
        broadcast: bool,
        rights: types::ChatAdminRights,
    ) -> Result<(), Error> {
        self.write(bot.user_id, move |tx| {
            settings::put(tx, bot.user_id, rights_name(broadcast), &stored::encode(&rights)?)?;
            bots::bump(tx, bot.user_id).map_err(Into::into)
        })
        .await
    }

    /// Says whether the actor lets a bot write to it.
    pub async fn lets_bot_write(&self, actor: Actor, bot: PeerRef) -> Result<bool, Error> {
        self.read(actor.user_id, move |tx| {
            let bot = bot.user(tx, actor.user_id)?;
            if !is_bot(tx, bot)? {
                return Err(Error::bad(errors::BOT_INVALID));
            }
            Ok(bots::is_allowed(tx, bot, actor.user_id)?)
        })
        .await
    }

    /// Lets a bot write to the actor, which the bot is told in their chat (B-047).
    pub async fn let_bot_write(&self, actor: Actor, bot: PeerRef) -> Result<Outcome<()>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let user = actor.user_id;
            let bot = bot.user(changes.tx, user)?;
            if !is_bot(changes.tx, bot)? {
                return Err(Error::bad(errors::BOT_INVALID));
            }
            if bots::is_allowed(changes.tx, bot, user)? {
                return Ok(());
            }
            bots::allow(changes.tx, bot, user, changes.now)?;
            let posting = rights::announcing(changes.tx, user, Peer::User(bot))?;
            let action = types::MessageActionBotAllowed { from_request: true, ..Default::default() };
            let body = Body::from(enums::MessageAction::from(action));
            let places = crate::messages::send::places(&posting, |_| None);
            changes.post(user, posting.author, &body, &places, &[]).map(drop)
        };
        self.change(actor, work).await
    }

    /// Returns what stands beside the field of a chat with a bot; for nobody in particular what stands there for all.
    pub async fn menu_button(&self, bot: UserId, user: UserId) -> Result<BotMenuButton, Error> {
        self.read(bot, move |tx| menu_button(tx, bot, user)).await
    }

    /// Sets what stands beside the field of a chat with a bot, for one user or for all, and tells them.
    pub async fn set_menu_button(
        &self,
        bot: Actor,
        user: UserId,
        button: BotMenuButton,
    ) -> Result<(), Error> {
        if let BotMenuButton::BotMenuButton(button) = &button {
            checked_page(&button.url)?;
            if button.text.is_empty() || button.text.chars().count() > APP_BUTTON_LENGTH {
                return Err(Error::bad(errors::BUTTON_TEXT_INVALID));
            }
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let name = if user == NOBODY { MENU_BUTTON.to_owned() } else { of_user(user) };
            settings::put(changes.tx, bot.user_id, &name, &stored::encode(&button)?)?;
            bots::bump(changes.tx, bot.user_id)?;
            if user != NOBODY {
                let button = button.clone();
                changes.hint_user(user, types::UpdateBotMenuButton { bot_id: bot.user_id.0, button }.into());
            }
            Ok(())
        };
        self.change(bot, work).await.map(drop)
    }
}

/// How a page names its right to send a message.
fn query_name(id: i64) -> String {
    format!("AA{id:016x}")
}

fn read_query_name(name: &str) -> Option<i64> {
    i64::from_str_radix(name.strip_prefix("AA").unwrap_or(name), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B-156: a published vector.
    #[test]
    fn b153_b156_the_check_is_the_known_one() {
        let user = "{\"id\":279058397,\"first_name\":\"Vladislav\",\"last_name\":\"Kibenko\",\
                    \"username\":\"vdkfrost\",\"language_code\":\"ru\",\"is_premium\":true}";
        let fields = [
            ("auth_date", "1662771648".to_owned()),
            ("query_id", "AAHdF6IQAAAAAN0XohDhrOrc".to_owned()),
            ("user", user.to_owned()),
        ];
        let token = "5768337691:AAH5YkoiEuPk8-FZa32hStHTqXiLPtAEhx8";
        let hash = check_of(token, &fields);
        assert!(hash.starts_with("c501b71e775f74ce10e377dea85a7ea24ecd640b2"), "{hash}");
    }

    #[test]
    fn b147_what_a_page_is_told_stands_behind_its_address() {
        let request =
            AppRequest { start_param: Some("x y".into()), platform: "ios".into(), ..AppRequest::default() };
        let url = address("https://a.example/?b=c", "user=1", &request, true);
        assert_eq!(
            url,
            "https://a.example/?b=c&tgWebAppStartParam=x%20y#tgWebAppData=user%3D1&tgWebAppVersion=9.1\
             &tgWebAppPlatform=ios&tgWebAppThemeParams=%7B%7D&tgWebAppBotInline=1"
        );
        assert_eq!(json("a/\"\n"), "\"a\\/\\\"\\u000a\"");
    }
}
