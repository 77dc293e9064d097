//! Invoices of bots, and how they are paid (B-127 … B-142): by a test provider, or in stars.

mod checkout;
mod stars;

use rand::RngExt;
use zaun_model::{MsgId, UserId};
use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::{messages, payments};

pub use checkout::{Checkout, Checkouts, Paid, PaymentForm, Receipt, ShippingAnswer, Validated};
pub use stars::{StarMove, StarPage};

use crate::limits::{
    INVOICE_AMOUNT_MAX, INVOICE_DESCRIPTION_LENGTH, INVOICE_PAYLOAD_BYTES, INVOICE_PRICES,
    INVOICE_TITLE_LENGTH, STARS_MAX, SUGGESTED_TIPS,
};
use crate::peers::PeerRef;
use crate::{Actor, Error, Messenger, bots, errors, rights, stored};

/// The currency of stars.
pub const STARS: &str = "XTR";
/// What a token of the test provider has in it (B-131).
const TEST_TOKEN: &str = ":TEST:";
/// Letters and digits of the end of a link.
const SLUG_LENGTH: usize = 22;

/// What a client names as the thing to pay.
#[derive(Debug, Clone)]
pub enum InvoiceRef {
    /// The invoice in a message.
    Message(PeerRef, MsgId),
    /// The invoice behind a link.
    Slug(String),
}

/// An invoice with the bot that gets the money.
#[derive(Debug, Clone)]
pub(crate) struct Invoice {
    pub(crate) bot: UserId,
    pub(crate) media: types::InputMediaInvoice,
    /// Names it: what a form is made for.
    pub(crate) key: i64,
}

impl Invoice {
    /// Says whether it is paid in stars.
    pub(crate) fn in_stars(&self) -> bool {
        self.media.invoice.currency == STARS
    }

    /// What it costs without tips and shipping.
    pub(crate) fn total(&self) -> i64 {
        total(&self.media.invoice.prices)
    }
}

/// The sum of prices.
pub(crate) fn total(prices: &[enums::LabeledPrice]) -> i64 {
    prices.iter().map(|price| price.amount).fold(0, i64::saturating_add)
}

/// Checks an invoice that a bot made (B-128 … B-130), and returns it as it is kept.
fn checked(mut media: types::InputMediaInvoice) -> Result<types::InputMediaInvoice, Error> {
    let wrong = || Error::bad(errors::MEDIA_INVALID);
    let length = |text: &str, most: usize| (1..=most).contains(&text.chars().count());
    if !length(&media.title, INVOICE_TITLE_LENGTH) || !length(&media.description, INVOICE_DESCRIPTION_LENGTH)
    {
        return Err(wrong());
    }
    if !(1..=INVOICE_PAYLOAD_BYTES).contains(&media.payload.len()) {
        return Err(Error::bad(errors::INVOICE_PAYLOAD_INVALID));
    }
    let invoice = &mut media.invoice;
    if invoice.prices.is_empty() || invoice.prices.len() > INVOICE_PRICES {
        return Err(Error::bad(errors::CURRENCY_TOTAL_AMOUNT_INVALID));
    }
    let sum = total(&invoice.prices);
    if invoice.currency == STARS {
        if media.provider.as_ref().is_some_and(|token| !token.is_empty()) {
            return Err(Error::bad(errors::PAYMENT_PROVIDER_INVALID));
        }
        if invoice.prices.len() != 1 || !(1..=STARS_MAX).contains(&sum) {
            return Err(Error::bad(errors::CURRENCY_TOTAL_AMOUNT_INVALID));
        }
        let currency = std::mem::take(&mut invoice.currency);
        let prices = std::mem::take(&mut invoice.prices);
        *invoice = types::Invoice { currency, prices, ..types::Invoice::default() };
        return Ok(media);
    }
    let currency = invoice.currency.len() == 3 && invoice.currency.chars().all(|c| c.is_ascii_uppercase());
    if !currency {
        return Err(Error::bad(errors::CURRENCY_TOTAL_AMOUNT_INVALID));
    }
    // B-131: the test provider is the only one.
    if !media.provider.as_ref().is_some_and(|token| token.contains(TEST_TOKEN)) {
        return Err(Error::bad(errors::PAYMENT_PROVIDER_INVALID));
    }
    if !(1..=INVOICE_AMOUNT_MAX).contains(&sum) {
        return Err(Error::bad(errors::CURRENCY_TOTAL_AMOUNT_INVALID));
    }
    let tips = invoice.suggested_tip_amounts.clone().unwrap_or_default();
    let rising = tips.windows(2).all(|pair| pair.first() < pair.last());
    let most = invoice.max_tip_amount.unwrap_or(0);
    if tips.len() > SUGGESTED_TIPS || !rising || tips.iter().any(|tip| *tip <= 0 || *tip > most) {
        return Err(wrong());
    }
    invoice.test = true;
    Ok(media)
}

/// The picture of an invoice as clients see it: at the address that the bot gave.
pub(crate) fn photo(media: &types::InputMediaInvoice) -> Option<enums::WebDocument> {
    let photo = media.photo.as_ref()?;
    Some(
        types::WebDocumentNoProxy {
            url: photo.url.clone(),
            size: photo.size,
            mime_type: photo.mime_type.clone(),
            attributes: photo.attributes.clone(),
        }
        .into(),
    )
}

/// Returns an invoice as a message shows it.
fn shown(media: &types::InputMediaInvoice) -> enums::MessageMedia {
    types::MessageMediaInvoice {
        shipping_address_requested: media.invoice.shipping_address_requested,
        test: media.invoice.test,
        title: media.title.clone(),
        description: media.description.clone(),
        photo: photo(media),
        currency: media.invoice.currency.clone(),
        total_amount: total(&media.invoice.prices),
        start_param: media.start_param.clone().unwrap_or_default(),
        ..types::MessageMediaInvoice::default()
    }
    .into()
}

/// Finds what a client wants to pay.
fn find(tx: &Tx<'_>, viewer: UserId, named: &InvoiceRef) -> Result<Invoice, Error> {
    let invalid = || Error::bad(errors::INVOICE_INVALID);
    let (bot, body, key) = match named {
        InvoiceRef::Message(peer, id) => {
            let reading = rights::reading(tx, viewer, *peer)?;
            let row = messages::find(tx, reading.box_id, reading.peer, *id)?;
            let row = row.ok_or_else(|| Error::bad(errors::MESSAGE_ID_INVALID))?;
            let (bot, body) = payments::invoice(tx, row.content_id)?.ok_or_else(invalid)?;
            (bot, body, row.content_id.0)
        }
        InvoiceRef::Slug(slug) => {
            let (bot, body) = payments::link(tx, slug)?.ok_or_else(|| Error::bad(errors::SLUG_INVALID))?;
            let hash = zaun_crypto::hash::sha256(&[slug.as_bytes()]);
            (bot, body, hash.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes)))
        }
    };
    Ok(Invoice { bot, media: stored::decode(body)?, key })
}

/// What stands behind the invoice that a message shows, for its copies.
pub(crate) fn behind(
    tx: &Tx<'_>,
    content: zaun_model::ContentId,
) -> Result<Option<(UserId, Vec<u8>)>, Error> {
    // Forwarded twice, it is still the same thing that is paid.
    Ok(payments::invoice(tx, content)?)
}

impl Messenger {
    /// Checks an invoice of a bot; returns what a message shows of it, and what stands behind it.
    pub async fn make_invoice(
        &self,
        actor: Actor,
        media: types::InputMediaInvoice,
    ) -> Result<(enums::MessageMedia, (UserId, Vec<u8>)), Error> {
        self.require_bot(actor).await?;
        let media = checked(media)?;
        let body = stored::encode(&media)?;
        Ok((shown(&media), (actor.user_id, body)))
    }

    /// Makes an invoice a link (B-127): returns the end of it.
    pub async fn export_invoice(
        &self,
        actor: Actor,
        media: types::InputMediaInvoice,
    ) -> Result<String, Error> {
        self.require_bot(actor).await?;
        let body = stored::encode(&checked(media)?)?;
        let slug = random_slug();
        let (now, kept) = (self.now(), slug.clone());
        self.write(actor.user_id, move |tx| Ok(payments::put_link(tx, &kept, actor.user_id, now, &body)?))
            .await?;
        Ok(slug)
    }

    async fn require_bot(&self, actor: Actor) -> Result<(), Error> {
        let bot = self.read(actor.user_id, move |tx| bots::is_bot(tx, actor.user_id)).await?;
        if bot { Ok(()) } else { Err(Error::bad(errors::BOT_INVALID)) }
    }
}

/// The end of a new link.
fn random_slug() -> String {
    rand::rng().sample_iter(rand::distr::Alphanumeric).take(SLUG_LENGTH).map(char::from).collect()
}

/// Keeps what stands behind an invoice that was posted.
pub(crate) fn keep(
    tx: &Tx<'_>,
    content: zaun_model::ContentId,
    invoice: &(UserId, Vec<u8>),
) -> Result<(), Error> {
    payments::put_invoice(tx, content, invoice.0, &invoice.1).map_err(Into::into)
}
