//! Search.

use zaun_messenger::Error;
use zaun_messenger::messages::search::Query;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::messages::page;

/// messages.search
pub(crate) async fn search(
    call: Call,
    r: functions::messages::Search,
) -> Result<enums::messages::Messages, Error> {
    let everywhere = matches!(r.peer, enums::InputPeer::InputPeerEmpty);
    let peer = (!everywhere).then(|| call.messenger().input_peer(call.user_id, &r.peer)).transpose()?;
    let from = r.from_id.map(|from| call.messenger().input_peer(call.user_id, &from)).transpose()?;
    let query = Query {
        peer,
        text: r.q,
        from,
        filter: r.filter,
        min_date: r.min_date,
        max_date: r.max_date,
        offset_id: r.offset_id,
        add_offset: r.add_offset,
        limit: r.limit,
        max_id: r.max_id,
        min_id: r.min_id,
        range: call.range,
    };
    let found = call.messenger().search(call.actor(), query).await?;
    page(&call, found).await
}

/// messages.searchGlobal
pub(crate) async fn search_global(
    call: Call,
    r: functions::messages::SearchGlobal,
) -> Result<enums::messages::Messages, Error> {
    let query = Query {
        peer: None,
        text: r.q,
        from: None,
        filter: r.filter,
        min_date: r.min_date,
        max_date: r.max_date,
        offset_id: r.offset_id,
        add_offset: 0,
        limit: r.limit,
        max_id: 0,
        min_id: 0,
        range: call.range,
    };
    let found = call.messenger().search(call.actor(), query).await?;
    page(&call, found).await
}

/// messages.getSearchCounters
pub(crate) async fn get_search_counters(
    call: Call,
    r: functions::messages::GetSearchCounters,
) -> Result<Vec<enums::messages::SearchCounter>, Error> {
    let peer = call.messenger().input_peer(call.user_id, &r.peer)?;
    let mut counters = Vec::new();
    for filter in r.filters {
        let query = Query {
            peer: Some(peer),
            text: String::new(),
            from: None,
            filter: filter.clone(),
            min_date: 0,
            max_date: 0,
            offset_id: 0,
            add_offset: 0,
            limit: 0,
            max_id: 0,
            min_id: 0,
            range: call.range,
        };
        let count = call.messenger().search(call.actor(), query).await?.total;
        counters.push(types::messages::SearchCounter { inexact: false, filter, count });
    }
    Ok(counters)
}
