//! The list of sessions (M-457, M-458).

use zaun_messenger::Error;
use zaun_schema::api::{enums, functions, types};

use crate::Call;

/// account.getAuthorizations
pub(crate) async fn get_authorizations(
    call: Call,
    _: functions::account::GetAuthorizations,
) -> Result<enums::account::Authorizations, Error> {
    let own = call.key.id();
    let rows = call.messenger().authorizations(call.actor()).await?;
    let authorizations = rows
        .into_iter()
        .map(|row| types::Authorization {
            current: row.key_id == own,
            // The current session has hash 0, so that it cannot end itself by mistake.
            hash: if row.key_id == own { 0 } else { row.hash },
            device_model: row.device_model,
            system_version: row.system_version,
            api_id: row.api_id,
            app_version: row.app_version,
            date_created: row.created_at.to_tl(),
            date_active: row.active_at.to_tl(),
            ip: row.ip,
            ..types::Authorization::default()
        })
        .collect();
    Ok(types::account::Authorizations { authorization_ttl_days: 180, authorizations })
}

/// account.resetAuthorization
pub(crate) async fn reset_authorization(
    call: Call,
    r: functions::account::ResetAuthorization,
) -> Result<bool, Error> {
    call.messenger().reset_authorizations(call.actor(), Some(r.hash)).await?;
    Ok(true)
}
