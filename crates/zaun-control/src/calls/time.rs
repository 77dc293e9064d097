//! The clock.

use serde_json::{Value, json};

use crate::fields::Fields;
use crate::limits::MAX_ADVANCE_S;
use crate::{Control, Refusal};

/// Returns what time it is for the messenger.
pub(crate) async fn now(control: &Control, fields: Fields) -> Result<Value, Refusal> {
    fields.end()?;
    Ok(json!({ "now": control.messenger().now().0 }))
}

/// Lets time pass, and does what falls due meanwhile.
pub(crate) async fn advance(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let seconds = fields.number("seconds", (1, MAX_ADVANCE_S))?;
    fields.end()?;
    control.messenger().clock().advance(seconds);
    control.node().run_due().await;
    Ok(json!({ "now": control.messenger().now().0 }))
}
