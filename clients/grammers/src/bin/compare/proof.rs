//! The proof of work: factors of pq.

use std::time::Instant;

use zaun_crypto::pq;

use crate::table::{Pair, costs, median, percentile};

/// Numbers of 61 or 62 bits.
const NUMBERS: usize = 100;
/// How often each is factored.
const TIMES: usize = 3;

/// Microseconds of each number, median and 90th percentile of the numbers.
pub fn run() {
    let mut rng = rand::rng();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..NUMBERS {
        let number = pq::generate(&mut rng);
        let expected = (u64::from(number.p), u64::from(number.q));
        ours.push(micros(|| assert_eq!(pq::factor(number.pq), Some(expected))));
        theirs.push(micros(|| assert_eq!(grammers_crypto::factorize(number.pq), expected)));
    }
    for (name, percent) in [("pq, median of 100 numbers", 50), ("pq, 90th percentile", 90)] {
        let pair =
            Pair { ours: percentile(ours.clone(), percent), theirs: percentile(theirs.clone(), percent) };
        costs(name, pair, "µs");
    }
}

fn micros(mut work: impl FnMut()) -> f64 {
    let time = |_| {
        let clock = Instant::now();
        work();
        clock.elapsed().as_secs_f64() * 1e6
    };
    median((0..TIMES).map(time).collect())
}
