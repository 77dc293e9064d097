//! The register of methods: dispatch and access, generated from `methods.toml`.

use std::future::Future;

use zaun_messenger::Error;
use zaun_schema::api::Request;
use zaun_server::{Answering, RpcError};
use zaun_tl::Function;

use crate::{Call, fail};

/// Who may call a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nobody need be logged in (M-454).
    Anyone,
    /// A user.
    User,
    /// A bot.
    Bot,
    /// Whoever is logged in.
    Both,
}

/// What a method costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flood {
    /// Nothing.
    None,
    /// Login attempts.
    Login,
    /// Sending and changing.
    Send,
    /// Reading.
    Read,
    /// File parts.
    File,
}

/// One line of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Who may call it.
    pub access: Access,
    /// What it costs.
    pub flood: Flood,
    /// Whether it exists.
    pub done: bool,
}

include!(concat!(env!("OUT_DIR"), "/dispatch.rs"));

/// The register's line for a method.
pub(crate) fn entry(name: &str) -> Option<Entry> {
    let index = REGISTER.binary_search_by_key(&name, |(name, _)| name).ok()?;
    REGISTER.get(index).map(|(_, entry)| *entry)
}

fn run<R, F>(call: Call, handler: fn(Call, R) -> F, request: R) -> Answering
where
    R: Function<Response: Send> + Send + 'static,
    F: Future<Output = Result<R::Response, Error>> + Send + 'static,
{
    let running = handler(call.clone(), request);
    Box::pin(async move {
        let value = running.await.map_err(|error| fail(R::NAME, error))?;
        // An old id of the method may promise an older type of result.
        let mut writer = call.context.writer(call.layer);
        R::encode_response(&value, call.method_id, &mut writer);
        call.context.finish(writer)
    })
}

/// Absent is said, never faked.
fn absent(name: &'static str) -> Answering {
    tracing::debug!(method = name, "a method that does not exist yet");
    Box::pin(async { Err(RpcError::bad_request("METHOD_NOT_IMPLEMENTED")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_register_lists_every_method_of_the_schema_and_no_other() {
        let mut schema: Vec<&str> = zaun_schema::api::METHODS.iter().map(|m| m.name).collect();
        schema.sort_unstable();
        let register: Vec<&str> = REGISTER.iter().map(|(name, _)| *name).collect();
        assert_eq!(register, schema);
    }
}
