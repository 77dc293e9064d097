//! Forms, questions to the bot, and the charge (B-132 … B-141).

use std::time::Duration;

use zaun_model::{BoxId, MsgId, Peer, UnixTime, UserId};
use zaun_schema::api::{enums, types};
use zaun_store::repo::payments::{self, PaymentRow};

use super::{Invoice, InvoiceRef, STARS, find, photo, stars, total};
use crate::bots::Questions;
use crate::changes::{Place, Thread};
use crate::held::Held;
use crate::limits::{
    INVOICE_PRICES, OPEN_FORMS_PER_USER, QUERY_WAIT_S, REQUESTED_INFO_LENGTH, REQUESTED_INFO_LIFE_S,
    SHIPPING_OPTIONS,
};
use crate::messages::content::Body;
use crate::peers::PeerRef;
use crate::views::Scene;
use crate::{Actor, Audience, Changes, Error, Messenger, Outcome, errors, stored};

/// What a bot answers to a question about shipping: how it can be sent, or why not.
pub type ShippingAnswer = Result<Vec<enums::ShippingOption>, String>;
/// What a bot answers before the charge: nothing, or why not.
pub type Checkout = Result<(), String>;

/// What a payer said of itself, until it pays; in memory, because a form is filled in within minutes.
struct Requested {
    /// The invoice that it is for.
    key: i64,
    info: types::PaymentRequestedInfo,
    options: Vec<enums::ShippingOption>,
}

/// Questions to bots and forms that are being filled in.
pub struct Checkouts {
    shipping: Questions<ShippingAnswer>,
    checks: Questions<Checkout>,
    requested: Held<String, Requested>,
}

impl Default for Checkouts {
    fn default() -> Checkouts {
        let requested = Held::new(OPEN_FORMS_PER_USER);
        Checkouts { shipping: Questions::default(), checks: Questions::default(), requested }
    }
}

impl Checkouts {
    /// Forgets all of them.
    pub(crate) fn clear(&self) {
        self.shipping.clear();
        self.checks.clear();
        self.requested.clear();
    }

    fn note(&self, user: UserId, id: String, requested: Requested, now: UnixTime) {
        self.requested.add(user, id, requested, now + REQUESTED_INFO_LIFE_S, now);
    }

    fn take(&self, id: &str, user: UserId, key: i64, now: UnixTime) -> Option<Requested> {
        let meant = |owner: UserId, requested: &Requested| owner == user && requested.key == key;
        self.requested.take(&id.to_owned(), now, meant).map(|(_, requested)| requested)
    }
}

/// Checks what a payer says of itself.
fn check_info(wanted: &types::Invoice, info: &types::PaymentRequestedInfo) -> Result<(), Error> {
    let check = |asked: bool, said: &Option<String>, error: &'static str| {
        let length = said.as_ref().map_or(0, |text| text.trim().chars().count());
        if (asked && length == 0) || length > REQUESTED_INFO_LENGTH { Err(Error::bad(error)) } else { Ok(()) }
    };
    check(wanted.name_requested, &info.name, errors::REQ_INFO_NAME_INVALID)?;
    check(wanted.phone_requested, &info.phone, errors::REQ_INFO_PHONE_INVALID)?;
    check(wanted.email_requested, &info.email, errors::REQ_INFO_EMAIL_INVALID)?;
    let long = info.shipping_address.as_ref().is_some_and(|address| {
        let parts = [
            &address.street_line1,
            &address.street_line2,
            &address.city,
            &address.state,
            &address.country_iso2,
            &address.post_code,
        ];
        parts.iter().any(|part| part.chars().count() > REQUESTED_INFO_LENGTH)
    });
    if long || (wanted.shipping_address_requested && info.shipping_address.is_none()) {
        return Err(Error::bad(errors::ADDRESS_STREET_LINE1_INVALID));
    }
    Ok(())
}

/// Checks how a bot says that a thing can be sent.
fn check_options(options: &[enums::ShippingOption]) -> Result<(), Error> {
    let long = |text: &str| text.chars().count() > REQUESTED_INFO_LENGTH;
    let bad = |option: &enums::ShippingOption| {
        option.prices.len() > INVOICE_PRICES
            || long(&option.id)
            || long(&option.title)
            || option.prices.iter().any(|price| long(&price.label))
    };
    if options.len() > SHIPPING_OPTIONS || options.iter().any(bad) {
        return Err(Error::bad(errors::SHIPPING_OPTION_INVALID));
    }
    Ok(())
}

/// What is asked of a payer.
#[derive(Debug, Clone)]
pub struct PaymentForm {
    /// Its number, which is also that of the charge.
    pub form_id: i64,
    /// Who gets the money.
    pub bot: UserId,
    /// The invoice.
    pub invoice: types::InputMediaInvoice,
    /// Its picture.
    pub photo: Option<enums::WebDocument>,
    /// The bot as the payer sees it.
    pub scene: Scene,
}

/// What became of what a payer said of itself.
#[derive(Debug, Clone)]
pub struct Validated {
    /// Names it in the payment.
    pub id: String,
    /// How the thing can be sent.
    pub options: Option<Vec<enums::ShippingOption>>,
}

/// What a payer gives with a form.
#[derive(Debug, Clone, Default)]
pub struct Paid {
    /// The number of the form.
    pub form_id: i64,
    /// Names what the payer said of itself.
    pub requested_info_id: Option<String>,
    /// How the thing is to be sent.
    pub shipping_option_id: Option<String>,
    /// What the payer adds.
    pub tip: i64,
    /// What the provider is given: JSON with a card's number in it.
    pub credentials: Option<String>,
}

/// What was paid, for who paid.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The payment.
    pub row: PaymentRow,
    /// What was paid.
    pub invoice: types::InputMediaInvoice,
    /// What the payer said of itself.
    pub info: Option<types::PaymentRequestedInfo>,
    /// How it was sent.
    pub shipping: Option<enums::ShippingOption>,
    /// The bot as the payer sees it.
    pub scene: Scene,
}

/// Numbers of forms say what they are for, so that one is paid once (B-140).
fn form_id(messenger: &Messenger, user: UserId, invoice: &Invoice, nonce: i64) -> i64 {
    messenger.access.form(user, invoice.key ^ nonce) & i64::MAX
}

/// B-131: the card that pays.
const GOOD_CARD: &str = "4242424242424242";

/// The test provider takes any token; of a card's number only the one that pays.
fn charge(credentials: &str) -> Result<(), Error> {
    if credentials.trim().is_empty() {
        return Err(Error::bad(errors::PAYMENT_CREDENTIALS_INVALID));
    }
    let plain: String = credentials.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let numbers = plain.split(|c: char| !c.is_ascii_digit()).filter(|run| (13..=19).contains(&run.len()));
    match numbers.into_iter().all(|card| card == GOOD_CARD) {
        true => Ok(()),
        false => Err(Error::bad(errors::PAYMENT_FAILED)),
    }
}

impl Messenger {
    /// Returns the form of an invoice.
    pub async fn payment_form(&self, actor: Actor, named: InvoiceRef) -> Result<PaymentForm, Error> {
        let user = actor.user_id;
        let (invoice, scene) = self
            .read(user, move |tx| {
                let invoice = find(tx, user, &named)?;
                let scene = Scene::of_peers(tx, user, [Peer::User(invoice.bot)])?;
                Ok((invoice, scene))
            })
            .await?;
        let nonce = rand::Rng::next_u64(&mut rand::rng()).cast_signed();
        let form_id = form_id(self, user, &invoice, nonce);
        let blank =
            Requested { key: invoice.key, info: types::PaymentRequestedInfo::default(), options: Vec::new() };
        self.checkouts.note(user, form_id.to_string(), blank, self.now());
        let photo = photo(&invoice.media);
        Ok(PaymentForm { form_id, bot: invoice.bot, photo, invoice: invoice.media, scene })
    }

    /// Takes what the payer says of itself; if the price depends on it, the bot is asked.
    pub async fn validate_requested_info(
        &self,
        actor: Actor,
        named: InvoiceRef,
        info: types::PaymentRequestedInfo,
    ) -> Result<Validated, Error> {
        let user = actor.user_id;
        let invoice = self.read(user, move |tx| find(tx, user, &named)).await?;
        let wanted = &invoice.media.invoice;
        check_info(wanted, &info)?;
        let mut options = None;
        if let Some(shipping_address) = info.shipping_address.clone().filter(|_| wanted.flexible) {
            let (query_id, answer) = self.checkouts.shipping.ask(invoice.bot, self.now())?;
            let payload = invoice.media.payload.clone();
            let update =
                types::UpdateBotShippingQuery { query_id, user_id: user.0, payload, shipping_address };
            self.hint(vec![Audience::User(invoice.bot)], update.into()).await?;
            let answer = tokio::time::timeout(Duration::from_secs(QUERY_WAIT_S), answer).await;
            options = Some(match answer {
                Ok(Ok(Ok(list))) => list,
                Ok(Ok(Err(_))) => return Err(Error::bad(errors::SHIPPING_NOT_AVAILABLE)),
                _ => return Err(Error::bad(errors::SHIPPING_BOT_TIMEOUT)),
            });
        }
        let id = format!("{:016x}", rand::Rng::next_u64(&mut rand::rng()));
        let requested = Requested { key: invoice.key, info, options: options.clone().unwrap_or_default() };
        self.checkouts.note(user, id.clone(), requested, self.now());
        Ok(Validated { id, options })
    }

    /// Pays a form: the bot is asked once more, then the money moves, once (B-134, B-140).
    pub async fn pay(&self, actor: Actor, named: InvoiceRef, paid: Paid) -> Result<Outcome<MsgId>, Error> {
        let user = actor.user_id;
        let invoice = self.read(user, move |tx| find(tx, user, &named)).await?;
        let charge_id = paid.form_id.to_string();
        let twice = charge_id.clone();
        if self.read(user, move |tx| Ok(payments::find(tx, &twice)?)).await?.is_some() {
            return Err(Error::bad(errors::FORM_SUBMIT_DUPLICATE));
        }
        let now = self.now();
        let form = self.checkouts.take(&charge_id, user, invoice.key, now);
        form.ok_or_else(|| Error::bad(errors::FORM_EXPIRED))?;
        let requested = match &paid.requested_info_id {
            Some(id) => {
                let found = self.checkouts.take(id, user, invoice.key, now);
                Some(found.ok_or_else(|| Error::bad(errors::REQUESTED_INFO_EXPIRED))?)
            }
            None => None,
        };
        let shipping = match &paid.shipping_option_id {
            Some(wanted) => {
                let options = requested.iter().flat_map(|requested| &requested.options);
                let found = options.into_iter().find(|option| option.id == *wanted).cloned();
                Some(found.ok_or_else(|| Error::bad(errors::SHIPPING_OPTION_INVALID))?)
            }
            None if invoice.media.invoice.flexible => {
                return Err(Error::bad(errors::SHIPPING_OPTION_INVALID));
            }
            None => None,
        };
        let most = invoice.media.invoice.max_tip_amount.unwrap_or(0);
        if !(0..=most).contains(&paid.tip) {
            return Err(Error::bad(errors::TIP_INVALID));
        }
        let shipped = shipping.as_ref().map_or(0, |option| total(&option.prices));
        let amount = invoice.total().saturating_add(shipped).saturating_add(paid.tip);
        if invoice.in_stars() {
            let balance = self.read(user, move |tx| Ok(payments::balance(tx, user)?)).await?;
            if balance < amount {
                return Err(Error::bad(errors::BALANCE_TOO_LOW));
            }
        } else {
            charge(paid.credentials.as_deref().unwrap_or_default())?;
        }
        let info = requested.map(|requested| requested.info);
        self.ask_bot(user, &invoice, info.clone(), paid.shipping_option_id.clone(), amount).await?;
        let row = PaymentRow {
            charge_id,
            user_id: user,
            bot_id: invoice.bot,
            date: now,
            currency: invoice.media.invoice.currency.clone(),
            amount,
            tip: paid.tip,
            invoice: stored::encode(&invoice.media)?,
            info: info.as_ref().map(stored::encode).transpose()?,
            shipping: shipping.as_ref().map(stored::encode).transpose()?,
            msg_id: MsgId(0),
            refunded: false,
        };
        let work = move |changes: &mut Changes<'_, '_>| {
            settle(changes, &invoice, &row, (info.clone(), paid.shipping_option_id.clone()))
        };
        self.change(actor, work).await
    }

    async fn ask_bot(
        &self,
        user: UserId,
        invoice: &Invoice,
        info: Option<types::PaymentRequestedInfo>,
        shipping_option_id: Option<String>,
        total_amount: i64,
    ) -> Result<(), Error> {
        let (query_id, answer) = self.checkouts.checks.ask(invoice.bot, self.now())?;
        let update = types::UpdateBotPrecheckoutQuery {
            query_id,
            user_id: user.0,
            payload: invoice.media.payload.clone(),
            info,
            shipping_option_id,
            currency: invoice.media.invoice.currency.clone(),
            total_amount,
        };
        self.hint(vec![Audience::User(invoice.bot)], update.into()).await?;
        match tokio::time::timeout(Duration::from_secs(QUERY_WAIT_S), answer).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(_))) => Err(Error::bad(errors::BOT_PRECHECKOUT_FAILED)),
            _ => Err(Error::bad(errors::BOT_PRECHECKOUT_TIMEOUT)),
        }
    }

    /// Answers a question about shipping.
    pub fn answer_shipping(&self, bot: UserId, query_id: i64, answer: ShippingAnswer) -> Result<(), Error> {
        check_options(answer.as_deref().unwrap_or_default())?;
        self.checkouts.shipping.answer(bot, query_id, self.now(), answer)
    }

    /// Answers the question before the charge.
    pub fn answer_checkout(&self, bot: UserId, query_id: i64, answer: Checkout) -> Result<(), Error> {
        self.checkouts.checks.answer(bot, query_id, self.now(), answer)
    }

    /// Returns what a message of the actor says was paid.
    pub async fn receipt(&self, actor: Actor, id: MsgId) -> Result<Receipt, Error> {
        self.read(actor.user_id, move |tx| {
            let row = payments::by_message(tx, actor.user_id, id)?;
            let row = row.ok_or_else(|| Error::bad(errors::MESSAGE_ID_INVALID))?;
            Ok(Receipt {
                invoice: stored::decode(row.invoice.clone())?,
                info: row.info.clone().map(stored::decode).transpose()?,
                shipping: row.shipping.clone().map(stored::decode).transpose()?,
                scene: Scene::of_peers(tx, actor.user_id, [Peer::User(row.bot_id)])?,
                row,
            })
        })
        .await
    }

    /// Gives stars back (B-142).
    pub async fn refund_stars(
        &self,
        actor: Actor,
        user: PeerRef,
        charge_id: String,
    ) -> Result<Outcome<()>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let user = user.user(changes.tx, actor.user_id)?;
            let row = payments::find(changes.tx, &charge_id)?;
            let fits = |row: &PaymentRow| {
                row.bot_id == actor.user_id && row.user_id == user && row.currency == STARS
            };
            let row = row.filter(fits).ok_or_else(|| Error::bad(errors::CHARGE_ID_INVALID))?;
            if row.refunded {
                return Err(Error::bad(errors::CHARGE_ALREADY_REFUNDED));
            }
            payments::refund(changes.tx, &row.charge_id)?;
            stars::give_back(changes.tx, &row, changes.now)?;
            let media: types::InputMediaInvoice = stored::decode(row.invoice.clone())?;
            let charge =
                types::PaymentCharge { id: row.charge_id.clone(), ..types::PaymentCharge::default() };
            for (owner, other) in [(row.user_id, row.bot_id), (row.bot_id, row.user_id)] {
                let to_bot = owner == row.bot_id;
                let action = types::MessageActionPaymentRefunded {
                    peer: crate::peers::peer_to_tl(Peer::User(row.user_id)),
                    currency: row.currency.clone(),
                    total_amount: row.amount,
                    payload: to_bot.then(|| media.payload.clone()),
                    charge: charge.clone(),
                };
                tell(changes, row.bot_id, (owner, other), action.into())?;
            }
            Ok(())
        };
        self.change(actor, work).await
    }
}

/// Moves the money and tells both sides, or answers that this was done before.
fn settle(
    changes: &mut Changes<'_, '_>,
    invoice: &Invoice,
    row: &PaymentRow,
    (info, shipping_option_id): (Option<types::PaymentRequestedInfo>, Option<String>),
) -> Result<MsgId, Error> {
    if !payments::insert(changes.tx, row)? {
        return Err(Error::bad(errors::FORM_SUBMIT_DUPLICATE));
    }
    if invoice.in_stars() {
        stars::pay(changes.tx, row, &invoice.media)?;
    }
    let (currency, total_amount) = (row.currency.clone(), row.amount);
    let sent = types::MessageActionPaymentSent {
        currency: currency.clone(),
        total_amount,
        ..types::MessageActionPaymentSent::default()
    };
    let id = tell(changes, row.user_id, (row.user_id, row.bot_id), sent.into())?;
    payments::set_message(changes.tx, &row.charge_id, id)?;
    let charge = types::PaymentCharge {
        id: row.charge_id.clone(),
        provider_charge_id: if invoice.in_stars() {
            String::new()
        } else {
            format!("test_{}", row.charge_id)
        },
    };
    let received = types::MessageActionPaymentSentMe {
        currency,
        total_amount,
        payload: invoice.media.payload.clone(),
        info,
        shipping_option_id,
        charge,
        ..types::MessageActionPaymentSentMe::default()
    };
    // B-139: in the chat of the payer with the bot, wherever the invoice was.
    tell(changes, row.user_id, (row.bot_id, row.user_id), received.into())?;
    zaun_store::repo::bots::allow(changes.tx, row.bot_id, row.user_id, changes.now)?;
    Ok(id)
}

/// Posts a service message in one box only.
fn tell(
    changes: &mut Changes<'_, '_>,
    by: UserId,
    (owner, other): (UserId, UserId),
    action: enums::MessageAction,
) -> Result<MsgId, Error> {
    let (box_id, peer) = (BoxId::User(owner), Peer::User(other));
    let unread = by != owner;
    let place = Place { box_id, peer, reply_to: None, unread, thread: Thread::None };
    let posted = changes.post(by, Peer::User(by), &Body::from(action), &[place], &[])?;
    Ok(posted.first().map_or(MsgId(0), |message| message.id()))
}
