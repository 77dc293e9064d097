//! The cryptography of MTProto, both roles: AES-IGE and AES-CTR, key derivation v2 and v1, the RSA schemes of the
//! handshake, Diffie–Hellman in Telegram's group, the `pq` proof of work, and the password check (SRP).
//!
//! Everything here is a function of its arguments. Randomness comes in as `&mut R` with `R: rand::CryptoRng + ?Sized`,
//! nothing reads a clock, nothing keeps global state (except parameters computed once). Secrets are wiped when dropped,
//! compared in constant time and never printed.
//!
//! It is deliberately not a general toolbox: there is no API for sizes or modes that MTProto does not use, and it knows
//! nothing of TL, messages or sessions. Long-number arithmetic is aws-lc's; this crate only chooses what to compute.
//!
//! ```
//! use zaun_crypto::{auth_key::AuthKey, kdf, kdf::Side};
//!
//! let key = AuthKey::new([7; 256]);
//! let mut text = [0; 64];
//! let hash = kdf::hash_v2(&key, Side::Client, &text);
//! kdf::v2(&key, &hash.msg_key(), Side::Client).encrypt(&mut text)?;
//! kdf::v2(&key, &hash.msg_key(), Side::Client).decrypt(&mut text)?;
//! assert_eq!(text, [0; 64]);
//! # Ok::<(), zaun_crypto::ige::LengthError>(())
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::panic
    )
)]

#[cfg(target_arch = "x86_64")]
mod aesni;
pub mod auth_key;
pub mod bignum;
pub mod ctr;
mod der;
pub mod dh;
pub mod hash;
pub mod ige;
pub mod kdf;
#[cfg(target_arch = "x86_64")]
mod lanes;
pub mod nonces;
pub mod pq;
pub mod rsa;
pub mod rsa_old;
pub mod rsa_pad;
#[cfg(target_arch = "x86_64")]
mod shani;
pub mod srp;
#[cfg(target_arch = "x86_64")]
mod stitched;
pub mod x25519;

pub use auth_key::AuthKey;
pub use hash::{ct_eq, hmac_sha256, sha1, sha256};
pub use kdf::Side;
