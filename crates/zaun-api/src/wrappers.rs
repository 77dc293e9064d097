//! invokeWithLayer and its kin: undone one after another until the method itself is left (M-401 … M-415).

use std::sync::{Arc, Once};

use bytes::Bytes;
use zaun_messenger::authorizations::ClientRow;
use zaun_model::UserId;
use zaun_mtproto::gzip;
use zaun_schema::api::{Request, functions};
use zaun_server::{Context, Encoded, KeyEntry, RpcError};
use zaun_tl::{DecodeError, Reader};

use crate::account::takeout;
use crate::register::{self, Access, Flood};
use crate::{Api, Call, KeyFacts, fail};

/// Wrappers around one method (M-012): the deepest sensible nesting is about four.
const MAX_WRAPPERS: usize = 12;

/// What a temporary key may call while it acts for no permanent one (M-149, M-150).
const UNBOUND: &[&str] = &["auth.bindTempAuthKey", "help.getConfig", "help.getNearestDc"];

/// What the wrappers said.
#[derive(Default)]
struct Said {
    layer: Option<i32>,
    client: Option<functions::InitConnection>,
    without_updates: bool,
    range: Option<(i32, i32)>,
    takeout: Option<i64>,
}

/// Runs one query.
pub(crate) async fn call(api: Arc<Api>, context: Context<Api>, body: Bytes) -> Result<Encoded, RpcError> {
    let mut said = Said::default();
    let (method_id, request) = unwrap(&context, body, &mut said).await?;
    let name = request.name();
    let key = context.session.identity();
    if key.is_temporary() && !UNBOUND.contains(&name) {
        return Err(RpcError::new(401, "AUTH_KEY_PERM_EMPTY"));
    }
    let layer = match settle_client(&api, &key, &mut said)? {
        Some(layer) => layer,
        // It comes before anything else, and its answer has one form (M-166).
        None if name == "auth.bindTempAuthKey" => zaun_schema::LAYER,
        None => return Err(RpcError::bad_request("CONNECTION_NOT_INITED")),
    };
    let facts = key.data.facts.lock().clone();
    let entry = register::entry(name).ok_or_else(|| RpcError::bad_request("INPUT_METHOD_INVALID"))?;
    if entry.access != Access::Anyone && facts.user_id.is_none() {
        // M-421, M-454; clients ask before login on purpose and expect exactly this.
        let text = if facts.revoked { "SESSION_REVOKED" } else { "AUTH_KEY_UNREGISTERED" };
        return Err(RpcError::new(401, text));
    }
    if entry.done && facts.user_id.is_some() {
        check_kind(entry.access, facts.bot)?;
    }
    if let Some(user_id) = facts.user_id.filter(|_| !said.without_updates && entry.flood != Flood::File) {
        let subscribed = api.subscribe(&context.session, user_id).await;
        subscribed.map_err(|error| fail("subscribing a session", error))?;
    }
    let user_id = facts.user_id.unwrap_or(UserId(0));
    let range = said.range.unwrap_or((0, i32::MAX));
    let call = Call { api, context, key, layer, method_id, user_id, bot: facts.bot, range };
    if entry.access != Access::Anyone && entry.flood != Flood::File {
        check_home(&call, &facts)?;
    }
    takeout::check(&facts, said.takeout)?;
    register::dispatch(call, request).await
}

/// B-021, B-022: some methods are for users alone, some for bots.
fn check_kind(access: Access, bot: bool) -> Result<(), RpcError> {
    match access {
        Access::User if bot => Err(RpcError::bad_request("BOT_METHOD_INVALID")),
        Access::Bot if !bot => Err(RpcError::bad_request("USER_BOT_REQUIRED")),
        _ => Ok(()),
    }
}

/// Away from home an account has its files only (M-474).
fn check_home(call: &Call, facts: &KeyFacts) -> Result<(), RpcError> {
    let away = call.api.options.split && facts.home_dc != 0 && facts.home_dc != i64::from(call.dc());
    if away { Err(RpcError::new(303, format!("USER_MIGRATE_{}", facts.home_dc))) } else { Ok(()) }
}

/// Takes the wrappers off.
async fn unwrap(
    context: &Context<Api>,
    mut body: Bytes,
    said: &mut Said,
) -> Result<(u32, Request), RpcError> {
    for _ in 0..MAX_WRAPPERS {
        if Reader::new(body.clone()).peek_u32() == Some(gzip::GZIP_PACKED) {
            // M-270: the query inside a wrapper may be packed too.
            body = gzip::unpack(&body).map_err(|_| RpcError::bad_request("INPUT_FETCH_ERROR"))?;
        }
        let decoded = Request::decode(&mut Reader::new(body)).map_err(|error| unreadable(&error))?;
        body = match decoded.1 {
            Request::InvokeWithLayer(w) => {
                said.layer = Some(w.layer);
                w.query.0
            }
            Request::InitConnection(mut w) => {
                let query = std::mem::take(&mut w.query.0);
                said.client = Some(*w);
                // Here, because what is inside may be older than anything that can be read.
                check_layer(said)?;
                query
            }
            Request::InvokeWithoutUpdates(w) => {
                said.without_updates = true;
                w.query.0
            }
            Request::InvokeWithMessagesRange(w) => {
                said.range = Some((w.range.min_id, w.range.max_id));
                w.query.0
            }
            Request::InvokeWithTakeout(w) => {
                said.takeout = Some(w.takeout_id);
                w.query.0
            }
            Request::InvokeAfterMsg(w) => {
                context.session.after(w.msg_id).await?;
                w.query.0
            }
            Request::InvokeAfterMsgs(w) => {
                for msg_id in w.msg_ids {
                    context.session.after(msg_id).await?;
                }
                w.query.0
            }
            method => return Ok((decoded.0, method)),
        };
    }
    Err(RpcError::bad_request("INPUT_FETCH_ERROR"))
}

/// Sends clients away that are older than any layer that is written; a newer one gets our newest (M-406).
fn check_layer(said: &Said) -> Result<(), RpcError> {
    static NEWER: Once = Once::new();
    let Some(layer) = said.layer.filter(|layer| *layer > 0) else { return Ok(()) };
    let app =
        |client: &functions::InitConnection| format!("{} on {}", client.app_version, client.device_model);
    let client = said.client.as_ref().map(app).unwrap_or_default();
    if layer < zaun_schema::MIN_LAYER {
        tracing::warn!(layer, client, oldest = zaun_schema::MIN_LAYER, "a client's layer is too old");
        return Err(RpcError::new(406, "UPDATE_APP_TO_LOGIN"));
    }
    if layer > zaun_schema::LAYER {
        NEWER.call_once(|| {
            tracing::info!(layer, client, newest = zaun_schema::LAYER, "a client's layer is newer than ours");
        });
    }
    Ok(())
}

/// M-416: an unknown method is told apart from arguments that cannot be read.
fn unreadable(error: &DecodeError) -> RpcError {
    tracing::debug!(%error, "a query could not be read");
    match error {
        DecodeError::UnknownMethod { id } => RpcError::bad_request(format!("INPUT_METHOD_INVALID_{id}")),
        // An old id of a method that has no successor; of what else has none, it is arguments that cannot be read.
        DecodeError::NoSuccessor { id, .. } if zaun_schema::api::method_name(*id).is_some() => {
            RpcError::bad_request("METHOD_NOT_IMPLEMENTED")
        }
        DecodeError::UnknownConstructor { .. } => RpcError::bad_request("INPUT_CONSTRUCTOR_INVALID"),
        _ => RpcError::bad_request("INPUT_FETCH_ERROR"),
    }
}

/// Remembers what the client says of itself, with its key (M-401 … M-405); the layer for the answer, if it is known.
fn settle_client(api: &Arc<Api>, key: &KeyEntry<Api>, said: &mut Said) -> Result<Option<i32>, RpcError> {
    if said.layer.is_some_and(|layer| layer <= 0) {
        return Err(RpcError::bad_request("CONNECTION_LAYER_INVALID"));
    }
    check_layer(said)?;
    let (client, changed) = {
        let mut facts = key.data.facts.lock();
        let before = facts.client.clone();
        if let Some(layer) = said.layer {
            facts.client.layer = Some(layer);
        }
        if let Some(init) = said.client.take() {
            if init.api_id <= 0 {
                return Err(RpcError::bad_request("CONNECTION_API_ID_INVALID"));
            }
            facts.client = ClientRow {
                layer: facts.client.layer,
                api_id: init.api_id,
                device_model: init.device_model,
                system_version: init.system_version,
                app_version: init.app_version,
                system_lang_code: init.system_lang_code,
                lang_pack: init.lang_pack,
                lang_code: init.lang_code,
            };
        }
        (facts.client.clone(), facts.client != before)
    };
    let layer = client.layer;
    // An unbound temporary key is written nowhere (M-148).
    if changed && !key.is_temporary() {
        let (api, key_id) = (api.clone(), key.id());
        // Not awaited: the query does not depend on it, and the client repeats it until an answer comes (M-403).
        tokio::spawn(async move {
            if let Err(error) = api.messenger.set_client(key_id, client).await {
                tracing::error!(%error, "the client's description could not be kept");
            }
        });
    }
    Ok(layer)
}
