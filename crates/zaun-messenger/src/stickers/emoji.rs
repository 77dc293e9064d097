//! Emoji one after the other in a text.

/// Joins what stands before and after it into one emoji.
const JOINER: char = '\u{200D}';
/// Asks for the colored form.
const COLORED: char = '\u{FE0F}';
/// Makes a key of a digit.
const KEYCAP: char = '\u{20E3}';

fn is_modifier(c: char) -> bool {
    matches!(c, COLORED | KEYCAP | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0020}'..='\u{E007F}')
}

fn is_flag_letter(c: char) -> bool {
    ('\u{1F1E6}'..='\u{1F1FF}').contains(&c)
}

/// Whether an emoji can begin with this character; digits do so as keys only.
fn is_base(c: char) -> bool {
    matches!(c,
        '\u{A9}' | '\u{AE}' | '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{3030}' | '\u{303D}'
        | '\u{3297}' | '\u{3299}' | '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{23FF}' | '\u{24C2}'
        | '\u{25A0}'..='\u{27BF}' | '\u{2900}'..='\u{297F}' | '\u{2B00}'..='\u{2BFF}'
        | '\u{1F000}'..='\u{1FAFF}')
}

/// Splits a text that is nothing but emoji; `None` if it is anything else. Spaces between them are left out.
#[must_use]
pub fn split(text: &str) -> Option<Vec<String>> {
    let mut out: Vec<String> = Vec::new();
    let mut chars = text.chars().filter(|c| !c.is_whitespace()).peekable();
    while let Some(first) = chars.next() {
        let mut one = String::from(first);
        let key = first.is_ascii_digit() || first == '#' || first == '*';
        if is_flag_letter(first) {
            one.push(chars.next_if(|c| is_flag_letter(*c))?);
        } else if !key && !is_base(first) {
            return None;
        }
        loop {
            if let Some(modifier) = chars.next_if(|c| is_modifier(*c)) {
                one.push(modifier);
            } else if let Some(joiner) = chars.next_if_eq(&JOINER) {
                one.push(joiner);
                one.push(chars.next_if(|c| is_base(*c))?);
            } else {
                break;
            }
        }
        if key && !one.ends_with(KEYCAP) {
            return None;
        }
        out.push(one);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn emoji_are_told_apart_and_words_are_none() {
        assert_eq!(split("😀👍🏽").unwrap(), ["😀", "👍🏽"]);
        assert_eq!(split("👨‍👩‍👧 🇩🇪1️⃣❤️").unwrap(), ["👨‍👩‍👧", "🇩🇪", "1️⃣", "❤️"]);
        assert_eq!(split("").unwrap(), [""; 0]);
        for wrong in ["a", "😀a", "1", "🇩", "😀\u{200D}"] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }
}
