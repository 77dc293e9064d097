//! Ids as parameters and columns.

use crate::ValueRef;
use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{BoxId, ChannelId, ChatId, ContentId, MsgId, Peer, Pts, UnixTime, UserId};

use crate::{FromColumn, Param};

macro_rules! plain {
    ($($t:ident),*) => {$(
        impl From<$t> for Param<'_> {
            fn from(id: $t) -> Self {
                Param::Int(i64::from(id.0))
            }
        }
        impl FromColumn for $t {
            fn from_column(value: ValueRef<'_>) -> Result<Self, String> {
                FromColumn::from_column(value).map($t)
            }
        }
    )*};
}
plain!(UserId, ChatId, ChannelId, ContentId, MsgId, Pts, UnixTime);

macro_rules! marked {
    ($($t:ident),*) => {$(
        impl From<$t> for Param<'_> {
            fn from(id: $t) -> Self {
                Param::Int(id.marked())
            }
        }
        impl FromColumn for $t {
            fn from_column(value: ValueRef<'_>) -> Result<Self, String> {
                let mark = i64::from_column(value)?;
                $t::from_marked(mark).ok_or_else(|| format!("{mark} is no marked id"))
            }
        }
    )*};
}
marked!(Peer, BoxId);

macro_rules! bits {
    ($($t:ident),*) => {$(
        impl From<$t> for Param<'_> {
            fn from(rights: $t) -> Self {
                Param::Int(rights.bits())
            }
        }
        impl FromColumn for $t {
            fn from_column(value: ValueRef<'_>) -> Result<Self, String> {
                FromColumn::from_column(value).map($t::from_bits)
            }
        }
    )*};
}
bits!(AdminRights, BannedRights);
