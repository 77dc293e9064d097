//! How sets are called.

use zaun_store::Tx;
use zaun_store::repo::stickers;

use crate::limits::STICKER_SET_NAME_LENGTH;
use crate::{Actor, Error, Messenger, errors};

/// Whether a short name is one: letters, digits and single underscores, a letter first and no underscore last.
pub(super) fn is_short_name(name: &str) -> bool {
    let shape = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let ends = !name.ends_with('_') && !name.contains("__");
    shape && begins && ends && name.len() <= STICKER_SET_NAME_LENGTH
}

pub(super) fn title(title: &str) -> Result<String, Error> {
    let title = title.trim();
    let fits = (1..=STICKER_SET_NAME_LENGTH).contains(&title.chars().count());
    if fits { Ok(title.to_owned()) } else { Err(Error::bad(errors::PACK_TITLE_INVALID)) }
}

fn is_free(tx: &Tx<'_>, name: &str) -> Result<bool, Error> {
    Ok(stickers::by_name(tx, &name.to_ascii_lowercase())?.is_none())
}

/// Makes a short name of a title: its letters and digits, with underscores between the words.
fn from_title(title: &str) -> String {
    let mut out = String::new();
    for c in title.chars().filter(char::is_ascii) {
        if c.is_ascii_alphabetic() || (c.is_ascii_digit() && !out.is_empty()) {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    out.truncate(STICKER_SET_NAME_LENGTH - 4);
    out.trim_end_matches('_').to_owned()
}

impl Messenger {
    /// Checks that a set may be called so.
    pub async fn check_sticker_set_name(&self, actor: Actor, name: String) -> Result<(), Error> {
        if !is_short_name(&name) {
            return Err(Error::bad(errors::SHORT_NAME_INVALID));
        }
        let free = self.read(actor.user_id, move |tx| is_free(tx, &name)).await?;
        if free { Ok(()) } else { Err(Error::bad(errors::SHORT_NAME_OCCUPIED)) }
    }

    /// Makes a free short name of a title.
    pub async fn suggest_sticker_set_name(&self, actor: Actor, title: &str) -> Result<String, Error> {
        let name = from_title(title);
        if !is_short_name(&name) {
            return Err(Error::bad(errors::TITLE_INVALID));
        }
        self.read(actor.user_id, move |tx| {
            if is_free(tx, &name)? {
                return Ok(name.clone());
            }
            for number in 2..1000 {
                let numbered = format!("{name}{number}");
                if is_free(tx, &numbered)? {
                    return Ok(numbered);
                }
            }
            Err(Error::bad(errors::TITLE_INVALID))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::{from_title, is_short_name};

    #[test]
    fn a110_short_names_have_a_shape() {
        for good in ["cats", "Cats_2", "a"] {
            assert!(is_short_name(good), "{good}");
        }
        for bad in ["", "2cats", "_cats", "cats_", "ca__ts", "cäts", &"c".repeat(65)] {
            assert!(!is_short_name(bad), "{bad}");
        }
        assert_eq!(from_title("7 Cats & dogs!"), "Cats_dogs");
        assert_eq!(from_title("Кошки"), "");
    }
}
