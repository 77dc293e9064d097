//! Users and bots.

use serde_json::{Value, json};
use zaun_messenger::views::UserRow;
use zaun_messenger::{Error, SERVICE_USER, errors};
use zaun_model::{Peer, UserId};

use crate::fields::Fields;
use crate::limits::MAX_PHONES;
use crate::{Control, Refusal, acting};

/// Writes a user, in the names of the Bot API.
pub(crate) fn user_to_json(row: &UserRow) -> Value {
    let mut out = json!({ "id": row.id.0, "is_bot": row.is_bot(), "first_name": row.first_name });
    if !row.last_name.is_empty() {
        out["last_name"] = row.last_name.clone().into();
    }
    if let Some(username) = &row.username {
        out["username"] = username.clone().into();
    }
    if let Some(phone) = &row.phone {
        out["phone"] = format!("+{phone}").into();
    }
    out
}

/// Says which field the messenger's refusal of a new person blames.
fn blame(fields: &Fields, error: Error) -> Refusal {
    let refusal = Refusal::from(error);
    let field = match refusal.text.as_str() {
        errors::FIRSTNAME_INVALID => "first_name",
        errors::LASTNAME_INVALID => "last_name",
        errors::PHONE_NUMBER_INVALID | errors::PHONE_NUMBER_OCCUPIED => "phone",
        errors::USERNAME_INVALID | errors::USERNAME_OCCUPIED => "username",
        _ => return refusal,
    };
    let path = fields.path(field);
    refusal.of_field(&path)
}

/// Makes a user; a phone that is not given is a free test phone.
pub(crate) async fn create_user(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let first = fields.text("first_name")?;
    let last = fields.maybe_text("last_name")?.unwrap_or_default();
    let phone = fields.maybe_text("phone")?;
    let username = fields.maybe_text("username")?;
    let key = control.new_key(&mut fields)?;
    let place = fields.clone();
    fields.end()?;
    let messenger = control.messenger();
    if let Some(username) = &username {
        let free = messenger.check_username(acting(SERVICE_USER), username).await;
        if !free.map_err(|error| blame(&place, error))? {
            return Err(place.wrong("username", errors::USERNAME_OCCUPIED));
        }
    }
    let made = match &phone {
        Some(phone) => messenger.create_user(phone, &first, &last).await,
        None => with_free_phone(control, &first, &last).await,
    };
    let mut user = made.map_err(|error| blame(&place, error))?;
    if let Some(username) = username {
        messenger.update_username(acting(user.id), username.clone()).await?;
        user.username = Some(username);
    }
    control.keep_key(key, Peer::User(user.id));
    Ok(user_to_json(&user))
}

async fn with_free_phone(control: &Control, first: &str, last: &str) -> Result<UserRow, Error> {
    loop {
        let number = control.next_phone();
        let phone = format!("999662{:04}", number % MAX_PHONES);
        match control.messenger().create_user(&phone, first, last).await {
            Err(Error::Refused { text, .. })
                if text == errors::PHONE_NUMBER_OCCUPIED && number < MAX_PHONES => {}
            made => return made,
        }
    }
}

/// Makes a bot, and returns it with its token.
pub(crate) async fn create_bot(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let name = fields.text("first_name")?;
    let username = fields.maybe_text("username")?;
    let owner = match fields.take("owner") {
        Some(value) => {
            let owner = control.named_user(&value).await;
            owner.map_err(|refusal| refusal.of_field(&fields.path("owner")))?
        }
        None => UserId(0),
    };
    let key = control.new_key(&mut fields)?;
    let place = fields.clone();
    fields.end()?;
    let username = username.unwrap_or_else(|| {
        let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        format!("{letters}_bot")
    });
    let made = control.messenger().create_bot(owner, &name, &username).await;
    let bot = made.map_err(|error| blame(&place, error))?;
    control.keep_key(key, Peer::User(bot.user.id));
    let mut out = user_to_json(&bot.user);
    out["token"] = bot.token.reveal().into();
    Ok(out)
}

/// Returns the code with which a phone logs in.
pub(crate) async fn login_code(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let phone = fields.text("phone")?;
    let place = fields.clone();
    fields.end()?;
    let code = control.messenger().login_code(&phone).await.map_err(|error| blame(&place, error))?;
    let code = code.ok_or_else(|| place.wrong("phone", "nobody asked for a code for this phone"))?;
    Ok(json!({ "code": code }))
}
