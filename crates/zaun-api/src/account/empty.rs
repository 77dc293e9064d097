//! `account.*` that list what does not exist here.

use zaun_schema::api::{enums, functions, types};

use crate::empty::empty_answers;

empty_answers! {
    /// account.getContentSettings: nothing is hidden as sensitive, and that cannot be changed.
    get_content_settings: functions::account::GetContentSettings => enums::account::ContentSettings = types::account::ContentSettings::default();
    /// account.getThemes: clients have their own.
    get_themes: functions::account::GetThemes => enums::account::Themes = types::account::Themes::default();
    /// account.getChatThemes: chats have no themes.
    get_chat_themes: functions::account::GetChatThemes => enums::account::Themes = types::account::Themes::default();
    /// account.getWallPapers: clients have their own.
    get_wall_papers: functions::account::GetWallPapers => enums::account::WallPapers = types::account::WallPapers::default();
    /// account.getWebAuthorizations: no web site can ask for a login.
    get_web_authorizations: functions::account::GetWebAuthorizations => enums::account::WebAuthorizations = types::account::WebAuthorizations::default();
    /// account.getDefaultEmojiStatuses: users have no emoji status.
    get_default_emoji_statuses: functions::account::GetDefaultEmojiStatuses => enums::account::EmojiStatuses = types::account::EmojiStatuses::default();
    /// account.getRecentEmojiStatuses: users have no emoji status.
    get_recent_emoji_statuses: functions::account::GetRecentEmojiStatuses => enums::account::EmojiStatuses = types::account::EmojiStatuses::default();
    /// account.getCollectibleEmojiStatuses: users have no emoji status.
    get_collectible_emoji_statuses: functions::account::GetCollectibleEmojiStatuses => enums::account::EmojiStatuses = types::account::EmojiStatuses::default();
    /// account.getChannelDefaultEmojiStatuses: channels have no emoji status.
    get_channel_default_emoji_statuses: functions::account::GetChannelDefaultEmojiStatuses => enums::account::EmojiStatuses = types::account::EmojiStatuses::default();
    /// account.getChannelRestrictedStatusEmojis: channels have no emoji status.
    get_channel_restricted_status_emojis: functions::account::GetChannelRestrictedStatusEmojis => enums::EmojiList = types::EmojiList::default();
    /// account.getDefaultProfilePhotoEmojis: there are no custom emoji.
    get_default_profile_photo_emojis: functions::account::GetDefaultProfilePhotoEmojis => enums::EmojiList = types::EmojiList::default();
    /// account.getDefaultGroupPhotoEmojis: there are no custom emoji.
    get_default_group_photo_emojis: functions::account::GetDefaultGroupPhotoEmojis => enums::EmojiList = types::EmojiList::default();
    /// account.getDefaultBackgroundEmojis: there are no custom emoji.
    get_default_background_emojis: functions::account::GetDefaultBackgroundEmojis => enums::EmojiList = types::EmojiList::default();
    /// account.getSavedRingtones: none can be saved.
    get_saved_ringtones: functions::account::GetSavedRingtones => enums::account::SavedRingtones = types::account::SavedRingtones::default();
    /// account.getConnectedBots: nobody has a business account.
    get_connected_bots: functions::account::GetConnectedBots => enums::account::ConnectedBots = types::account::ConnectedBots::default();
    /// account.getPasskeys: nobody can log in by passkey.
    get_passkeys: functions::account::GetPasskeys => enums::account::Passkeys = types::account::Passkeys::default();
}
