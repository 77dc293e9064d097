//! From deliveries of the messenger to packets for sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use rand::Rng;
use tokio::sync::mpsc;
use zaun_messenger::bots::counts_in_qts;
use zaun_messenger::views::Scene;
use zaun_messenger::{Audience, Delivery, Error, Event, Outlet, Seat};
use zaun_model::{ChannelId, Peer, UnixTime, UserId};
use zaun_schema::api::{enums, types};
use zaun_server::SessionHandle;

use crate::Api;
use crate::to_tl::{self, View, Viewer};

/// Workers that build packets; deliveries to one audience always meet the same one, so they keep their order.
const WORKERS: usize = 4;
/// Deliveries that may wait for a worker. Beyond it the clients are told to fetch the difference (M-377).
const MAX_QUEUED: usize = 8192;

type Session = Arc<SessionHandle<Api>>;

/// The messenger's outlet: it queues, workers do the rest.
pub struct Deliverer {
    queues: Vec<mpsc::Sender<Delivery>>,
    receivers: parking_lot::Mutex<Vec<mpsc::Receiver<Delivery>>>,
    /// It holds the messenger, which holds this.
    api: OnceLock<Weak<Api>>,
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
        let _ = self.api.set(Arc::downgrade(api));
        for mut queue in self.receivers.lock().drain(..) {
            let api = Arc::downgrade(api);
            tokio::spawn(async move {
                while let Some(delivery) = queue.recv().await {
                    let Some(api) = api.upgrade() else { return };
                    let audience = delivery.audience;
                    if let Err(error) = deliver(&api, delivery).await {
                        tracing::error!(%error, "updates could not be built");
                        tell_too_long(&api, audience);
                    }
                }
            });
        }
    }

    fn api(&self) -> Option<Arc<Api>> {
        self.api.get().and_then(Weak::upgrade)
    }
}

impl Outlet for Deliverer {
    fn deliver(&self, delivery: Delivery) {
        let Some(api) = self.api() else { return };
        let audience = delivery.audience;
        let number = match audience {
            Audience::User(id) => id.0,
            Audience::Channel(id) => id.0,
        };
        let worker = usize::try_from(number.unsigned_abs()).unwrap_or(0) % WORKERS;
        let Some(queue) = self.queues.get(worker) else { return };
        if queue.try_send(delivery).is_err() {
            tell_too_long(&api, audience);
        }
    }

    fn membership(&self, user: UserId, channel: ChannelId, seat: Option<Seat>) {
        if let Some(api) = self.api() {
            api.subscriptions.take_seat(user, channel, seat);
        }
    }

    fn key_ended(&self, key_id: i64, revoked: bool) {
        if let Some(api) = self.api() {
            api.signed_out(key_id, revoked);
        }
    }

    fn online(&self, _: UserId, _: Option<UnixTime>) {
        // The messenger that said so knows it.
    }
}

impl Api {
    /// Says whether sessions here are to hear of an audience's events.
    pub fn listens_to(&self, audience: Audience) -> bool {
        match audience {
            Audience::User(user) => !self.subscriptions.of_user(user).is_empty(),
            Audience::Channel(channel) => self.subscriptions.has_seats(channel),
        }
    }

    /// Tells the sessions of an audience here that something was missed.
    pub fn tell_too_long(&self, audience: Audience) {
        tell_too_long(self, audience);
    }

    /// Tells all sessions here that something was missed.
    pub fn tell_everybody_too_long(&self) {
        self.subscriptions.everybody().iter().for_each(|session| push_too_long(session));
    }
}

async fn deliver(api: &Api, delivery: Delivery) -> Result<(), Error> {
    match delivery.audience {
        Audience::User(_) if matches!(&delivery.event, Event::Transient(update) if counts_in_qts(update)) => {
            Ok(())
        }
        Audience::User(user) => {
            let sessions = api.subscriptions.of_user(user).into_iter().map(|session| (user, session));
            let mut sessions = others(sessions.collect(), delivery.skip);
            leave_out_the_deaf(api, &delivery.event, &mut [&mut sessions]).await?;
            push_to_viewers(api, &delivery.event, &delivery.scene, sessions);
            Ok(())
        }
        Audience::Channel(channel) => deliver_to_channel(api, channel, &delivery).await,
    }
}

/// Leaves out sessions of bots that are not told of a message in a group; they find that their pts has a gap, and
/// nothing in it.
async fn leave_out_the_deaf(
    api: &Api,
    event: &Event,
    lists: &mut [&mut Vec<(UserId, Session)>],
) -> Result<(), Error> {
    let (Event::Message(message) | Event::Edited { message, .. }) = event else { return Ok(()) };
    let is_bot = |session: &Session| session.identity().data.facts.lock().bot;
    let all = lists.iter().flat_map(|list| list.iter());
    let bots: BTreeSet<UserId> = all.filter(|(_, session)| is_bot(session)).map(|(user, _)| *user).collect();
    if bots.is_empty() || matches!(message.row.peer, Peer::User(_)) {
        return Ok(());
    }
    let told = api.messenger.hearers(bots.iter().copied().collect(), message.clone()).await?;
    for list in lists {
        list.retain(|(user, _)| !bots.contains(user) || told.contains(user));
    }
    Ok(())
}

/// Leaves out the session that knows already.
fn others(mut sessions: Vec<(UserId, Session)>, skip: Option<(i64, i64)>) -> Vec<(UserId, Session)> {
    if let Some((key_id, session_id)) = skip {
        sessions.retain(|(_, s)| s.id != session_id || s.identity().id() != key_id);
    }
    sessions
}

/// Builds a channel's event once per form for all ordinary members; whoever wrote it or has rights of its own gets
/// objects of its own.
async fn deliver_to_channel(api: &Api, channel: ChannelId, delivery: &Delivery) -> Result<(), Error> {
    let found = api.subscriptions.of_channel(channel);
    // Who wrote a message, and whom it mentions, see it otherwise than the rest.
    let concerned: BTreeSet<UserId> = match &delivery.event {
        Event::Message(message) | Event::Edited { message, .. } => {
            message.writer.user().into_iter().chain(message.mentioned.iter().copied()).collect()
        }
        _ => BTreeSet::new(),
    };
    let (mut ordinary, mut special) =
        (others(found.ordinary, delivery.skip), others(found.special, delivery.skip));
    if ordinary.iter().any(|(user, _)| concerned.contains(user)) {
        let (own, rest): (Vec<_>, Vec<_>) =
            ordinary.into_iter().partition(|(user, _)| concerned.contains(user));
        ordinary = rest;
        special.extend(own);
    }
    leave_out_the_deaf(api, &delivery.event, &mut [&mut ordinary, &mut special]).await?;
    push_to_members(api, channel, delivery, ordinary);
    if !special.is_empty() {
        let viewers: BTreeSet<UserId> = special.iter().map(|(user, _)| *user).collect();
        let scene = api.messenger.scene_for(viewers.into_iter().collect(), &delivery.event).await?;
        push_to_viewers(api, &delivery.event, &scene, special);
    }
    Ok(())
}

/// What decides how a packet looks, beside the viewer.
type Form = (i32, i32);

fn form_of(api: &Api, session: &Session) -> Form {
    let layer = session.identity().data.layer().unwrap_or(zaun_schema::LAYER);
    (layer, dc_of(api, session))
}

/// Builds one packet per viewer and form.
fn push_to_viewers(api: &Api, event: &Event, scene: &Scene, sessions: Vec<(UserId, Session)>) {
    let mut forms: BTreeMap<(UserId, Form), Vec<Session>> = BTreeMap::new();
    for (user, session) in sessions {
        forms.entry((user, form_of(api, &session))).or_default().push(session);
    }
    for ((user, (layer, dc)), sessions) in forms {
        let view = view(api, Viewer::User(user), dc, scene);
        match packet(view, event, layer) {
            Some(bytes) => push(api, &sessions, &bytes),
            None => sessions.iter().for_each(|session| push_too_long(session)),
        }
    }
}

/// Builds one packet per form for any number of ordinary members, and gives each the access hash that is its own.
fn push_to_members(api: &Api, channel: ChannelId, delivery: &Delivery, sessions: Vec<(UserId, Session)>) {
    let mut forms: BTreeMap<Form, Vec<(UserId, Session)>> = BTreeMap::new();
    for (user, session) in sessions {
        forms.entry(form_of(api, &session)).or_default().push((user, session));
    }
    for ((layer, dc), members) in forms {
        let mark = rand::rng().next_u64().cast_signed();
        let view = view(api, Viewer::AnyMember { access_hash: mark }, dc, &delivery.scene);
        let Some(bytes) = packet(view, &delivery.event, layer) else {
            members.iter().for_each(|(_, session)| push_too_long(session));
            continue;
        };
        let places = places_of(&bytes, mark);
        let mut batch = Vec::with_capacity(members.len());
        for (user, session) in members {
            let hash = api.messenger.access.channel(user, channel).to_le_bytes();
            let mut own = bytes.to_vec();
            for place in &places {
                if let Some(there) = own.get_mut(*place..*place + 8) {
                    there.copy_from_slice(&hash);
                }
            }
            batch.push((session, Bytes::from(own)));
        }
        match api.server() {
            Some(server) => server.push_each(&batch),
            None => batch.iter().for_each(|(session, bytes)| session.push(bytes.clone())),
        }
    }
}

/// Where the mark stands in a packet; objects are aligned to four bytes.
fn places_of(bytes: &[u8], mark: i64) -> Vec<usize> {
    let mark = mark.to_le_bytes();
    (0..bytes.len()).step_by(4).filter(|at| bytes.get(*at..*at + 8) == Some(mark.as_slice())).collect()
}

fn view<'a>(api: &'a Api, viewer: Viewer, dc: i32, scene: &'a Scene) -> View<'a> {
    let messenger = &api.messenger;
    View { access: &messenger.access, presence: &messenger.presence, now: messenger.now(), viewer, dc, scene }
}

/// The packet of an event; `None` if a layer has no form for it.
fn packet(view: View<'_>, event: &Event, layer: i32) -> Option<Bytes> {
    let packet = to_tl::updates(view, vec![to_tl::event_update(view, event)]);
    match zaun_tl::to_bytes(&packet, layer) {
        Ok(bytes) => Some(Bytes::from(bytes)),
        Err(error) => {
            tracing::warn!(%error, layer, "an update has no form in a client's layer");
            None
        }
    }
}

fn push(api: &Api, sessions: &[Session], bytes: &Bytes) {
    match (sessions, api.server()) {
        (many @ [_, _, ..], Some(server)) => server.push_all(many, bytes),
        (few, _) => few.iter().for_each(|session| session.push(bytes.clone())),
    }
}

/// The DC in which a session looks for files.
fn dc_of(api: &Api, session: &SessionHandle<Api>) -> i32 {
    if let Some(dc) = api.options.files_dc {
        return dc;
    }
    let dc = session.key.stored.dc.unsigned_abs() % 10_000;
    if (1..=5).contains(&dc) { i32::try_from(dc).unwrap_or(2) } else { api.options.home_dc }
}

/// Tells an audience that something was missed.
fn tell_too_long(api: &Api, audience: Audience) {
    match audience {
        Audience::User(user) => {
            api.subscriptions.of_user(user).iter().for_each(|session| push_too_long(session));
        }
        Audience::Channel(channel) => {
            let update = types::UpdateChannelTooLong { channel_id: channel.0, pts: None };
            let packet: enums::Updates =
                types::Updates { updates: vec![update.into()], ..types::Updates::default() }.into();
            let Ok(bytes) = zaun_tl::to_bytes(&packet, zaun_schema::LAYER).map(Bytes::from) else { return };
            let found = api.subscriptions.of_channel(channel);
            let sessions: Vec<Session> =
                found.ordinary.into_iter().chain(found.special).map(|(_, session)| session).collect();
            push(api, &sessions, &bytes);
        }
    }
}

/// Tells a session to fetch the difference (M-370).
pub(crate) fn push_too_long(session: &SessionHandle<Api>) {
    if let Ok(bytes) = zaun_tl::to_bytes(&enums::Updates::UpdatesTooLong, zaun_schema::LAYER) {
        session.resync(bytes.into());
    }
}

/// Tells the sessions of a key that waits for a login by QR code that it was accepted (M-466). On another node the
/// client learns of it when it renews its token.
pub(crate) fn push_login_token(api: &Api, key_id: i64) {
    let Some(key) = api.server().and_then(|server| server.key(key_id)) else { return };
    let date = api.messenger.now().to_tl();
    let packet: enums::Updates = types::UpdateShort { update: enums::Update::UpdateLoginToken, date }.into();
    let layer = key.data.layer().unwrap_or(zaun_schema::LAYER);
    let Ok(bytes) = zaun_tl::to_bytes(&packet, layer).map(Bytes::from) else { return };
    key.all_sessions().iter().for_each(|session| session.push(bytes.clone()));
}

/// The last connection of a user is gone: others learn of it, and when it was.
pub(crate) fn went_offline(api: &Api, user: UserId) {
    let messenger = api.messenger.clone();
    tokio::spawn(async move {
        if let Err(error) = messenger.set_offline(user).await {
            tracing::error!(%error, "a status could not be announced");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::places_of;

    #[test]
    fn a_mark_is_found_wherever_it_stands() {
        let mark = 0x1122_3344_5566_7788;
        let mut bytes = vec![0; 32];
        bytes[4..12].copy_from_slice(&i64::to_le_bytes(mark));
        bytes[20..28].copy_from_slice(&i64::to_le_bytes(mark));
        assert_eq!(places_of(&bytes, mark), [4, 20]);
        assert_eq!(places_of(&bytes, 0x1234), Vec::<usize>::new());
    }
}
