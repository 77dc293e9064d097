//! Foreign clients as judges: brings them from the registries, once, and runs their tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::{cargo, root, run as execute, say, target};

/// Judges in `clients/python`; each runs the files that begin with `test_` and its name. `faults` is Telethon in front
/// of a server that is killed or runs out of disk.
const PYTHON: &[&str] = &["telethon", "kurigram", "tdlib", "faults"];
/// Judges in `clients/node`; each is one file. `inspector` drives the inspector's page in a browser.
const NODE: &[&str] = &["mtcute", "gramjs", "inspector"];

/// Runs one client, or all.
pub fn run(name: Option<&str>) -> anyhow::Result<()> {
    let wanted = |known: &[&'static str]| -> Vec<&'static str> {
        known.iter().copied().filter(|client| name.is_none_or(|name| name == *client)).collect()
    };
    let (python, node) = (wanted(PYTHON), wanted(NODE));
    let known = || [PYTHON, NODE].concat().join(", ");
    anyhow::ensure!(!python.is_empty() || !node.is_empty(), "no client of that name; there are {}", known());
    say("building the server for the clients");
    cargo(&["build", "--locked", "--package", "zaun"])?;
    let zaun = target().join("debug/zaun");
    if !python.is_empty() {
        run_python(&python, &zaun)?;
    }
    if !node.is_empty() {
        run_node(&node, &zaun)?;
    }
    Ok(())
}

fn run_python(clients: &[&str], zaun: &Path) -> anyhow::Result<()> {
    let folder = root().join("clients/python");
    let venv = target().join("clients/python");
    bring(&venv, &folder.join("requirements.txt"), "Python clients", |requirements| {
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
    let files = test_files(&folder, clients)?;
    say(&format!("Python clients: {}", clients.join(", ")));
    execute(
        Command::new(venv.join("bin/python"))
            .args(["-m", "pytest", "-p", "no:cacheprovider", "--durations=5"])
            .args(&files)
            .env("ZAUN", zaun)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(&folder),
    )
}

fn test_files(folder: &Path, clients: &[&str]) -> anyhow::Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if clients.iter().any(|client| name.starts_with(&format!("test_{client}"))) {
            files.push(name);
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn run_node(clients: &[&str], zaun: &Path) -> anyhow::Result<()> {
    if clients.contains(&"inspector") {
        bring_browser()?;
    }
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
    say(&format!("Node clients: {}", clients.join(", ")));
    for client in clients {
        // Node looks for packages beside the file that asks, so the tests run beside them.
        let tests = copy_tests(&folder, &modules)?;
        let test = tests.join(format!("{client}.test.mjs"));
        // Forced, because mtcute keeps a timer for its temporary key after the client is destroyed.
        let args = ["--test", "--test-concurrency=1", "--test-force-exit"];
        execute(Command::new("node").args(args).arg(test).env("ZAUN", zaun))?;
    }
    Ok(())
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

fn copy_tests(from: &Path, to: &Path) -> anyhow::Result<PathBuf> {
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        if let Some(name) = path.file_name().filter(|_| path.extension().is_some_and(|e| e == "mjs")) {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(to.to_owned())
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
