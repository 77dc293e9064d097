//! What apps are told of features and limits (A-001 … A-030): which buttons to hide, because nothing lies behind them,
//! and which numbers this server enforces.

use zaun_crypto::hash::sha256;
use zaun_messenger::{Error, limits};
use zaun_schema::LAYER;
use zaun_schema::api::{enums, functions, types};

use crate::Call;

/// Switches that hide what does not exist here, or show what some apps hide by themselves (A-013 … A-029).
const SWITCHES: &[(&str, bool)] = &[
    ("background_connection", true),
    ("call_requests_disabled", true),
    ("can_edit_factcheck", false),
    ("channel_revenue_withdrawal_enabled", false),
    ("dialog_filters_enabled", true),
    ("dialog_filters_tooltip", false),
    ("enable_gifts_in_profile", false),
    ("giveaway_gifts_purchase_available", false),
    ("keep_alive_service", true),
    ("need_age_video_verification", false),
    ("premium_gift_attach_menu_icon", false),
    ("premium_gift_text_field_icon", false),
    ("premium_purchase_blocked", true),
    ("qr_login_camera", true),
    ("settings_display_passkeys", false),
    ("sponsored_links_inapp_allow", false),
    ("stargifts_blocked", true),
    ("starref_connect_allowed", false),
    ("starref_program_allowed", false),
    ("stars_gifts_enabled", false),
    ("stars_paid_messages_available", false),
    ("stars_purchase_blocked", true),
];

/// Switches with more than two positions.
const CHOICES: &[(&str, &str)] = &[
    ("rich_message_posting", "disabled"),
    ("stories_posting", "disabled"),
    ("translations_auto_enabled", "disabled"),
    ("translations_manual_enabled", "disabled"),
];

/// Lists of words. Web K reads the first one without asking whether it is there.
const LISTS: &[(&str, &[&str])] = &[("autologin_domains", &[]), ("fragment_prefixes", &["888"])];

/// Numbers that this server enforces, each for everybody, because nobody pays here.
const LIMITS: &[(&str, usize)] = &[
    ("about_length_limit", limits::ABOUT_LENGTH),
    ("caption_length_limit", limits::CAPTION_LENGTH),
    ("channels_limit", limits::CHANNELS_PER_USER),
    ("dialog_filters_chats_limit", limits::CHATS_PER_FOLDER),
    ("dialog_filters_limit", limits::FOLDERS),
    ("dialogs_folder_pinned_limit", limits::PINNED_DIALOGS),
    ("dialogs_pinned_limit", limits::PINNED_DIALOGS),
    ("saved_dialogs_pinned_limit", limits::PINNED_SAVED_DIALOGS),
    ("upload_max_fileparts", limits::FILE_PARTS),
];

/// How long, and up to how many members, it is known who read what.
const READING: &[(&str, i32)] = &[
    ("chat_read_mark_expire_period", limits::READ_DATES_S),
    ("chat_read_mark_size_threshold", limits::READERS_OF_CHAT),
    ("pm_read_date_expire_period", limits::READ_DATES_S),
];

fn number(value: usize) -> enums::JSONValue {
    types::JsonNumber { value: f64::from(u32::try_from(value).unwrap_or(u32::MAX)) }.into()
}

fn word(value: &str) -> enums::JSONValue {
    types::JsonString { value: value.to_owned() }.into()
}

/// All keys, in the order of their names.
fn values() -> Vec<types::JsonObjectValue> {
    let mut all: Vec<(String, enums::JSONValue)> = Vec::new();
    let switch = |(key, value): &(&str, bool)| ((*key).to_owned(), types::JsonBool { value: *value }.into());
    all.extend(SWITCHES.iter().map(switch));
    all.extend(CHOICES.iter().map(|(key, value)| ((*key).to_owned(), word(value))));
    all.extend(LISTS.iter().map(|(key, words)| {
        let value = words.iter().map(|value| word(value)).collect();
        ((*key).to_owned(), types::JsonArray { value }.into())
    }));
    for (key, value) in LIMITS {
        all.extend(["default", "premium"].map(|who| (format!("{key}_{who}"), number(*value))));
    }
    let plain = [
        ("poll_answers_max", limits::POLL_ANSWERS),
        ("poll_close_period_max", usize::try_from(limits::POLL_PERIOD_MAX_S).unwrap_or(0)),
        ("reactions_in_chat_max", limits::REACTIONS_OF_CHAT),
        ("reactions_uniq_max", usize::try_from(limits::KINDS_OF_REACTIONS).unwrap_or(0)),
    ];
    all.extend(plain.map(|(key, value)| (key.to_owned(), number(value))));
    all.extend(
        READING
            .iter()
            .map(|(key, value)| ((*key).to_owned(), types::JsonNumber { value: f64::from(*value) }.into())),
    );
    all.push(("quote_length_max".to_owned(), number(limits::QUOTE_LENGTH)));
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all.into_iter().map(|(key, value)| types::JsonObjectValue { key, value }).collect()
}

/// A number that changes with the content, and is never 0.
fn hash_of(config: &enums::JSONValue) -> i32 {
    let bytes = zaun_tl::to_bytes(config, LAYER).unwrap_or_default();
    let hash = sha256(&[&bytes]);
    hash.first_chunk().map_or(1, |bytes| i32::from_le_bytes(*bytes) & i32::MAX | 1)
}

/// help.getAppConfig
pub(crate) async fn get_app_config(
    _: Call,
    r: functions::help::GetAppConfig,
) -> Result<enums::help::AppConfig, Error> {
    let config: enums::JSONValue = types::JsonObject { value: values() }.into();
    let hash = hash_of(&config);
    // never for hash 0, which means that the client has nothing yet.
    if r.hash == hash {
        return Ok(enums::help::AppConfig::AppConfigNotModified);
    }
    Ok(types::help::AppConfig { hash, config }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ordered_once_each_and_the_hash_follows_the_content() {
        let keys: Vec<String> = values().into_iter().map(|value| value.key).collect();
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "{keys:?}");
        let config = |value| types::JsonObject { value }.into();
        let whole = hash_of(&config(values()));
        assert!(whole > 0, "A-001");
        assert_ne!(whole, hash_of(&config(values().split_off(1))), "A-002");
    }
}
