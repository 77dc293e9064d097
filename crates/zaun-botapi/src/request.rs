//! From an HTTP request to a call: token, method, parameters, files (B-174 … B-183).

use std::collections::HashMap;

use bytes::Bytes;
use futures_util::Stream;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{HeaderMap, Request};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::error::ApiError;
use crate::limits::{FILES, PARAMETER_BYTES, PARAMETERS, UPLOAD_BYTES};

/// An uploaded file.
#[derive(Debug, Clone, Default)]
pub struct Upload {
    /// Its name.
    pub name: String,
    /// What it is, if the sender said so.
    pub mime: Option<String>,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Parameters of a call; the first of a name counts.
#[derive(Debug, Clone, Default)]
pub struct Params {
    values: HashMap<String, String>,
    /// Files, by the name of their part.
    pub files: HashMap<String, Upload>,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A method; it is empty if it is to come as a parameter.
    Method {
        /// The token.
        token: String,
        /// In lower case.
        method: String,
    },
    /// A file.
    File {
        /// The token.
        token: String,
        /// Where the file is.
        path: String,
    },
}

impl Place {
    /// Reads a path; `None` if a token cannot be split off (B-008).
    pub fn of(path: &str) -> Option<Place> {
        let path = percent_decode_str(path).decode_utf8().ok()?;
        if let Some(rest) = path.strip_prefix("/file/bot") {
            let (token, path) = rest.split_once('/')?;
            return Some(Place::File { token: token.to_owned(), path: path.to_owned() });
        }
        let (token, method) = path.strip_prefix("/bot")?.split_once('/')?;
        let method = method.strip_prefix("test/").unwrap_or(method);
        Some(Place::Method { token: token.to_owned(), method: method.to_ascii_lowercase() })
    }
}

impl Params {
    fn put(&mut self, name: String, value: String) {
        if self.values.len() < PARAMETERS {
            self.values.entry(name).or_insert(value);
        }
    }

    /// Makes parameters of a JSON object (B-179).
    pub fn of_json(value: &Value) -> Params {
        let mut params = Params::default();
        params.put_json(value);
        params
    }

    fn put_json(&mut self, value: &Value) {
        for (name, value) in value.as_object().into_iter().flatten() {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Null => continue,
                other => other.to_string(),
            };
            self.put(name.clone(), text);
        }
    }

    /// A parameter, if it is there and says something.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A parameter that has to be there.
    pub fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| ApiError::missing(name))
    }

    /// A switch (B-182).
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        let value = self.get(name).unwrap_or_default().trim().to_ascii_lowercase();
        matches!(value.as_str(), "true" | "yes" | "1")
    }

    /// A number: its leading digits, and garbage counts as 0 (B-183).
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        self.get(name).map(leading_number)
    }

    /// A number with a fraction.
    pub fn float(&self, name: &str) -> Result<Option<f64>, ApiError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        text.trim().parse().map(Some).map_err(|_| ApiError::bad(format!("{name} is not a number")))
    }

    /// JSON inside of a parameter; `what` names it in the refusal.
    pub fn json(&self, name: &str, what: &str) -> Result<Option<Value>, ApiError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let parsed = serde_json::from_str(text);
        parsed.map(Some).map_err(|_| ApiError::bad(format!("can't parse {what} JSON object")))
    }
}

/// The number at the start of a text.
pub(crate) fn leading_number(text: &str) -> i64 {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    let end = count + (text.len() - digits.len());
    text.get(..end).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Reads query and body. What cannot be read of a form or of JSON is left out, as the official server does (B-180).
pub async fn read(request: Request<Incoming>) -> Result<Params, ApiError> {
    let mut params = Params::default();
    let (head, body) = request.into_parts();
    for (name, value) in form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()) {
        params.put(name.into_owned(), value.into_owned());
    }
    let kind = content_type(&head.headers);
    if kind.starts_with("multipart/form-data") {
        let boundary =
            multer::parse_boundary(&kind).map_err(|_| ApiError::bad("wrong multipart boundary"))?;
        read_multipart(&mut params, body.into_data_stream(), boundary).await?;
        return Ok(params);
    }
    let too_large = || ApiError::new(413, "Request Entity Too Large: too many parameters");
    let body = match Limited::new(body, PARAMETER_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_large()),
        Err(_) => return Err(ApiError::bad("the body did not arrive")),
    };
    read_body(&mut params, &kind, &body);
    Ok(params)
}

/// Reads a body that came as a whole.
pub async fn read_whole(headers: &HeaderMap, body: Bytes) -> Result<Params, ApiError> {
    let mut params = Params::default();
    let kind = content_type(headers);
    if kind.starts_with("multipart/form-data") {
        let boundary =
            multer::parse_boundary(&kind).map_err(|_| ApiError::bad("wrong multipart boundary"))?;
        let once = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(body)]);
        read_multipart(&mut params, once, boundary).await?;
    } else {
        read_body(&mut params, &kind, &body);
    }
    Ok(params)
}

fn read_body(params: &mut Params, kind: &str, body: &[u8]) {
    if kind.starts_with("application/json") {
        match serde_json::from_slice(body) {
            Ok(value) => params.put_json(&value),
            Err(error) => tracing::debug!(%error, "the JSON of a bot cannot be read"),
        }
    } else if kind.starts_with("application/x-www-form-urlencoded") {
        for (name, value) in form_urlencoded::parse(body) {
            params.put(name.into_owned(), value.into_owned());
        }
    }
}

fn content_type(headers: &HeaderMap) -> String {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    // The boundary keeps its case.
    match kind.split_once(';') {
        Some((kind, rest)) => format!("{};{rest}", kind.trim().to_ascii_lowercase()),
        None => kind.trim().to_ascii_lowercase(),
    }
}

async fn read_multipart<E>(
    params: &mut Params,
    body: impl Stream<Item = Result<Bytes, E>> + Send,
    boundary: String,
) -> Result<(), ApiError>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let whole = u64::try_from(UPLOAD_BYTES + PARAMETER_BYTES).unwrap_or(u64::MAX);
    let limits = multer::SizeLimit::new().whole_stream(whole);
    let constraints = multer::Constraints::new().size_limit(limits);
    let mut form = multer::Multipart::with_constraints(body, boundary, constraints);
    let mut bytes = 0;
    while let Some(field) = form.next_field().await.map_err(|error| refused(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        let mime = field.content_type().map(ToString::to_string);
        let content = field.bytes().await.map_err(|error| refused(&error))?;
        match file {
            Some(file) => {
                if params.files.len() >= FILES {
                    return Err(ApiError::new(413, "Request Entity Too Large: too many files attached"));
                }
                params.files.entry(name).or_insert(Upload { name: file, mime, bytes: content });
            }
            None => {
                bytes += content.len();
                if bytes > PARAMETER_BYTES {
                    return Err(ApiError::new(413, "Request Entity Too Large: too many parameters"));
                }
                params.put(name, String::from_utf8_lossy(&content).into_owned());
            }
        }
    }
    Ok(())
}

fn refused(error: &multer::Error) -> ApiError {
    match error {
        multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => {
            ApiError::new(413, "Request Entity Too Large")
        }
        other => {
            tracing::debug!(%other, "a form of a bot cannot be read");
            ApiError::bad("the form did not arrive")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b174_b175_paths_are_decoded_and_split() {
        let method =
            |token: &str, method: &str| Some(Place::Method { token: token.into(), method: method.into() });
        assert_eq!(Place::of("/bot1%3AA/GetMe"), method("1:A", "getme"));
        assert_eq!(Place::of("/bot1:A/test/getMe"), method("1:A", "getme"));
        let file = Place::File { token: "1:A".into(), path: "photos/x.jpg".into() };
        assert_eq!(Place::of("/file/bot1:A/photos/x.jpg"), Some(file));
        assert_eq!(Place::of("/bot1:A"), None);
    }

    #[test]
    fn b179_b183_values_are_read_as_the_official_server_reads_them() {
        let json = serde_json::json!({ "a": "x", "b": [1], "c": true, "d": null, "e": 7 });
        let params = Params::of_json(&json);
        assert_eq!(params.get("b"), Some("[1]"));
        assert!(params.is_set("c") && !params.is_set("a"));
        assert_eq!((params.get("d"), params.number("e"), params.number("a")), (None, Some(7), Some(0)));
        assert_eq!((leading_number("-12x"), leading_number("")), (-12, 0));
    }
}
