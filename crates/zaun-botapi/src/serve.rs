//! HTTP: whose request it is, and how the answer looks (B-005 … B-008, B-174 … B-190, B-200).

use std::sync::{Arc, Weak};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use zaun_messenger::bots::Token;
use zaun_model::UserId;
use zaun_server::{Peer, Web, WebAnswering, WebBody, full};

use crate::BotApi;
use crate::error::ApiError;
use crate::methods::{self, files};
use crate::request::{self, Place};

impl Web for BotApi {
    fn takes(&self, path: &str) -> bool {
        path.starts_with("/bot") || path.starts_with("/file/bot")
    }

    fn answer(&self, request: Request<Incoming>, _: Peer) -> WebAnswering {
        let api = self.itself.get().and_then(Weak::upgrade);
        Box::pin(async move {
            let Some(api) = api else {
                return refusal(&ApiError::new(500, "Internal Server Error: restart"));
            };
            match api.answer_request(request).await {
                Ok(response) => response,
                Err(error) => refusal(&error),
            }
        })
    }
}

/// What a method answers.
pub(crate) enum Answer {
    /// A result.
    Result(Value),
    /// A result that is text already.
    Text(String),
    /// A result with a description.
    Described(Value, &'static str),
}

impl From<Value> for Answer {
    fn from(value: Value) -> Answer {
        Answer::Result(value)
    }
}

/// Judges the shape of a token before anything is looked up (B-005, B-006).
fn check_shape(token: &str) -> Result<(), ApiError> {
    let invalid = || ApiError::new(401, "Unauthorized: invalid token specified");
    let Some((id, _)) = token.split_once(':') else { return Err(invalid()) };
    if token.starts_with('0') || token.len() > 80 || token.contains('/') {
        return Err(invalid());
    }
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ApiError::new(421, "Misdirected Request: unallowed token specified"));
    }
    Token::parse(token).map(drop).ok_or_else(invalid)
}

impl BotApi {
    async fn answer_request(
        self: &Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<WebBody>, ApiError> {
        if !matches!(*request.method(), Method::GET | Method::POST) {
            return Err(ApiError::new(501, "Not Implemented"));
        }
        let place = Place::of(request.uri().path()).ok_or_else(|| ApiError::new(404, "Not Found"))?;
        match place {
            Place::File { token, path } => {
                let bot = self.authorize(&token).await.map_err(|_| ApiError::new(404, "Not Found"))?;
                self.file(bot, &path).await
            }
            Place::Method { token, mut method } => {
                let bot = self.authorize(&token).await?;
                let params = request::read(request).await?;
                if method.is_empty() {
                    method = params.get("method").unwrap_or_default().to_ascii_lowercase();
                }
                let bot = self.instance(bot).await?;
                methods::call(self, &bot, &method, &params).await.map(success)
            }
        }
    }

    /// Returns the bot of a token (B-007).
    async fn authorize(&self, token: &str) -> Result<UserId, ApiError> {
        check_shape(token)?;
        let bot = self.messenger.bot_by_token(token).await?;
        bot.map(|bot| bot.id).ok_or_else(|| ApiError::new(401, "Unauthorized"))
    }

    async fn file(self: &Arc<Self>, bot: UserId, path: &str) -> Result<Response<WebBody>, ApiError> {
        let (place, size) = files::by_path(self, bot, path).await?;
        let api = self.clone();
        // A piece at a time, so that a file never stands in memory as a whole.
        let pieces = stream::unfold((0, size), move |(offset, size)| {
            let (api, place) = (api.clone(), place);
            async move {
                if offset >= size {
                    return None;
                }
                let piece = files::piece(&api, bot, place, offset).await;
                let piece = piece.map_err(|error| std::io::Error::other(error.to_string()));
                let end = match &piece {
                    Ok(bytes) if !bytes.is_empty() => offset + i64::try_from(bytes.len()).unwrap_or(size),
                    _ => size,
                };
                Some((piece.map(Frame::data), (end, size)))
            }
        });
        let mut response = Response::new(StreamBody::new(pieces).boxed_unsync());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(size));
        Ok(response)
    }
}

fn success(answer: Answer) -> Response<WebBody> {
    let body = match answer {
        Answer::Result(result) => json!({ "ok": true, "result": result }).to_string(),
        Answer::Text(text) => format!("{{\"ok\":true,\"result\":{text}}}"),
        Answer::Described(result, description) => {
            json!({ "ok": true, "result": result, "description": description }).to_string()
        }
    };
    let mut response = Response::new(full(Bytes::from(body)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// B-184.
fn refusal(error: &ApiError) -> Response<WebBody> {
    let mut body = json!({ "ok": false, "error_code": error.code, "description": error.description });
    if let Some(seconds) = error.retry_after {
        body["parameters"] = json!({ "retry_after": seconds });
    }
    let mut response = Response::new(full(Bytes::from(body.to_string())));
    *response.status_mut() = StatusCode::from_u16(error.code).unwrap_or(StatusCode::BAD_REQUEST);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(seconds) = error.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b005_b006_tokens_are_judged_by_their_shape_first() {
        let code = |token: &str| check_shape(token).map_err(|error| error.code);
        assert_eq!(code("1:AAbc-_"), Ok(()));
        assert_eq!(
            (code("abc"), code("01:A"), code("1:"), code("18014398509481984:A")),
            (Err(401), Err(401), Err(401), Err(401))
        );
        assert_eq!(code("x:A"), Err(421));
    }
}
