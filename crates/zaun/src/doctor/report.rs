//! What was found, for people and for programs.

use std::fmt::Write;

use super::check::{Check, Finding, Trouble};
use super::patient::Patient;
use crate::terminal::{self, Printable};

/// Characters of what was seen that the table shows: a server may say as much as it likes.
const MAX_SEEN_CHARS: usize = 300;

/// The findings of one examination.
pub struct Report {
    address: String,
    with_key: bool,
    rows: Vec<(Check, Finding)>,
}

impl Report {
    /// An empty one.
    pub fn new(patient: &Patient) -> Report {
        Report { address: patient.address.to_string(), with_key: patient.key.is_some(), rows: Vec::new() }
    }

    /// Adds a finding.
    pub fn add(&mut self, check: Check, finding: Finding) {
        self.rows.push((check, finding));
    }

    /// How many rules do not hold.
    pub fn failed(&self) -> usize {
        self.rows.iter().filter(|(_, finding)| matches!(finding, Err(Trouble::Seen(_)))).count()
    }

    /// The titles of the rules that do not hold, with what was seen.
    #[cfg(test)]
    pub fn failures(&self) -> Vec<(String, String)> {
        let seen = |(check, finding): &(Check, Finding)| match finding {
            Err(Trouble::Seen(seen)) => Some((check.title.clone(), seen.clone())),
            _ => None,
        };
        self.rows.iter().filter_map(seen).collect()
    }

    /// A table; what fails comes once more at its end, where people look.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (check, finding) in &self.rows {
            row(&mut out, check, finding);
        }
        let (failed, skipped) = (self.failed(), self.not_tried());
        if failed > 0 {
            out.push_str("\nWhat fails:\n");
            let fails = |(_, finding): &&(Check, Finding)| matches!(finding, Err(Trouble::Seen(_)));
            self.rows.iter().filter(fails).for_each(|(check, finding)| row(&mut out, check, finding));
        }
        let held = self.rows.len() - failed - skipped;
        let _ = writeln!(out, "\n{}: {held} hold, {failed} fail, {skipped} were not tried", self.address);
        if !self.with_key {
            out.push_str(
                "Without --key only transports and the first step of the key exchange can be tried.\n",
            );
        }
        out
    }

    fn not_tried(&self) -> usize {
        self.rows.iter().filter(|(_, finding)| matches!(finding, Err(Trouble::NotTried(_)))).count()
    }

    /// One object: `address` and `findings`, each with `rule`, `title`, `expected`, `result` (`holds`, `fails` or
    /// `not tried`) and `seen`.
    pub fn json(&self) -> serde_json::Value {
        let findings: Vec<_> = self
            .rows
            .iter()
            .map(|(check, finding)| {
                let (result, seen) = match finding {
                    Ok(()) => ("holds", None),
                    Err(Trouble::Seen(seen)) => ("fails", Some(seen)),
                    Err(Trouble::NotTried(reason)) => ("not tried", Some(reason)),
                };
                serde_json::json!({
                    "rule": check.rule, "title": check.title, "expected": check.expected,
                    "result": result, "seen": seen,
                })
            })
            .collect();
        serde_json::json!({ "address": self.address, "findings": findings })
    }
}

/// One row of the table, with both sides if they differ.
fn row(out: &mut String, check: &Check, finding: &Finding) {
    let mark = match finding {
        Ok(()) => "holds",
        Err(Trouble::Seen(_)) => "FAILS",
        Err(Trouble::NotTried(_)) => "-",
    };
    let _ = writeln!(out, "{mark:<6} {:<14} {}", check.rule, check.title);
    let _ = match finding {
        Ok(()) => Ok(()),
        Err(Trouble::Seen(seen)) => {
            writeln!(out, "{:21} expected: {}\n{:21} seen:     {}", "", check.expected, "", shown(seen))
        }
        Err(Trouble::NotTried(reason)) => writeln!(out, "{:21} not tried: {}", "", shown(reason)),
    };
}

/// What a server said, as a part of a line.
fn shown(said: &str) -> String {
    terminal::cut(&Printable(said).to_string(), MAX_SEEN_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_makes_no_rows() {
        let patient = Patient::new(([127, 0, 0, 1], 1).into(), None, false);
        let check = Check::open("", "a rule", "nothing", |_| async { Ok(()) });
        let mut report = Report::new(&patient);
        let said = format!("error\n\x1b[2Jholds  another rule \u{202e}{}", "x".repeat(5000));
        report.add(check, Err(Trouble::Seen(said)));
        let text = report.text();
        assert!(!text.lines().any(|line| line.starts_with("holds") || line.len() > 400), "{text}");
        assert!(!text.chars().any(|c| c != '\n' && terminal::steers(c)), "{text}");
        assert!(text.contains("error\\n\\u{1b}[2Jholds"), "{text}");
    }
}
