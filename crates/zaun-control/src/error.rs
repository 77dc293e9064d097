//! Why a call is refused.

use std::fmt;

use serde_json::{Value, json};
use zaun_messenger::Error;

/// A refusal of a call. The sandbox is as it was before.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The status of the HTTP answer.
    pub status: u16,
    /// What is wrong: a sentence, or the text that a client of the messenger would get.
    pub text: String,
    /// The field that is wrong, as `members[2]`.
    pub field: Option<String>,
    /// What was there instead of what was waited for.
    pub seen: Option<Value>,
}

impl Refusal {
    /// Makes a refusal without a field.
    pub fn new(status: u16, text: impl Into<String>) -> Refusal {
        Refusal { status, text: text.into(), field: None, seen: None }
    }

    /// Makes a refusal that blames a field.
    pub fn field(field: impl Into<String>, text: impl Into<String>) -> Refusal {
        Refusal { field: Some(field.into()), ..Refusal::new(400, text) }
    }

    /// Blames a field, unless one is blamed already.
    #[must_use]
    pub fn of_field(self, field: &str) -> Refusal {
        Refusal { field: self.field.or_else(|| Some(field.to_owned())), ..self }
    }

    /// Returns the refusal as the JSON of an answer.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut out = json!({ "error": self.text });
        if let Some(field) = &self.field {
            out["field"] = field.as_str().into();
        }
        if let Some(seen) = &self.seen {
            out["seen"] = seen.clone();
        }
        out
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{}: {field}: {}", self.status, self.text),
            None => write!(f, "{}: {}", self.status, self.text),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        match error {
            Error::Refused { code, text } => {
                let status = u16::try_from(code).ok().filter(|code| (400..600).contains(code));
                Refusal::new(status.unwrap_or(400), text)
            }
            other => {
                tracing::error!(error = %other, "a call of the control failed");
                Refusal::new(500, "the sandbox could not do it; its log says why")
            }
        }
    }
}
