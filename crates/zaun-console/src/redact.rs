//! What is never shown: the tables of secret fields, and of suspicious ones that are not secret.
//!
//! A hidden field loses its value in the tree, in the text and in the bytes, before anything leaves the server. What
//! cannot be read at all is hidden as well wherever a secret might be in it.

/// Any constructor.
const ANY: &str = "*";

/// The account that login codes come from.
pub const SERVICE_USER: i64 = 777_000;

/// Fields that are hidden: constructor or method, and field.
pub const HIDDEN: &[(&str, &str)] = &[
    // Login codes and what belongs to them.
    (ANY, "phone_code"),
    (ANY, "phone_code_hash"),
    (ANY, "api_hash"),
    ("auth.recoverPassword", "code"),
    ("auth.checkRecoveryPassword", "code"),
    ("account.confirmPasswordEmail", "code"),
    ("account.verifyEmail", "code"),
    ("emailVerificationCode", "code"),
    ("account.invalidateSignInCodes", "codes"),
    ("account.sendConfirmPhoneCode", "hash"),
    ("updateServiceNotification", "message"),
    ("auth.sentCodeTypeFragmentSms", "url"),
    ("auth.sentCodeTypeFlashCall", "pattern"),
    ("auth.sentCodeTypeFirebaseSms", "nonce"),
    ("auth.sentCodeTypeFirebaseSms", "play_integrity_nonce"),
    ("auth.firebasePnvIntent", "nonce"),
    ("auth.firebasePnvIntent", "digital_credential_payload"),
    ("auth.requestFirebaseSms", "ios_push_secret"),
    ("inputPasskeyResponseLogin", "authenticator_data"),
    ("inputPasskeyResponseLogin", "signature"),
    ("urlAuthResultRequest", "match_codes"),
    (ANY, "match_code"),
    // Passwords: SRP, key derivation, recovery.
    (ANY, "A"),
    (ANY, "M1"),
    (ANY, "srp_B"),
    (ANY, "srp_id"),
    (ANY, "salt1"),
    (ANY, "salt2"),
    (ANY, "secure_random"),
    (ANY, "new_password_hash"),
    (ANY, "hint"),
    (ANY, "tmp_password"),
    (ANY, "password"),
    (ANY, "secure_secret"),
    (ANY, "secure_secret_id"),
    (ANY, "random"),
    // Tokens: whoever has one is let in, or is taken for somebody.
    (ANY, "token"),
    (ANY, "autologin_token"),
    (ANY, "bot_auth_token"),
    (ANY, "file_token"),
    (ANY, "request_token"),
    (ANY, "future_auth_token"),
    (ANY, "purchase_token"),
    (ANY, "logout_tokens"),
    (ANY, "google_token"),
    (ANY, "play_integrity_token"),
    (ANY, "pnv_token"),
    (ANY, "safety_net_token"),
    (ANY, "web_auth_token"),
    (ANY, "zoom_token"),
    ("auth.exportedAuthorization", "bytes"),
    ("auth.importAuthorization", "bytes"),
    ("invokeWithApnsSecret", "nonce"),
    ("invokeWithGooglePlayIntegrity", "nonce"),
    ("urlAuthResultAccepted", "url"),
    ("webViewResultUrl", "url"),
    (ANY, "gift_code_slug"),
    ("messageActionGiftCode", "slug"),
    ("payments.checkGiftCode", "slug"),
    ("payments.applyGiftCode", "slug"),
    // Secrets and keys by name; of proxies, push, passports, files, calls, wallets.
    (ANY, "secret"),
    (ANY, "encrypted_key"),
    (ANY, "encryption_key"),
    (ANY, "encryption_iv"),
    ("phone.groupCallStreamRtmpUrl", "key"),
    ("phone.groupCallStreamRtmpUrl", "url"),
    ("phoneConnectionWebrtc", "username"),
    ("phoneConnection", "peer_tag"),
    ("secureCredentialsEncrypted", "data"),
    ("secureData", "data"),
    ("inputPaymentCredentials", "data"),
    ("inputPaymentCredentialsApplePay", "payment_data"),
    ("inputPaymentCredentialsGooglePay", "payment_token"),
    ("auth.bindTempAuthKey", "encrypted_message"),
    ("bind_auth_key_inner", "nonce"),
    // The handshake's secret; only encrypted data holds it.
    (ANY, "new_nonce"),
    // Salts are secret towards third parties (M-243).
    (ANY, "salt"),
    (ANY, "server_salt"),
    (ANY, "new_server_salt"),
];

/// Fields with suspicious names that are shown, each group with its reason.
pub const SHOWN: &[(&str, &str)] = &[
    // Identifiers that open nothing without the account they were made for.
    (ANY, "access_hash"),
    (ANY, "attributes_hash"),
    (ANY, "hash"),
    (ANY, "poll_hash"),
    (ANY, "prepaid_upgrade_hash"),
    (ANY, "game_hash"),
    (ANY, "except_auth_keys"),
    (ANY, "perm_auth_key_id"),
    (ANY, "temp_auth_key_id"),
    (ANY, "from_auth_key_id"),
    // Digests and fingerprints of things that stay hidden or are public.
    (ANY, "data_hash"),
    (ANY, "file_hash"),
    (ANY, "g_a_hash"),
    (ANY, "msg_hash"),
    (ANY, "tx_hash"),
    (ANY, "key_fingerprint"),
    (ANY, "public_key_fingerprint"),
    (ANY, "server_public_key_fingerprints"),
    (ANY, "new_nonce_hash"),
    (ANY, "new_nonce_hash1"),
    (ANY, "new_nonce_hash2"),
    (ANY, "new_nonce_hash3"),
    // Public halves.
    (ANY, "public_key"),
    (ANY, "anchor_public_key"),
    (ANY, "new_public_key"),
    // Invitations: what people post to each other.
    (ANY, "invite_hash"),
    (ANY, "chat_invite_hash"),
    // Names of texts, words, numbers of errors, countries and languages.
    (ANY, "country_code"),
    (ANY, "plural_code"),
    (ANY, "lang_code"),
    (ANY, "lang_codes"),
    (ANY, "base_lang_code"),
    (ANY, "suggested_lang_code"),
    (ANY, "system_lang_code"),
    (ANY, "post_code"),
    (ANY, "error_code"),
    (ANY, "video_codec"),
    ("jsonObjectValue", "key"),
    ("langPackString", "key"),
    ("langPackStringDeleted", "key"),
    ("langPackStringPluralized", "key"),
    ("langpack.getStrings", "keys"),
    (ANY, "keyword"),
    (ANY, "keywords"),
    (ANY, "hashtag"),
    (ANY, "token_type"),
    (ANY, "credentials_title"),
    // People who wrote something, and days.
    (ANY, "author"),
    (ANY, "author_id"),
    (ANY, "author_photo_id"),
    (ANY, "post_author"),
    (ANY, "authorization_ttl_days"),
    // Ends of encrypted conversations: ciphertext that the server cannot read either.
    ("phone.sendGroupCallEncryptedMessage", "encrypted_message"),
    ("updateGroupCallEncryptedMessage", "encrypted_message"),
];

/// Parts of names that make a field suspicious: it must be in one of the tables.
pub const SUSPICIOUS: &[&str] = &[
    "code",
    "pass",
    "secret",
    "token",
    "srp",
    "salt",
    "key",
    "auth",
    "credential",
    "recover",
    "hash",
    "new_nonce",
    "encrypted_message",
];

/// Whether a field of a constructor or method is never shown.
#[must_use]
pub fn is_hidden(constructor: &str, field: &str) -> bool {
    contains(HIDDEN, constructor, field)
}

/// Whether a suspicious field is known to be harmless.
#[must_use]
pub fn is_shown(constructor: &str, field: &str) -> bool {
    contains(SHOWN, constructor, field)
}

fn contains(table: &[(&str, &str)], constructor: &str, field: &str) -> bool {
    table.iter().any(|(c, f)| *f == field && (*c == ANY || *c == constructor))
}

/// Fields that hold text of the service account, in constructors that name whose conversation it is.
const TEXTS: &[&str] = &["message", "quote_text", "entities", "media", "rich_message", "reply_to", "draft"];

/// Fields that say whose conversation it is, or who wrote it first.
const WRITERS: &[&str] =
    &["from_id", "peer_id", "peer", "user_id", "fwd_from", "saved_peer_id", "reply_from", "reply_to_peer_id"];

/// Constructors and methods in which text of the service account may stand: as it comes, forwarded, quoted, drafted.
const CONVERSATIONS: &[&str] = &[
    "message",
    "updateShortMessage",
    "updateShortChatMessage",
    "messageReplyHeader",
    "inputReplyToMessage",
    "messages.sendMessage",
    "messages.saveDraft",
    "updateDraftMessage",
    "dialog",
];

/// Whether text of the service account may stand in a constructor.
#[must_use]
pub fn has_text_of_others(constructor: &str) -> bool {
    CONVERSATIONS.contains(&constructor)
}

/// Whether a field holds the text of such a message.
#[must_use]
pub fn is_text(field: &str) -> bool {
    TEXTS.contains(&field)
}

/// Whether a field says who wrote it.
#[must_use]
pub fn is_writer(field: &str) -> bool {
    WRITERS.contains(&field)
}

/// The values behind a refusal, without the salts in them.
#[must_use]
pub fn values(values: &str) -> String {
    if values.contains("salt") {
        return "the packet's salt is none that is valid now (both are kept back)".to_owned();
    }
    values.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::Dictionary;
    use zaun_tl::schema::TypeExpr;

    /// Whether a parameter holds data itself: what is inside boxed types is decided there.
    fn is_data(ty: &TypeExpr) -> bool {
        match ty {
            TypeExpr::Vector(element) | TypeExpr::BareVector(element) => is_data(element),
            TypeExpr::Named(name) => {
                ["int", "long", "string", "bytes", "int128", "int256", "double", "DataJSON"]
                    .contains(&name.as_str())
            }
            _ => false,
        }
    }

    #[test]
    fn every_suspicious_field_of_every_layer_is_decided() {
        let mut open = Vec::new();
        for entry in Dictionary::shared().entries() {
            for param in entry.definition.params.iter().filter(|param| is_data(&param.ty)) {
                let (constructor, field) = (&entry.definition.name, &param.name);
                let suspicious = SUSPICIOUS.iter().any(|part| field.to_lowercase().contains(part));
                if suspicious && !is_hidden(constructor, field) && !is_shown(constructor, field) {
                    open.push(format!("{constructor}.{field}:{}", param.ty));
                }
            }
        }
        open.sort();
        assert!(open.is_empty(), "decide in HIDDEN or SHOWN: {open:#?}");
    }

    #[test]
    fn every_row_of_the_tables_names_something_that_exists() {
        let exists = |constructor: &str, field: &str| {
            Dictionary::shared().entries().any(|entry| {
                (constructor == ANY || entry.definition.name == constructor)
                    && entry.definition.params.iter().any(|param| param.name == field)
            })
        };
        let stale: Vec<_> = HIDDEN.iter().chain(SHOWN).filter(|(c, f)| !exists(c, f)).collect();
        assert!(stale.is_empty(), "{stale:?}");
    }

    #[test]
    fn conversations_of_the_tables_exist_and_name_whose_they_are() {
        for name in CONVERSATIONS {
            let mut found = Dictionary::shared().entries().filter(|e| e.definition.name == *name).peekable();
            assert!(found.peek().is_some(), "{name}");
            let of_api =
                found.filter(|entry| entry.definition.params.iter().any(|param| is_text(&param.name)));
            assert!(
                of_api.into_iter().all(|e| e.definition.params.iter().any(|p| is_writer(&p.name))),
                "{name}"
            );
        }
    }

    #[test]
    fn salts_leave_the_values_of_a_refusal() {
        let told = values("salt 0000000000001234, valid now is 00000000deadbeef");
        assert!(!told.contains("1234") && !told.contains("beef"), "{told}");
        assert_eq!(values("packet 8 has seqno 1"), "packet 8 has seqno 1");
    }
}
