//! Seal and open of packets, and the cipher alone.

use bytes::BytesMut;
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::ige;
use zaun_crypto::kdf::Side;
use zaun_mtproto::packet::{self, Header};

use super::target::per_second;
use super::{figure, headline};

/// Runs the measurement.
pub fn run() -> anyhow::Result<()> {
    headline("packets, one processor, in this process");
    let mut buffer = vec![7u8; 512 * 1024];
    let (aes_key, iv) = ([3u8; 32], [5u8; 32]);
    let megabytes = buffer.len() as f64 / 1e6;
    let cipher = per_second(|| assert!(ige::encrypt(&mut buffer, &aes_key, &iv).is_ok())) * megabytes;
    figure("AES-256-IGE, one message of 512 KiB", format!("{cipher:.0}"), "MB/s");
    let key = AuthKey::new([9; 256]);
    let header = Header { salt: 1, session_id: 2, msg_id: 4, seqno: 1 };
    for size in [128usize, 1024, 16 * 1024, 512 * 1024] {
        let (seals, opens) = seal_and_open(&key, &header, &vec![1u8; size]);
        let both = 1.0 / (1.0 / seals + 1.0 / opens);
        let rates = format!("{:.0} / {:.0} / {:.0}", seals / 1e3, opens / 1e3, both / 1e3);
        figure(&format!("seal / open / both, body of {size} B"), rates, "thousand/s");
    }
    Ok(())
}

fn seal_and_open(key: &AuthKey, header: &Header, body: &[u8]) -> (f64, f64) {
    let mut rng = rand::rng();
    let mut out = BytesMut::new();
    let seals = per_second(|| {
        out.clear();
        packet::seal(key, Side::Client, header, body, &mut rng, &mut out);
    });
    // Opening consumes a packet; the copy it needs is part of what a server does when it reads one.
    let opens = per_second(|| drop(packet::open(key, Side::Client, BytesMut::from(&out[..]))));
    (seals, opens)
}
