//! The key exchange, step by step and in all its variants (M-092 … M-144).

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use zaun_mtproto::handshake::{ClientConfig, ClientHandshake, ClientStep, RsaScheme};
use zaun_probe::{Error, RawClient, Received, now, object};
use zaun_wire::functions;

use super::check::{Check, Finding, Trouble, expect};
use super::patient::{Patient, plaintext, read_res_pq, refused, res_pq};

const REFUSED: &str = "transport error -404";
const KEY: &str = "dh_gen_ok and a key";

/// The checks of this topic.
pub fn checks() -> Vec<Check> {
    vec![
        Check::open("M-092", "the older req_pq is answered too", "resPQ", old_req_pq),
        Check::open(
            "M-093",
            "every run has a server_nonce of its own",
            "two different ones",
            fresh_server_nonce,
        ),
        Check::open("M-094", "pq is a product of two primes below 2^63", "p < q, both prime", pq),
        Check::open("M-095", "pq differs from run to run", "several values in five runs", fresh_pq),
        Check::open("M-088", "other functions are refused in plaintext", REFUSED, plaintext_ping),
        Check::open(
            "M-091",
            "an unfinished run does not block the next",
            "resPQ for the second nonce",
            abandoned_run,
        ),
        Check::open("M-101", "a run that nobody began is refused", REFUSED, unknown_run),
        Check::keyed("M-096", "the offer names the known key", "its fingerprint in resPQ", fingerprint),
        Check::keyed("M-105", "a key by RSA_PAD", KEY, |p| agree(p, |_| {})),
        Check::keyed("M-092 M-105", "a key that begins with req_pq", KEY, |p| {
            agree(p, |c| c.old_req_pq = true)
        }),
        Check::keyed("M-110", "a key without a DC in the inner data", KEY, |p| agree(p, |c| c.dc = None)),
        Check::keyed("M-115", "a key for media (negative DC)", KEY, |p| agree(p, |c| c.dc = Some(-2))),
        Check::keyed("M-116", "a temporary key", KEY, |p| agree(p, |c| c.expires_in = Some(3600))),
        Check::keyed("M-107 M-109", "a key by the old RSA scheme", KEY, old_rsa),
        Check::keyed("M-127", "the server's clock is right", "within 30 s of ours", clock),
        Check::keyed("M-103", "a fingerprint that was not offered is refused", REFUSED, |p| {
            spoiled(p, Part::Fingerprint)
        }),
        Check::keyed("M-101", "a wrong nonce is refused", REFUSED, |p| spoiled(p, Part::Nonce)),
        Check::keyed("M-101", "a wrong server_nonce is refused", REFUSED, |p| spoiled(p, Part::ServerNonce)),
        Check::keyed("M-102", "wrong factors are refused", REFUSED, |p| spoiled(p, Part::Factor)),
        Check::keyed("M-105", "spoiled inner data is refused", REFUSED, |p| spoiled(p, Part::Encrypted)),
        Check::keyed("M-104", "short inner data is refused", REFUSED, |p| spoiled(p, Part::Length)),
        Check::keyed("M-118", "after -404 the same run stays refused", REFUSED, dead_run),
        Check::keyed("M-144", "a repeated query gets the same answer again", "equal bytes", repeated),
        Check::keyed("M-131", "a damaged client_DH_inner_data is refused", REFUSED, damaged_share),
    ]
}

async fn old_req_pq(patient: Patient) -> Finding {
    let mut client = patient.connect().await?;
    client.send(&plaintext(&object(&functions::ReqPq { nonce: [3; 16] }))).await?;
    read_res_pq(&mut client, [3; 16]).await.map(drop)
}

async fn fresh_server_nonce(patient: Patient) -> Finding {
    let mut client = patient.connect().await?;
    let (one, two) = (res_pq(&mut client, [4; 16]).await?, res_pq(&mut client, [40; 16]).await?);
    expect(one.server_nonce != two.server_nonce, "the same one twice")
}

async fn pq(patient: Patient) -> Finding {
    let offer = res_pq(&mut patient.connect().await?, [5; 16]).await?;
    let short = offer.pq.len() <= 8;
    let number = offer.pq.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    let factors = zaun_crypto::pq::factor(number);
    expect(short && number < 1 << 63 && factors.is_some(), format!("{} bytes, {number}", offer.pq.len()))
}

async fn fresh_pq(patient: Patient) -> Finding {
    let mut client = patient.connect().await?;
    let mut seen = std::collections::HashSet::new();
    for n in 0..5 {
        seen.insert(res_pq(&mut client, [n; 16]).await?.pq);
    }
    expect(seen.len() > 1, "one value only")
}

async fn plaintext_ping(patient: Patient) -> Finding {
    let mut client = patient.connect().await?;
    client.send(&plaintext(&object(&functions::Ping { ping_id: 1 }))).await?;
    refused(&mut client, -404).await
}

async fn abandoned_run(patient: Patient) -> Finding {
    let mut client = patient.connect().await?;
    res_pq(&mut client, [6; 16]).await?;
    res_pq(&mut client, [7; 16]).await.map(drop)
}

async fn unknown_run(patient: Patient) -> Finding {
    let mut client = patient.connect().await?;
    let request = functions::ReqDHParams {
        nonce: [1; 16],
        server_nonce: [2; 16],
        p: Bytes::from_static(&[3]),
        q: Bytes::from_static(&[5]),
        public_key_fingerprint: 1,
        encrypted_data: vec![1; 256].into(),
    };
    client.send(&plaintext(&object(&request))).await?;
    refused(&mut client, -404).await
}

async fn fingerprint(patient: Patient) -> Finding {
    let own = patient.rsa()?.fingerprint();
    let offered = res_pq(&mut patient.connect().await?, [8; 16]).await?.server_public_key_fingerprints;
    expect(offered.contains(&own), format!("{offered:x?}, but the key given has {own:x}"))
}

async fn agree(patient: Patient, change: impl FnOnce(&mut ClientConfig)) -> Finding {
    let mut config = ClientConfig::new(vec![patient.rsa()?]);
    change(&mut config);
    patient.connect().await?.exchange_key_with(config).await?;
    Ok(())
}

async fn old_rsa(patient: Patient) -> Finding {
    match agree(patient, |config| config.scheme = RsaScheme::Old).await {
        Err(Trouble::Seen(seen)) if seen.contains("-404") => {
            Err(Trouble::NotTried("the server refuses it, as it may".into()))
        }
        finding => finding,
    }
}

async fn clock(patient: Patient) -> Finding {
    let rsa = patient.rsa()?;
    let agreed = patient.connect().await?.exchange_key(&rsa).await?;
    let ours = i64::try_from(now().as_secs()).unwrap_or(i64::MAX);
    let ahead = i64::from(agreed.server_time) - ours;
    expect(ahead.abs() <= 30, format!("{ahead} s ahead of ours"))
}

/// A part of req_DH_params that a check spoils.
#[derive(Clone, Copy)]
enum Part {
    Nonce,
    ServerNonce,
    Factor,
    Fingerprint,
    Encrypted,
    Length,
}

/// Goes as far as a correct req_DH_params that was not sent yet.
async fn ready(patient: &Patient) -> Result<(RawClient, functions::ReqDHParams), Trouble> {
    let (client, _, payload) = requesting(patient).await?;
    let request = zaun_mtproto::handshake::plain::decode(payload).ok();
    let request = request.and_then(|plain| zaun_tl::from_bytes(plain.body).ok());
    Ok((client, request.ok_or_else(|| Trouble::NotTried("our own query does not parse".into()))?))
}

/// The same with the engine, and the query as it is.
async fn requesting(patient: &Patient) -> Result<(RawClient, ClientHandshake, Bytes), Trouble> {
    let config = Arc::new(ClientConfig::new(vec![patient.rsa()?]));
    let (mut engine, query) = ClientHandshake::start(config, now(), &mut rand::rng()).map_err(Error::from)?;
    let mut client = patient.connect().await?;
    client.send(&query).await?;
    let answer = client.payload().await?.freeze();
    let ClientStep::Compute(job) = engine.receive(answer).map_err(Error::from)? else {
        return Err(Trouble::Seen("the exchange was over at once".into()));
    };
    let outcome = job.run(&mut rand::rng());
    let payload = engine.complete(now(), outcome).map_err(Error::from)?;
    Ok((client, engine, payload))
}

async fn damaged_share(patient: Patient) -> Finding {
    let (mut client, mut engine, query) = requesting(&patient).await?;
    client.send(&query).await?;
    let answer = client.payload().await?.freeze();
    let ClientStep::Compute(job) = engine.receive(answer).map_err(Error::from)? else {
        return Err(Trouble::Seen("the exchange was over too early".into()));
    };
    let outcome = job.run(&mut rand::rng());
    let mut query = engine.complete(now(), outcome).map_err(Error::from)?.to_vec();
    // The first byte of the ciphertext: behind the envelope, the constructor, two nonces and a long string's length.
    if let Some(byte) = query.get_mut(20 + 4 + 32 + 4) {
        *byte ^= 1;
    }
    client.send(&query).await?;
    refused(&mut client, -404).await
}

async fn spoiled(patient: Patient, part: Part) -> Finding {
    let (mut client, mut request) = ready(&patient).await?;
    match part {
        Part::Nonce => request.nonce = [0xaa; 16],
        Part::ServerNonce => request.server_nonce = [0xaa; 16],
        Part::Factor => std::mem::swap(&mut request.p, &mut request.q),
        Part::Fingerprint => request.public_key_fingerprint ^= 1,
        Part::Encrypted => request.encrypted_data = vec![0x55; 256].into(),
        Part::Length => request.encrypted_data = request.encrypted_data.slice(..252),
    }
    client.send(&plaintext(&object(&request))).await?;
    refused(&mut client, -404).await
}

async fn dead_run(patient: Patient) -> Finding {
    let (mut client, request) = ready(&patient).await?;
    let wrong = functions::ReqDHParams { encrypted_data: vec![0x55; 256].into(), ..request.clone() };
    client.send(&plaintext(&object(&wrong))).await?;
    refused(&mut client, -404).await?;
    client.send(&plaintext(&object(&request))).await?;
    match client.receive().await? {
        // A server that closes has forgotten the run as well.
        Received::Error(-404) | Received::Closed => Ok(()),
        other => Err(Trouble::Seen(shown(&other))),
    }
}

async fn repeated(patient: Patient) -> Finding {
    let (mut client, request) = ready(&patient).await?;
    let query = plaintext(&object(&request));
    let mut answers: Vec<BytesMut> = Vec::new();
    for _ in 0..2 {
        client.send(&query).await?;
        answers.push(client.payload().await?);
    }
    // The envelope of a plaintext message has 20 bytes; its msg_id may be a new one.
    let bodies: Vec<_> = answers.iter().map(|answer| answer.get(20..)).collect();
    expect(bodies.first() == bodies.last(), "two different answers")
}

fn shown(received: &Received) -> String {
    match received {
        Received::Payload(payload) => format!("a payload of {} bytes", payload.len()),
        other => format!("{other:?}"),
    }
}
