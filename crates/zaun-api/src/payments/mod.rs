//! `payments.*`

use zaun_messenger::payments::{InvoiceRef, Paid, STARS, StarMove, StarPage};
use zaun_messenger::peers::peer_to_tl;
use zaun_messenger::{Error, errors};
use zaun_model::{MsgId, Peer};
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl::{self, Lists};

fn invoice(call: &Call, input: &enums::InputInvoice) -> Result<InvoiceRef, Error> {
    match input {
        enums::InputInvoice::InputInvoiceMessage(named) => {
            Ok(InvoiceRef::Message(call.peer(&named.peer)?, MsgId(named.msg_id)))
        }
        enums::InputInvoice::InputInvoiceSlug(named) => Ok(InvoiceRef::Slug(named.slug.clone())),
        _ => Err(Error::bad(errors::INVOICE_INVALID)),
    }
}

/// payments.getPaymentForm
pub(crate) async fn get_payment_form(
    call: Call,
    r: functions::payments::GetPaymentForm,
) -> Result<enums::payments::PaymentForm, Error> {
    let form = call.messenger().payment_form(call.actor(), invoice(&call, &r.invoice)?).await?;
    let view = call.view(&form.scene);
    let Lists { users, .. } = view.lists();
    let (form_id, bot_id, media) = (form.form_id, form.bot.0, form.invoice);
    if media.invoice.currency == STARS {
        return Ok(types::payments::PaymentFormStars {
            form_id,
            bot_id,
            title: media.title,
            description: media.description,
            photo: form.photo,
            invoice: media.invoice,
            users,
        }
        .into());
    }
    Ok(types::payments::PaymentForm {
        form_id,
        bot_id,
        title: media.title,
        description: media.description,
        photo: form.photo,
        invoice: media.invoice,
        provider_id: bot_id,
        users,
        ..types::payments::PaymentForm::default()
    }
    .into())
}

/// payments.validateRequestedInfo; nothing is saved.
pub(crate) async fn validate_requested_info(
    call: Call,
    r: functions::payments::ValidateRequestedInfo,
) -> Result<enums::payments::ValidatedRequestedInfo, Error> {
    let named = invoice(&call, &r.invoice)?;
    let done = call.messenger().validate_requested_info(call.actor(), named, r.info).await?;
    Ok(types::payments::ValidatedRequestedInfo { id: Some(done.id), shipping_options: done.options })
}

async fn pay(call: Call, named: InvoiceRef, paid: Paid) -> Result<enums::payments::PaymentResult, Error> {
    let done = call.messenger().pay(call.actor(), named, paid).await?;
    let updates = to_tl::own_updates(call.view(&done.scene), &done.own);
    Ok(types::payments::PaymentResult { updates }.into())
}

/// payments.sendPaymentForm
pub(crate) async fn send_payment_form(
    call: Call,
    r: functions::payments::SendPaymentForm,
) -> Result<enums::payments::PaymentResult, Error> {
    let named = invoice(&call, &r.invoice)?;
    let credentials = match r.credentials {
        enums::InputPaymentCredentials::InputPaymentCredentials(given) => given.data.data,
        // Nothing is saved, and phones cannot pay here.
        _ => return Err(Error::bad(errors::PAYMENT_CREDENTIALS_INVALID)),
    };
    let paid = Paid {
        form_id: r.form_id,
        requested_info_id: r.requested_info_id,
        shipping_option_id: r.shipping_option_id,
        tip: r.tip_amount.unwrap_or(0),
        credentials: Some(credentials),
    };
    pay(call, named, paid).await
}

/// payments.sendStarsForm
pub(crate) async fn send_stars_form(
    call: Call,
    r: functions::payments::SendStarsForm,
) -> Result<enums::payments::PaymentResult, Error> {
    let named = invoice(&call, &r.invoice)?;
    pay(call, named, Paid { form_id: r.form_id, ..Paid::default() }).await
}

/// payments.getPaymentReceipt
pub(crate) async fn get_payment_receipt(
    call: Call,
    r: functions::payments::GetPaymentReceipt,
) -> Result<enums::payments::PaymentReceipt, Error> {
    let found = call.messenger().receipt(call.actor(), MsgId(r.msg_id)).await?;
    let view = call.view(&found.scene);
    let Lists { users, .. } = view.lists();
    let (row, media) = (found.row, found.invoice);
    let (date, bot_id) = (row.date.to_tl(), row.bot_id.0);
    if row.currency == STARS {
        return Ok(types::payments::PaymentReceiptStars {
            date,
            bot_id,
            title: media.title,
            description: media.description,
            photo: None,
            invoice: media.invoice,
            currency: row.currency,
            total_amount: row.amount,
            transaction_id: row.charge_id,
            users,
        }
        .into());
    }
    Ok(types::payments::PaymentReceipt {
        date,
        bot_id,
        provider_id: bot_id,
        title: media.title,
        description: media.description,
        invoice: media.invoice,
        info: found.info,
        shipping: found.shipping,
        tip_amount: (row.tip > 0).then_some(row.tip),
        currency: row.currency,
        total_amount: row.amount,
        credentials_title: "Test card".to_owned(),
        users,
        ..types::payments::PaymentReceipt::default()
    }
    .into())
}

/// payments.exportInvoice
pub(crate) async fn export_invoice(
    call: Call,
    r: functions::payments::ExportInvoice,
) -> Result<enums::payments::ExportedInvoice, Error> {
    let enums::InputMedia::InputMediaInvoice(media) = r.invoice_media else {
        return Err(Error::bad(errors::MEDIA_INVALID));
    };
    let slug = call.messenger().export_invoice(call.actor(), *media).await?;
    Ok(types::payments::ExportedInvoice { url: format!("https://t.me/${slug}") })
}

fn amount(amount: i64) -> enums::StarsAmount {
    types::StarsAmount { amount, nanos: 0 }.into()
}

fn transaction(one: StarMove) -> enums::StarsTransaction {
    let peer = match one.peer.0 {
        0 => enums::StarsTransactionPeer::StarsTransactionPeerUnsupported,
        _ => types::StarsTransactionPeer { peer: peer_to_tl(Peer::User(one.peer)) }.into(),
    };
    types::StarsTransaction {
        refund: one.refund,
        id: one.id,
        amount: amount(one.amount),
        date: one.date.to_tl(),
        peer,
        title: Some(one.title).filter(|title| !title.is_empty()),
        bot_payload: one.payload.map(Into::into),
        ..types::StarsTransaction::default()
    }
}

fn status(call: &Call, page: StarPage, with_history: bool) -> enums::payments::StarsStatus {
    let Lists { users, chats } = call.view(&page.scene).lists();
    let history = page.moves.into_iter().map(transaction).collect();
    types::payments::StarsStatus {
        balance: amount(page.balance),
        history: Some(history).filter(|_| with_history),
        next_offset: page.next.filter(|_| with_history),
        chats,
        users,
        ..types::payments::StarsStatus::default()
    }
}

/// payments.getStarsStatus
pub(crate) async fn get_stars_status(
    call: Call,
    r: functions::payments::GetStarsStatus,
) -> Result<enums::payments::StarsStatus, Error> {
    let peer = call.peer(&r.peer)?;
    let mut page = call.messenger().stars(call.actor(), peer, (false, None), "", 20).await?;
    if r.ton {
        // There is no other currency of that kind.
        (page.balance, page.moves, page.next) = (0, Vec::new(), None);
    }
    Ok(status(&call, page, true))
}

/// payments.getStarsTransactions
pub(crate) async fn get_stars_transactions(
    call: Call,
    r: functions::payments::GetStarsTransactions,
) -> Result<enums::payments::StarsStatus, Error> {
    let incoming = match (r.inbound, r.outbound) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    };
    let peer = call.peer(&r.peer)?;
    let order = (r.ascending, incoming);
    let page = call.messenger().stars(call.actor(), peer, order, &r.offset, r.limit).await?;
    Ok(status(&call, page, true))
}

/// payments.refundStarsCharge
pub(crate) async fn refund_stars_charge(
    call: Call,
    r: functions::payments::RefundStarsCharge,
) -> Result<enums::Updates, Error> {
    let user = call.user(&r.user_id)?;
    let done = call.messenger().refund_stars(call.actor(), user, r.charge_id).await?;
    Ok(to_tl::own_updates(call.view(&done.scene), &done.own))
}
