//! Foreign clients as judges: brings them from the registries, once, and runs their tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::chores::{Board, Chore, Done, captured};
use crate::{cargo, root, run as execute, say, services, target};

/// Judges in `clients/python`; each runs the files that begin with `test_` and its name. `ptb` is python-telegram-bot,
/// `bots` are Telethon, kurigram and TDLib as bots. `faults` is Telethon in front of a server that is killed or runs out
/// of disk. `proxy` is Telethon and TDLib through `zaun proxy`, and strangers in front of it. `apart` is the newest and the
/// oldest Telethon in one group. `sandbox` is tests as users of `sdk/python` write them. `conformance` judges the files of
/// `conformance/`, without a server.
const PYTHON: &[&str] = &[
    "telethon",
    "kurigram",
    "tdlib",
    "bots",
    "ptb",
    "aiogram",
    "faults",
    "proxy",
    "apart",
    "sandbox",
    "conformance",
];
/// Older versions of the clients above, named by client and layer, and whose tests each runs. What is brought for one is
/// in `clients/python/older`; it lies in a folder of its own, which its tests see before the newest version.
const OLDER: &[(&str, &str)] = &[
    ("telethon133", "telethon"),
    ("telethon155", "telethon"),
    ("telethon181", "telethon"),
    ("pyrogram158", "pyrogram"),
    ("pyrofork173", "pyrogram"),
    ("hydrogram181", "pyrogram"),
    ("tdlib232", "tdlib"),
];
/// The one of them that `apart` needs beside the newest.
const OLDEST: &str = "telethon133";
/// Judges in `clients/node`; each is one file. `ntba` is node-telegram-bot-api, `inspector` drives the inspector's page
/// in a browser, `shop` is tests as users of `sdk/node` write them.
const NODE: &[&str] =
    &["mtcute", "gramjs", "mtproto-core", "grammy", "telegraf", "ntba", "inspector", "shop"];

/// The judge in `clients/grammers`, a Rust library and so a workspace of its own.
const RUST: &str = "grammers";
/// The crate of grammers that holds the keys of its servers, and the one of them that is replaced.
const GRAMMERS_KEYS: (&str, &str) = ("grammers-mtproto", "-3414540481677951611");

/// Not a judge but a measurement: both sides in one process, in `clients/grammers`.
const COMPARISON: &str = "compare";

/// Runs one client, or all, with a server that is built first.
pub fn run(name: Option<&str>) -> anyhow::Result<()> {
    if name == Some(COMPARISON) {
        return compare();
    }
    let board = Board::load()?;
    say("building the server for the clients");
    cargo(&["build", "--locked", "--package", "zaun"])?;
    board.side_by_side(judges(name)?)
}

/// Brings what all clients need, as far as it does not need a server; what is there already is not brought again.
pub fn download() -> anyhow::Result<()> {
    let venv = bring_python()?;
    OLDER.iter().try_for_each(|(judge, _)| bring_older(judge, &venv).map(drop))?;
    services::ensure_nginx()?;
    bring_browser()?;
    bring_node()?;
    fetched(&root().join("clients/grammers"))?;
    let fuzz = root().join("fuzz/Cargo.toml");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    captured(Command::new(cargo).args(["fetch", "--locked", "--quiet", "--manifest-path"]).arg(fuzz))?;
    Ok(())
}

/// A chore per client, for the server in the output folder. Each starts servers of its own, on free ports.
pub fn judges(name: Option<&str>) -> anyhow::Result<Vec<Chore>> {
    let wanted = |known: &[&'static str]| -> Vec<&'static str> {
        known.iter().copied().filter(|client| name.is_none_or(|name| name == *client)).collect()
    };
    let (python, node) = (wanted(PYTHON), wanted(NODE));
    let older = OLDER.iter().filter(|(judge, _)| name.is_none_or(|name| name == *judge));
    let older: Vec<(&str, &str)> = older.copied().collect();
    let zaun = target().join("debug/zaun");
    let mut chores = Vec::new();
    if python.contains(&"proxy") {
        services::ensure_nginx()?;
    }
    if !python.is_empty() || !older.is_empty() {
        let venv = bring_python()?;
        if python.contains(&"apart") {
            bring_older(OLDEST, &venv)?;
        }
        for client in python {
            chores.push(Chore::command(client, judge_in_python(client, None, &venv, &zaun)?));
        }
        for (judge, tests) in older {
            let packages = bring_older(judge, &venv)?;
            chores.push(Chore::command(judge, judge_in_python(tests, Some(&packages), &venv, &zaun)?));
        }
    }
    if node.contains(&"inspector") {
        bring_browser()?;
    }
    if !node.is_empty() {
        let modules = bring_node()?;
        // Node looks for packages beside the file that asks, so the tests run beside them.
        copy_tests(&root().join("clients/node"), &modules)?;
        chores.extend(node.into_iter().map(|client| {
            let mut command = Command::new("node");
            // Forced, because mtcute keeps a timer for its temporary key after the client is destroyed.
            command.args(["--test", "--test-concurrency=1", "--test-force-exit"]);
            command.arg(modules.join(format!("{client}.test.mjs"))).env("ZAUN", &zaun);
            command.env("ZAUN_SDK", root().join("sdk/node/index.mjs"));
            Chore::command(client, command)
        }));
    }
    if name.is_none_or(|name| name == RUST) {
        chores.push(Chore::new(RUST, move || run_grammers(&zaun)));
    }
    let known = || {
        let older: Vec<&str> = OLDER.iter().map(|(judge, _)| *judge).collect();
        [PYTHON, &older, NODE, &[RUST]].concat().join(", ")
    };
    anyhow::ensure!(!chores.is_empty(), "no client of that name; there are {}", known());
    Ok(chores)
}

fn run_grammers(zaun: &Path) -> anyhow::Result<Done> {
    let (folder, key) = bring_grammers(zaun)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["test", "--locked", "--quiet", "--target-dir"]).arg(target().join("clients/grammers"));
    command.env("ZAUN", zaun).env("ZAUN_JUDGE_KEY", &key).current_dir(&folder);
    Ok(Done { said: captured(&mut command)?, next: Vec::new() })
}

/// Measures our crates beside grammers, optimised; the output folder is the workspace's, because most crates are the
/// same.
fn compare() -> anyhow::Result<()> {
    cargo(&["build", "--release", "--locked", "--package", "zaun"])?;
    let zaun = target().join("release/zaun");
    let (folder, key) = bring_grammers(&zaun)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    execute(
        Command::new(cargo)
            .args(["run", "--release", "--locked", "--features", COMPARISON, "--bin", COMPARISON])
            .arg("--target-dir")
            .arg(target())
            .env("ZAUN", zaun)
            .env("ZAUN_JUDGE_KEY", &key)
            .current_dir(&folder),
    )
}

/// grammers holds its servers' keys in code, so a copy of that one crate gets the key of the judge's server; nothing
/// else of it is touched. Where it is used, and that key.
fn bring_grammers(zaun: &Path) -> anyhow::Result<(PathBuf, PathBuf)> {
    let folder = root().join("clients/grammers");
    let copy = folder.join(GRAMMERS_KEYS.0);
    let key = target().join("clients/grammers.pem");
    fs::create_dir_all(target().join("clients"))?;
    let forms = Command::new(zaun).args(["keys", "--json", "--key"]).arg(&key).output()?;
    anyhow::ensure!(forms.status.success(), "zaun keys failed ({})", forms.status);
    let forms: serde_json::Value = serde_json::from_slice(&forms.stdout)?;
    let fingerprint = forms["fingerprint"].to_string();
    let knows = |source: String| source.contains(&fingerprint);
    if copy.exists() && !fs::read_to_string(copy.join("src/authentication.rs")).is_ok_and(knows) {
        fs::remove_dir_all(&copy)?;
    }
    bring(&copy, &folder.join("Cargo.lock"), "grammers", |_| copy_with_key(&folder, &copy, &forms))?;
    Ok((folder, key))
}

fn copy_with_key(folder: &Path, copy: &Path, key: &serde_json::Value) -> anyhow::Result<()> {
    if copy.exists() {
        fs::remove_dir_all(copy)?;
    }
    let original = fetched(folder)?;
    copy_tree(&original, copy)?;
    let path = copy.join("src/authentication.rs");
    let source = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (before, after) = source
        .split_once(GRAMMERS_KEYS.1)
        .and_then(|(before, rest)| Some((before, rest.split_once("Key::new(\"")?.1.split_once('"')?.1)))
        .context("grammers holds its keys in another form")?;
    let (fingerprint, modulus) = (&key["fingerprint"], key["modulus_decimal"].as_str().unwrap_or_default());
    fs::write(&path, format!("{before}{fingerprint} => rsa::Key::new(\"{modulus}\"{after}"))?;
    Ok(())
}

/// Where cargo keeps the sources of the crate; brings them if need be.
fn fetched(folder: &Path) -> anyhow::Result<PathBuf> {
    let bare = target().join("clients/grammers-fetch");
    fs::create_dir_all(bare.join("src"))?;
    fs::write(bare.join("src/lib.rs"), "")?;
    let manifest = fs::read_to_string(folder.join("Cargo.toml"))?;
    let unpatched = manifest.split("[patch.crates-io]").next().unwrap_or_default();
    fs::write(bare.join("Cargo.toml"), unpatched)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let metadata =
        Command::new(cargo).args(["metadata", "--format-version=1"]).current_dir(&bare).output()?;
    anyhow::ensure!(metadata.status.success(), "the crates of grammers could not be brought");
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout)?;
    let packages = metadata["packages"].as_array().context("cargo metadata has another form")?;
    let crate_of = packages.iter().find(|package| package["name"] == GRAMMERS_KEYS.0);
    let manifest = crate_of.and_then(|package| package["manifest_path"].as_str());
    let manifest = manifest.context("grammers has other crates by now")?;
    Ok(Path::new(manifest).parent().unwrap_or(Path::new("/")).to_owned())
}

fn copy_tree(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() { copy_tree(&path, &target)? } else { _ = fs::copy(&path, &target)? }
    }
    Ok(())
}

/// The folder of an environment with the Python clients.
fn bring_python() -> anyhow::Result<PathBuf> {
    let venv = target().join("clients/python");
    bring(&venv, &root().join("clients/python/requirements.txt"), "Python clients", |requirements| {
        execute(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))
            .context("Python 3 with its venv module is needed (Debian: python3-venv)")?;
        let pip = venv.join("bin/pip");
        execute(
            Command::new(pip)
                .args(["install", "--quiet", "--disable-pip-version-check", "-r"])
                .arg(requirements),
        )
        .context("the Python clients could not be brought; is the package registry reachable?")
    })?;
    Ok(venv)
}

/// The folder with the packages of an older version alone: what they need is in the environment of the newest.
fn bring_older(judge: &str, venv: &Path) -> anyhow::Result<PathBuf> {
    let folder = older().join(judge);
    let list = root().join(format!("clients/python/older/{judge}.txt"));
    bring(&folder, &list, judge, |requirements| {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let mut pip = Command::new(venv.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target"]);
        execute(pip.arg(&folder).arg("-r").arg(requirements))
            .with_context(|| format!("{judge} could not be brought; is the package registry reachable?"))
    })?;
    Ok(folder)
}

fn older() -> PathBuf {
    target().join("clients/older")
}

/// Runs the tests of a client, with packages that come before those of the environment.
fn judge_in_python(
    client: &str,
    packages: Option<&Path>,
    venv: &Path,
    zaun: &Path,
) -> anyhow::Result<Command> {
    let folder = root().join("clients/python");
    let mut command = Command::new(venv.join("bin/python"));
    command.args(["-m", "pytest", "-p", "no:cacheprovider", "--durations=5", "-rs"]);
    command.args(test_files(&folder, client)?).current_dir(&folder);
    command.env("ZAUN", zaun).env("ZAUN_OLDER", older()).env("PYTHONDONTWRITEBYTECODE", "1");
    let sdk = root().join("sdk/python");
    command.env("PYTHONPATH", std::env::join_paths(packages.into_iter().chain([sdk.as_path()]))?);
    Ok(command)
}

fn test_files(folder: &Path, client: &str) -> anyhow::Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with(&format!("test_{client}")) {
            files.push(name);
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// The folder with the packages of the Node clients.
fn bring_node() -> anyhow::Result<PathBuf> {
    let folder = root().join("clients/node");
    let modules = target().join("clients/node");
    bring(&modules, &folder.join("package-lock.json"), "Node clients", |lock| {
        fs::create_dir_all(&modules)?;
        fs::copy(lock, modules.join("package-lock.json"))?;
        fs::copy(folder.join("package.json"), modules.join("package.json"))?;
        execute(
            Command::new("npm")
                .args(["ci", "--ignore-scripts", "--silent", "--no-audit", "--no-fund"])
                .current_dir(&modules),
        )
        .context("the Node clients could not be brought; are Node.js and the package registry there?")
    })?;
    Ok(modules)
}

/// Installs Chromium where that is possible and it is not there.
fn bring_browser() -> anyhow::Result<()> {
    if std::env::var_os("CHROMIUM").is_some() || Path::new("/usr/bin/chromium").exists() {
        return Ok(());
    }
    say("installing Debian's package chromium");
    execute(
        Command::new("apt-get")
            .args(["install", "--yes", "--no-install-recommends", "chromium"])
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
    .context("the page is tested in Chromium: install it (Debian: chromium), or name it in CHROMIUM")
}

fn copy_tests(from: &Path, to: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        if let Some(name) = path.file_name().filter(|_| path.extension().is_some_and(|e| e == "mjs")) {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

/// Brings packages unless exactly these are there already, so that a second run needs no network.
fn bring(
    place: &Path,
    list: &Path,
    what: &str,
    install: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let wanted = fs::read(list).with_context(|| format!("cannot read {}", list.display()))?;
    let stamp = place.join("brought");
    if fs::read(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    say(&format!("bringing {what} from the registry into {}", place.display()));
    install(list)?;
    fs::write(&stamp, wanted)?;
    Ok(())
}
