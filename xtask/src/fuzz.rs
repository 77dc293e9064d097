//! Fuzz targets: builds them with coverage counters and runs each for a fixed number of runs.
//!
//! The stable compiler has the counters (they are a pass of LLVM); libFuzzer itself is built from source by g++.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::chores::{Chore, Done};
use crate::{root, run as execute, target};

/// Targets, and how many runs each gets: fewer where one run costs an RSA operation.
const TARGETS: &[(&str, u32)] = &[
    ("tl", 200_000),
    ("framing", 200_000),
    ("faketls", 20_000),
    ("handshake", 3_000),
    ("packet", 200_000),
    ("proxy", 100_000),
    ("batch", 20_000),
    ("session", 100_000),
    ("client", 100_000),
    ("gzip", 50_000),
    ("tree", 50_000),
];

/// The same inputs every time, so that a failure is not a matter of luck.
const SEED: u32 = 1;
/// Longest input: room for several packets.
const MAX_LEN: u32 = 4096;

/// What libFuzzer needs in the code: counters at every edge, and the values that are compared.
const COVERAGE: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// The chore of building the targets, which brings one chore per target.
pub fn chores() -> Vec<Chore> {
    let build = || {
        let binaries = build()?;
        let artifacts = target().join("fuzz/artifacts");
        let smoke = |(name, runs): &(&'static str, u32)| {
            let (binary, name, runs, artifacts) = (binaries.join(name), *name, *runs, artifacts.join(name));
            Chore::new(format!("fuzz {name}"), move || smoke_one(&binary, name, runs, &artifacts))
        };
        Ok(Done { said: String::new(), next: TARGETS.iter().map(smoke).collect() })
    };
    vec![Chore::new("fuzz targets", build)]
}

/// Builds all targets in one go; returns the folder with the binaries.
fn build() -> anyhow::Result<PathBuf> {
    let triple = host()?;
    let folder = target().join("fuzz");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--locked", "--quiet", "--target", &triple, "--manifest-path"]);
    command.arg(root().join("fuzz/Cargo.toml")).arg("--target-dir").arg(&folder);
    for (name, _) in TARGETS {
        command.args(["--bin", name]);
    }
    // With --target, these flags reach the targets and not the build scripts, which cannot link the counters.
    execute(command.env("RUSTFLAGS", COVERAGE.join(" ")).env_remove("CARGO_ENCODED_RUSTFLAGS"))?;
    Ok(folder.join(triple).join("debug"))
}

fn smoke_one(binary: &Path, name: &str, runs: u32, artifacts: &Path) -> anyhow::Result<Done> {
    let corpus = root().join("fuzz/corpus").join(name);
    fs::create_dir_all(artifacts)?;
    let prefix = format!("{}/", artifacts.display());
    let mut command = Command::new(binary);
    command.args([
        format!("-runs={runs}"),
        format!("-seed={SEED}"),
        format!("-max_len={MAX_LEN}"),
        format!("-artifact_prefix={prefix}"),
    ]);
    command.args(["-timeout=20", "-rss_limit_mb=1024", "-verbosity=0", "-reload=0"]);
    // What it finds worth keeping goes into the first folder, not into the committed corpus.
    command.arg(found(artifacts)?).arg(corpus).env("RUST_BACKTRACE", "1");
    let output = command.output().with_context(|| format!("cannot start {}", binary.display()))?;
    if !output.status.success() {
        // What libFuzzer says of runs that went well is of no use to anybody.
        anyhow::bail!(
            "{}\nfuzz target {name} found a defect. The input is in {prefix}; to see it again:\n  {} {prefix}<input>\n\
             Once it is mended, put the input into fuzz/corpus/{name}.",
            String::from_utf8_lossy(&output.stderr),
            binary.display()
        );
    }
    Ok(Done { said: format!("{runs} runs"), next: Vec::new() })
}

/// An empty folder for what libFuzzer finds worth keeping; always empty at the start, so that runs are alike.
fn found(artifacts: &Path) -> anyhow::Result<PathBuf> {
    let folder = artifacts.join("found");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The machine's own target triple.
fn host() -> anyhow::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().context("cannot start rustc")?;
    let text = String::from_utf8(output.stdout)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not name its host")?.to_owned())
}
