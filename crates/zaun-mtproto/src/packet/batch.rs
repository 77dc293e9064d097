//! Several packets at once: the same results as one by one, several times as fast.
//!
//! A batch is what is ready now, of any size; nobody should wait for one to fill.

use bytes::BytesMut;
use rand::CryptoRng;
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::kdf::batch::{Plaintext, Text, decrypt_v2, encrypt_v2, hash_v2};
use zaun_crypto::kdf::{HashV2, Side};

use super::{OUTER_HEADER, OpenError, Opened, Outgoing, appended, checked, encrypt, open, sealed_parts};

/// Packets that are worked on together: twice the lanes of the widest kernel, so that few of them idle while
/// the last packets run out, and little enough for the stack.
const GROUP: usize = 32;

/// Fewer packets than this are opened one by one: one message's decryption and hash in one loop hide as much of the
/// waiting as a few lanes do.
const WORTHWHILE: usize = 8;

/// One message to be sealed, and the buffer that its packet is appended to.
#[derive(Debug)]
pub struct Sealing<'a> {
    /// The message.
    pub message: Outgoing<'a>,
    /// Where its packet goes.
    pub out: &'a mut BytesMut,
}

/// Encrypts messages and appends each packet to a buffer of its own, as [`super::seal`] does one.
pub fn seal_each<'a>(batch: impl IntoIterator<Item = Sealing<'a>>, rng: &mut (impl CryptoRng + ?Sized)) {
    let mut batch = batch.into_iter();
    while let Some(first) = batch.next() {
        let Some(second) = batch.next() else {
            first.message.seal(rng, first.out);
            return;
        };
        let mut group = [const { None }; GROUP];
        let mut sealing = [first, second].into_iter().chain(&mut batch);
        for (slot, Sealing { message, out }) in group.iter_mut().zip(&mut sealing) {
            let packet = appended(out, message.packet_len());
            message.lay_out(packet, rng);
            *slot = Some(LaidOut { key: message.key, from: message.from, packet });
        }
        encrypt_group(&mut group);
    }
}

/// Encrypts messages and appends all packets to `out`, in order. [`Outgoing::packet_len`] tells where each ends.
pub fn seal_many(messages: &[Outgoing<'_>], rng: &mut (impl CryptoRng + ?Sized), out: &mut BytesMut) {
    if let [only] = messages {
        return only.seal(rng, out);
    }
    let mut rest = appended(out, messages.iter().map(Outgoing::packet_len).sum());
    for messages in messages.chunks(GROUP) {
        let mut group = [const { None }; GROUP];
        for (slot, message) in group.iter_mut().zip(messages) {
            let Some((packet, after)) = rest.split_at_mut_checked(message.packet_len()) else { return };
            message.lay_out(packet, rng);
            *slot = Some(LaidOut { key: message.key, from: message.from, packet });
            rest = after;
        }
        encrypt_group(&mut group);
    }
}

/// A packet that lacks only its `msg_key` and the encryption.
struct LaidOut<'a> {
    key: &'a AuthKey,
    from: Side,
    packet: &'a mut [u8],
}

/// Encrypts the packets of the slots in front.
fn encrypt_group(group: &mut [Option<LaidOut<'_>>; GROUP]) {
    if let [Some(only), None, ..] = group {
        return encrypt(only.key, only.from, only.packet);
    }
    let mut hashes = [HashV2::default(); GROUP];
    hash_v2(group.iter().flatten().zip(&mut hashes).map(|(laid_out, hash)| Plaintext {
        key: laid_out.key,
        from: laid_out.from,
        text: laid_out.packet.get(OUTER_HEADER..).unwrap_or_default(),
        hash,
    }));
    encrypt_v2(group.iter_mut().flatten().zip(&hashes).filter_map(|(laid_out, hash)| {
        let (outer, plain) = laid_out.packet.split_at_mut_checked(OUTER_HEADER)?;
        let msg_key = hash.msg_key();
        *outer.last_chunk_mut()? = msg_key;
        // The length is a multiple of 64 by construction.
        Some(Text { key: laid_out.key, from: laid_out.from, msg_key, text: plain.as_chunks_mut().0 })
    }));
}

/// One received packet and the key that its `auth_key_id` names.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// The key of the connection.
    pub key: &'a AuthKey,
    /// The side that sent it.
    pub from: Side,
    /// The packet as it was received.
    pub packet: BytesMut,
}

/// Decrypts and checks packets in place, as [`super::open`] does one, and appends a result for each to `results`, in
/// order. A packet that is refused does not disturb the others.
pub fn open_many<'a>(
    batch: impl IntoIterator<Item = Incoming<'a>>,
    results: &mut Vec<Result<Opened, OpenError>>,
) {
    let mut batch = batch.into_iter();
    loop {
        let mut group = [const { None }; GROUP];
        let mut count = 0;
        for (slot, incoming) in group.iter_mut().zip(&mut batch) {
            *slot = Some(Opening::new(incoming));
            count += 1;
        }
        if count < WORTHWHILE {
            group.iter_mut().flatten().for_each(Opening::open_alone);
        } else {
            open_group(&mut group);
        }
        results.extend(group.iter_mut().map_while(Option::take).map(Opening::result));
        if count < GROUP {
            return;
        }
    }
}

/// A packet between its first checks and its result.
enum Opening<'a> {
    Sealed { incoming: Incoming<'a>, msg_key: [u8; 16], hash: HashV2 },
    Done(Result<Opened, OpenError>),
}

/// Brings every packet of the group to the end of the cipher and the hash.
fn open_group(group: &mut [Option<Opening<'_>>; GROUP]) {
    let total: usize = group.iter().flatten().map(Opening::sealed_len).sum();
    // A packet that outweighs the others would run alone most of the time; then decryption and hash in one loop win.
    let longest = group.iter_mut().flatten().max_by_key(|opening| opening.sealed_len());
    if let Some(longest) = longest.filter(|longest| longest.sealed_len() / 3 >= total - longest.sealed_len())
    {
        longest.open_alone();
    }
    decrypt_v2(group.iter_mut().flatten().filter_map(Opening::ciphertext));
    hash_v2(group.iter_mut().flatten().filter_map(Opening::plaintext));
}

impl<'a> Opening<'a> {
    fn new(mut incoming: Incoming<'a>) -> Self {
        match sealed_parts(incoming.key, &mut incoming.packet) {
            Ok((msg_key, _)) => Self::Sealed { incoming, msg_key, hash: HashV2::default() },
            Err(error) => Self::Done(Err(error)),
        }
    }

    /// What is left to decrypt.
    fn sealed_len(&self) -> usize {
        match self {
            Self::Sealed { incoming, .. } => incoming.packet.len() - OUTER_HEADER,
            Self::Done(_) => 0,
        }
    }

    fn open_alone(&mut self) {
        if let Self::Sealed { incoming, .. } = self {
            let packet = std::mem::take(&mut incoming.packet);
            *self = Self::Done(open(incoming.key, incoming.from, packet));
        }
    }

    fn ciphertext(&mut self) -> Option<Text<'_>> {
        let Self::Sealed { incoming, msg_key, .. } = self else { return None };
        let text = incoming.packet.get_mut(OUTER_HEADER..)?.as_chunks_mut().0;
        Some(Text { key: incoming.key, from: incoming.from, msg_key: *msg_key, text })
    }

    fn plaintext(&mut self) -> Option<Plaintext<'_>> {
        let Self::Sealed { incoming, hash, .. } = self else { return None };
        let text = incoming.packet.get(OUTER_HEADER..)?;
        Some(Plaintext { key: incoming.key, from: incoming.from, text, hash })
    }

    fn result(self) -> Result<Opened, OpenError> {
        match self {
            Self::Sealed { incoming, msg_key, hash } => checked(incoming.packet, &msg_key, &hash),
            Self::Done(result) => result,
        }
    }
}
