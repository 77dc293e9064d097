//! Key exchange, both roles (M-085 … M-147).
//!
//! [`ServerHandshake`] and [`ClientHandshake`] are mirrored state machines. A payload goes in, a step comes out: send
//! this, compute that, done. The arithmetic (RSA, Diffie–Hellman, factoring) never happens inside `receive`: it is a
//! job that the caller runs wherever it likes, as a server must keep it off its I/O threads (M-147), and whose outcome
//! it hands back with `complete`.
//!
//! ```
//! # use std::{sync::Arc, time::Duration};
//! # use zaun_mtproto::handshake::*;
//! # use zaun_crypto::rsa::{PrivateKey, PublicKey};
//! # let mut rng = rand::rng();
//! # let private = PrivateKey::generate(&mut rng)?;
//! # let public = PublicKey::from_pem(&private.public().to_pkcs1_pem())?;
//! # let now = Duration::from_secs(1_700_000_000);
//! let mut server = ServerHandshake::new(Arc::new(ServerConfig::new(vec![private])));
//! let (mut client, mut payload) = ClientHandshake::start(Arc::new(ClientConfig::new(vec![public])), now, &mut rng)?;
//! let (client_key, server_key) = loop {
//!     let mut step = server.receive(now, payload, &mut rng);
//!     let mut created = None;
//!     let answer = loop {
//!         step = match step {
//!             Step::Reply(answer) => break answer,
//!             Step::Compute(job) => server.complete(now, job.run(&mut rng)),
//!             Step::Created(key) => {
//!                 created = Some(key.auth_key);
//!                 server.stored(now)
//!             }
//!             other => panic!("{other:?}"),
//!         };
//!     };
//!     match client.receive(answer)? {
//!         ClientStep::Compute(job) => payload = client.complete(now, job.run(&mut rng))?,
//!         ClientStep::Done(key) => break (key.auth_key, created.expect("the server had it first")),
//!     }
//! };
//! assert_eq!(client_key, server_key);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod client;
mod client_job;
mod config;
pub mod plain;
mod refusal;
mod sealed;
mod server;
mod server_job;

pub use client::{ClientHandshake, ClientStep, NegotiatedKey};
pub use client_job::{ClientError, ClientJob, ClientOutcome};
pub use config::{ClientConfig, DcPolicy, RsaScheme, ServerConfig};
pub use refusal::{Reason, Refusal};
pub use server::{NewKey, ServerHandshake, Step};
pub use server_job::{Job, Outcome};

/// How long a run may take, counted from its req_pq, in seconds (M-144, M-145).
pub const RUN_LIFETIME_S: u64 = 600;

/// How many runs one connection may begin; more are refused with −429 (M-146). A client needs two, permanent and
/// temporary, and some probe connections with runs that they never continue (M-091).
pub const MAX_RUNS_PER_CONNECTION: u32 = 32;

/// How often a run may meet a taken key id before it fails (M-138, M-139); by chance it does not happen even once.
pub const MAX_RETRIES: u32 = 3;

/// The longest plaintext body. The longest honest one is a `req_DH_params` of 340 bytes with the random tail that TDLib
/// puts behind it.
pub const MAX_BODY_BYTES: usize = 4096;

/// The longest life a temporary key is given, in seconds (M-116); clients ask for about a day.
pub const MAX_EXPIRES_IN_S: i32 = 2 * 24 * 60 * 60;
