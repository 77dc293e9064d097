//! Answers methods with results of one's own: help.getNearestDc by a typed handler, and everything else with an error
//! that says what was asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use zaun_schema::api::{functions, types};
use zaun_server::{MemoryKeys, Router, RpcError, Server};
use zaun_testkit::{ApiClient, Conversation, Wire, private_key, public_key};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A handler may be a closure with state: this one names another DC each time.
    let calls = Arc::new(AtomicI32::new(0));
    let router = Router::new()
        .method(move |context, _: functions::help::GetNearestDc| {
            let nearest_dc = 1 + calls.fetch_add(1, Ordering::Relaxed) % 5;
            let country = if context.peer.is_local() { "XX" } else { "ZZ" };
            async move { Ok(types::NearestDc { country: country.into(), this_dc: 2, nearest_dc }) }
        })
        .unknown(|_, body| {
            let name =
                body.first_chunk().and_then(|id| zaun_schema::api::method_name(u32::from_le_bytes(*id)));
            let error = RpcError::bad_request(format!(
                "NOT_HERE_{}",
                name.unwrap_or("UNKNOWN").to_uppercase().replace('.', "_")
            ));
            Box::pin(async move { Err(error) })
        });
    let server = Server::builder(router, MemoryKeys::default()).rsa_key(private_key()).build()?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { server.serve(listener).await });

    let mut client = ApiClient::new(Conversation::begin(address, Wire::default(), &public_key()).await?);
    for _ in 0..3 {
        println!("help.getNearestDc: {:?}", client.call(&functions::help::GetNearestDc {}).await?);
    }
    println!("help.getConfig: {}", client.call(&functions::help::GetConfig {}).await.unwrap_err());
    Ok(())
}
