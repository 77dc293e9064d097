//! Accounts on the server under measurement.

use std::sync::atomic::{AtomicU32, Ordering};

use zaun_client::{App, Client, Servers, SignedIn};

use super::target::Target;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A test phone that no account has yet: phones differ from run to run, because a foreign server keeps its accounts.
pub fn phone() -> String {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let run = u32::from(std::process::id() as u16) % 1000;
    format!("99966{}{:04}", 1 + number % 9, (run * 10 + number) % 10_000)
}

/// Creates an account with a test phone, which the server must accept; the client and its phone.
pub async fn create(target: &Target) -> anyhow::Result<(Client, String)> {
    let phone = phone();
    let servers = Servers::one(target.address, target.public_key()?);
    let builder = Client::builder(servers, App::new(1, "bench"));
    // Intermediate framing without obfuscation: the server's work, not the wrapping's.
    let client = builder.connections(|connection| connection.dial(Target::dial())).connect().await?;
    log_in(&client, &phone).await?;
    Ok((client, phone))
}

/// Logs in with a test phone, whose code is a digit of it, five times.
pub async fn log_in(client: &Client, phone: &str) -> anyhow::Result<()> {
    let login = client.send_code(phone).await?;
    let code = phone.chars().nth(5).unwrap_or('0').to_string().repeat(5);
    if client.sign_in(&login, &code).await? == SignedIn::SignUpRequired {
        client.sign_up(&login, "Bench", "").await?;
    }
    // From here on the server pushes.
    client.invoke(&zaun_schema::api::functions::updates::GetState {}).await?;
    Ok(())
}
