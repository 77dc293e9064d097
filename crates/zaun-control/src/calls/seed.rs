//! A scenario: everything that a test begins with, from one file.

use serde_json::{Map, Value};

use super::{chats, people, plan, snapshots, speak};
use crate::fields::Fields;
use crate::{Control, Refusal};

/// What a part of a scenario makes.
#[derive(Debug, Clone, Copy)]
enum Part {
    Users,
    Bots,
    Chats,
    Messages,
    Faults,
}

impl Part {
    /// In the order in which they are made.
    const ALL: [(&str, Part); 5] = [
        ("users", Part::Users),
        ("bots", Part::Bots),
        ("chats", Part::Chats),
        ("messages", Part::Messages),
        ("faults", Part::Faults),
    ];

    async fn make(self, control: &Control, fields: Fields) -> Result<Value, Refusal> {
        let place = fields.path("");
        let made = match self {
            Part::Users => people::create_user(control, fields).await,
            Part::Bots => people::create_bot(control, fields).await,
            Part::Chats => chats::create_chat(control, fields).await,
            Part::Messages => speak::send(control, fields).await,
            Part::Faults => plan::fault(control, fields).await,
        };
        made.map_err(|refusal| refusal.of_field(place.trim_end_matches('.')))
    }
}

/// Makes a scenario, or nothing of it.
pub(crate) async fn seed(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let mut parts = Vec::new();
    for (name, part) in Part::ALL {
        parts.push((name, part, fields.objects(name)?));
    }
    fields.end()?;
    let make = async {
        let mut all = Map::new();
        for (name, part, items) in parts {
            let mut made = Vec::new();
            for item in items {
                made.push(part.make(control, item).await?);
            }
            all.insert(name.to_owned(), made.into());
        }
        Ok(Value::Object(all))
    };
    snapshots::all_or_nothing(control, make).await
}
