//! Secrets of proxies and of endpoints, as links carry them (M-331 … M-336).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::obfuscation::Secret;

/// The longest domain of a fake-TLS secret (M-333).
pub const MAX_DOMAIN_BYTES: usize = 182;

/// How clients with this secret connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretKind {
    /// Obfuscated, in any of the three framings that can be.
    Plain,
    /// `dd`: obfuscated padded intermediate (M-334).
    Padded,
    /// `ee`: the same inside what looks like TLS to this domain (M-341, M-351).
    FakeTls(String),
}

/// A secret with its kind.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxySecret {
    /// The 16 bytes that enter the keys.
    pub key: Secret,
    /// How it is used.
    pub kind: SecretKind,
}

impl std::fmt::Debug for ProxySecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProxySecret").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Why a text is no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Neither hex nor base64.
    #[error("a secret is written in hex or base64 (M-332)")]
    Encoding,
    /// Neither 16 bytes, nor dd and 16, nor ee and 16 and a domain.
    #[error("a secret has 16 bytes, or dd and 16 bytes, or ee, 16 bytes and a domain (M-331), not {0} bytes")]
    Form(usize),
    /// The domain is too long, or no text.
    #[error("the domain of an ee secret has 1 to {MAX_DOMAIN_BYTES} characters (M-333)")]
    Domain,
}

impl std::str::FromStr for ProxySecret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<ProxySecret, SecretError> {
        ProxySecret::from_bytes(&decode(text.trim()).ok_or(SecretError::Encoding)?)
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        return text
            .as_bytes()
            .as_chunks()
            .0
            .iter()
            .map(|[h, l]| Some(digit(*h)? << 4 | digit(*l)?))
            .collect();
    }
    let bare = text.trim_end_matches('=');
    URL_SAFE_NO_PAD.decode(bare).or_else(|_| STANDARD_NO_PAD.decode(bare)).ok()
}

impl ProxySecret {
    /// A secret from the bytes of a link.
    ///
    /// # Errors
    /// [`SecretError::Form`], [`SecretError::Domain`].
    pub fn from_bytes(bytes: &[u8]) -> Result<ProxySecret, SecretError> {
        let form = SecretError::Form(bytes.len());
        let (kind, key) = match bytes {
            [0xee, rest @ ..] if rest.len() > 16 => {
                let (key, domain) = rest.split_at(16);
                let domain = std::str::from_utf8(domain).map_err(|_| SecretError::Domain)?;
                if domain.len() > MAX_DOMAIN_BYTES {
                    return Err(SecretError::Domain);
                }
                (SecretKind::FakeTls(domain.to_owned()), key)
            }
            [0xdd, key @ ..] if key.len() == 16 => (SecretKind::Padded, key),
            key => (SecretKind::Plain, key),
        };
        Ok(ProxySecret { key: Secret(key.try_into().map_err(|_| form)?), kind })
    }

    /// The bytes of a link: what [`ProxySecret::from_bytes`] reads.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (prefix, domain): (&[u8], &[u8]) = match &self.kind {
            SecretKind::Plain => (&[], &[]),
            SecretKind::Padded => (&[0xdd], &[]),
            SecretKind::FakeTls(domain) => (&[0xee], domain.as_bytes()),
        };
        [prefix, &self.key.0, domain].concat()
    }

    /// The hex form, which every client reads. It is the secret itself: not for logs.
    #[must_use]
    pub fn to_hex(&self) -> String {
        self.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "000102030405060708090a0b0c0d0e0f";

    #[test]
    fn m331_the_three_forms_are_told_apart_and_written_back() {
        let domain: String = "example.com".bytes().map(|b| format!("{b:02x}")).collect();
        let cases = [
            (KEY.to_owned(), SecretKind::Plain),
            (format!("dd{KEY}"), SecretKind::Padded),
            (format!("ee{KEY}{domain}"), SecretKind::FakeTls("example.com".into())),
        ];
        for (hex, kind) in cases {
            let secret: ProxySecret = hex.parse().unwrap();
            assert_eq!(secret.kind, kind);
            assert_eq!(secret.key.0[15], 15);
            assert_eq!(secret.to_hex(), hex);
        }
    }

    #[test]
    fn m332_hex_base64_and_base64url_are_read() {
        let bytes = [&[0xdd][..], &[0xfb; 16]].concat();
        let expected = ProxySecret::from_bytes(&bytes).unwrap();
        for text in [
            STANDARD_NO_PAD.encode(&bytes),
            URL_SAFE_NO_PAD.encode(&bytes),
            format!("{}=", URL_SAFE_NO_PAD.encode(&bytes)),
        ] {
            assert_eq!(text.parse::<ProxySecret>().unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn m333_other_lengths_and_long_domains_are_refused() {
        assert_eq!("00".parse::<ProxySecret>(), Err(SecretError::Form(1)));
        assert_eq!("!".parse::<ProxySecret>(), Err(SecretError::Encoding));
        assert_eq!(format!("ee{KEY}").parse::<ProxySecret>(), Err(SecretError::Form(17)));
        let long = format!("ee{KEY}{}", "61".repeat(MAX_DOMAIN_BYTES + 1));
        assert_eq!(long.parse::<ProxySecret>(), Err(SecretError::Domain));
        assert!(format!("ee{KEY}{}", "61".repeat(MAX_DOMAIN_BYTES)).parse::<ProxySecret>().is_ok());
        assert_eq!(
            format!("{:?}", ProxySecret::from_bytes(&[7; 16]).unwrap()),
            "ProxySecret { kind: Plain, .. }"
        );
    }
}
