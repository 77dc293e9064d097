//! The whole server inside a test, and a client of the API to talk to it.
//!
//! [`Sandbox`] is store, messenger, API and server on a free port; [`ApiClient`] calls methods and logs in with test
//! phones. The raw client below it is that of `zaun-probe`, whose names are here too.
//!
//! ```
//! use zaun_schema::api::functions::help::GetNearestDc;
//! use zaun_testkit::{ApiClient, Conversation, Sandbox, Wire};
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let sandbox = Sandbox::start().await?;
//! let talk = Conversation::begin(sandbox.address(), Wire::default(), &sandbox.public_key()).await?;
//! let mut client = ApiClient::new(talk);
//! client.introduce().await?;
//! assert!(client.call(&GetNearestDc {}).await?.this_dc > 0);
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod api_client;
mod sandbox;

pub use api_client::{Answer, ApiClient};
pub use sandbox::Sandbox;
pub use zaun_probe::*;
