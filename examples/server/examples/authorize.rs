//! Replaces the authorization step: who may call what is decided before any handler runs, here by the address of the
//! client and the id of the method. The same method then answers one client and refuses another.

use zaun_schema::api::{enums, functions, types};
use zaun_server::{Context, MemoryKeys, Router, RpcError, Server};
use zaun_testkit::{ApiClient, Conversation, Error, Wire, private_key, public_key};
use zaun_tl::Function;

async fn nearest(_: Context<Router>, _: functions::help::GetNearestDc) -> Result<enums::NearestDc, RpcError> {
    Ok(types::NearestDc { country: "XX".into(), this_dc: 2, nearest_dc: 2 })
}

async fn config(_: Context<Router>, _: functions::help::GetCdnConfig) -> Result<enums::CdnConfig, RpcError> {
    Ok(types::CdnConfig { public_keys: Vec::new() })
}

/// Local clients may ask for anything, but not for the CDN.
fn guard(context: &Context<Router>, method_id: u32) -> Result<(), RpcError> {
    if !context.peer.is_local() {
        return Err(RpcError::new(401, "AUTH_KEY_UNREGISTERED"));
    }
    if method_id == functions::help::GetCdnConfig::ID {
        return Err(RpcError::new(403, "CDN_FORBIDDEN"));
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let router = Router::new().method(nearest).method(config).authorize(guard);
    let server = Server::builder(router, MemoryKeys::default()).rsa_key(private_key()).build()?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { server.serve(listener).await });

    let mut client = ApiClient::new(Conversation::begin(address, Wire::default(), &public_key()).await?);
    let nearest = client.call(&functions::help::GetNearestDc {}).await?;
    println!("help.getNearestDc: {nearest:?}");
    match client.call(&functions::help::GetCdnConfig {}).await {
        Err(Error::Rpc { code, text }) => println!("help.getCdnConfig: {code} {text}"),
        other => return Err(format!("the guard let it through: {other:?}").into()),
    }
    Ok(())
}
