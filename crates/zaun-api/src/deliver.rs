//! From deliveries of the messenger to packets for sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::sync::mpsc;
use zaun_messenger::{Delivery, Error, Outlet};
use zaun_schema::api::{enums, types};
use zaun_server::SessionHandle;

use crate::Api;
use crate::to_tl::{self, View};

/// Workers that build packets; one user's deliveries always meet the same one, so they keep their order.
const WORKERS: usize = 4;
/// Deliveries that may wait for a worker. Beyond it the user's clients are told to fetch the difference (M-377).
const MAX_QUEUED: usize = 8192;

/// The messenger's outlet: it queues, workers do the rest.
pub struct Deliverer {
    queues: Vec<mpsc::Sender<Delivery>>,
    receivers: parking_lot::Mutex<Vec<mpsc::Receiver<Delivery>>>,
    api: OnceLock<Arc<Api>>,
}

impl Default for Deliverer {
    fn default() -> Self {
        let (queues, receivers) = (0..WORKERS).map(|_| mpsc::channel(MAX_QUEUED)).unzip();
        Deliverer { queues, receivers: parking_lot::Mutex::new(receivers), api: OnceLock::new() }
    }
}

impl Deliverer {
    /// Starts the workers.
    pub fn start(&self, api: &Arc<Api>) {
        let _ = self.api.set(api.clone());
        for mut queue in self.receivers.lock().drain(..) {
            let api = api.clone();
            tokio::spawn(async move {
                while let Some(delivery) = queue.recv().await {
                    let owner = delivery.owner;
                    if let Err(error) = deliver(&api, delivery).await {
                        tracing::error!(%error, "updates could not be built");
                        api.sessions_of(owner).iter().for_each(|session| push_too_long(session));
                    }
                }
            });
        }
    }
}

impl Outlet for Deliverer {
    fn deliver(&self, delivery: Delivery) {
        let Some(api) = self.api.get() else { return };
        let owner = delivery.owner;
        let worker = usize::try_from(owner.unsigned_abs()).unwrap_or(0) % WORKERS;
        let Some(queue) = self.queues.get(worker) else { return };
        if queue.try_send(delivery).is_err() {
            api.sessions_of(owner).iter().for_each(|session| push_too_long(session));
        }
    }
}

/// Builds one packet per form that the user's sessions need, and hands it to them.
async fn deliver(api: &Arc<Api>, delivery: Delivery) -> Result<(), Error> {
    let mut forms: BTreeMap<(i32, i32), Vec<Arc<SessionHandle<Api>>>> = BTreeMap::new();
    for session in api.sessions_of(delivery.owner) {
        let key = session.identity();
        if delivery.skip == Some((key.id(), session.id)) {
            continue;
        }
        let layer = key.data.facts.lock().client.layer.unwrap_or(zaun_schema::LAYER);
        forms.entry((layer, dc_of(api, &session))).or_default().push(session);
    }
    for ((layer, dc), sessions) in forms {
        let view = View { messenger: &api.messenger, viewer: delivery.owner, dc };
        let mut users = BTreeSet::new();
        let update = to_tl::event_update(view, &delivery.event, &mut users)?;
        let packet = to_tl::updates(view, vec![update], users).await?;
        match zaun_tl::to_bytes(&packet, layer) {
            Ok(bytes) => {
                let bytes = Bytes::from(bytes);
                match (sessions.as_slice(), api.server.get()) {
                    (many @ [_, _, ..], Some(server)) => server.push_all(many, &bytes),
                    (few, _) => few.iter().for_each(|session| session.push(bytes.clone())),
                }
            }
            Err(error) => {
                tracing::warn!(%error, layer, "an update has no form in a client's layer");
                sessions.iter().for_each(|session| push_too_long(session));
            }
        }
    }
    Ok(())
}

/// The DC in which a session looks for files.
fn dc_of(api: &Api, session: &SessionHandle<Api>) -> i32 {
    if let Some(dc) = api.options.files_dc {
        return dc;
    }
    let dc = session.key.stored.dc.unsigned_abs() % 10_000;
    if (1..=5).contains(&dc) { i32::try_from(dc).unwrap_or(2) } else { api.options.home_dc }
}

/// Tells a session to fetch the difference (M-370).
pub(crate) fn push_too_long(session: &SessionHandle<Api>) {
    if let Ok(bytes) = zaun_tl::to_bytes(&enums::Updates::UpdatesTooLong, zaun_schema::LAYER) {
        session.resync(bytes.into());
    }
}

/// The last connection of a user is gone: others learn of it, and when it was.
pub(crate) fn went_offline(api: &Api, user_id: i64) {
    if !api.messenger.presence.set_offline(user_id) {
        return;
    }
    let messenger = api.messenger.clone();
    tokio::spawn(async move {
        if let Err(error) = announce_status(&messenger, user_id, None).await {
            tracing::error!(%error, "a status could not be announced");
        }
    });
}

/// Tells others that a user's online time ran out.
pub async fn announce_offline(messenger: &zaun_messenger::Messenger, user_id: i64) -> Result<(), Error> {
    announce_status(messenger, user_id, None).await
}

/// Tells everybody who shows this user whether it is online, and keeps when it was seen.
pub(crate) async fn announce_status(
    messenger: &zaun_messenger::Messenger,
    user_id: i64,
    until: Option<i64>,
) -> Result<(), Error> {
    let now = messenger.now();
    messenger.set_last_seen(user_id, now).await?;
    let status: enums::UserStatus = match until {
        Some(until) => types::UserStatusOnline { expires: to_tl::date(until) }.into(),
        None => types::UserStatusOffline { was_online: to_tl::date(now) }.into(),
    };
    for owner in messenger.audience(user_id).await? {
        if owner != user_id {
            let update = types::UpdateUserStatus { user_id, status: status.clone() };
            messenger.hint(owner, update.into(), None);
        }
    }
    Ok(())
}
