//! Fake TLS: no hello, no answer and no record harms anybody; a hello that is accepted gets an answer that its sender
//! believes, and whatever the cut, the records hold the same stream (M-341 … M-353).

use bytes::BytesMut;
use rand::SeedableRng;
use rand::rngs::StdRng;
use zaun_crypto::hmac_sha256;
use zaun_transport::faketls::{ClientHello, Gathered, Records, ReplayCache, accept, gather};
use zaun_transport::{ProxySecret, Secret, SecretKind};

use crate::Cursor;

const KEY: Secret = Secret([7; 16]);
const NOW_S: u64 = 1_800_000_000;
/// Where the random of a hello is.
const RANDOM: std::ops::Range<usize> = 11..43;

fn rng() -> StdRng {
    StdRng::seed_from_u64(1)
}

/// The first byte chooses the role.
pub fn run(data: &[u8]) {
    let mut input = Cursor(data);
    match input.byte() % 4 {
        0 => judge(input.0),
        1 => answer(input.0),
        3 => pieces(input.0),
        _ => records(input.0),
    }
}

/// A hello whose random is made right, so that what is behind it is looked at.
fn judge(data: &[u8]) {
    let secrets = [ProxySecret { key: KEY, kind: SecretKind::FakeTls("cover.example".into()) }];
    let mut replays = ReplayCache::default();
    let _ = accept(data, &secrets, NOW_S, &mut replays, &mut rng());
    let mut signed = data.to_vec();
    let Some(length) = data.len().checked_sub(5).and_then(|length| u16::try_from(length).ok()) else {
        return;
    };
    signed[..3].copy_from_slice(&[0x16, 3, 1]);
    signed[3..5].copy_from_slice(&length.to_be_bytes());
    let Some(random) = signed.get_mut(RANDOM) else { return };
    random.fill(0);
    let mut random = hmac_sha256(&KEY.0, &[&signed]);
    let time = u32::try_from(NOW_S).expect("before 2106").to_le_bytes();
    random.iter_mut().skip(28).zip(time).for_each(|(byte, time)| *byte ^= time);
    signed[RANDOM].copy_from_slice(&random);
    if let Ok(accepted) = accept(&signed, &secrets, NOW_S, &mut replays, &mut rng()) {
        assert_eq!(&accepted.flight[..3], &[0x16, 3, 3], "M-348");
        let again = accept(&signed, &secrets, NOW_S, &mut replays, &mut rng());
        assert!(again.is_err(), "M-345");
    }
}

/// A hello in several records: what was decided from fewer bytes is never taken back, and nothing behind the hello
/// matters.
fn pieces(data: &[u8]) {
    let whole = gather(data);
    for cut in (0..data.len()).step_by(7) {
        match gather(&data[..cut]) {
            Gathered::Incomplete => {}
            Gathered::Foreign => assert_eq!(whole, Gathered::Foreign, "at {cut}"),
            early @ Gathered::Whole { .. } => assert_eq!(whole, early, "at {cut}"),
        }
    }
    if let Gathered::Whole { consumed, record } = whole {
        assert!(consumed <= data.len());
        let length = u16::from_be_bytes([record[3], record[4]]);
        assert_eq!(usize::from(length) + 5, record.len());
    }
}

/// Any answer to a client's hello.
fn answer(data: &[u8]) {
    let mut out = BytesMut::new();
    let mut hello = ClientHello::write(KEY, "cover.example", NOW_S, &mut rng(), &mut out);
    for piece in data.chunks(100) {
        if !matches!(hello.receive(piece), Ok(None)) {
            return;
        }
    }
}

fn records(data: &[u8]) {
    let read = |step: usize| {
        let (mut records, mut stream) = (Records::default(), Vec::new());
        for piece in data.chunks(step) {
            records.feed(piece);
            loop {
                match records.next_content() {
                    Ok(Some(content)) => stream.extend_from_slice(&content),
                    Ok(None) => break,
                    Err(error) => return (stream, Some(error)),
                }
            }
        }
        (stream, None)
    };
    assert_eq!(read(1), read(usize::MAX.min(data.len().max(1))));
}

/// A real hello, a real answer, real records.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut hello = BytesMut::new();
    ClientHello::write(KEY, "cover.example", NOW_S, &mut rng(), &mut hello);
    let secrets = [ProxySecret { key: KEY, kind: SecretKind::FakeTls("cover.example".into()) }];
    let accepted = accept(&hello, &secrets, NOW_S, &mut ReplayCache::default(), &mut rng());
    let flight = accepted.expect("an honest hello").flight;
    let mut records = BytesMut::from(&ClientHello::FINISH[..]);
    zaun_transport::faketls::seal(&[5; 300], &mut records);
    let cut: Vec<u8> =
        hello[5..].chunks(100).flat_map(|c| [&[0x16, 3, 1, 0, c.len() as u8], c].concat()).collect();
    vec![
        [&[0], &hello[..]].concat(),
        [&[1], &flight[..]].concat(),
        [&[2], &records[..]].concat(),
        [&[3], &cut[..]].concat(),
    ]
}
