//! Clients of a sandbox.

use zaun_testkit::{ApiClient, Conversation, Sandbox, Wire};

/// A client that is logged in with a test phone.
pub async fn client(sandbox: &Sandbox, phone: &str) -> ApiClient {
    let conversation =
        Conversation::begin(sandbox.address(), Wire::default(), &sandbox.public_key()).await.unwrap();
    let mut client = ApiClient::new(conversation);
    client.introduce().await.unwrap();
    client.log_in(phone).await.unwrap();
    client
}
