//! `binding.json`: the encrypted_message of auth.bindTempAuthKey.

use serde::{Deserialize, Serialize};
use zaun_crypto::auth_key::AuthKey;
use zaun_mtproto::binding;
use zaun_wire::types::BindAuthKeyInner;

use super::support::{Draw, Hex, Long, NOW_S, Tape, auth_key, read, same};

#[derive(Serialize, Deserialize)]
struct Binding {
    permanent_key: Hex,
    msg_id: Long,
    nonce: Long,
    temp_auth_key_id: Long,
    perm_auth_key_id: Long,
    temp_session_id: Long,
    expires_at: i32,
    bind_auth_key_inner: Hex,
    draws: Vec<Draw>,
    encrypted_message: Hex,
}

fn inner(file: &Binding) -> BindAuthKeyInner {
    BindAuthKeyInner {
        nonce: file.nonce.0,
        temp_auth_key_id: file.temp_auth_key_id.0,
        perm_auth_key_id: file.perm_auth_key_id.0,
        temp_session_id: file.temp_session_id.0,
        expires_at: file.expires_at,
    }
}

fn seal(file: &Binding, tape: &mut Tape) -> Hex {
    let key = AuthKey::new(file.permanent_key.array());
    Hex::of(binding::seal(&key, file.msg_id.0, &inner(file), tape))
}

fn make() -> Binding {
    let key = auth_key();
    let mut file = Binding {
        permanent_key: Hex::of(key.as_bytes()),
        msg_id: Long(1_800_000_000 << 32),
        nonce: Long(0x0102_0304_0506_0708),
        temp_auth_key_id: Long(-0x1112_1314_1516_1718),
        perm_auth_key_id: Long(key.id()),
        temp_session_id: Long(0x2122_2324_2526_2728),
        expires_at: i32::try_from(NOW_S).unwrap() + 86_400,
        bind_auth_key_inner: Hex::default(),
        draws: Vec::new(),
        encrypted_message: Hex::default(),
    };
    file.bind_auth_key_inner = Hex(zaun_tl::to_bytes(&inner(&file), 0).unwrap());
    let mut tape = Tape::record(80);
    file.encrypted_message = seal(&file, &mut tape);
    file.draws = tape.named(&["random", "padding"]);
    file
}

#[test]
fn the_binding_is_what_the_engine_makes() {
    same("binding.json", &make());
}

#[test]
fn the_binding_replays_through_both_roles() {
    let file: Binding = read("binding.json");
    let mut tape = Tape::play(&file.draws);
    assert_eq!(seal(&file, &mut tape), file.encrypted_message, "M-153, M-154");
    tape.ends();
    assert_eq!(zaun_tl::to_bytes(&inner(&file), 0).unwrap(), file.bind_auth_key_inner.0);
    let key = AuthKey::new(file.permanent_key.array());
    let opened = |msg_id| binding::open(&key, &file.encrypted_message.0, msg_id, &inner(&file));
    assert_eq!(opened(file.msg_id.0), Ok(()), "M-153 … M-158");
    assert!(opened(file.msg_id.0 + 4).is_err(), "M-155");
}
