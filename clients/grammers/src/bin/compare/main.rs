//! Zaun beside grammers, both in this process and in turns: ciphers, packets, the proof of work, calls and files.
//!
//! `cargo xtask clients compare` starts it, with `ZAUN` and `ZAUN_JUDGE_KEY` as the judge has them.

mod calls;
mod cipher;
mod files;
mod memory;
mod network;
mod proof;
mod table;

use grammers_judge::{Error, Server};

fn main() -> Result<(), Error> {
    table::headline("ciphers and packets", "each in turns, median");
    cipher::run();
    cipher::packets();
    proof::run();
    tokio::runtime::Runtime::new()?.block_on(over_the_network())
}

async fn over_the_network() -> Result<(), Error> {
    let server = Server::start().await?;
    // First, because memory that a larger work gave back would hide in the figure.
    memory::run(&server).await?;
    calls::run(&server).await?;
    files::run(&server).await?;
    server.stop().await
}
