//! Sessions that are kept between two runs of a program.

use super::support::*;
use zaun_mtproto::UnixTime;
use zaun_mtproto::client::{Carrier, Profile, SAVED_LEN, SavedError, SavedSession};
use zaun_wire::{functions, types};

const WALL: UnixTime = UnixTime::from_secs(1_700_000_000);

#[test]
fn the_layout_has_284_bytes_in_their_places() {
    let saved = SavedSession { key: key(), salt: 1, session_id: -2, time_offset_s: -3 };
    let bytes = saved.to_bytes();
    assert_eq!(bytes.len(), SAVED_LEN);
    assert_eq!(bytes[..256], key().as_bytes()[..]);
    assert_eq!(bytes[256..264], key().id().to_le_bytes());
    assert_eq!(bytes[264..272], 1i64.to_le_bytes());
    assert_eq!(bytes[272..280], (-2i64).to_le_bytes());
    assert_eq!(bytes[280..], (-3i32).to_le_bytes());
    let longer = [&bytes[..], b"of the owner"].concat();
    assert_eq!(SavedSession::from_bytes(&longer), Ok(saved));
}

#[test]
fn a_saved_session_that_is_cut_or_whose_key_id_is_not_of_its_key_is_refused() {
    let bytes = SavedSession { key: key(), salt: 1, session_id: 2, time_offset_s: 3 }.to_bytes();
    for cut in [0, 1, 255, 256, 264, 283] {
        assert_eq!(SavedSession::from_bytes(&bytes[..cut]), Err(SavedError::Length(cut)));
    }
    for at in [0, 255, 256, 263] {
        let mut damaged = bytes.to_vec();
        damaged[at] ^= 1;
        assert_eq!(SavedSession::from_bytes(&damaged), Err(SavedError::KeyId), "byte {at}");
    }
}

/// With the old identifier the numbers would begin anew under it, and the server would answer code 32 (M-227).
#[test]
fn a_restored_session_never_reuses_a_session_id_with_fresh_counters() {
    let mut rig = Rig::begun();
    let (_, sent) = rig.query(A);
    assert_eq!(sent.seqno & 1, 1);
    let saved = SavedSession::of(&mut rig.client, rig.now, WALL);
    assert_eq!((saved.session_id, saved.salt), (5, SALT));
    /// Draws the old identifier first.
    struct Stubborn(Vec<u64>);
    impl rand::TryRng for Stubborn {
        type Error = std::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(0)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(self.0.remove(0))
        }
        fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
            to.fill(0);
            Ok(())
        }
    }
    impl rand::TryCryptoRng for Stubborn {}
    let saved = SavedSession::from_bytes(&saved.to_bytes()).unwrap();
    let mut session = saved.restore(Profile::STANDARD, rig.now, WALL, &mut Stubborn(vec![5, 5, 6]));
    assert_eq!(session.session_id(), 6, "M-188");
    session.attach(rig.now, A, Carrier::Stream);
    session.submit(QUERY).unwrap();
    let packet = session.transmit(rig.now, A, &mut rand::rng()).unwrap();
    assert_eq!((packet.header.session_id, packet.header.salt), (6, SALT));
}

#[test]
fn a_restored_session_knows_the_servers_clock_and_can_have_the_former_one_destroyed() {
    let mut rig = Rig::begun();
    let saved = SavedSession::of(&mut rig.client, rig.now, WALL);
    assert_eq!(i64::from(saved.time_offset_s), rig.server_time().as_secs().cast_signed() - 1_700_000_000);
    let later = WALL + UnixTime::from_secs(50);
    rig.client = saved.restore(Profile::STANDARD, rig.now, later, &mut rand::rng());
    assert_eq!(rig.client.server_time(rig.now).as_secs(), rig.server_time().as_secs() + 50);
    rig.client.attach(rig.now, A, Carrier::Stream);
    rig.client.destroy_session(rig.now, saved.session_id);
    let request: functions::DestroySession = rig.only(A).decode().unwrap();
    assert_eq!(request.session_id, saved.session_id, "M-201");
    let none = types::DestroySessionNone { session_id: saved.session_id };
    rig.says(A, false, &none);
    assert_eq!(rig.events().len(), 1);
}
