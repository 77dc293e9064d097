//! Accounts on the server under measurement.

use std::sync::atomic::{AtomicU32, Ordering};

use zaun_testkit::ApiClient;

use super::target::Target;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Creates an account with a test phone, which the server must accept; the client and its phone.
pub async fn create(target: &Target) -> anyhow::Result<(ApiClient, String)> {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // Phones differ from run to run, because a foreign server keeps its accounts.
    let run = u32::from(std::process::id() as u16) % 1000;
    let phone = format!("99966{}{:04}", 1 + number % 9, (run * 10 + number) % 10_000);
    let mut client = ApiClient::new(target.converse().await?);
    client.introduce().await?;
    client.log_in(&phone).await?;
    Ok((client, phone))
}
