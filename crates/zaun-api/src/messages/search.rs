//! Search.

use zaun_messenger::Error;
use zaun_messenger::messages::history::Window;
use zaun_messenger::messages::search::Query;
use zaun_model::{MsgId, UnixTime};
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::from_tl::{filter, place_in_list};
use crate::messages::page;

/// messages.search
pub(crate) async fn search(
    call: Call,
    r: functions::messages::Search,
) -> Result<enums::messages::Messages, Error> {
    let everywhere = matches!(r.peer, enums::InputPeer::InputPeerEmpty);
    let query = Query {
        peer: (!everywhere).then(|| call.peer(&r.peer)).transpose()?,
        text: r.q,
        from: r.from_id.map(|from| call.peer(&from)).transpose()?,
        filter: filter(&r.filter),
        min_date: r.min_date,
        max_date: r.max_date,
        window: Window {
            offset_id: r.offset_id,
            offset_date: 0,
            add_offset: r.add_offset,
            limit: r.limit,
            max_id: r.max_id,
            min_id: r.min_id,
            range: call.range,
            thread: None,
            saved: r.saved_peer_id.and_then(|peer| place_in_list(&peer, call.user_id)),
        },
        thread: r.top_msg_id.map(MsgId),
        after: None,
    };
    Ok(page(&call, &call.messenger().search(call.actor(), query).await?))
}

/// messages.searchGlobal: the next page begins after the conversation, the date and the id of the last message.
pub(crate) async fn search_global(
    call: Call,
    r: functions::messages::SearchGlobal,
) -> Result<enums::messages::Messages, Error> {
    let after = (r.offset_id > 0).then(|| {
        let date = UnixTime(i64::from(if r.offset_rate > 0 { r.offset_rate } else { i32::MAX }));
        (date, place_in_list(&r.offset_peer, call.user_id))
    });
    let query = Query {
        peer: None,
        text: r.q,
        from: None,
        filter: filter(&r.filter),
        min_date: r.min_date,
        max_date: r.max_date,
        window: Window {
            offset_id: r.offset_id,
            offset_date: 0,
            add_offset: 0,
            limit: r.limit,
            max_id: 0,
            min_id: 0,
            range: call.range,
            thread: None,
            saved: None,
        },
        thread: None,
        after,
    };
    let found = call.messenger().search(call.actor(), query).await?;
    let rate = found.messages.last().map(|message| message.row.date.to_tl());
    let mut answer = page(&call, &found);
    if let enums::messages::Messages::MessagesSlice(slice) = &mut answer {
        slice.next_rate = rate;
    }
    Ok(answer)
}

/// messages.getSearchCounters
pub(crate) async fn get_search_counters(
    call: Call,
    r: functions::messages::GetSearchCounters,
) -> Result<Vec<enums::messages::SearchCounter>, Error> {
    let filters = r.filters.iter().map(filter).collect();
    let saved_from = r.saved_peer_id.and_then(|peer| place_in_list(&peer, call.user_id));
    let counts = call
        .messenger()
        .search_counters(call.actor(), call.peer(&r.peer)?, (r.top_msg_id.map(MsgId), saved_from), filters)
        .await?;
    let counter = |(filter, count)| types::messages::SearchCounter { inexact: false, filter, count };
    Ok(r.filters.into_iter().zip(counts).map(counter).collect())
}
