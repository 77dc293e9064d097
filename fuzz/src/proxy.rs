//! The proxy before anybody has shown a secret, through its front door: no first bytes harm it, and only who proves a
//! secret is answered, once (M-340 … M-347). And what it reads of a cover site's handshake.

use std::sync::{Mutex, OnceLock, PoisonError};

use bytes::BytesMut;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;
use zaun_crypto::hmac_sha256;
use zaun_proxy::upstream::Upstream;
use zaun_proxy::{Cover, Ends, Proxy, Settings, SiteProfile};
use zaun_transport::faketls::{ClientHello, MAX_RECORD_BYTES, Window};
use zaun_transport::relay::Back;
use zaun_transport::{Framing, ProxySecret, Secret, SecretKind};

use crate::Cursor;

const DOMAIN: &str = "cover.example";
const NOW_S: u32 = 1_800_000_000;
/// Where the random of a hello is.
const RANDOM: std::ops::Range<usize> = 11..43;
/// What the pipe to the proxy holds: more than any input.
const PIPE_BYTES: usize = 64 * 1024;

fn secrets() -> [ProxySecret; 3] {
    let secret = |key, kind| ProxySecret { key: Secret([key; 16]), kind };
    let fake = SecretKind::FakeTls(DOMAIN.into());
    [secret(1, SecretKind::Plain), secret(2, SecretKind::Padded), secret(3, fake)]
}

/// The first byte chooses what is in front of the rest.
pub fn run(data: &[u8]) {
    let mut input = Cursor(data);
    match input.byte() % 5 {
        0 => assert!(answer(false, input.0).is_empty(), "M-340: nothing was proven"),
        1 => hello(input.0),
        2 => header(&mut input),
        3 => drop(answer(true, input.0)),
        _ => handshake(input.0),
    }
}

/// Two proxies of all kinds of secret, which lead nowhere; the second expects a PROXY header.
struct Front {
    runtime: Runtime,
    proxies: [Proxy; 2],
}

impl Front {
    fn start() -> Front {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let inside = runtime.enter();
        let proxies = [false, true].map(|proxy_headers| {
            let [first, ..] = secrets();
            let mut settings = Settings { cover: Cover::None, proxy_headers, ..Settings::new(first) };
            settings.secrets = secrets()
                .into_iter()
                .enumerate()
                .map(|(n, secret)| (n.to_string(), secret, Default::default()))
                .collect();
            settings.imitates = false;
            // The inputs are of one day, whenever they are run.
            settings.window = Window { ahead_s: u64::from(u32::MAX), age_s: u64::from(u32::MAX) };
            settings.upstream = Upstream {
                addresses: Default::default(),
                fronts: Default::default(),
                pool_size: 0,
                ..Upstream::default()
            };
            Proxy::start(settings, None).expect("good settings")
        });
        drop(inside);
        Front { runtime, proxies }
    }
}

/// All that comes back for these bytes and the end.
fn answer(with_header: bool, bytes: &[u8]) -> Vec<u8> {
    static FRONT: OnceLock<Mutex<Front>> = OnceLock::new();
    let front = FRONT.get_or_init(|| Mutex::new(Front::start()));
    let front = front.lock().unwrap_or_else(PoisonError::into_inner);
    front.runtime.block_on(async {
        let (mut here, there) = tokio::io::duplex(PIPE_BYTES);
        front.proxies[usize::from(with_header)].take(Box::new(there), Ends::default());
        // The proxy may have left already.
        let _ = here.write_all(bytes).await;
        let _ = here.shutdown().await;
        let mut answer = Vec::new();
        let _ = here.read_to_end(&mut answer).await;
        answer
    })
}

/// A hello whose random is made right, so that what is behind it is looked at.
fn hello(data: &[u8]) {
    let [.., fake] = secrets();
    let mut signed = data.to_vec();
    let Some(length) = data.len().checked_sub(5).and_then(|length| u16::try_from(length).ok()) else {
        return;
    };
    signed[..3].copy_from_slice(&[0x16, 3, 1]);
    signed[3..5].copy_from_slice(&length.to_be_bytes());
    let Some(random) = signed.get_mut(RANDOM) else { return };
    random.fill(0);
    let mut random = hmac_sha256(&fake.key.0, &[&signed]);
    random.iter_mut().skip(28).zip(NOW_S.to_le_bytes()).for_each(|(byte, time)| *byte ^= time);
    signed[RANDOM].copy_from_slice(&random);
    let mut flight = answer(false, &signed);
    if flight.is_empty() {
        return;
    }
    let profile = SiteProfile::of_handshake(&flight);
    assert!(profile.is_some(), "M-346: the proxy can read its own answer");
    let proof = flight[RANDOM].to_vec();
    flight[RANDOM].fill(0);
    assert_eq!(proof, hmac_sha256(&fake.key.0, &[&random, &flight]), "M-347");
    assert!(answer(false, &signed).is_empty(), "M-345");
}

/// A good header, and anything behind it; nobody is there to answer.
fn header(input: &mut Cursor<'_>) {
    let framings = [Framing::Abridged, Framing::Intermediate, Framing::PaddedIntermediate];
    let framing = framings[usize::from(input.byte()) % 3];
    let secret = &secrets()[usize::from(input.byte()) % 3];
    let dc = i16::from_le_bytes(input.short().to_le_bytes());
    let mut rng = StdRng::seed_from_u64(u64::from(input.short()));
    let back = Back::own(framing, dc, Some(secret.key), &mut rng).expect("not full framing");
    assert!(answer(false, &[&back.header[..], input.0].concat()).is_empty());
}

/// What a site sends: a profile that is taken has a flight that fits into one record.
fn handshake(data: &[u8]) {
    if let Some(profile) = SiteProfile::of_handshake(data) {
        let lengths = profile.encrypted_bytes();
        assert_eq!(lengths.len(), 1, "one handshake shows one");
        let bytes = usize::from(lengths[0]);
        assert!(bytes < data.len() && bytes <= MAX_RECORD_BYTES, "{bytes} of {}", data.len());
    }
}

/// Real ones of everything.
pub fn seeds() -> Vec<Vec<u8>> {
    let [.., fake] = secrets();
    let mut hello = BytesMut::new();
    let mut rng = StdRng::seed_from_u64(1);
    ClientHello::write(fake.key, DOMAIN, NOW_S.into(), &mut rng, &mut hello);
    let v2 =
        [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", &[192, 0, 2, 1, 192, 0, 2, 9, 1, 1, 1, 187][..]].concat();
    vec![
        [&[0], &b"GET / HTTP/1.1\r\n\r\n"[..]].concat(),
        [&[1], &hybrid_hello()[..]].concat(),
        [&[1], &hello[..]].concat(),
        [&[2, 2, 1, 2, 0, 7, 0], &[5; 40][..]].concat(),
        [&[3], &b"PROXY TCP4 192.0.2.1 192.0.2.9 400 443\r\n"[..], &hello[..]].concat(),
        [&[3], &v2[..], &[9; 64][..]].concat(),
        [&[4], &server_flight()[..]].concat(),
    ]
}

/// A hello that offers X25519MLKEM768 as applications do; its coefficients are zeros, which makes a key of ML-KEM.
fn hybrid_hello() -> Vec<u8> {
    let name = [&[0][..], &sized(DOMAIN.as_bytes())].concat();
    let shares =
        [extension(0x11ec, &[&[0; 1184][..], &[9; 32]].concat()), extension(0x1d, &[9; 32])].concat();
    let extensions =
        [extension(0, &sized(&name)), extension(43, &[2, 3, 4]), extension(51, &sized(&shares))].concat();
    let ciphers = sized(&[0x13, 1, 0x13, 2]);
    let body = [&[3, 3][..], &[0; 32], &[32], &[4; 32], &ciphers, &[1, 0], &sized(&extensions)].concat();
    [&[0x16, 3, 1][..], &sized(&[&[1, 0][..], &sized(&body)].concat())].concat()
}

/// A ServerHello and what follows it, in two encrypted records.
fn server_flight() -> Vec<u8> {
    let extensions = [extension(43, &[3, 4]), extension(51, &extension(0x1d, &[9; 32]))].concat();
    let body = [&[3, 3][..], &[7; 32], &[32], &[4; 32], &[0x13, 1, 0], &sized(&extensions)].concat();
    let hello = sized(&[&[2, 0][..], &sized(&body)].concat());
    let records = [&[0x17, 3, 3][..], &sized(&[0; 40]), &[0x17, 3, 3], &sized(&[0; 600])].concat();
    [&[0x16, 3, 3][..], &hello, &[0x14, 3, 3, 0, 1, 1], &records].concat()
}

/// Bytes behind their length.
fn sized(body: &[u8]) -> Vec<u8> {
    [&u16::try_from(body.len()).expect("short").to_be_bytes()[..], body].concat()
}

/// A kind, and bytes behind their length: an extension, or a key share.
fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &sized(body)].concat()
}
