//! A day in the life of a hundred sessions.

use std::time::Duration;

use zaun_mtproto::client::Profile;
use zaun_simkit::{Faults, Pair, Plan};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn a_day_with_a_hundred_sessions_loses_no_query_and_runs_none_twice() {
    let seed = 20_261_126;
    let queries = 288;
    let plan = Plan {
        clients: 100,
        queries,
        pause: DAY / queries,
        pushes: 100,
        profile: Profile {
            ping_every: Duration::from_secs(240),
            disconnect_delay_s: 300,
            ..Profile::STANDARD
        },
        faults: Faults {
            cut: 0.002,
            unnoticed: 0.2,
            restart_every: Some(Duration::from_secs(4 * 60 * 60)),
            forget_every: Some(Duration::from_secs(20 * 60)),
            ..Faults::default()
        },
        ..Plan::default()
    };
    let report = Pair::run(seed, &plan).unwrap_or_else(|violation| panic!("{violation}"));
    println!("seed {seed}: {report:?}");
    assert_eq!(report.asked + report.cancelled, 28_800);
    assert!(report.restarts >= 3 && report.connections > 500 && report.forgotten > 30, "{report:?}");
    // What the session was lost with is all that may run again.
    assert!(report.repeated < 10, "{report:?}");
    // Salts that are known beforehand are never refused (M-243 … M-256).
    assert!(!report.refused.contains_key(&48), "{report:?}");
    assert_eq!(report.renewed, 0);
}
