//! Invoices, questions about them, and stars (B-127 … B-144).

use serde_json::{Value, json};
use zaun_messenger::messages::content::Content;
use zaun_messenger::payments::{STARS, StarMove};
use zaun_messenger::peers::PeerRef;
use zaun_model::{Peer, UserId};
use zaun_schema::api::{enums, types};

use super::Call;
use crate::error::ApiError;
use crate::to_json::{Eyes, Object};

fn prices(given: &Value) -> Result<Vec<types::LabeledPrice>, ApiError> {
    let wrong = || ApiError::bad("can't parse prices JSON object");
    let list = given.as_array().ok_or_else(|| ApiError::bad("expected an Array of labeled prices"))?;
    let price = |price: &Value| {
        let amount = match &price["amount"] {
            Value::String(text) => text.parse().ok(),
            other => other.as_i64(),
        };
        let label = price["label"].as_str().ok_or_else(wrong)?.to_owned();
        Ok(types::LabeledPrice { label, amount: amount.ok_or_else(wrong)? })
    };
    let list: Vec<types::LabeledPrice> = list.iter().map(price).collect::<Result<_, ApiError>>()?;
    if list.is_empty() { Err(ApiError::bad("there must be at least one price")) } else { Ok(list) }
}

impl Call<'_> {
    fn invoice(&self) -> Result<types::InputMediaInvoice, ApiError> {
        let text = |name: &str| self.params.get(name).unwrap_or_default().to_owned();
        let number = |name: &str| self.params.number(name);
        let given = self.params.json("prices", "prices")?.unwrap_or_default();
        let tips = self.params.json("suggested_tip_amounts", "suggested tip amounts")?;
        let tips: Option<Vec<i64>> = tips.as_ref().and_then(Value::as_array).map(|list| {
            let number = |tip: &Value| tip.as_i64().or_else(|| tip.as_str()?.parse().ok());
            list.iter().filter_map(number).collect()
        });
        if tips.as_ref().is_some_and(|tips| tips.len() > zaun_messenger::limits::SUGGESTED_TIPS) {
            return Err(ApiError::bad("there can be at most 4 suggested tip amounts"));
        }
        let most = number("max_tip_amount").filter(|most| *most > 0);
        if tips.iter().flatten().any(|tip| *tip > most.unwrap_or(0)) {
            return Err(ApiError::bad("suggested tip amount can't be bigger than max_tip_amount"));
        }
        let photo = self.params.get("photo_url").filter(|url| !url.is_empty()).map(|url| {
            let side = |name: &str| number(name).and_then(|n| i32::try_from(n).ok()).unwrap_or(0);
            let (w, h) = (side("photo_width"), side("photo_height"));
            let size = types::DocumentAttributeImageSize { w, h }.into();
            types::InputWebDocument {
                url: url.to_owned(),
                size: side("photo_size"),
                mime_type: "image/jpeg".to_owned(),
                attributes: if w > 0 && h > 0 { vec![size] } else { Vec::new() },
            }
        });
        Ok(types::InputMediaInvoice {
            title: text("title"),
            description: text("description"),
            photo,
            invoice: types::Invoice {
                name_requested: self.params.is_set("need_name"),
                phone_requested: self.params.is_set("need_phone_number"),
                email_requested: self.params.is_set("need_email"),
                shipping_address_requested: self.params.is_set("need_shipping_address"),
                flexible: self.params.is_set("is_flexible"),
                phone_to_provider: self.params.is_set("send_phone_number_to_provider"),
                email_to_provider: self.params.is_set("send_email_to_provider"),
                currency: text("currency"),
                prices: prices(&given)?,
                max_tip_amount: most,
                suggested_tip_amounts: most.map(|_| tips.unwrap_or_default()),
                ..types::Invoice::default()
            },
            payload: text("payload").into_bytes().into(),
            provider: Some(text("provider_token")).filter(|token| !token.is_empty()),
            provider_data: types::DataJSON { data: text("provider_data") },
            start_param: Some(text("start_parameter")).filter(|param| !param.is_empty()),
            extended_media: None,
        })
    }

    fn query(&self, name: &str) -> Result<i64, ApiError> {
        Ok(self.params.required(name)?.parse().unwrap_or(0))
    }
}

/// sendInvoice
pub(super) async fn send_invoice(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let (media, invoice) = call.messenger().make_invoice(call.actor(), call.invoice()?).await?;
    let message = types::Message { media: Some(media), ..call.options()? };
    let content = Content { text: String::new(), message };
    let sent = call.send_with(peer, vec![content], Some(invoice)).await?;
    Ok(sent.into_iter().next().unwrap_or_default())
}

/// createInvoiceLink
pub(super) async fn create_invoice_link(call: Call<'_>) -> Result<Value, ApiError> {
    let slug = call.messenger().export_invoice(call.actor(), call.invoice()?).await?;
    Ok(json!(format!("https://t.me/${slug}")))
}

/// answerShippingQuery
pub(super) async fn answer_shipping_query(call: Call<'_>) -> Result<Value, ApiError> {
    let id = call.query("shipping_query_id")?;
    let answer = if call.params.is_set("ok") {
        let given = call.params.json("shipping_options", "shipping options")?.unwrap_or_default();
        let list = given.as_array().ok_or_else(|| ApiError::bad("expected an Array of shipping options"))?;
        let option = |option: &Value| {
            Ok(types::ShippingOption {
                id: option["id"].as_str().unwrap_or_default().to_owned(),
                title: option["title"].as_str().unwrap_or_default().to_owned(),
                prices: prices(&option["prices"])?,
            })
        };
        Ok(list.iter().map(option).collect::<Result<Vec<enums::ShippingOption>, ApiError>>()?)
    } else {
        Err(reason(call)?)
    };
    call.messenger().answer_shipping(call.bot.bot, id, answer)?;
    Ok(json!(true))
}

/// answerPreCheckoutQuery
pub(super) async fn answer_pre_checkout_query(call: Call<'_>) -> Result<Value, ApiError> {
    let id = call.query("pre_checkout_query_id")?;
    let answer = if call.params.is_set("ok") { Ok(()) } else { Err(reason(call)?) };
    call.messenger().answer_checkout(call.bot.bot, id, answer)?;
    Ok(json!(true))
}

fn reason(call: Call<'_>) -> Result<String, ApiError> {
    let given = call.params.get("error_message").filter(|text| !text.is_empty());
    given.map(str::to_owned).ok_or_else(|| ApiError::bad("parameter \"error_message\" is required"))
}

/// refundStarPayment
pub(super) async fn refund_star_payment(call: Call<'_>) -> Result<Value, ApiError> {
    let user = call.user()?;
    let charge = call.params.get("telegram_payment_charge_id").unwrap_or_default().to_owned();
    call.messenger().refund_stars(call.actor(), PeerRef::Known(Peer::User(user)), charge).await?;
    Ok(json!(true))
}

/// getMyStarBalance
pub(super) async fn get_my_star_balance(call: Call<'_>) -> Result<Value, ApiError> {
    let own = PeerRef::Known(Peer::User(call.bot.bot));
    let page = call.messenger().stars(call.actor(), own, (false, None), "", 0).await?;
    Ok(json!({ "amount": page.balance, "nanostar_amount": 0 }))
}

/// getStarTransactions: the oldest first.
pub(super) async fn get_star_transactions(call: Call<'_>) -> Result<Value, ApiError> {
    let own = PeerRef::Known(Peer::User(call.bot.bot));
    let limit = call.params.number("limit").unwrap_or(100).clamp(1, 100);
    let offset = call.params.number("offset").unwrap_or(0).max(0);
    let limit = i32::try_from(limit).unwrap_or(100);
    let page = call.messenger().stars(call.actor(), own, (true, None), &offset.to_string(), limit).await?;
    let eyes = Eyes { signer: &call.messenger().access, bot: call.bot.bot, scene: &page.scene };
    let list: Vec<Value> = page.moves.iter().map(|one| transaction(eyes, one)).collect();
    Ok(json!({ "transactions": list }))
}

fn transaction(eyes: Eyes<'_>, one: &StarMove) -> Value {
    let mut out = Object::default();
    out.set("id", one.id.clone());
    out.set("amount", one.amount.abs());
    out.set("date", one.date.to_tl());
    let partner = match one.peer {
        UserId(0) => json!({ "type": "other" }),
        user => {
            let mut partner = Object::default();
            partner.set("type", "user");
            partner.set("transaction_type", "invoice_payment");
            partner.set("user", eyes.user(user));
            let payload = one.payload.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
            partner.some("invoice_payload", payload);
            partner.done()
        }
    };
    out.set(if one.amount > 0 { "source" } else { "receiver" }, partner);
    out.done()
}

/// Writes what a payer said of itself.
pub(crate) fn order_info(info: &types::PaymentRequestedInfo) -> Value {
    let mut out = Object::default();
    out.some("name", info.name.clone());
    out.some("phone_number", info.phone.clone());
    out.some("email", info.email.clone());
    out.some("shipping_address", info.shipping_address.as_ref().map(address));
    out.done()
}

/// Writes an address.
pub(crate) fn address(address: &types::PostAddress) -> Value {
    json!({
        "country_code": address.country_iso2, "state": address.state, "city": address.city,
        "street_line1": address.street_line1, "street_line2": address.street_line2, "post_code": address.post_code,
    })
}

/// Writes the question about shipping.
pub(crate) fn shipping_query(eyes: Eyes<'_>, query: &types::UpdateBotShippingQuery) -> Value {
    let mut out = Object::default();
    out.set("id", query.query_id.to_string());
    out.set("from", eyes.user(UserId(query.user_id)));
    out.set("invoice_payload", String::from_utf8_lossy(&query.payload).into_owned());
    out.set("shipping_address", address(&query.shipping_address));
    out.done()
}

/// Writes the question before the charge (B-137).
pub(crate) fn pre_checkout_query(eyes: Eyes<'_>, query: &types::UpdateBotPrecheckoutQuery) -> Value {
    let mut out = Object::default();
    out.set("id", query.query_id.to_string());
    out.set("from", eyes.user(UserId(query.user_id)));
    out.set("currency", query.currency.clone());
    out.set("total_amount", query.total_amount);
    out.set("invoice_payload", String::from_utf8_lossy(&query.payload).into_owned());
    out.some("shipping_option_id", query.shipping_option_id.clone());
    out.some("order_info", query.info.as_ref().map(order_info).filter(|info| info != &json!({})));
    out.done()
}

/// Writes what a bot was paid (B-138).
pub(crate) fn successful_payment(paid: &types::MessageActionPaymentSentMe) -> Value {
    let mut out = Object::default();
    out.set("currency", paid.currency.clone());
    out.set("total_amount", paid.total_amount);
    out.set("invoice_payload", String::from_utf8_lossy(&paid.payload).into_owned());
    out.some("shipping_option_id", paid.shipping_option_id.clone());
    out.some("order_info", paid.info.as_ref().map(order_info).filter(|info| info != &json!({})));
    out.set("telegram_payment_charge_id", paid.charge.id.clone());
    out.set("provider_payment_charge_id", paid.charge.provider_charge_id.clone());
    out.done()
}

/// Writes what a bot gave back.
pub(crate) fn refunded_payment(refunded: &types::MessageActionPaymentRefunded) -> Value {
    let payload = refunded.payload.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    json!({
        "currency": STARS, "total_amount": refunded.total_amount, "invoice_payload": payload.unwrap_or_default(),
        "telegram_payment_charge_id": refunded.charge.id,
        "provider_payment_charge_id": refunded.charge.provider_charge_id,
    })
}
