//! Frames that come in pieces, together or broken, and transport errors in every framing (M-028 … M-056, M-077).

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zaun_probe::{RawClient, Received, Wire, object};
use zaun_wire::functions;

use super::check::{Check, Finding, Trouble, expect};
use super::patient::{Patient, plaintext, read_res_pq, refused};

const CLOSED: &str = "the end of the connection, and no answer";

/// The checks of this topic.
pub fn checks() -> Vec<Check> {
    let mut checks = vec![
        Check::open("M-032", "a frame may come byte by byte", "resPQ", in_pieces),
        Check::open("M-032", "three frames may come in one piece", "three resPQ", joined),
        Check::open("M-029", "a length that four does not divide", CLOSED, |p| closed(p, misaligned())),
        Check::open("M-028", "a full frame with a wrong checksum", CLOSED, |p| closed(p, wrong_crc())),
        Check::open("M-077", "first bytes of no framing", CLOSED, |p| closed(p, vec![0x99; 64])),
        Check::open("M-056", "after a transport error the connection ends", "its end", ends),
    ];
    for wire in Wire::all() {
        let hidden = if wire.obfuscated.is_some() { " obfuscated" } else { "" };
        checks.push(Check::open(
            "M-048 M-052",
            format!("TCP {}{hidden}: a packet of an unknown key", wire.framing.name()),
            "transport error -404, in a body below 16 bytes",
            move |patient| unknown_key(patient, wire),
        ));
    }
    checks
}

fn question(nonce: [u8; 16]) -> bytes::Bytes {
    plaintext(&object(&functions::ReqPqMulti { nonce }))
}

async fn in_pieces(patient: Patient) -> Finding {
    let mut client = patient.connect().await?;
    let frame = client.framed(&question([0x31; 16]), false)?;
    for byte in frame.chunks(1) {
        client.send_bytes(byte).await?;
    }
    read_res_pq(&mut client, [0x31; 16]).await.map(drop)
}

async fn joined(patient: Patient) -> Finding {
    let mut client = patient.connect().await?;
    let mut bytes = Vec::new();
    for n in 1..=3 {
        bytes.extend_from_slice(&client.framed(&question([n; 16]), false)?);
    }
    client.send_bytes(&bytes).await?;
    for n in 1..=3 {
        read_res_pq(&mut client, [n; 16]).await?;
    }
    Ok(())
}

fn misaligned() -> Vec<u8> {
    [&[0xee; 4][..], &42_u32.to_le_bytes(), &[0; 42]].concat()
}

fn wrong_crc() -> Vec<u8> {
    [&52_u32.to_le_bytes()[..], &0_u32.to_le_bytes(), &[0; 44]].concat()
}

/// A transport error in front of the end does no harm; it stays below 20 bytes in every framing.
async fn closed(patient: Patient, first: Vec<u8>) -> Finding {
    let mut stream = TcpStream::connect(patient.address).await.map_err(zaun_probe::Error::from)?;
    stream.write_all(&first).await.map_err(zaun_probe::Error::from)?;
    let mut answer = Vec::new();
    // A reset is an end too.
    let _ = (&mut stream).take(1024).read_to_end(&mut answer).await;
    expect(answer.len() < 20, format!("an answer of {} bytes", answer.len()))
}

/// Whole blocks that no key made.
const STRANGER: [u8; 72] = [7; 72];

async fn ends(patient: Patient) -> Finding {
    let mut client = patient.connect().await?;
    client.send(&STRANGER).await?;
    refused(&mut client, -404).await?;
    match client.receive().await? {
        Received::Closed => Ok(()),
        other => Err(Trouble::Seen(format!("{other:?}"))),
    }
}

async fn unknown_key(patient: Patient, wire: Wire) -> Finding {
    let mut client = RawClient::connect(patient.address, wire).await?;
    client.send(&STRANGER).await?;
    refused(&mut client, -404).await
}
