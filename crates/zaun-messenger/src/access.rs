//! Access hashes and file references: signed, never stored.

use zaun_crypto::ctr::AesCtr256;
use zaun_crypto::hash::{ct_eq, hmac_sha256};
use zaun_model::{ChannelId, Peer, UnixTime, UserId};
use zeroize::Zeroizing;

use crate::bots::Token;

/// Seconds that a file reference is good for (M-518). Clients fetch the object again afterwards.
pub const FILE_REFERENCE_LIFE_S: i64 = 7 * 86_400;

/// Signs and checks what clients hand back.
#[derive(Clone)]
pub struct Signer {
    secret: Zeroizing<[u8; 32]>,
}

impl Signer {
    pub(crate) fn new(secret: [u8; 32]) -> Signer {
        Signer { secret: Zeroizing::new(secret) }
    }

    fn number(&self, purpose: &[u8], a: i64, b: i64) -> i64 {
        let mac = hmac_sha256(&*self.secret, &[purpose, &a.to_le_bytes(), &b.to_le_bytes()]);
        mac.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
    }

    /// The access hash under which `viewer` knows a user.
    pub fn user(&self, viewer: UserId, user: UserId) -> i64 {
        self.number(b"user", viewer.0, user.0)
    }

    /// The access hash under which `viewer` knows a channel.
    pub fn channel(&self, viewer: UserId, channel: ChannelId) -> i64 {
        self.number(b"channel", viewer.0, channel.0)
    }

    /// A salt of a user's next password; there are several.
    pub(crate) fn salt(&self, user: UserId, number: i64) -> i64 {
        self.number(b"salt", user.0, number)
    }

    /// The number of a payment form.
    pub(crate) fn form(&self, user: UserId, what: i64) -> i64 {
        self.number(b"form", user.0, what)
    }

    /// Bytes that stand for a user's password until a moment.
    pub(crate) fn temporary_password(&self, user: UserId, until: zaun_model::UnixTime) -> Vec<u8> {
        let made = hmac_sha256(
            &*self.secret,
            &[b"temporary password", &user.0.to_le_bytes(), &until.0.to_le_bytes()],
        );
        made.to_vec()
    }

    /// The number of a conversation that a bot is told with pressed buttons (B-093).
    pub fn chat_instance(&self, bot: UserId, peer: Peer) -> i64 {
        self.number(b"chat instance", bot.0, peer.marked())
    }

    /// A keyed hash over bytes that leave the server and come back, for one purpose.
    pub fn seal_of(&self, purpose: &[u8], bytes: &[u8]) -> [u8; 32] {
        hmac_sha256(&*self.secret, &[purpose, bytes])
    }

    /// What is stored of a bot's token (B-003).
    pub(crate) fn token_mac(&self, token: &Token) -> [u8; 32] {
        self.seal_of(b"bot token", token.reveal().as_bytes())
    }

    /// Encrypts a short text for the store; the nonce is never used twice.
    pub(crate) fn seal(&self, nonce: [u8; 16], text: &str) -> Vec<u8> {
        let mut body = text.as_bytes().to_vec();
        AesCtr256::new(&self.seal_of(b"sealing key", &[]), &nonce).apply(&mut body);
        let mut out = nonce.to_vec();
        out.append(&mut body);
        out.extend_from_slice(&self.seal_of(b"sealed", &out));
        out
    }

    /// Decrypts what [`Signer::seal`] made; `None` if it was damaged.
    pub(crate) fn open(&self, sealed: &[u8]) -> Option<Zeroizing<String>> {
        let (head, mac) = sealed.split_last_chunk::<32>()?;
        if !ct_eq(&self.seal_of(b"sealed", head), mac) {
            return None;
        }
        let (nonce, body) = head.split_first_chunk::<16>()?;
        let mut body = body.to_vec();
        AesCtr256::new(&self.seal_of(b"sealing key", &[]), nonce).apply(&mut body);
        String::from_utf8(body).ok().map(Zeroizing::new)
    }

    /// The access hash of a photo or document.
    pub fn media(&self, media_id: i64) -> i64 {
        self.number(b"media", media_id, 0)
    }

    /// The access hash of a sticker set: one for all, because messages keep it with the stickers in them.
    pub fn sticker_set(&self, set_id: i64) -> i64 {
        self.number(b"sticker set", set_id, 0)
    }

    /// A reference to a media object, good for [`FILE_REFERENCE_LIFE_S`].
    pub fn file_reference(&self, media_id: i64, now: UnixTime) -> Vec<u8> {
        let mut out = now.0.to_le_bytes().to_vec();
        out.extend_from_slice(&self.number(b"reference", media_id, now.0).to_le_bytes());
        out
    }

    /// Checks a reference; the error is the text that clients expect (M-517, M-519).
    pub fn check_file_reference(
        &self,
        media_id: i64,
        reference: &[u8],
        now: UnixTime,
    ) -> Result<(), &'static str> {
        if reference.is_empty() {
            return Err("FILE_REFERENCE_EMPTY");
        }
        let made = reference.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes));
        let made = UnixTime(made);
        if !ct_eq(&self.file_reference(media_id, made), reference) {
            return Err("FILE_REFERENCE_INVALID");
        }
        if now - made > FILE_REFERENCE_LIFE_S { Err("FILE_REFERENCE_EXPIRED") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b004_a_sealed_token_opens_again_and_a_damaged_one_does_not() {
        let signer = Signer::new([1; 32]);
        let mut sealed = signer.seal([2; 16], "42:secret");
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_eq!(signer.open(&sealed).as_deref().map(String::as_str), Some("42:secret"));
        sealed[20] ^= 1;
        assert!(signer.open(&sealed).is_none());
    }

    #[test]
    fn hashes_differ_by_viewer_and_references_expire() {
        let signer = Signer::new([1; 32]);
        assert_ne!(signer.user(UserId(1), UserId(2)), signer.user(UserId(3), UserId(2)));
        let reference = signer.file_reference(9, UnixTime(1000));
        assert_eq!(signer.check_file_reference(9, &reference, UnixTime(1000)), Ok(()));
        assert_eq!(
            signer.check_file_reference(8, &reference, UnixTime(1000)),
            Err("FILE_REFERENCE_INVALID"),
            "M-517"
        );
        assert_eq!(signer.check_file_reference(9, &[], UnixTime(1000)), Err("FILE_REFERENCE_EMPTY"), "M-517");
        let late = UnixTime(1001 + FILE_REFERENCE_LIFE_S);
        assert_eq!(signer.check_file_reference(9, &reference, late), Err("FILE_REFERENCE_EXPIRED"), "M-517");
    }
}
