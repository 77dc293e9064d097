//! Repository chores. `cargo xtask help` lists them; CI calls only what people call.

mod chores;
mod clients;
mod docs;
mod fuzz;
mod layers;
mod links;
mod protocol;
mod schema;
mod services;
mod tidy;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;

use chores::Board;

const HELP: &str = "\
cargo xtask CHORE

test             everything: tidy, the workspace's tests, fuzzing, the foreign clients; brings what it needs, and
                 says how long each took (ceilings: xtask/ceilings.toml)
tidy             formatting, clippy, crate arrows, generated documents
clients [NAME]   foreign clients only, or one of: telethon, kurigram, tdlib, faults, sandbox, mtcute,
                 gramjs, inspector, shop, grammers, conformance; `compare` measures our crates beside grammers
fuzz-smoke       every fuzz target for a fixed number of runs
conformance      write the transcripts in conformance/ anew, and replay them
docs             write docs/BOT_API.md, LAYERS.md, METHODS.md and PROTOCOL.md anew
schema           rebuild the schema files from packages of the public registries
schema import FILE
                 take a layer out of a file into the schema files, and say what is to be done about it
";

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let (chore, name) = (args.next(), args.next());
    match chore.as_deref() {
        Some("test") => test(),
        Some("tidy") => tidy::run(),
        Some("clients") => clients::run(name.as_deref()),
        Some("fuzz-smoke") => Board::load()?.side_by_side(fuzz::chores()),
        Some("conformance") => conformance(),
        Some("docs") => docs::write(),
        Some("schema") => match (name.as_deref(), args.next()) {
            (Some("import"), Some(file)) => schema::import(file.as_ref()),
            (None, _) => schema::run(),
            _ => anyhow::bail!("`cargo xtask schema`, or `cargo xtask schema import FILE`"),
        },
        Some("help") | None => {
            print!("{HELP}");
            Ok(())
        }
        Some(other) => anyhow::bail!("no chore `{other}`; `cargo xtask help` lists them"),
    }
}

fn test() -> anyhow::Result<()> {
    let board = Board::load()?;
    std::thread::scope(|scope| {
        // They take minutes of waiting for the network, while the processor compiles.
        let downloads = scope.spawn(|| board.time("downloads", clients::download));
        board.time("tidy", tidy::run)?;
        board.time("services", services::ensure_postgres)?;
        board.time("tests", || cargo(&["test", "--workspace", "--locked"]))?;
        if services::has_postgres() {
            board.time("tests on PostgreSQL", || {
                on_postgres(&["test", "--locked", "--package", "zaun-api", "--package", "zaun-messenger"])
            })?;
        }
        board.time("examples", examples)?;
        board.time("server", || cargo(&["run", "--locked", "--quiet", "--", "--version"]))?;
        downloads.join().map_err(|_| anyhow::anyhow!("the downloads panicked"))?
    })?;
    board.side_by_side(fuzz::chores().into_iter().chain(clients::judges(None)?).collect())?;
    board.finish()?;
    say("all passed");
    Ok(())
}

/// The examples, and what the README tells to run.
fn examples() -> anyhow::Result<()> {
    for example in ["authorize", "custom_answer", "faults"] {
        cargo(&["run", "--locked", "--quiet", "--package", "server-examples", "--example", example])?;
    }
    cargo(&["run", "--locked", "--quiet", "--package", "private-schema"])
}

/// Runs cargo with every test's database on PostgreSQL.
fn on_postgres(args: &[&str]) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo).args(args).current_dir(root()).env("ZAUN_TEST_DATABASE", "postgres"))
}

/// The tests that check the transcripts write them when told to; a second run replays what was written.
fn conformance() -> anyhow::Result<()> {
    let tests = ["test", "--locked", "--quiet", "--package", "zaun-mtproto", "--test", "it"];
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut writing = Command::new(program);
    writing.args(tests).arg("_what_the_engine").current_dir(root()).env("ZAUN_CONFORMANCE_WRITE", "1");
    run(&mut writing)?;
    cargo(&[&tests[..], &["conformance"]].concat())
}

/// The repository's folder.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or(here.clone(), PathBuf::from)
}

/// Cargo's output folder, wherever it was moved.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn say(what: &str) {
    println!("\n==> {what}");
}

fn cargo(args: &[&str]) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo).args(args).current_dir(root()))
}

/// Runs a program to its end; an error names the whole command.
fn run(command: &mut Command) -> anyhow::Result<()> {
    let shown = format!("{command:?}");
    let status = command.status().with_context(|| format!("cannot start {shown}"))?;
    anyhow::ensure!(status.success(), "{shown} failed ({status})");
    Ok(())
}
