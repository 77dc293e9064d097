//! `messages.*` that list what does not exist here.

use zaun_schema::api::{enums, functions, types};

use crate::empty::empty_answers;

empty_answers! {
    /// messages.getSponsoredMessages: nothing is advertised.
    get_sponsored_messages: functions::messages::GetSponsoredMessages => enums::messages::SponsoredMessages = enums::messages::SponsoredMessages::SponsoredMessagesEmpty;
    /// messages.getAttachMenuBots: no bot has a place in the menu.
    get_attach_menu_bots: functions::messages::GetAttachMenuBots => enums::AttachMenuBots = types::AttachMenuBots::default();
    /// messages.getFeaturedStickers: no set is recommended.
    get_featured_stickers: functions::messages::GetFeaturedStickers => enums::messages::FeaturedStickers = types::messages::FeaturedStickers::default();
    /// messages.getFeaturedEmojiStickers: no set is recommended.
    get_featured_emoji_stickers: functions::messages::GetFeaturedEmojiStickers => enums::messages::FeaturedStickers = types::messages::FeaturedStickers::default();
    /// messages.getOldFeaturedStickers: no set is recommended.
    get_old_featured_stickers: functions::messages::GetOldFeaturedStickers => enums::messages::FeaturedStickers = types::messages::FeaturedStickers::default();
    /// messages.getEmojiGroups: emoji are in no groups.
    get_emoji_groups: functions::messages::GetEmojiGroups => enums::messages::EmojiGroups = types::messages::EmojiGroups::default();
    /// messages.getEmojiStickerGroups: emoji are in no groups.
    get_emoji_sticker_groups: functions::messages::GetEmojiStickerGroups => enums::messages::EmojiGroups = types::messages::EmojiGroups::default();
    /// messages.getEmojiStatusGroups: emoji are in no groups.
    get_emoji_status_groups: functions::messages::GetEmojiStatusGroups => enums::messages::EmojiGroups = types::messages::EmojiGroups::default();
    /// messages.getEmojiProfilePhotoGroups: emoji are in no groups.
    get_emoji_profile_photo_groups: functions::messages::GetEmojiProfilePhotoGroups => enums::messages::EmojiGroups = types::messages::EmojiGroups::default();
    /// messages.getEmojiKeywordsLanguages: emoji have no keywords.
    get_emoji_keywords_languages: functions::messages::GetEmojiKeywordsLanguages => Vec<enums::EmojiLanguage> = Vec::new();
    /// messages.getAvailableReactions: nobody can react yet.
    get_available_reactions: functions::messages::GetAvailableReactions => enums::messages::AvailableReactions = types::messages::AvailableReactions::default();
    /// messages.getDefaultTagReactions: nobody can react yet.
    get_default_tag_reactions: functions::messages::GetDefaultTagReactions => enums::messages::Reactions = types::messages::Reactions::default();
    /// messages.getSavedReactionTags: notes have no tags.
    get_saved_reaction_tags: functions::messages::GetSavedReactionTags => enums::messages::SavedReactionTags = types::messages::SavedReactionTags::default();
    /// messages.getAvailableEffects: messages have no effects.
    get_available_effects: functions::messages::GetAvailableEffects => enums::messages::AvailableEffects = types::messages::AvailableEffects::default();
    /// messages.getQuickReplies: nobody has a business account.
    get_quick_replies: functions::messages::GetQuickReplies => enums::messages::QuickReplies = types::messages::QuickReplies::default();
    /// messages.getSuggestedDialogFilters: nothing is suggested.
    get_suggested_dialog_filters: functions::messages::GetSuggestedDialogFilters => Vec<enums::DialogFilterSuggested> = Vec::new();
}
