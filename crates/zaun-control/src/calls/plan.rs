//! Plans of what goes wrong, and what could not go right.

use std::time::Duration;

use serde_json::{Value, json};
use zaun_schema::api;

use crate::faults::{Fault, Rule};
use crate::fields::Fields;
use crate::limits::{MAX_ADVANCE_S, MAX_ERROR_CHARS, MAX_FAULTS, MAX_WAIT_MS};
use crate::{Control, Refusal};

/// How often a fault may be told to happen.
const MAX_TIMES: i64 = 1_000_000;

/// Takes the name of a method; with a dot it is one of the API, otherwise one of the Bot API.
fn method(fields: &mut Fields) -> Result<&'static str, Refusal> {
    let name = fields.text("method")?;
    let found = if name.contains('.') {
        api::METHODS.iter().map(|method| method.name).find(|known| *known == name)
    } else {
        let mut known = zaun_botapi::METHODS.iter().map(|method| method.name);
        known.find(|known| known.eq_ignore_ascii_case(&name))
    };
    let text = "there is no such method; those of the API have a dot (messages.sendMessage), those of the Bot API do not";
    found.ok_or_else(|| fields.wrong("method", text))
}

fn kind(fields: &mut Fields) -> Result<Fault, Refusal> {
    let name = fields.text("kind")?;
    Ok(match name.as_str() {
        "flood_wait" => Fault::FloodWait(fields.number("seconds", (1, MAX_ADVANCE_S))?),
        "error" => {
            let code = fields.number("code", (303, 599))?;
            let text = fields.text("text")?;
            if text.chars().count() > MAX_ERROR_CHARS {
                return Err(fields.wrong("text", format!("this has at most {MAX_ERROR_CHARS} characters")));
            }
            Fault::Error(code, text)
        }
        "delay" => Fault::Delay(Duration::from_millis(fields.number("ms", (1, MAX_WAIT_MS))?.unsigned_abs())),
        "lost" => Fault::Lost,
        "double" => Fault::Double,
        "cut" => Fault::Cut,
        "answer" => Fault::Answer(fields.value("result")?),
        _ => {
            return Err(
                fields.wrong("kind", "this is to be flood_wait, error, delay, lost, double, cut or answer")
            );
        }
    })
}

/// Plans a fault: for the next call of a method, for several, or with 0 for all of them.
pub(crate) async fn fault(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let method = method(&mut fields)?;
    let fault = kind(&mut fields)?;
    let times = fields.maybe_number("times", (0, MAX_TIMES))?.unwrap_or(1);
    let bot = match fields.take("bot") {
        Some(value) => {
            let bot = control.named_user(&value).await;
            Some(bot.map_err(|refusal| refusal.of_field(&fields.path("bot")))?.0)
        }
        None => None,
    };
    let place = fields.clone();
    fields.end()?;
    let over_http = !method.contains('.');
    if bot.is_some() && !over_http {
        return Err(place.wrong("bot", "only methods of the Bot API are spoilt for one bot"));
    }
    if fault == Fault::Double && over_http {
        return Err(place.wrong("kind", "no answer comes twice over HTTP"));
    }
    if matches!(fault, Fault::Answer(_)) && !over_http {
        return Err(place.wrong("kind", "only methods of the Bot API get answers of one's own"));
    }
    let rule = Rule { method, bot, fault, left: Some(times).filter(|times| *times > 0), hits: 0 };
    let number = control.faults().add(rule);
    let number = number.ok_or_else(|| Refusal::new(400, format!("there are {MAX_FAULTS} rules already")))?;
    Ok(json!({ "fault": number }))
}

/// Returns the rules, with how often each has struck.
pub(crate) async fn faults(control: &Control, fields: Fields) -> Result<Value, Refusal> {
    fields.end()?;
    let rules = control.faults().list().into_iter().map(|(number, rule)| {
        json!({ "fault": number, "method": rule.method, "left": rule.left, "hits": rule.hits })
    });
    Ok(rules.collect::<Vec<_>>().into())
}

/// Takes back a rule, or all of them.
pub(crate) async fn clear_faults(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let number = fields.maybe_number("fault", (1, i64::MAX))?;
    let place = fields.clone();
    fields.end()?;
    match number {
        None => control.faults().clear(),
        Some(number) if control.faults().remove(number) => {}
        Some(_) => return Err(place.wrong("fault", "there is no such rule")),
    }
    Ok(json!({}))
}

/// Closes all MTProto connections; keys and sessions stay, so that clients come back.
pub(crate) async fn cut(control: &Control, fields: Fields) -> Result<Value, Refusal> {
    fields.end()?;
    control.node().cut_connections();
    Ok(json!({}))
}

/// Returns the methods that clients asked for and that do not exist.
pub(crate) async fn missing(control: &Control, fields: Fields) -> Result<Value, Refusal> {
    fields.end()?;
    Ok(control.missing().to_json())
}
