//! Faults on purpose, by rules that a test makes: over MTProto in front of the API, over the Bot API in front of its
//! methods.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Request, Response, StatusCode};
use parking_lot::Mutex;
use serde_json::{Value, json};
use zaun_api::Api;
use zaun_server::{Answering, Context, Middleware, Next, Peer, RpcError, Web, WebAnswering, WebBody, full};

use crate::Control;
use crate::limits::MAX_FAULTS;
use crate::missing::method_of;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The call is refused until so many seconds have passed; it does not run.
    FloodWait(i64),
    /// The call is refused; it does not run.
    Error(i64, String),
    /// The call runs later.
    Delay(Duration),
    /// The call runs, and its answer is lost.
    Lost,
    /// The call runs, and its answer comes twice. Only over MTProto.
    Double,
    /// The connection ends before the call runs.
    Cut,
    /// The call is answered with this in place of what it does; it does not run. Only over the Bot API.
    Answer(Value),
}

/// When something goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The method; with a dot one of the API, without one of the Bot API, in its spelling.
    pub(crate) method: &'static str,
    /// The bot whose calls are meant, over the Bot API.
    pub(crate) bot: Option<i64>,
    pub(crate) fault: Fault,
    /// How often it is still to happen; none for ever.
    pub(crate) left: Option<i64>,
    /// How often it has happened.
    pub(crate) hits: i64,
}

/// The rules, by their numbers, in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Mutex<(i64, Vec<(i64, Rule)>)>,
}

impl Faults {
    /// Adds a rule and returns its number; none if there are too many.
    pub(crate) fn add(&self, rule: Rule) -> Option<i64> {
        let mut rules = self.rules.lock();
        let (last, list) = &mut *rules;
        if list.len() >= MAX_FAULTS {
            return None;
        }
        *last += 1;
        list.push((*last, rule));
        Some(*last)
    }

    /// Removes all rules.
    pub(crate) fn clear(&self) {
        self.rules.lock().1.clear();
    }

    /// Removes one rule; false if there was none.
    pub(crate) fn remove(&self, number: i64) -> bool {
        let list = &mut self.rules.lock().1;
        let before = list.len();
        list.retain(|(other, _)| *other != number);
        list.len() < before
    }

    /// Puts back what [`Faults::list`] returned; no number is given twice.
    pub(crate) fn put_back(&self, rules: &[(i64, Rule)]) {
        self.rules.lock().1 = rules.to_vec();
    }

    pub(crate) fn list(&self) -> Vec<(i64, Rule)> {
        self.rules.lock().1.clone()
    }

    /// Returns what goes wrong with a call, by the oldest rule that is not used up.
    fn strike(&self, fits: impl Fn(&Rule) -> bool) -> Option<Fault> {
        let mut rules = self.rules.lock();
        let mut live = rules.1.iter_mut().map(|(_, rule)| rule);
        let rule = live.find(|rule| rule.left != Some(0) && fits(rule))?;
        rule.left = rule.left.map(|left| left - 1);
        rule.hits += 1;
        Some(rule.fault.clone())
    }

    fn is_empty(&self) -> bool {
        self.rules.lock().1.is_empty()
    }
}

/// Stands in front of the API.
impl Middleware<Api> for Control {
    fn call(&self, context: Context<Api>, body: Bytes, next: Next<Api>) -> Answering {
        let control = self.clone();
        let fault = match self.faults().is_empty() {
            true => None,
            false => method_of(&body).and_then(|method| self.faults().strike(|rule| rule.method == method)),
        };
        match fault {
            None => noting(control, body.clone(), next.call(context, body)),
            Some(Fault::FloodWait(seconds)) => {
                Box::pin(async move { Err(RpcError::new(420, format!("FLOOD_WAIT_{seconds}"))) })
            }
            Some(Fault::Error(code, text)) => {
                let code = i32::try_from(code).unwrap_or(500);
                Box::pin(async move { Err(RpcError::new(code, text)) })
            }
            Some(Fault::Delay(delay)) => Box::pin(async move {
                tokio::time::sleep(delay).await;
                next.call(context, body).await
            }),
            Some(Fault::Lost) => sent_times(next.call(context, body), 0),
            Some(Fault::Double) => sent_times(next.call(context, body), 2),
            // Rules with answers are for the Bot API; there is none for this method.
            Some(Fault::Answer(_)) => next.call(context, body),
            Some(Fault::Cut) => {
                self.node().cut_connections();
                // The session keeps the query, so that it is answered where the client asks again.
                next.call(context, body)
            }
        }
    }
}

fn sent_times(answer: Answering, copies: u8) -> Answering {
    Box::pin(async move { answer.await.map(|encoded| encoded.sent_times(copies)) })
}

/// Notes a method that does not exist.
fn noting(control: Control, body: Bytes, answer: Answering) -> Answering {
    Box::pin(async move {
        let answered = answer.await;
        if answered.as_ref().is_err_and(|error| error.text == "METHOD_NOT_IMPLEMENTED") {
            control.noted().note_mtproto(method_of(&body).unwrap_or("an unknown method"));
        }
        answered
    })
}

/// Returns the bot and the method of a path of the Bot API.
fn bot_call(path: &str) -> Option<(i64, &'static zaun_botapi::Method)> {
    let (token, method) = path.strip_prefix("/bot")?.split_once('/')?;
    let method = method.strip_prefix("test/").unwrap_or(method);
    let id = token.split([':', '%']).next()?.parse().ok()?;
    let known = zaun_botapi::METHODS.iter().find(|known| known.name.eq_ignore_ascii_case(method))?;
    Some((id, known))
}

impl Control {
    /// Answers a request of the Bot API, or spoils it.
    pub(crate) fn answer_bot(&self, request: Request<Incoming>, peer: Peer) -> WebAnswering {
        let bots = Arc::clone(self.node().bots());
        let Some((bot, method)) = bot_call(request.uri().path()) else {
            return bots.answer(request, peer);
        };
        if method.absent.is_some() {
            self.noted().note_bot_api(method.name);
        }
        let fits = |rule: &Rule| rule.method == method.name && rule.bot.is_none_or(|meant| meant == bot);
        match self.faults().strike(fits) {
            None => bots.answer(request, peer),
            Some(Fault::FloodWait(seconds)) => Box::pin(async move {
                let text = format!("Too Many Requests: retry after {seconds}");
                let mut response = refusal(429, &text, json!({ "retry_after": seconds }));
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
                response
            }),
            Some(Fault::Error(code, text)) => Box::pin(async move { refusal(code, &text, Value::Null) }),
            Some(Fault::Answer(result)) => Box::pin(async move { own_answer(&result) }),
            Some(Fault::Delay(delay)) => Box::pin(async move {
                tokio::time::sleep(delay).await;
                bots.answer(request, peer).await
            }),
            // There is no answer that comes twice over HTTP.
            Some(Fault::Cut | Fault::Double) => Box::pin(async { torn() }),
            Some(Fault::Lost) => Box::pin(async move {
                bots.answer(request, peer).await;
                torn()
            }),
        }
    }
}

fn refusal(code: i64, text: &str, parameters: Value) -> Response<WebBody> {
    let mut body = json!({ "ok": false, "error_code": code, "description": text });
    if !parameters.is_null() {
        body["parameters"] = parameters;
    }
    let mut response = Response::new(full(Bytes::from(body.to_string())));
    let status = u16::try_from(code).ok().and_then(|code| StatusCode::from_u16(code).ok());
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer that the test gave.
fn own_answer(result: &Value) -> Response<WebBody> {
    let body = json!({ "ok": true, "result": result });
    let mut response = Response::new(full(Bytes::from(body.to_string())));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer during which the connection breaks.
fn torn() -> Response<WebBody> {
    let broken = stream::once(async { Err::<Frame<Bytes>, _>(std::io::Error::other("cut on purpose")) });
    let mut response = Response::new(StreamBody::new(broken).boxed_unsync());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_bot_api_names_bot_and_method() {
        let of = |path| bot_call(path).map(|(bot, method)| (bot, method.name));
        assert_eq!(of("/bot12:AB/SENDMESSAGE"), Some((12, "sendMessage")));
        assert_eq!(of("/bot12%3AAB/test/getMe"), Some((12, "getMe")));
        assert_eq!(of("/bot12:AB/noSuchMethod"), None);
        assert_eq!(of("/file/bot12:AB/x"), None);
    }

    #[test]
    fn a_rule_strikes_as_often_as_it_says() {
        let faults = Faults::default();
        let rule = Rule { method: "getMe", bot: None, fault: Fault::Cut, left: Some(2), hits: 0 };
        let number = faults.add(rule.clone()).unwrap();
        let hit = || faults.strike(|rule| rule.method == "getMe");
        assert_eq!((hit(), hit(), hit()), (Some(Fault::Cut), Some(Fault::Cut), None));
        assert_eq!(faults.list(), [(number, Rule { left: Some(0), hits: 2, ..rule.clone() })]);
        assert!(faults.remove(number) && !faults.remove(number));
        for _ in 0..MAX_FAULTS {
            faults.add(rule.clone()).unwrap();
        }
        assert_eq!(faults.add(rule), None);
    }
}
