//! Each fault alone, then all together. That a query is run once, answered once and so on is judged by the checker of
//! `Pair`; a test here adds only that its fault did occur, and what it must not cost.

use std::time::Duration;

use zaun_mtproto::client::Profile;
use zaun_simkit::{Faults, Pair, Plan, Report};

const SEEDS: u64 = 8;

fn run(seed: u64, plan: &Plan) -> Report {
    let report = Pair::run(seed, plan).unwrap_or_else(|violation| panic!("{violation}"));
    println!("seed {seed}: {report:?}");
    report
}

/// Runs a plan with one fault over many seeds, and adds the reports up with `sum`.
fn total(faults: Faults, sum: impl Fn(&Report) -> u64) -> u64 {
    let plan = Plan { faults, ..Plan::default() };
    (0..SEEDS).map(|seed| sum(&run(seed, &plan))).sum()
}

/// M-229.
#[test]
fn in_a_quiet_world_nothing_is_refused_repeated_or_discarded() {
    for seed in 0..SEEDS {
        for profile in [Profile::STANDARD, Profile::TDLIB] {
            let report = run(seed, &Plan { profile, ..Plan::default() });
            assert_eq!(report.asked + report.cancelled, 120);
            assert_eq!((report.repeated, report.renewed, report.arrived), (0, 0, report.pushes));
            assert!(report.refused.is_empty() && report.discarded.is_empty(), "{report:?}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_simulation() {
    let faults = Faults { loss: 0.05, cut: 0.02, ..Faults::default() };
    let plan = Plan { faults, ..Plan::default() };
    assert_eq!(run(3, &plan), run(3, &plan));
    assert_ne!(run(3, &plan), run(4, &plan));
}

#[test]
fn lost_packets_cost_no_query() {
    let faults = Faults { loss: 0.15, ..Faults::default() };
    let plan = Plan { faults, ..Plan::default() };
    for seed in 0..SEEDS {
        let report = run(seed, &plan);
        assert!(report.lost > 30);
        assert_eq!((report.repeated, report.renewed), (0, 0));
    }
}

#[test]
fn packets_that_come_twice_have_one_effect() {
    let faults = Faults { duplication: 0.5, ..Faults::default() };
    let plan = Plan { faults, ..Plan::default() };
    for seed in 0..SEEDS {
        let report = run(seed, &plan);
        assert!(report.duplicated > 100 && report.discarded["Duplicate"] > 20, "M-321");
        assert_eq!((report.repeated, report.renewed), (0, 0));
    }
}

#[test]
fn several_connections_carry_one_session_in_any_order() {
    for connections in [2, 4] {
        let faults =
            Faults { latency: Duration::from_millis(5)..Duration::from_secs(3), ..Faults::default() };
        let plan = Plan { connections, faults: Faults { cut: 0.02, ..faults }, ..Plan::default() };
        for seed in 0..SEEDS {
            let report = run(seed, &plan);
            assert_eq!((report.repeated, report.renewed), (0, 0), "M-189");
        }
    }
}

#[test]
fn bytes_may_come_one_by_one() {
    let reports = total(Faults { split: true, ..Faults::default() }, |report| report.refused.len() as u64);
    assert_eq!(reports, 0, "M-032");
}

#[test]
fn a_connection_may_be_cut_after_every_packet() {
    for after in 1..8 {
        let faults = Faults { cut_after: Some(after), ..Faults::default() };
        let report = run(u64::from(after), &Plan { faults, ..Plan::default() });
        assert!(report.connections >= 20, "{report:?}");
        assert_eq!((report.repeated, report.renewed), (0, 0), "M-189");
    }
}

#[test]
fn a_connection_may_be_cut_after_every_byte() {
    let faults = Faults { cut_at_every_byte: true, ..Faults::default() };
    let report = run(1, &Plan { queries: 1500, faults, ..Plan::default() });
    assert!(report.connections >= 800, "{report:?}");
    assert_eq!((report.repeated, report.renewed), (0, 0), "M-189");
}

#[test]
fn cuts_may_go_unnoticed() {
    let faults = Faults { cut: 0.05, unnoticed: 0.5, ..Faults::default() };
    assert_eq!(total(faults, |report| report.repeated + report.renewed), 0);
}

#[test]
fn a_wrong_clock_and_a_wrong_salt_are_corrected_at_the_start() {
    let plan = Plan { faults: Faults { wrong_start: Some(20_000), ..Faults::default() }, ..Plan::default() };
    for seed in 0..SEEDS {
        let report = run(seed, &plan);
        assert!(report.refused.contains_key(&16) || report.refused.contains_key(&17), "M-240: {report:?}");
        assert!(report.refused.contains_key(&48), "M-246");
        assert_eq!((report.repeated, report.renewed), (0, 0));
    }
}

#[test]
fn clocks_of_clients_may_stop_and_leap() {
    let faults = Faults { client_clock: Some((Duration::from_secs(8), 4000)), ..Faults::default() };
    let refused = total(faults, |report| {
        assert_eq!((report.repeated, report.renewed), (0, 0));
        report.refused.get(&16).unwrap_or(&0) + report.refused.get(&17).unwrap_or(&0)
    });
    assert!(refused > 5, "M-240: {refused}");
}

#[test]
fn the_clock_of_the_server_may_step() {
    let faults = Faults { server_clock: Some((Duration::from_secs(15), 4000)), ..Faults::default() };
    assert!(total(faults, |report| report.refused.values().sum()) > 10);
}

#[test]
fn a_server_that_restarts_repeats_only_what_was_in_doubt() {
    let faults = Faults { restart_every: Some(Duration::from_secs(6)), ..Faults::default() };
    assert!(total(faults, |report| report.restarts) > 10);
}

#[test]
fn a_server_may_forget_sessions() {
    let faults = Faults { forget_every: Some(Duration::from_secs(4)), ..Faults::default() };
    assert!(total(faults, |report| report.forgotten) > 10, "M-191");
}

#[test]
fn all_faults_together() {
    for seed in 0..4 * SEEDS {
        let faults = Faults {
            latency: Duration::from_millis(5)..Duration::from_millis(1500),
            loss: 0.03,
            duplication: 0.05,
            split: seed % 8 == 0,
            cut_after: (seed % 5 == 0).then_some(20),
            cut_at_every_byte: false,
            cut: 0.02,
            unnoticed: 0.3,
            restart_every: Some(Duration::from_secs(20)),
            forget_every: Some(Duration::from_secs(20)),
            server_clock: Some((Duration::from_secs(20), 2000)),
            client_clock: Some((Duration::from_secs(20), 2000)),
            wrong_start: Some(10_000),
        };
        let connections = 1 + usize::try_from(seed % 3).unwrap();
        run(seed, &Plan { connections, clients: 3, faults, ..Plan::default() });
    }
}
