//! The values behind a refusal, for whoever watches: what came, and what was expected.

use zaun_mtproto::msg_id;
use zaun_mtproto::packet::Header;
use zaun_mtproto::session::BadMsg;

use crate::keys::KeyEntry;
use crate::server::Handle;
use crate::service::Service;
use crate::session::SessionHandle;

/// What was compared when a message was refused.
pub(crate) fn values<S: Service>(
    handle: &Handle<S>,
    key: &KeyEntry<S>,
    header: &Header,
    bad: BadMsg,
    session: Option<&SessionHandle<S>>,
) -> Option<String> {
    let msg_id = header.msg_id;
    match bad {
        BadMsg::MsgIdTooLow | BadMsg::MsgIdTooHigh => {
            let (theirs, ours) = (msg_id::seconds(msg_id), handle.now().as_secs());
            let off = theirs - i64::try_from(ours).unwrap_or(i64::MAX);
            Some(format!("msg_id {msg_id} is of second {theirs}, the server's clock says {ours}: {off:+} s"))
        }
        BadMsg::MsgIdLowBits => Some(format!("msg_id {msg_id} leaves {} when divided by 4", msg_id & 3)),
        BadMsg::Salt => {
            let valid = handle.current_salt(key);
            Some(format!("salt {:016x}, valid now is {valid:016x}", header.salt))
        }
        BadMsg::SeqnoTooLow | BadMsg::SeqnoTooHigh => {
            let (below, above) = session?.engine.lock().seqno_bounds(msg_id);
            let below = below.map(|(id, seqno)| format!("; {seqno} belongs to the lower msg_id {id}"));
            let above = above.map(|(id, seqno)| format!("; {seqno} belongs to the higher msg_id {id}"));
            let (below, above) = (below.unwrap_or_default(), above.unwrap_or_default());
            Some(format!("packet {msg_id} has seqno {}{below}{above}", header.seqno))
        }
        BadMsg::EvenSeqnoExpected | BadMsg::OddSeqnoExpected => {
            Some(format!("packet {msg_id} has seqno {}", header.seqno))
        }
        BadMsg::ContainerIdSeen | BadMsg::MsgIdForgotten | BadMsg::Container => {
            Some(format!("packet {msg_id}"))
        }
    }
}
