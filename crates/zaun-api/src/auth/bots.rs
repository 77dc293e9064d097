//! Login of bots (B-012, B-013).

use zaun_messenger::Error;
use zaun_schema::api::{enums, functions};

use super::login::{authorized, origin};
use crate::Call;

/// auth.importBotAuthorization
pub(crate) async fn import_bot_authorization(
    mut call: Call,
    r: functions::auth::ImportBotAuthorization,
) -> Result<enums::auth::Authorization, Error> {
    if r.api_id <= 0 || r.api_hash.is_empty() {
        return Err(Error::bad("API_ID_INVALID"));
    }
    let origin = origin(&call);
    let bot = call.messenger().log_in_bot(call.actor(), &r.bot_auth_token, origin).await?;
    authorized(&mut call, &bot).await
}
