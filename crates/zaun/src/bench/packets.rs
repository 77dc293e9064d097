//! Seal and open of packets, one by one and in batches, and the cipher alone.

use bytes::BytesMut;
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::ige;
use zaun_crypto::ige::batch::{Job, Kernel};
use zaun_crypto::kdf::{self, IgeKey, Side};
use zaun_mtproto::packet::{self, Header, Incoming, Outgoing};

use super::target::per_second;
use super::{figure, headline};

/// Packets in a batch: what one read of a busy server, or one post to a group, makes ready at once.
const BATCH: usize = 32;
const HEADER: Header = Header { salt: 1, session_id: 2, msg_id: 4, seqno: 1 };

/// Runs the measurement.
pub fn run() -> anyhow::Result<()> {
    headline("packets, one processor, in this process");
    let cipher = one_message(512 * 1024);
    figure("AES-256-IGE, one message of 512 KiB", format!("{cipher:.0}"), "MB/s");
    for kernel in Kernel::available() {
        for size in [1024, 16 * 1024, 512 * 1024] {
            let (encrypted, decrypted) = many_messages(kernel, size);
            let times = encrypted / one_message(size);
            let rates = format!("{encrypted:.0} / {decrypted:.0}");
            let name = format!("{BATCH} of {size} B, {}, {times:.1} x: encrypt / decrypt", kernel.name());
            figure(&name, rates, "MB/s");
        }
    }
    let (apart, together) = decrypt_and_hash(512 * 1024);
    let name = format!("decrypt and hash 512 KiB, apart / together, {:.2} x", together / apart);
    figure(&name, format!("{apart:.0} / {together:.0}"), "MB/s");
    for size in [128, 1024, 16 * 1024, 512 * 1024] {
        packets_of(size);
    }
    Ok(())
}

/// Megabytes per second of the cipher over one message.
fn one_message(size: usize) -> f64 {
    let mut buffer = vec![7u8; size];
    per_second(|| assert!(ige::encrypt(&mut buffer, &[3; 32], &[5; 32]).is_ok())) * size as f64 / 1e6
}

/// The same over a batch, encrypting and decrypting.
fn many_messages(kernel: Kernel, size: usize) -> (f64, f64) {
    let mut buffers = vec![vec![7u8; size]; BATCH];
    let mut jobs = |run: &dyn Fn(&mut dyn Iterator<Item = Job<'_>>)| {
        let key = || IgeKey { key: [3; 32], iv: [5; 32] };
        run(&mut buffers.iter_mut().filter_map(|buffer| Job::new(buffer, key()).ok()));
    };
    let megabytes = (BATCH * size) as f64 / 1e6;
    let encrypted = per_second(|| jobs(&|jobs| kernel.encrypt(jobs))) * megabytes;
    let decrypted = per_second(|| jobs(&|jobs| kernel.decrypt(jobs))) * megabytes;
    (encrypted, decrypted)
}

/// Megabytes per second of decrypting one message and hashing it, one after the other and in one loop.
fn decrypt_and_hash(size: usize) -> (f64, f64) {
    let (key, msg_key, mut buffer) = (AuthKey::new([9; 256]), [3; 16], vec![7u8; size]);
    let apart = per_second(|| {
        assert!(kdf::v2(&key, &msg_key, Side::Client).decrypt(&mut buffer).is_ok());
        std::hint::black_box(kdf::hash_v2(&key, Side::Client, &buffer));
    });
    let together = per_second(|| assert!(kdf::decrypt_v2(&key, Side::Client, &msg_key, &mut buffer).is_ok()));
    (apart * size as f64 / 1e6, together * size as f64 / 1e6)
}

fn packets_of(size: usize) {
    let keys: Vec<AuthKey> = (0..BATCH).map(|i| AuthKey::new([i as u8; 256])).collect();
    let body = vec![1u8; size];
    let message = |key| Outgoing { key, from: Side::Client, header: HEADER, body: &body };
    let messages: Vec<Outgoing<'_>> = keys.iter().map(message).collect();
    let singles = one_by_one(&messages[0]);
    print_rates(&format!("body of {size} B"), singles, singles);
    for batch in [1, 4, BATCH] {
        print_rates(&format!("the same, batches of {batch}"), in_batches(&messages[..batch]), singles);
    }
}

fn print_rates(name: &str, (seals, opens): (f64, f64), (single_seals, single_opens): (f64, f64)) {
    let both = 1.0 / (1.0 / seals + 1.0 / opens);
    let times = format!("{:.2} x, {:.2} x", seals / single_seals, opens / single_opens);
    let rates = format!("{:.1} / {:.1} / {:.1}", seals / 1e3, opens / 1e3, both / 1e3);
    figure(&format!("seal / open / both, {name}: {times}"), rates, "thousand/s");
}

/// Packets sealed and opened in a second, by the functions for one.
fn one_by_one(message: &Outgoing<'_>) -> (f64, f64) {
    let (mut rng, mut out) = (rand::rng(), BytesMut::new());
    let seals = per_second(|| {
        out.clear();
        packet::seal(message.key, message.from, &message.header, message.body, &mut rng, &mut out);
    });
    // Opening consumes a packet, so each needs a copy; what the copies cost is taken off.
    let opens = per_second(|| drop(packet::open(message.key, message.from, BytesMut::from(&out[..]))));
    let copies = per_second(|| drop(std::hint::black_box(BytesMut::from(&out[..]))));
    (seals, without(opens, copies))
}

/// The rate of a work alone, from that of the work with something beside it and that of the other alone.
fn without(both: f64, other: f64) -> f64 {
    1.0 / (1.0 / both - 1.0 / other)
}

/// The same by the functions for many.
fn in_batches(messages: &[Outgoing<'_>]) -> (f64, f64) {
    let (mut rng, mut out, mut results) = (rand::rng(), BytesMut::new(), Vec::new());
    let seals = per_second(|| {
        out.clear();
        packet::seal_many(messages, &mut rng, &mut out);
    });
    let lengths: Vec<usize> = messages.iter().map(Outgoing::packet_len).collect();
    let opens = per_second(|| {
        results.clear();
        let batch = messages.iter().zip(copied(&out, &lengths)).map(|(message, packet)| Incoming {
            key: message.key,
            from: message.from,
            packet,
        });
        packet::open_many(batch, &mut results);
    });
    assert!(results.iter().all(Result::is_ok), "what was sealed opens");
    let copies = per_second(|| copied(&out, &lengths).for_each(|packet| drop(std::hint::black_box(packet))));
    (seals * messages.len() as f64, without(opens, copies) * messages.len() as f64)
}

/// Packets as from one read of a socket: parts of one buffer.
fn copied(packets: &[u8], lengths: &[usize]) -> impl Iterator<Item = BytesMut> {
    let mut received = BytesMut::from(packets);
    lengths.iter().map(move |len| received.split_to(*len))
}
