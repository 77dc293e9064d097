//! Services that tests need: installed where that is possible and they are not there.

use std::fs;
use std::path::Path;
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
    install(&["postgresql"]).with_context(|| {
        format!("the store is tested on PostgreSQL: install postgresql, or set {WITHOUT_POSTGRES}=1")
    })
}

/// Makes sure that nginx is there, the cover site in front of which the proxy is judged, and the program that makes its
/// certificates. Tests start it with a configuration of their own.
pub fn ensure_nginx() -> anyhow::Result<()> {
    if ["/usr/sbin/nginx", "/usr/bin/openssl"].iter().all(|program| Path::new(program).exists()) {
        return Ok(());
    }
    install(&["nginx-light", "openssl"])
        .context("the proxy is judged in front of nginx: install it (Debian: nginx-light and openssl)")
}

/// Installs packages of Debian; an installation that already runs is waited for.
fn install(packages: &[&str]) -> anyhow::Result<()> {
    say(&format!("installing from Debian: {}", packages.join(", ")));
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(["--option", "DPkg::Lock::Timeout=600"]).args(args);
        run(command.env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "--quiet"])?;
    apt(&[&["install", "--yes", "--no-install-recommends"], packages].concat())
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
