//! Services that tests need: installed where that is possible and they are not there.

use std::fs;
use std::process::Command;

use anyhow::Context;

use crate::{run, say};

/// Set to 1 to run the store's tests on SQLite alone.
const WITHOUT_POSTGRES: &str = "ZAUN_WITHOUT_POSTGRES";

/// Makes sure that PostgreSQL's programs are there; each test program starts a server of its own from them.
pub fn ensure_postgres() -> anyhow::Result<()> {
    if without_postgres() || is_installed() {
        return Ok(());
    }
    say("installing Debian's package postgresql");
    let apt = |args: &[&str]| {
        run(Command::new("apt-get").args(args).env("DEBIAN_FRONTEND", "noninteractive")).with_context(|| {
            format!("the store is tested on PostgreSQL: install postgresql, or set {WITHOUT_POSTGRES}=1")
        })
    };
    apt(&["update", "--quiet"])?;
    apt(&["install", "--yes", "--no-install-recommends", "postgresql"])
}

/// Whether tests are to run on PostgreSQL, too.
pub fn has_postgres() -> bool {
    !without_postgres() && is_installed()
}

fn without_postgres() -> bool {
    std::env::var_os(WITHOUT_POSTGRES).is_some_and(|value| value == "1")
}

fn is_installed() -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    versions.map(|version| version.path().join("bin/initdb")).any(|program| program.exists())
}
