//! `zaun inspect`: follows a running server in the terminal, or reads a saved capture.

mod line;
mod pick;
mod place;

use std::io::BufRead;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use zaun_console::Event;

use line::Style;
use pick::Pick;
use place::Place;

use crate::terminal;

/// Longest line that is read: the largest event has a few megabytes.
const MAX_LINE_BYTES: u64 = 64 * 1024 * 1024;

/// Flags of `zaun inspect`.
#[derive(Args, Debug)]
pub struct InspectArgs {
    /// A saved capture to read instead of following a server
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Data directory of the server [default: zaun-data in this folder, or the only sandbox that runs]
    #[arg(long, value_name = "DIR", conflicts_with = "file")]
    data: Option<PathBuf>,

    /// Address of the server's inspector page, as `zaun serve --inspect` announces it
    #[arg(long, value_name = "URL", conflicts_with_all = ["file", "data"])]
    url: Option<String>,

    #[command(flatten)]
    pick: Pick,

    /// Print events as JSON, one a line: the form of a saved capture
    #[arg(long)]
    json: bool,

    /// Print each message's whole tree
    #[arg(long, conflicts_with = "json")]
    expand: bool,
}

/// Runs the command.
pub fn main(args: &InspectArgs) -> anyhow::Result<()> {
    let source = match &args.file {
        Some(file) => Source::File(file),
        None => Source::Server(place::find(args.data.as_deref(), args.url.as_deref())?),
    };
    // From here on others speak.
    show(args, &source).map_err(terminal::harmless)
}

/// Where events come from.
enum Source<'a> {
    File(&'a Path),
    Server(Place),
}

fn show(args: &InspectArgs, source: &Source) -> anyhow::Result<()> {
    let (source, live): (Box<dyn BufRead>, bool) = match source {
        Source::File(file) => {
            let opened =
                std::fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
            (Box::new(std::io::BufReader::new(opened)), false)
        }
        Source::Server(place) => {
            let stream = place.follow()?;
            terminal::note(format_args!("following the server at {place}"));
            (stream, true)
        }
    };
    match follow(args, source) {
        // Whoever reads has had enough.
        Err(error) if is_closed_pipe(&error) => Ok(()),
        Ok(()) if live => anyhow::bail!("the server has ended"),
        result => result,
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

fn follow(args: &InspectArgs, mut source: Box<dyn BufRead>) -> anyhow::Result<()> {
    let style = Style::of(terminal::is_watched(), args.expand);
    let mut pick = args.pick.start()?;
    let mut text = Vec::new();
    for number in 1_u64.. {
        text.clear();
        let mut limited = std::io::Read::take(&mut source, MAX_LINE_BYTES);
        if limited.read_until(b'\n', &mut text)? == 0 {
            break;
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let event: Event = serde_json::from_slice(&text)
            .with_context(|| format!("line {number} is no event of an inspector"))?;
        let Some(shown) = pick.passes(&event) else { continue };
        if args.json {
            terminal::say_json(String::from_utf8_lossy(&text).trim_end())?;
        } else {
            for line in style.lines(&event, &shown) {
                terminal::say_coloured(&line)?;
            }
        }
    }
    Ok(())
}
