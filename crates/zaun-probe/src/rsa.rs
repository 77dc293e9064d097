//! One RSA key for all tests of a process; making it takes longer than most of them.

use std::sync::LazyLock;

use zaun_crypto::rsa::{PrivateKey, PublicKey};

static PEM: LazyLock<(String, String)> = LazyLock::new(|| {
    let key = PrivateKey::generate(&mut rand::rng()).unwrap_or_else(|error| panic!("no RSA key: {error}"));
    let private = key.to_pkcs8_pem().unwrap_or_else(|error| panic!("no PEM: {error}"));
    (private.to_string(), key.public().to_pkcs1_pem())
});

/// The key of every [`SpawnedServer`](crate::SpawnedServer) in this process.
#[must_use]
pub fn private_key() -> PrivateKey {
    PrivateKey::from_pem(&PEM.0).unwrap_or_else(|error| panic!("own PEM: {error}"))
}

/// Its public half.
#[must_use]
pub fn public_key() -> PublicKey {
    PublicKey::from_pem(&PEM.1).unwrap_or_else(|error| panic!("own PEM: {error}"))
}
