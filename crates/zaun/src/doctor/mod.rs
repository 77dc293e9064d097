//! `zaun doctor`: a careful client that tries a server of anybody's against the rules of the protocol and says in plain
//! words what holds.
//!
//! It changes nothing but what every client leaves behind: authorization keys and sessions.

mod answers;
mod check;
mod frames;
mod handshake;
mod identifiers;
mod messages;
mod packets;
mod patient;
mod refusals;
mod report;
mod salts;
mod sessions;
mod states;
#[cfg(test)]
mod tests;
mod transports;
mod web;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use check::Check;
use patient::Patient;
use report::Report;

use crate::terminal;

/// Flags of `zaun doctor`.
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// The server
    #[arg(value_name = "ADDRESS:PORT")]
    address: SocketAddr,

    /// PEM file with the public (or private) RSA key of that server; without one only transports and the first step of
    /// the key exchange are tried
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Try TLS at the same address too, with any certificate
    #[arg(long)]
    tls: bool,

    /// Print the findings as one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command; an error if a rule does not hold.
pub fn main(args: &DoctorArgs) -> anyhow::Result<()> {
    let patient =
        Patient::new(args.address, args.key.as_deref().map(crate::keys::load_public).transpose()?, args.tls);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // One line that is written over, where somebody looks.
    let watched = terminal::notes_are_watched();
    let report = runtime.block_on(examine(&patient, |title| {
        if watched {
            terminal::replace_line(title);
        }
    }));
    if watched {
        terminal::replace_line("");
    }
    if args.json {
        terminal::say_json(report.json())?;
    } else {
        for line in report.text().lines() {
            terminal::say(line)?;
        }
    }
    let failed = report.failed();
    anyhow::ensure!(failed == 0, "{failed} of the rules tried do not hold");
    Ok(())
}

/// Every check, in the order in which it is made.
fn checks(tls: bool) -> Vec<Check> {
    let mut checks = transports::checks(tls);
    for topic in [
        frames::checks(),
        web::checks(),
        handshake::checks(),
        refusals::checks(),
        packets::checks(),
        identifiers::checks(),
        messages::checks(),
        salts::checks(),
        states::checks(),
        answers::checks(),
        sessions::checks(),
    ] {
        checks.extend(topic);
    }
    checks
}

/// Makes all the checks; `progress` is told the title of each before it begins.
async fn examine(patient: &Patient, mut progress: impl FnMut(&str)) -> Report {
    let mut report = Report::new(patient);
    let transports = transports::checks(patient.tls).len();
    for (n, check) in checks(patient.tls).into_iter().enumerate() {
        progress(&check.title);
        let outcome = if n < transports || patient.answers() {
            check.make(patient).await
        } else {
            // Waiting for each of them would take minutes and tell nothing.
            Err(check::Trouble::NotTried("the server answers on no transport".into()))
        };
        report.add(check, outcome);
    }
    report
}
