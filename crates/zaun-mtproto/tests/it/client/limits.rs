//! The limits of a client's session.

use super::support::*;
use zaun_mtproto::client::{MAX_QUERIES, MAX_QUERY_BYTES, SubmitError};

#[test]
fn queries_that_no_frame_can_carry_are_refused() {
    let mut rig = Rig::begun();
    let mut noise = vec![0; MAX_QUERY_BYTES + 4];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut noise);
    let size = noise.len();
    assert_eq!(rig.client.submit(noise.clone().into()), Err(SubmitError::TooLarge(size)));
    noise.truncate(MAX_QUERY_BYTES);
    assert!(rig.client.submit(noise.into()).is_ok());
    for size in [0, 1, 6] {
        assert_eq!(rig.client.submit(vec![0; size].into()), Err(SubmitError::Misaligned(size)));
    }
}

#[test]
fn only_so_many_queries_may_wait() {
    let mut rig = Rig::begun();
    let first = rig.client.submit(QUERY).unwrap();
    (1..MAX_QUERIES).for_each(|_| _ = rig.client.submit(QUERY).unwrap());
    assert_eq!(rig.client.submit(QUERY), Err(SubmitError::Full));
    assert!(rig.client.cancel(first) && rig.client.submit(QUERY).is_ok());
}

#[test]
fn containers_stay_small_and_unconfirmed_messages_few() {
    let mut rig = Rig::begun();
    for _ in 0..2000 {
        rig.client.submit(QUERY).unwrap();
    }
    let packets = rig.packets(A);
    let sent: usize = packets.iter().map(|p| usize::from(p.body[4]) + 256 * usize::from(p.body[5])).sum();
    assert!(
        (700..1000).contains(&sent),
        "M-212: a server tells repeats only among the last thousand: {sent}"
    );
    assert!(packets.iter().all(|p| p.body.len() <= 60_000));
    let mut noise = vec![0; 20_000];
    let mut rig = Rig::begun();
    for _ in 0..4 {
        rand::Rng::fill_bytes(&mut rand::rng(), &mut noise);
        rig.client.submit(noise.clone().into()).unwrap();
    }
    assert_eq!(rig.packets(A).len(), 4, "two of them would be above 32 KiB");
}
