//! Which DC an account is at home in, when the DCs are separate (M-440, M-441, M-474).

use zaun_messenger::Error;

use crate::Call;

/// Sends a client to the DC of the phone's account (M-440); one without an account to the DC that is nearest to the
/// phone (M-441): test phones name theirs.
pub(crate) async fn check_phone(call: &Call, phone: &str) -> Result<(), Error> {
    if !call.api.options.split {
        return Ok(());
    }
    let here = call.dc();
    match call.messenger().home_dc(phone).await? {
        Some(home) if home != 0 && home != i64::from(here) => {
            Err(Error::refused(303, format!("PHONE_MIGRATE_{home}")))
        }
        Some(_) => Ok(()),
        None => match call.messenger().nearest_dc(phone) {
            Some(nearest) if nearest != here && call.api.options.serves(nearest) => {
                Err(Error::refused(303, format!("NETWORK_MIGRATE_{nearest}")))
            }
            _ => Ok(()),
        },
    }
}
