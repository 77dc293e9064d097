//! Stars: who has how many, and what became of them (B-133, B-142, B-144).

use zaun_model::{Peer, UnixTime, UserId};
use zaun_schema::api::types;
use zaun_store::Tx;
use zaun_store::repo::payments::{self, PaymentRow, StarMoveRow};

pub use zaun_store::repo::payments::StarMoveRow as StarMove;

use crate::limits::{STAR_PAGE, STARS_MAX};
use crate::peers::PeerRef;
use crate::views::Scene;
use crate::{Actor, Changes, Error, Messenger, NOBODY, bots, errors};

/// A page of what became of somebody's stars.
#[derive(Debug, Clone, Default)]
pub struct StarPage {
    /// How many there are now.
    pub balance: i64,
    /// What became of them.
    pub moves: Vec<StarMove>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
    /// Everybody in it.
    pub scene: Scene,
}

fn row(owner: UserId, peer: UserId, amount: i64, payment: &PaymentRow, title: &str) -> StarMoveRow {
    StarMoveRow {
        owner,
        number: 0,
        id: payment.charge_id.clone(),
        date: payment.date,
        amount,
        peer,
        title: title.to_owned(),
        payload: None,
        refund: false,
    }
}

/// Moves the stars of a payment.
pub(super) fn pay(
    tx: &Tx<'_>,
    payment: &PaymentRow,
    invoice: &types::InputMediaInvoice,
) -> Result<(), Error> {
    if payments::balance(tx, payment.user_id)? < payment.amount {
        return Err(Error::bad(errors::BALANCE_TOO_LOW));
    }
    let (user, bot, amount) = (payment.user_id, payment.bot_id, payment.amount);
    payments::move_stars(tx, &row(user, bot, -amount, payment, &invoice.title))?;
    let payload = Some(invoice.payload.to_vec());
    let received = StarMoveRow { payload, ..row(bot, user, amount, payment, &invoice.title) };
    payments::move_stars(tx, &received).map_err(Into::into)
}

/// Moves the stars of a payment back.
pub(super) fn give_back(tx: &Tx<'_>, payment: &PaymentRow, now: UnixTime) -> Result<(), Error> {
    let (user, bot, amount) = (payment.user_id, payment.bot_id, payment.amount);
    for (owner, peer, amount) in [(bot, user, -amount), (user, bot, amount)] {
        let back = StarMoveRow { refund: true, date: now, ..row(owner, peer, amount, payment, "") };
        payments::move_stars(tx, &back)?;
    }
    Ok(())
}

impl Messenger {
    /// Returns how many stars somebody has, and what became of them: the actor's own, or those of a bot that it owns.
    pub async fn stars(
        &self,
        actor: Actor,
        peer: PeerRef,
        (ascending, incoming): (bool, Option<bool>),
        offset: &str,
        limit: i32,
    ) -> Result<StarPage, Error> {
        let start = if ascending { 0 } else { i64::MAX };
        let from = if offset.is_empty() { Ok(start) } else { offset.parse::<i64>() };
        let from = from.map_err(|_| Error::bad(errors::OFFSET_INVALID))?;
        let limit = i64::from(limit).clamp(0, STAR_PAGE);
        self.read(actor.user_id, move |tx| {
            let owner = peer.user(tx, actor.user_id)?;
            if owner != actor.user_id && bots::owner_of(tx, owner)? != Some(actor.user_id) {
                return Err(Error::bad(errors::PEER_ID_INVALID));
            }
            let moves = payments::moves(tx, owner, (ascending, incoming), from, limit)?;
            let full = i64::try_from(moves.len()).unwrap_or(0) == limit && limit > 0;
            let next = moves.last().filter(|_| full).map(|last| last.number.to_string());
            let peers = moves.iter().filter(|one| one.peer.0 != 0).map(|one| Peer::User(one.peer));
            let scene = Scene::of_peers(tx, actor.user_id, peers.chain([Peer::User(owner)]))?;
            Ok(StarPage { balance: payments::balance(tx, owner)?, moves, next, scene })
        })
        .await
    }

    /// Gives somebody stars out of nothing: for whoever runs a sandbox.
    pub async fn grant_stars(&self, owner: UserId, amount: i64) -> Result<i64, Error> {
        if !(1..=STARS_MAX).contains(&amount) {
            return Err(Error::bad(errors::LIMIT_INVALID));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let granted = StarMoveRow {
                owner,
                number: 0,
                id: format!("grant_{}", changes.now.0),
                date: changes.now,
                amount,
                peer: UserId(0),
                title: "granted".to_owned(),
                payload: None,
                refund: false,
            };
            payments::move_stars(changes.tx, &granted)?;
            let balance = payments::balance(changes.tx, owner)?;
            let told = types::UpdateStarsBalance {
                balance: types::StarsAmount { amount: balance, nanos: 0 }.into(),
            };
            changes.hint_user(owner, told.into());
            Ok(balance)
        };
        let nobody = Actor { user_id: NOBODY, key_id: 0, session_id: 0 };
        Ok(self.change(nobody, work).await?.value)
    }
}
