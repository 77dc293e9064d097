//! One box: numbered updates in their order, and those that wait for what is missing before them.

use std::collections::BTreeMap;

use crate::state::judge;
use crate::{Applied, MAX_WAITING, Monotonic};

/// So many differences in a row may leave a gap open.
const MAX_FUTILE: u32 = 6;

/// A box whose entries are of any kind.
#[derive(Debug)]
pub struct Line<T> {
    at: i32,
    /// By number; equal numbers in the order of their arrival.
    waiting: BTreeMap<(i32, u64), (i32, T)>,
    arrivals: u64,
    gap_since: Option<Monotonic>,
    /// More came than may wait.
    overflowed: bool,
    /// Differences in a row that did not bring what is missing.
    futile: u32,
}

impl<T> Line<T> {
    pub fn new(at: i32) -> Line<T> {
        Line { at, waiting: BTreeMap::new(), arrivals: 0, gap_since: None, overflowed: false, futile: 0 }
    }

    /// The number that was applied last.
    pub fn at(&self) -> i32 {
        self.at
    }

    /// Takes an entry; what may be applied now is appended to `out`. While a difference is being fetched everything
    /// waits for it (`held`).
    pub fn offer(&mut self, now: Monotonic, number: i32, count: i32, entry: T, held: bool, out: &mut Vec<T>) {
        match judge(self.at, number, count) {
            Applied::Duplicate => {}
            Applied::Accept if !held => {
                self.at = number;
                out.push(entry);
                self.drain(out);
            }
            _ if self.waiting.len() >= MAX_WAITING => self.overflowed = true,
            _ => {
                self.arrivals += 1;
                self.waiting.insert((number, self.arrivals), (count, entry));
                self.gap_since.get_or_insert(now);
            }
        }
    }

    /// A difference has brought the box to this number. What still waits is applied in spite of the gap when the server
    /// has failed to fill it [`MAX_FUTILE`] times: it will not.
    pub fn reset(&mut self, now: Monotonic, at: i32, out: &mut Vec<T>) {
        self.at = at;
        self.overflowed = false;
        self.gap_since = None;
        self.drain(out);
        if self.waiting.is_empty() {
            self.futile = 0;
            return;
        }
        self.gap_since = Some(now);
        self.futile += 1;
        if self.futile >= MAX_FUTILE {
            self.futile = 0;
            while let Some((number, _)) = self.waiting.first_key_value().map(|(key, _)| *key) {
                let count = self.waiting.first_key_value().map_or(0, |(_, (count, _))| *count);
                self.at = number.saturating_sub(count);
                self.drain(out);
            }
        }
    }

    /// The same on the way: what waits goes on waiting.
    pub fn move_to(&mut self, at: i32) {
        self.at = at;
    }

    fn drain(&mut self, out: &mut Vec<T>) {
        while let Some(first) = self.waiting.first_entry() {
            let ((number, _), (count, _)) = (first.key(), first.get());
            match judge(self.at, *number, *count) {
                Applied::Gap => return,
                Applied::Duplicate => drop(first.remove()),
                Applied::Accept => {
                    self.at = *number;
                    out.push(first.remove().1);
                }
            }
        }
        self.gap_since = None;
    }

    /// When what is missing has had time enough to come; at once if too much waits.
    pub fn due(&self, patience: Monotonic) -> Option<Monotonic> {
        if self.overflowed {
            return Some(Monotonic::ZERO);
        }
        self.gap_since.map(|since| since.saturating_add(patience))
    }
}
