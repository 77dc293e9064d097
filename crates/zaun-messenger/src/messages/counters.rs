//! How many saw posts of broadcast channels, and how often they were forwarded (G-315, G-316).

use std::collections::HashMap;

use zaun_model::{MsgId, Peer};
use zaun_store::repo::contents;
use zaun_store::repo::marks::{self, MarkRow, VIEW};
use zaun_store::repo::messages;

use crate::limits::IDS_PER_CALL;
use crate::peers::PeerRef;
use crate::{Actor, Changes, Error, Messenger, errors, rights};

/// Views and forwards of a post; none for a message that has no counters, or is not there.
pub type Counters = Option<(i32, i32)>;

impl Messenger {
    /// Returns the counters of messages in the order asked for (G-293); `increment` counts the actor as one who saw
    /// them, once.
    pub async fn message_counters(
        &self,
        actor: Actor,
        peer: PeerRef,
        ids: Vec<MsgId>,
        increment: bool,
    ) -> Result<Vec<Counters>, Error> {
        if ids.len() > IDS_PER_CALL {
            return Err(Error::bad(errors::MESSAGE_IDS_TOO_MUCH));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let reading = rights::reading(changes.tx, actor.user_id, peer)?;
            let mut rows = messages::find_many(changes.tx, reading.box_id, reading.peer, &ids)?;
            rows.retain(|row| reading.shows(row.id));
            let wanted: Vec<_> = rows.iter().map(|row| row.content_id).collect();
            let mut found = HashMap::new();
            for content in contents::find_many(changes.tx, &wanted)?.into_iter().filter(|row| row.views > 0) {
                let mut views = content.views;
                if increment {
                    let mark = MarkRow {
                        content_id: content.id,
                        kind: VIEW,
                        peer: Peer::User(actor.user_id),
                        position: 0,
                        value: Vec::new(),
                        date: changes.now,
                        big: false,
                    };
                    // The author counted from the start.
                    if content.author != mark.peer && marks::insert(changes.tx, &mark)? {
                        contents::count(changes.tx, content.id, 1, 0)?;
                        views = views.saturating_add(1);
                    }
                }
                found.insert(content.id, (views, content.forwards));
            }
            let by_id: HashMap<MsgId, _> = rows.iter().map(|row| (row.id, row.content_id)).collect();
            let counters = |id: &MsgId| by_id.get(id).and_then(|content| found.get(content)).copied();
            Ok(ids.iter().map(counters).collect())
        };
        if increment {
            return Ok(self.change(actor, work).await?.value);
        }
        let (now, ids) = (self.now(), self.ids.clone());
        self.read(actor.user_id, move |tx| work(&mut Changes::new(tx, &ids, now))).await
    }
}
