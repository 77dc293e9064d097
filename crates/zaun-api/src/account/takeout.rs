//! Takeouts: a client that exports its account says so, and calls its methods under the takeout's number (M-415).

use rand::Rng;
use zaun_messenger::Error;
use zaun_schema::api::{enums, functions, types};
use zaun_server::RpcError;

use crate::{Call, KeyFacts};

/// account.initTakeoutSession
pub(crate) async fn init_takeout_session(
    call: Call,
    _: functions::account::InitTakeoutSession,
) -> Result<enums::account::Takeout, Error> {
    // Positive, because clients keep 0 for none.
    let id = (rand::rng().next_u64() >> 1 | 1).cast_signed();
    call.key.data.facts.lock().takeout = Some(id);
    Ok(types::account::Takeout { id })
}

/// account.finishTakeoutSession
pub(crate) async fn finish_takeout_session(
    call: Call,
    _: functions::account::FinishTakeoutSession,
) -> Result<bool, Error> {
    let ended = call.key.data.facts.lock().takeout.take();
    ended.map(|_| true).ok_or_else(|| Error::refused(403, "TAKEOUT_REQUIRED"))
}

/// Whether a query may run under this takeout.
pub(crate) fn check(facts: &KeyFacts, takeout: Option<i64>) -> Result<(), RpcError> {
    match takeout {
        Some(id) if facts.takeout != Some(id) => Err(RpcError::bad_request("TAKEOUT_INVALID")),
        _ => Ok(()),
    }
}
