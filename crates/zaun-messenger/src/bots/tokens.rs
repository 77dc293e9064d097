//! Tokens: `<bot id>:<secret>` (B-001 … B-006).

use rand::RngExt;
use zaun_model::UserId;
use zeroize::Zeroizing;

use super::Secret;
use crate::limits::BOT_TOKEN_BYTES;

/// Characters of the secret part that are issued (B-002).
const SECRET_LENGTH: usize = 35;
/// Ids from here on are no ids: 52 bits and two more (B-006).
const ID_END: i64 = 1 << 54;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A token of the right shape. It is never shown by accident.
#[derive(Clone)]
pub struct Token {
    id: UserId,
    text: Secret,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({}:…)", self.id.0)
    }
}

impl Token {
    /// Reads a token; `None` if it has not the shape of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Token> {
        if text.len() > BOT_TOKEN_BYTES || text.starts_with('0') {
            return None;
        }
        let (id, secret) = text.split_once(':')?;
        let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if secret.is_empty() || !secret.chars().all(good) || !id.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let id = id.parse().ok().filter(|id| (1..ID_END).contains(id))?;
        Some(Token { id: UserId(id), text: Zeroizing::new(text.to_owned()) })
    }

    pub(crate) fn new(id: UserId, secret: &str) -> Token {
        Token { id, text: Zeroizing::new(format!("{}:{secret}", id.0)) }
    }

    /// The bot that it names.
    #[must_use]
    pub fn bot_id(&self) -> UserId {
        self.id
    }

    /// The whole text, for whoever has to be told it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

/// Makes the secret part of a new token.
pub(crate) fn fresh_secret() -> Secret {
    let mut out = Zeroizing::new(String::from("AA"));
    while out.len() < SECRET_LENGTH {
        let at = usize::from(rand::rng().random::<u8>() % 64);
        out.push(ALPHABET.get(at).copied().map_or('A', char::from));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b002_issued_secrets_have_the_usual_shape() {
        let secret = fresh_secret();
        assert!(secret.len() == 35 && secret.starts_with("AA"));
        let text = format!("42:{}", *secret);
        assert_eq!(Token::parse(&text).unwrap().bot_id(), UserId(42));
        assert!(!format!("{:?}", Token::parse(&text)).contains(secret.as_str()));
    }

    #[test]
    fn b005_b006_what_is_no_token_is_refused_before_any_look_up() {
        let long = format!("1:{}", "a".repeat(80));
        for bad in ["", "1", "01:a", "a:b", "1:", "1:a/b", "-1:a", "18014398509481984:a", "1:a b", &long] {
            assert!(Token::parse(bad).is_none(), "{bad}");
        }
    }
}
