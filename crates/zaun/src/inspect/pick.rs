//! Which events are shown.

use anyhow::Context;
use clap::Args;
use zaun_console::event::{Event, What};
use zaun_console::tree::Message;

/// Filters of `zaun inspect`; an event has to pass all that are given.
#[derive(Args, Debug, Clone, Default)]
pub struct Pick {
    /// Only this auth key: the 16 hex digits of its id, or the number
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub key_id: Option<String>,

    /// Only keys on which this phone number is, or logs in
    #[arg(long, value_name = "NUMBER")]
    pub phone: Option<String>,

    /// Only this connection
    #[arg(long, value_name = "N")]
    pub conn: Option<u64>,

    /// Only methods and constructors whose name contains this, and answers to them
    #[arg(long, value_name = "NAME")]
    pub method: Option<String>,

    /// Only what was refused
    #[arg(long)]
    pub refused: bool,
}

/// Filters at work.
pub struct Picking {
    pick: Pick,
    key_id: Option<String>,
}

impl Pick {
    /// Makes the filters ready.
    pub fn start(&self) -> anyhow::Result<Picking> {
        let mut pick = self.clone();
        pick.phone = pick.phone.map(|phone| phone.chars().filter(char::is_ascii_digit).collect());
        pick.method = pick.method.map(|method| method.to_lowercase());
        let key_id = pick.key_id.as_deref().map(key_id).transpose()?;
        Ok(Picking { pick, key_id })
    }
}

/// A key's id as events have it.
fn key_id(text: &str) -> anyhow::Result<String> {
    let is_hex = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    // Sixteen decimal digits are read as hex, which is how ids are printed.
    if is_hex {
        return Ok(text.to_lowercase());
    }
    let id: i64 =
        text.parse().with_context(|| format!("\"{text}\" is no key id: 16 hex digits, or a number"))?;
    Ok(zaun_console::event::hex_id(id))
}

impl Picking {
    /// The places of the messages that are shown (empty for an event without messages), or `None` if it is not shown.
    pub fn passes(&mut self, event: &Event) -> Option<Vec<usize>> {
        let pick = &self.pick;
        if pick.conn.is_some_and(|conn| conn != event.conn) {
            return None;
        }
        let (key, account, messages) = match &event.what {
            What::Received(packet) | What::Sent(packet) => {
                let key = packet.header.as_ref().map(|header| header.key_id.as_str());
                (key, Some(&packet.account), packet.messages.as_slice())
            }
            What::PlainReceived(packet) | What::PlainSent(packet) => (None, None, packet.messages.as_slice()),
            What::KeyCreated { key_id, .. } => (Some(key_id.as_str()), None, [].as_slice()),
            What::Refused(refused) => (refused.key_id.as_deref(), Some(&refused.account), [].as_slice()),
            _ => (None, None, [].as_slice()),
        };
        let is_refusal = matches!(event.what, What::Refused(_));
        if pick.refused && !is_refusal || self.key_id.is_some() && self.key_id.as_deref() != key {
            return None;
        }
        if let Some(phone) = &pick.phone
            && account.and_then(|account| account.phone.as_ref()) != Some(phone)
        {
            return None;
        }
        let Some(method) = &pick.method else { return Some((0..messages.len()).collect()) };
        let named = |name: &str| name.to_lowercase().contains(method);
        let wanted =
            |message: &Message| named(&message.name) || message.answers.as_deref().is_some_and(named);
        let shown: Vec<usize> = (0..).zip(messages).filter(|(_, m)| wanted(m)).map(|(at, _)| at).collect();
        (!shown.is_empty() || pick.refused && is_refusal).then_some(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zaun_console::event::{Account, Refused};

    fn refused(key: &str, phone: &str) -> Event {
        let account = Account { user_id: None, phone: Some(phone.to_owned()) };
        let refused = Refused {
            key_id: Some(key.to_owned()),
            msg_id: None,
            account,
            rule: None,
            reason: "wrong".to_owned(),
            values: None,
            reaction: "passed over".to_owned(),
        };
        Event { n: 1, at_us: 0, conn: 3, what: What::Refused(refused) }
    }

    #[test]
    fn every_filter_that_is_given_has_to_be_passed() {
        let event = refused("00000000000000ff", "9996621234");
        let passes = |pick: Pick| pick.start().unwrap().passes(&event).is_some();
        assert!(passes(Pick::default()));
        assert!(passes(Pick {
            key_id: Some("255".into()),
            phone: Some("+999 662 1234".into()),
            ..Pick::default()
        }));
        assert!(passes(Pick {
            key_id: Some("00000000000000FF".into()),
            conn: Some(3),
            refused: true,
            ..Pick::default()
        }));
        assert!(!passes(Pick { key_id: Some("255".into()), conn: Some(4), ..Pick::default() }));
        assert!(!passes(Pick { phone: Some("9996621235".into()), ..Pick::default() }));
        assert!(!passes(Pick { method: Some("ping".into()), ..Pick::default() }));
        assert!(Pick { key_id: Some("zz".into()), ..Pick::default() }.start().is_err());
    }
}
