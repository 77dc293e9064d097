//! Both codecs: no bytes harm them, and it does not matter how the bytes are cut (M-032).

use bytes::BytesMut;
use rand::SeedableRng;
use rand::rngs::StdRng;
use zaun_transport::{
    ClientCodec, Frame, Framing, Incoming, Limits, ProxySecret, Secret, SecretKind, ServerCodec,
    TransportError,
};

use crate::Cursor;

const FRAMINGS: [Framing; 4] =
    [Framing::Abridged, Framing::Intermediate, Framing::PaddedIntermediate, Framing::Full];
const SECRET: Secret = Secret([0x5e; 16]);

fn rng() -> StdRng {
    StdRng::seed_from_u64(1)
}

/// The first byte chooses the codec, the second how the rest is cut.
pub fn run(data: &[u8]) {
    let mut input = Cursor(data);
    let (choice, piece) = (input.byte(), usize::from(input.byte()).max(1));
    if choice < 128 {
        let whole = serve(choice, &[input.0]);
        assert_eq!(serve(choice, &input.0.chunks(piece).collect::<Vec<_>>()), whole, "M-032");
    } else {
        let whole = listen(choice, &[input.0]);
        assert_eq!(listen(choice, &input.0.chunks(piece).collect::<Vec<_>>()), whole, "M-032");
    }
}

fn serve(choice: u8, pieces: &[&[u8]]) -> (Vec<Frame>, Option<TransportError>) {
    let limits = Limits { max_frame_bytes: 4096 };
    let kind = [SecretKind::Plain, SecretKind::Padded, SecretKind::FakeTls("example".into())]
        .into_iter()
        .nth(usize::from(choice >> 1) % 3);
    let secrets = kind.into_iter().map(|kind| ProxySecret { key: SECRET, kind });
    let mut codec = if choice & 1 == 0 {
        ServerCodec::new(limits)
    } else {
        ServerCodec::with_secrets(limits, secrets.collect())
    };
    let (mut frames, mut out) = (Vec::new(), BytesMut::new());
    for piece in pieces {
        codec.feed(piece);
        loop {
            match codec.next_frame() {
                Ok(Some(frame)) => {
                    assert!(frame.payload.len() <= 4096, "M-030");
                    codec.write_frame(&[7; 40], &mut rng(), &mut out).expect("the framing is known");
                    codec.write_error(-404, &mut rng(), &mut out).expect("the framing is known");
                    codec.write_quick_ack(1 << 31, &mut rng(), &mut out).expect("the framing is known");
                    frames.push(frame);
                }
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        codec.release_idle();
    }
    (frames, None)
}

fn listen(choice: u8, pieces: &[&[u8]]) -> (Vec<Incoming>, Option<TransportError>) {
    let framing = FRAMINGS[usize::from(choice & 3)];
    let mut codec = match choice & 4 {
        0 => ClientCodec::new(framing),
        _ => match ClientCodec::obfuscated(framing, 2, None, &mut rng()) {
            Ok(codec) => codec,
            Err(_) => return (Vec::new(), None),
        },
    };
    let mut heard = Vec::new();
    for piece in pieces {
        codec.feed(piece);
        loop {
            match codec.next_incoming() {
                Ok(Some(incoming)) => heard.push(incoming),
                Ok(None) => break,
                Err(error) => return (heard, Some(error)),
            }
        }
    }
    (heard, None)
}

/// What each kind of client sends, and what each kind of server answers.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for framing in FRAMINGS {
        let plain = Some((0, ClientCodec::new(framing)));
        let hidden = ClientCodec::obfuscated(framing, 2, None, &mut rng()).ok().map(|codec| (0, codec));
        let secret =
            ClientCodec::obfuscated(framing, 2, Some(SECRET), &mut rng()).ok().map(|codec| (1, codec));
        for (choice, mut client) in [plain, hidden, secret].into_iter().flatten() {
            let mut bytes = BytesMut::from(&[choice, 5][..]);
            for quick_ack in [false, true] {
                client.write_frame(&[7; 24 + 32], quick_ack, &mut rng(), &mut bytes).expect("a fine payload");
            }
            seeds.push(bytes.to_vec());
        }
        let mut server = ServerCodec::new(Limits::default());
        let mut greeting = BytesMut::new();
        ClientCodec::new(framing)
            .write_frame(&[7; 40], false, &mut rng(), &mut greeting)
            .expect("a fine payload");
        server.feed(&greeting);
        server.next_frame().expect("a fine frame");
        let kind = FRAMINGS.iter().position(|other| *other == framing).and_then(|n| u8::try_from(n).ok());
        let mut bytes = BytesMut::from(&[128 + kind.expect("one of four"), 3][..]);
        server.write_frame(&[9; 40], &mut rng(), &mut bytes).expect("a fine payload");
        server.write_quick_ack(1 << 31, &mut rng(), &mut bytes).expect("the framing is known");
        server.write_error(-404, &mut rng(), &mut bytes).expect("the framing is known");
        seeds.push(bytes.to_vec());
    }
    seeds
}
