//! `zaun proxy check`: every path to every data centre, tried once, in plain words.

use std::collections::BTreeSet;

use zaun_proxy::upstream::{Target, Upstream, probe};

use crate::terminal;

/// Tries everything. It is an error if some data centre cannot be reached at all.
pub async fn run(upstream: &Upstream) -> anyhow::Result<()> {
    upstream.check()?;
    let numbers: BTreeSet<i16> = upstream.addresses.keys().chain(upstream.fronts.keys()).copied().collect();
    let mut lost = Vec::new();
    for target in numbers.into_iter().filter_map(Target::from_field) {
        if target.test != upstream.force_test {
            continue;
        }
        let mut works = false;
        for path in upstream.paths(target) {
            match probe(&path, target).await {
                Ok(took) => {
                    works = true;
                    terminal::say(format_args!("{target}: {} works, {} ms", path.label, took.as_millis()))?;
                }
                Err(error) => {
                    terminal::say(format_args!(
                        "{target}: {} does not work: {}",
                        path.label,
                        explain(&error)
                    ))?;
                }
            }
        }
        if !works {
            lost.push(target.to_string());
        }
    }
    anyhow::ensure!(lost.is_empty(), "no path leads to {}", lost.join(", "));
    terminal::say("every data centre can be reached")?;
    Ok(())
}

/// An error with what it usually means.
fn explain(error: &str) -> String {
    let hints = [
        ("refused", "nothing listens there, or a firewall answers in its place"),
        ("no answer within", "packets get lost on the way: the address is probably blocked"),
        ("reset", "something on the way cuts the connection"),
        ("unreachable", "this network has no way there, for example no IPv6"),
        ("certificate", "somebody else answers under this name, or the clock of this machine is wrong"),
        ("frame of", "something else than a data centre answers there: this network redirects the address"),
        ("lookup", "the name does not resolve"),
    ];
    match hints.iter().find(|(word, _)| error.contains(word)) {
        Some((_, hint)) => format!("{error} ({hint})"),
        None => error.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_explained() {
        assert!(explain("network: Connection refused (os error 111)").contains("nothing listens there"));
        assert_eq!(explain("something new"), "something new");
    }
}
