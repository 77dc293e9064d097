//! The obfuscated stream for those in between: a proxy that takes a client's header, makes one of its own for the
//! server behind it, and passes on what it does not understand (M-336 … M-339).

use rand::CryptoRng;
use zaun_crypto::ctr::AesCtr256;

use crate::framing::{Framing, MAX_OUTBOUND_BYTES, word};
use crate::obfuscation::{self, Secret};

/// Length of the header that begins an obfuscated stream (M-073).
pub const HEADER_BYTES: usize = obfuscation::HEADER;

/// The client's side of a relayed connection, as its header opens it.
#[derive(Debug)]
pub struct Front {
    /// How the client cuts its packets.
    pub framing: Framing,
    /// The dc field: 10000 is added for test servers, negative means media (M-078).
    pub dc: i16,
    /// Decrypts what the client sends; it stands behind the header.
    pub from_client: AesCtr256,
    /// Encrypts what the client is to read.
    pub to_client: AesCtr256,
    /// Key and IV of `to_client`, to be handed on by [`Back::sharing`].
    down: [u8; 48],
}

impl Front {
    /// Opens a client's header; `None` if it carries no framing tag under this secret (M-077, M-336).
    #[must_use]
    pub fn open(header: &[u8; HEADER_BYTES], secret: Option<Secret>) -> Option<Front> {
        let (framing, streams) = obfuscation::accept(header, secret)?;
        let down = obfuscation::down_key(header, secret);
        let (from_client, to_client) = (streams.receive, streams.send);
        Some(Front { framing, dc: streams.dc, from_client, to_client, down })
    }
}

/// The server's side of a relayed connection.
#[derive(Debug)]
pub struct Back {
    /// What is sent first.
    pub header: [u8; HEADER_BYTES],
    /// Encrypts what the server is to read.
    pub to_server: AesCtr256,
    /// Decrypts what the server sends; `None` if it comes encrypted for the client already.
    pub from_server: Option<AesCtr256>,
}

impl Back {
    /// A connection with a header of its own (M-338); `None` for full framing, which has no tag.
    pub fn own<R: CryptoRng + ?Sized>(
        framing: Framing,
        dc: i16,
        secret: Option<Secret>,
        rng: &mut R,
    ) -> Option<Back> {
        let (header, streams) = obfuscation::initiate(framing, dc, secret, rng)?;
        Some(Back { header, to_server: streams.send, from_server: Some(streams.receive) })
    }

    /// A connection whose server encrypts with the client's keys, so that what it sends is passed on untouched. It is
    /// for servers without a secret only. `None` for full framing.
    pub fn sharing<R: CryptoRng + ?Sized>(front: &Front, dc: i16, rng: &mut R) -> Option<Back> {
        let mut down = front.down;
        down.reverse();
        let (header, streams) = obfuscation::initiate_with(front.framing, dc, &down, rng)?;
        Some(Back { header, to_server: streams.send, from_server: None })
    }
}

/// Follows a clear stream and tells where its packets end, so that a carrier of messages can keep them whole.
#[derive(Debug)]
pub struct PacketEnds {
    framing: Framing,
    head: [u8; 4],
    head_len: usize,
    /// Bytes of the packet's body that are still to come.
    body_left: usize,
    /// The stream no longer makes sense: it has no packets.
    lost: bool,
}

impl PacketEnds {
    /// Begins at the first packet of a stream.
    #[must_use]
    pub fn new(framing: Framing) -> PacketEnds {
        PacketEnds { framing, head: [0; 4], head_len: 0, body_left: 0, lost: false }
    }

    /// Goes over clear bytes up to the end of a packet, or over all of them. Returns how many, and whether a packet
    /// ends there. A stream that makes no sense ends wherever the bytes do.
    pub fn advance(&mut self, clear: &[u8]) -> (usize, bool) {
        if self.lost {
            return (clear.len(), true);
        }
        let mut at = 0;
        if self.body_left == 0 {
            for byte in clear {
                at += 1;
                if let Some(slot) = self.head.get_mut(self.head_len) {
                    *slot = *byte;
                }
                self.head_len += 1;
                if let Some(body) = self.body() {
                    self.head_len = 0;
                    self.body_left = body;
                    break;
                }
                if self.head_len == self.head.len() {
                    self.lost = true;
                    return (clear.len(), true);
                }
            }
            if self.body_left == 0 {
                return (at, false);
            }
        }
        let body = self.body_left.min(clear.len() - at);
        self.body_left -= body;
        (at + body, self.body_left == 0)
    }

    /// Whether a packet has begun and not ended.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        !self.lost && (self.body_left > 0 || self.head_len > 0)
    }

    /// The length of the body behind a whole head; `None` for an incomplete one, or one that nobody sends.
    fn body(&self) -> Option<usize> {
        let body = match (self.framing, self.head_len, self.head) {
            (Framing::Abridged, 1, [first, ..]) if first & 0x7f != 0x7f => usize::from(first & 0x7f) * 4,
            (Framing::Abridged, 4, [_, a, b, c]) => {
                usize::try_from(u32::from_le_bytes([a, b, c, 0])).ok()? * 4
            }
            (Framing::Intermediate | Framing::PaddedIntermediate, 4, head) => {
                usize::try_from(word(&head)? & 0x7fff_ffff).ok()?
            }
            _ => return None,
        };
        (1..=MAX_OUTBOUND_BYTES).contains(&body).then_some(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClientCodec, Limits, ServerCodec};
    use bytes::BytesMut;

    const SECRET: Option<Secret> = Some(Secret([7; 16]));

    /// What client and server codec say to each other through a relay.
    fn relayed(framing: Framing, share: bool) {
        let mut rng = rand::rng();
        let mut client = ClientCodec::obfuscated(framing, -2, SECRET, &mut rng).unwrap();
        let mut server = ServerCodec::new(Limits::default());
        let mut wire = BytesMut::new();
        client.write_frame(&[5; 72], false, &mut rng, &mut wire).unwrap();
        let mut front = Front::open(wire.first_chunk().unwrap(), SECRET).unwrap();
        assert_eq!((front.framing, front.dc), (framing, -2), "M-336, M-078");
        let mut back = if share {
            Back::sharing(&front, -2, &mut rng).unwrap()
        } else {
            Back::own(framing, -2, None, &mut rng).unwrap()
        };
        let mut up = wire.split_off(HEADER_BYTES);
        front.from_client.apply(&mut up);
        back.to_server.apply(&mut up);
        server.feed(&back.header);
        server.feed(&up);
        let frame = server.next_frame().unwrap().unwrap();
        assert_eq!(frame.payload[..], [5; 72], "M-338");
        assert_eq!(server.info().unwrap().obfuscated, Some(-2));

        let mut down = BytesMut::new();
        server.write_frame(&[6; 88], &mut rng, &mut down).unwrap();
        if let Some(from_server) = &mut back.from_server {
            from_server.apply(&mut down);
            front.to_client.apply(&mut down);
        }
        client.feed(&down);
        let crate::Incoming::Frame(got) = client.next_incoming().unwrap().unwrap() else { panic!() };
        assert_eq!(got[..], [6; 88], "M-339");
    }

    /// M-339: the framing is the same on both sides.
    #[test]
    fn m338_a_relay_reencrypts_or_shares_the_keys_of_its_client() {
        for framing in [Framing::Abridged, Framing::Intermediate, Framing::PaddedIntermediate] {
            relayed(framing, false);
            relayed(framing, true);
        }
    }

    #[test]
    fn m336_another_secret_opens_nothing() {
        let mut rng = rand::rng();
        let back = Back::own(Framing::PaddedIntermediate, 2, SECRET, &mut rng).unwrap();
        assert!(Front::open(&back.header, SECRET).is_some());
        // One of 2^32 keys would show a tag by chance.
        assert!(Front::open(&back.header, Some(Secret([8; 16]))).is_none());
    }

    #[test]
    fn packets_end_where_the_framing_says_whatever_the_cut() {
        let mut rng = rand::rng();
        for framing in [Framing::Abridged, Framing::Intermediate, Framing::PaddedIntermediate] {
            let (mut clear, mut ends) = (BytesMut::new(), Vec::new());
            let mut client = ClientCodec::new(framing);
            for length in [16, 504, 508, 4000, 300_000] {
                client.write_frame(&vec![1; length], length == 508, &mut rng, &mut clear).unwrap();
                ends.push(clear.len());
            }
            let skipped = framing.plain_tag().len();
            for step in [1, 3, 1000, 1 << 20] {
                let (mut follower, mut at, mut found) = (PacketEnds::new(framing), skipped, Vec::new());
                for mut piece in clear[skipped..].chunks(step) {
                    while !piece.is_empty() {
                        let (length, ended) = follower.advance(piece);
                        at += length;
                        piece = &piece[length..];
                        if ended {
                            found.push(at);
                        }
                    }
                }
                assert_eq!(found, ends, "{framing:?} in steps of {step}");
                assert!(!follower.is_inside());
            }
        }
    }

    #[test]
    fn a_stream_without_sense_ends_with_its_bytes() {
        let mut follower = PacketEnds::new(Framing::Intermediate);
        assert_eq!(follower.advance(&[0, 0, 0, 0, 9, 9]), (6, true));
        assert_eq!(follower.advance(&[1; 100]), (100, true));
    }
}
