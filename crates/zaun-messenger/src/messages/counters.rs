//! How many saw posts of broadcast channels, and how often they were forwarded (G-315, G-316).

use std::collections::HashMap;

use zaun_model::{MsgId, Peer, UserId};
use zaun_schema::api::types;
use zaun_schema::visit::{Mentioned, Mentions};
use zaun_store::repo::contents;
use zaun_store::repo::marks::{self, MarkRow, VIEW};
use zaun_store::repo::messages;

use crate::limits::IDS_PER_CALL;
use crate::peers::PeerRef;
use crate::views::Scene;
use crate::{Actor, Changes, Error, Messenger, errors, rights, stored};

/// The counters of a message; none for one that has none, or is not there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counters {
    /// Views and forwards of a post.
    pub post: Option<(i32, i32)>,
    /// The answers to it in sum.
    pub replies: Option<types::MessageReplies>,
}

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
            for content in contents::find_many(changes.tx, &wanted)? {
                let mut views = content.views;
                if increment && views > 0 {
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
                let post = (views > 0).then_some((views, content.forwards));
                let replies = content.replies.map(stored::decode).transpose()?;
                found.insert(content.id, Counters { post, replies });
            }
            let by_id: HashMap<MsgId, _> = rows.iter().map(|row| (row.id, row.content_id)).collect();
            let counters = |id: &MsgId| by_id.get(id).and_then(|content| found.get(content)).cloned();
            Ok(ids.iter().map(|id| counters(id).unwrap_or_default()).collect())
        };
        if increment {
            return Ok(self.change(actor, work).await?.value);
        }
        let (now, ids) = (self.now(), self.ids.clone());
        self.read(actor.user_id, move |tx| work(&mut Changes::new(tx, &ids, now))).await
    }

    /// Returns everybody that counters mention, as a viewer sees them.
    pub async fn scene_of_all(&self, viewer: UserId, counters: &[Counters]) -> Result<Scene, Error> {
        let mut mentioned = Mentioned::default();
        counters.iter().flat_map(|one| &one.replies).for_each(|replies| replies.mentions(&mut mentioned));
        self.read(viewer, move |tx| Scene::for_viewer(tx, viewer, &mentioned)).await
    }
}
