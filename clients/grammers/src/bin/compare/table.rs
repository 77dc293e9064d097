//! Figures in turns, and rows that show them.

use std::time::{Duration, Instant};

/// Stretches of each side.
const STRETCHES: usize = 9;
/// How long one lasts.
const STRETCH: Duration = Duration::from_millis(60);

/// Our figure and theirs.
#[derive(Clone, Copy)]
pub struct Pair {
    pub ours: f64,
    pub theirs: f64,
}

impl Pair {
    /// Both times a factor: bytes of a work, for instance.
    pub fn times(self, factor: f64) -> Pair {
        Pair { ours: self.ours * factor, theirs: self.theirs * factor }
    }
}

/// Prints what the rows below are.
pub fn headline(text: &str, remark: &str) {
    println!("\n{:<58} {:>10} {:>10} {:>7}   ({remark})", text, "ours", "theirs", "ratio");
}

/// Prints a row of rates: more is better, and the ratio says how many times as much we do.
pub fn rates(name: &str, pair: Pair, unit: &str) {
    row(name, pair, pair.ours / pair.theirs, unit);
}

/// Prints a row of costs: less is better, and the ratio says how many times as much they need.
pub fn costs(name: &str, pair: Pair, unit: &str) {
    row(name, pair, pair.theirs / pair.ours, unit);
}

fn row(name: &str, Pair { ours, theirs }: Pair, ratio: f64, unit: &str) {
    println!("  {name:<56} {ours:>10.1} {theirs:>10.1} {ratio:>6.2}×   {unit}");
}

/// How often each side does its work in a second: stretches in turns, so that what disturbs, disturbs both.
pub fn beside(mut ours: impl FnMut(), mut theirs: impl FnMut()) -> Pair {
    let (mut our_rates, mut their_rates) = (Vec::new(), Vec::new());
    for _ in 0..STRETCHES {
        our_rates.push(per_second(&mut ours));
        their_rates.push(per_second(&mut theirs));
    }
    Pair { ours: median(our_rates), theirs: median(their_rates) }
}

fn per_second(work: &mut impl FnMut()) -> f64 {
    let (clock, mut count) = (Instant::now(), 0u32);
    while clock.elapsed() < STRETCH {
        work();
        count += 1;
    }
    f64::from(count) / clock.elapsed().as_secs_f64()
}

/// The one in the middle.
pub fn median(figures: Vec<f64>) -> f64 {
    percentile(figures, 50)
}

/// The one that so many of a hundred do not exceed.
pub fn percentile(mut figures: Vec<f64>, percent: usize) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures
        .get((figures.len() * percent / 100).min(figures.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::NAN)
}
