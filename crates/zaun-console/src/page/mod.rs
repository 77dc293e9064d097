//! The live page: one HTML document with its style and script inside, and nothing from elsewhere.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zaun_crypto::hash::sha256;

const FRAME: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// In the order in which the browser needs them.
const SCRIPTS: [&str; 4] =
    [include_str!("store.js"), include_str!("detail.js"), include_str!("lists.js"), include_str!("main.js")];

/// The document.
pub(crate) fn html() -> &'static str {
    static HTML: OnceLock<String> = OnceLock::new();
    HTML.get_or_init(|| FRAME.replace("/*STYLE*/", STYLE).replace("/*SCRIPT*/", &script()))
}

/// What it may do: run exactly its own script and style, and talk to the server it came from.
pub(crate) fn policy() -> &'static str {
    static POLICY: OnceLock<String> = OnceLock::new();
    POLICY.get_or_init(|| {
        let digest = |text: &str| STANDARD.encode(sha256(&[text.as_bytes()]));
        format!(
            "default-src 'none'; connect-src 'self'; img-src data:; script-src 'sha256-{}'; style-src 'sha256-{}'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            digest(&script()),
            digest(STYLE),
        )
    })
}

fn script() -> String {
    SCRIPTS.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_whole_and_asks_for_nothing_outside() {
        let html = html();
        assert!(html.contains(STYLE) && html.contains(&script()));
        assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("src="));
    }
}
