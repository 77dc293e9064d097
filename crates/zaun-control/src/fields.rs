//! The fields of a call, read one by one, so that a refusal can name the one that is wrong.

use serde_json::{Map, Value};

use crate::error::Refusal;
use crate::limits::MAX_ITEMS;

/// The fields that were not read yet.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    object: Map<String, Value>,
    /// Where the object stands in the call: empty for the call itself, or as `users[3]`.
    path: String,
}

impl Fields {
    /// Takes the object of a call.
    pub fn of(value: Value) -> Result<Fields, Refusal> {
        Fields::at(value, String::new())
    }

    fn at(value: Value, path: String) -> Result<Fields, Refusal> {
        match value {
            Value::Object(object) => Ok(Fields { object, path }),
            Value::Null if path.is_empty() => Ok(Fields::default()),
            _ if path.is_empty() => Err(Refusal::new(400, "a call is a JSON object")),
            _ => Err(Refusal::field(path, "this is to be an object")),
        }
    }

    /// Returns the name of a field from the root of the call on.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Refuses a field.
    #[must_use]
    pub fn wrong(&self, name: &str, text: impl Into<String>) -> Refusal {
        Refusal::field(self.path(name), text)
    }

    fn missing(&self, name: &str) -> Refusal {
        self.wrong(name, "this field is missing")
    }

    /// Takes any value; `null` is as good as absent.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.object.remove(name).filter(|value| !value.is_null())
    }

    /// Takes any value that has to be there.
    pub fn value(&mut self, name: &str) -> Result<Value, Refusal> {
        self.take(name).ok_or_else(|| self.missing(name))
    }

    /// Takes a text that may be absent.
    pub fn maybe_text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "this is to be a text")),
        }
    }

    /// Takes a text.
    pub fn text(&mut self, name: &str) -> Result<String, Refusal> {
        self.maybe_text(name)?.ok_or_else(|| self.missing(name))
    }

    /// Takes a whole number that may be absent, between two ends.
    pub fn maybe_number(&mut self, name: &str, range: (i64, i64)) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let (lowest, highest) = range;
        let number = value.as_i64().filter(|number| (lowest..=highest).contains(number));
        number.map(Some).ok_or_else(|| {
            self.wrong(name, format!("this is to be a whole number from {lowest} to {highest}"))
        })
    }

    /// Takes a whole number between two ends.
    pub fn number(&mut self, name: &str, range: (i64, i64)) -> Result<i64, Refusal> {
        self.maybe_number(name, range)?.ok_or_else(|| self.missing(name))
    }

    /// Takes the number of a message.
    pub fn message_id(&mut self, name: &str) -> Result<i32, Refusal> {
        let id = self.number(name, (1, i64::from(i32::MAX)))?;
        i32::try_from(id).map_err(|_| self.wrong(name, "no message has this number"))
    }

    /// Takes a switch that is `false` or `true`; `usual` if it is absent.
    pub fn flag(&mut self, name: &str, usual: bool) -> Result<bool, Refusal> {
        match self.take(name) {
            None => Ok(usual),
            Some(Value::Bool(on)) => Ok(on),
            Some(_) => Err(self.wrong(name, "this is to be true or false")),
        }
    }

    /// Takes a list, each item with its place; an absent one is empty.
    pub fn list(&mut self, name: &str) -> Result<Vec<(String, Value)>, Refusal> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) if list.len() <= MAX_ITEMS => {
                let place = |at: usize| format!("{}[{at}]", self.path(name));
                Ok(list.into_iter().enumerate().map(|(at, value)| (place(at), value)).collect())
            }
            Some(Value::Array(_)) => Err(self.wrong(name, format!("a list has at most {MAX_ITEMS} items"))),
            Some(_) => Err(self.wrong(name, "this is to be a list")),
        }
    }

    /// Takes a list of objects.
    pub fn objects(&mut self, name: &str) -> Result<Vec<Fields>, Refusal> {
        self.list(name)?.into_iter().map(|(path, value)| Fields::at(value, path)).collect()
    }

    /// Refuses what was not read: a misspelt field must not be ignored.
    pub fn end(self) -> Result<(), Refusal> {
        match self.object.keys().next() {
            Some(name) => Err(self.wrong(name, "this call has no such field")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refusal(value: Value, read: impl FnOnce(&mut Fields) -> Result<(), Refusal>) -> Refusal {
        let mut fields = Fields::of(value).unwrap();
        read(&mut fields).and_then(|()| fields.end()).unwrap_err()
    }

    #[test]
    fn a_refusal_names_the_field() {
        let field = |refusal: Refusal| refusal.field.unwrap();
        let text = |fields: &mut Fields| fields.text("title").map(drop);
        assert_eq!(field(refusal(json!({}), text)), "title");
        assert_eq!(field(refusal(json!({ "title": 7 }), text)), "title");
        assert_eq!(field(refusal(json!({ "title": "x", "tilte": 1 }), text)), "tilte");
        let number = |fields: &mut Fields| fields.number("seconds", (1, 10)).map(drop);
        assert_eq!(field(refusal(json!({ "seconds": 11 }), number)), "seconds");
        let nested = |fields: &mut Fields| {
            fields.objects("users")?.into_iter().try_for_each(|mut user| user.text("name").map(drop))
        };
        assert_eq!(field(refusal(json!({ "users": [{ "name": "a" }, {}] }), nested)), "users[1].name");
        assert_eq!(field(refusal(json!({ "users": [1] }), nested)), "users[0]");
    }

    #[test]
    fn a_long_list_is_refused() {
        let long = json!({ "users": vec![0; MAX_ITEMS + 1] });
        assert_eq!(refusal(long, |fields| fields.list("users").map(drop)).field.unwrap(), "users");
    }
}
