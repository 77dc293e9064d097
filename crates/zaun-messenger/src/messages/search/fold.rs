//! From texts to the words by which they are found.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words of one text in the index; a message has at most half as many.
const MAX_WORDS: usize = 4096;

/// Splits a text into words: in lower case, without accents, full-width forms made narrow. In scripts that write no
/// spaces between words each letter is a word of its own.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for letter in folded(text) {
        if words.len() >= MAX_WORDS {
            return words;
        }
        let alone = is_written_without_spaces(letter);
        let inside = letter.is_alphanumeric() || is_combining_mark(letter);
        if (alone || !inside) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if alone {
            words.push(letter.to_string());
        } else if inside {
            word.push(letter);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Splits what somebody looks for into runs of words: what stands between blanks must be found as it stands, and the
/// last word may go on.
pub(crate) fn phrases(query: &str) -> Vec<Vec<String>> {
    query.split_whitespace().map(words).filter(|words| !words.is_empty()).collect()
}

/// Letters in their plainest form. Accents of Latin, Greek and Cyrillic go; marks that make another letter (as in
/// Japanese and Korean) stay, because the letters are put together again afterwards.
fn folded(text: &str) -> impl Iterator<Item = char> {
    let plain = text.nfkd().filter(|letter| !('\u{300}'..='\u{36f}').contains(letter));
    plain.nfc().flat_map(char::to_lowercase)
}

/// Chinese, Japanese, Thai, Lao, Khmer and Burmese.
fn is_written_without_spaces(letter: char) -> bool {
    matches!(u32::from(letter),
        0x0e00..=0x0eff     // Thai, Lao
        | 0x1000..=0x109f   // Burmese
        | 0x1780..=0x17ff   // Khmer
        | 0x3040..=0x30ff   // Hiragana, Katakana
        | 0x31f0..=0x31ff
        | 0x3400..=0x4dbf   // Chinese characters
        | 0x4e00..=0x9fff
        | 0xf900..=0xfaff
        | 0x20000..=0x3134f
    )
}

#[cfg(test)]
mod tests {
    use super::{phrases, words};

    #[test]
    fn accents_case_and_width_do_not_matter() {
        assert_eq!(words("Grüße, ÉTÉ!"), ["gruße", "ete"]);
        assert_eq!(words("e\u{301}te\u{301}"), words("été"), "NFD");
        assert_eq!(words("ＡＢＣ１２３"), ["abc123"], "full width");
        assert_eq!(words("Ёлка"), words("елка"));
    }

    #[test]
    fn letters_of_scripts_without_spaces_stand_alone() {
        assert_eq!(words("東京タワー"), ["東", "京", "タ", "ワ", "ー"]);
        assert_eq!(words("がぎ"), ["が", "ぎ"], "a mark that makes another letter stays");
        assert_eq!(words("สวัสดี").len(), 6);
        assert_eq!(words("한국어 말"), ["한국어", "말"], "Korean has spaces");
    }

    #[test]
    fn what_stands_together_is_sought_together() {
        assert_eq!(phrases("see example.org"), [vec!["see"], vec!["example", "org"]]);
        assert!(phrases(" ... ").is_empty());
    }
}
