//! The one place from which `zaun client`, `zaun doctor` and `zaun inspect` write to the terminal.
//!
//! These commands print what servers and other people say: names, texts, errors. Everything that goes out here is
//! escaped, so that a text can neither steer the terminal nor pass for a line of its own. `cargo xtask tidy` refuses
//! other ways of printing in the folders of these commands.

use std::fmt::{self, Display, Write as _};
use std::io::{self, IsTerminal, Write as _};
use std::os::fd::AsFd;

use indicatif::{ProgressBar, ProgressStyle};

/// Characters of an error that are shown: some lines of a terminal. A server may send an error of 100 kB.
const MAX_ERROR_CHARS: usize = 1000;

/// Takes the cursor to the beginning of its line and clears the line.
const CLEAR_LINE: &str = "\r\x1b[K";

/// A text from outside, shown with escapes (`\n`, `\u{1b}`, `\u{202e}`) for all characters that [`steers`] names.
#[derive(Debug, Clone, Copy)]
pub struct Printable<T>(pub T);

impl<T: Display> Display for Printable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

/// Escapes what is written through it.
struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '\n' | '\r' | '\t' => write!(self.0, "{}", c.escape_default())?,
                c if steers(c) => write!(self.0, "{}", c.escape_unicode())?,
                c => self.0.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Whether a character does something else in a terminal than to be shown: controls of C0 and C1, ends of lines, marks
/// and overrides of the direction of writing (Unicode's `Bidi_Control` and the deprecated ones beside it), annotations
/// and the byte order mark. All of them are in the basic plane. The joiners of emoji are not among them.
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Prints one line.
///
/// # Errors
/// The line cannot be written: a pipe was closed.
pub fn say(line: impl Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{}", Printable(line))
}

/// Prints one line in which colours (`ESC [ NUMBERS m`) stay what they are.
///
/// # Errors
/// As [`say`].
pub fn say_coloured(line: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{}", coloured(line))
}

/// Prints one line beside the results, on standard error.
pub fn note(line: impl Display) {
    // Nobody can be told that standard error is closed.
    let _ = writeln!(io::stderr().lock(), "{}", Printable(line));
}

/// Prints a question on standard error, and leaves the cursor behind it.
///
/// # Errors
/// The question cannot be written.
pub fn ask(question: impl Display) -> io::Result<()> {
    let mut out = io::stderr().lock();
    write!(out, "{}", Printable(question))?;
    out.flush()
}

/// Writes over the line of standard error in which the cursor is.
pub fn replace_line(line: impl Display) {
    let _ = write!(io::stderr().lock(), "{CLEAR_LINE}{}", Printable(line));
}

/// Whether somebody looks at standard error.
pub fn notes_are_watched() -> bool {
    io::stderr().is_terminal()
}

/// Whether somebody looks at standard output.
pub fn is_watched() -> bool {
    io::stdout().is_terminal()
}

/// Columns of the terminal, if standard output is one.
pub fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout().as_fd()).ok()?;
    Some(usize::from(size.ws_col))
}

/// A bar on standard error that shows how far the transfer of a file is.
pub fn bar(name: &str) -> ProgressBar {
    let style = "{msg} {wide_bar} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}";
    let bar = ProgressBar::new(0).with_message(Printable(name).to_string());
    match ProgressStyle::with_template(style) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// An error with all its causes as one escaped line: a server's own words may be among them.
pub fn harmless(error: anyhow::Error) -> anyhow::Error {
    anyhow::anyhow!("{}", cut(&Printable(format!("{error:#}")).to_string(), MAX_ERROR_CHARS))
}

/// The beginning of a text that is longer than so many characters, with a sign that something is left out.
pub fn cut(text: &str, max_chars: usize) -> String {
    match text.chars().count() > max_chars {
        true => text.chars().take(max_chars.saturating_sub(1)).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

/// A line of JSON that means the same and steers nothing: such characters are escaped as JSON has it. Outside of its
/// strings JSON can hold none of them but blanks and ends of lines, which become spaces.
pub fn json(text: impl Display) -> String {
    let mut out = String::new();
    for c in text.to_string().chars() {
        let _ = match c {
            '\0'..' ' => out.write_char(' '),
            c if steers(c) => write!(out, "\\u{:04x}", u32::from(c)),
            c => out.write_char(c),
        };
    }
    out
}

/// Prints a line of JSON.
///
/// # Errors
/// As [`say`].
pub fn say_json(text: impl Display) -> io::Result<()> {
    say(json(text))
}

fn coloured(line: &str) -> String {
    let mut pieces = line.split("\x1b[");
    let mut out = Printable(pieces.next().unwrap_or_default()).to_string();
    for piece in pieces {
        let end = piece.find(|c: char| !c.is_ascii_digit() && c != ';');
        match end.and_then(|end| piece.split_at_checked(end)) {
            Some((numbers, rest)) if rest.starts_with('m') => {
                let _ = write!(out, "\x1b[{numbers}{}", Printable(rest));
            }
            _ => {
                let _ = write!(out, "{}[{}", Printable('\x1b'), Printable(piece));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A title, a cleared screen, a forged line, C1, an override of direction, a separator of lines.
    const HOSTILE: &str = "\x1b]0;x\x07\x1b[2J\r\n12345  me: yes\u{9b}2J\u{202e}gpj\u{2028}\u{feff}\x7f";

    #[test]
    fn nothing_that_steers_a_terminal_comes_through() {
        let shown = Printable(HOSTILE).to_string();
        assert_eq!(
            shown,
            "\\u{1b}]0;x\\u{7}\\u{1b}[2J\\r\\n12345  me: yes\\u{9b}2J\\u{202e}gpj\\u{2028}\\u{feff}\\u{7f}"
        );
        for c in (0..=0x10_ffff).filter_map(char::from_u32).filter(|c| steers(*c)) {
            assert!(u32::from(c) < 0x1_0000, "{c:?} has one escape in JSON");
            assert!(Printable(c).to_string().is_ascii(), "{c:?}");
        }
    }

    #[test]
    fn ordinary_texts_stay_as_they_are() {
        for text in ["good morning", "Łódź — 東京", "שלום", "مرحبا", "👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿", r"¯\_(ツ)_/¯"]
        {
            assert_eq!(Printable(text).to_string(), text);
        }
    }

    #[test]
    fn a_hostile_error_is_one_short_line() {
        let error = anyhow::anyhow!("{HOSTILE}{}", "x".repeat(100_000)).context("cannot use the server");
        let shown = format!("{:#}", harmless(error));
        assert!(shown.starts_with("cannot use the server: \\u{1b}]0;x"), "{shown}");
        assert_eq!(shown.chars().count(), MAX_ERROR_CHARS);
        assert!(!shown.chars().any(steers));
    }

    #[test]
    fn only_colours_pass_in_a_coloured_line() {
        assert_eq!(coloured("a \x1b[1mb\x1b[0m c"), "a \x1b[1mb\x1b[0m c");
        assert_eq!(coloured("\x1b[31"), "\\u{1b}[31");
        let shown = coloured(&format!("\x1b[1;31m{HOSTILE}\x1b[0m"));
        assert!(shown.starts_with("\x1b[1;31m\\u{1b}]0;x") && shown.ends_with("\x1b[0m"), "{shown:?}");
        assert_eq!(shown.matches('\x1b').count(), 2, "{shown:?}");
    }

    #[test]
    fn json_keeps_its_meaning() {
        let value = serde_json::json!({ "seen": HOSTILE });
        let line = json(format!("{{\t\"seen\":\r\n {}}}", value["seen"]));
        assert!(!line.chars().any(steers), "{line}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), value);
    }
}
