//! The smallest server: it agrees upon keys, keeps sessions and answers pings. Every API call is answered with
//! `400 INPUT_METHOD_INVALID`.
//!
//! `cargo run -p zaun-server --example ping`, then `zaun doctor` at the address it prints.

use zaun_crypto::rsa::PrivateKey;
use zaun_server::{MemoryKeys, Router, Server};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rsa = PrivateKey::generate(&mut rand::rng())?;
    println!("{}", rsa.public().to_pkcs1_pem());
    let server = Server::builder(Router::new(), MemoryKeys::default()).rsa_key(rsa).build()?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    server.serve(listener).await?;
    Ok(())
}
