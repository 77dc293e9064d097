//! The client's half: a hello that only the server recognises.

use bytes::{BufMut, BytesMut};
use rand::CryptoRng;
use zaun_crypto::{ct_eq, hmac_sha256, x25519};

use super::{CHANGE_CIPHER_SPEC, RANDOM_AT, RECORD_HEADER, without_random};
use crate::obfuscation::Secret;

/// Least size of the hello's record: what browsers padded theirs to for years.
const HELLO_BYTES: usize = 517;

/// The server's flight is not what a server with the secret sends. Reaction: close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServerRefused {
    /// Not the three records in their order.
    #[error("the answer is not ServerHello, ChangeCipherSpec and application data (M-348)")]
    Records,
    /// The server does not know the secret.
    #[error("the ServerHello's random is not made with the secret (M-347)")]
    Secret,
}

/// A hello that was sent, waiting for its answer.
#[derive(Debug)]
pub struct ClientHello {
    secret: Secret,
    random: [u8; 32],
    answer: BytesMut,
}

impl ClientHello {
    /// Makes the first record (M-341, M-342) for a domain; append it to `out` and send it.
    pub fn write<R: CryptoRng + ?Sized>(
        secret: Secret,
        domain: &str,
        now_s: u64,
        rng: &mut R,
        out: &mut BytesMut,
    ) -> ClientHello {
        let mut record = hello(domain, rng);
        let mut random = hmac_sha256(&secret.0, &[&record]);
        let time = u32::try_from(now_s).unwrap_or(u32::MAX).to_le_bytes();
        random.iter_mut().skip(28).zip(time).for_each(|(byte, time)| *byte ^= time);
        if let Some(slot) = record.get_mut(RANDOM_AT..RANDOM_AT + 32) {
            slot.copy_from_slice(&random);
        }
        out.put_slice(&record);
        ClientHello { secret, random, answer: BytesMut::new() }
    }

    /// Takes received bytes; once the whole flight is there and proven, what follows it, to be fed to
    /// [`Records`](super::Records). Before its first records the client sends [`ClientHello::FINISH`].
    ///
    /// # Errors
    /// [`ServerRefused`].
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Option<BytesMut>, ServerRefused> {
        self.answer.extend_from_slice(bytes);
        let Some(flight_len) = self.flight_len()? else { return Ok(None) };
        let rest = self.answer.split_off(flight_len);
        let claimed = self.answer.get(RANDOM_AT..RANDOM_AT + 32).unwrap_or_default();
        let proof = hmac_sha256(&self.secret.0, &[&self.random, &without_random(&self.answer)]);
        if ct_eq(claimed, &proof) { Ok(Some(rest)) } else { Err(ServerRefused::Secret) }
    }

    /// What a client sends before its first record.
    pub const FINISH: [u8; 6] = CHANGE_CIPHER_SPEC;

    fn flight_len(&self) -> Result<Option<usize>, ServerRefused> {
        let mut at = 0;
        for (index, kind) in [0x16, 0x14, 0x17].into_iter().enumerate() {
            let Some(header) = self.answer.get(at..).and_then(<[u8]>::first_chunk::<RECORD_HEADER>) else {
                return Ok(None);
            };
            let [got, 3, 3, high, low] = header else { return Err(ServerRefused::Records) };
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if *got != kind || (index == 1 && length != 1) {
                return Err(ServerRefused::Records);
            }
            at += RECORD_HEADER + length;
        }
        Ok((at <= self.answer.len()).then_some(at))
    }
}

/// A TLS 1.3 ClientHello with zeros for its random.
fn hello<R: CryptoRng + ?Sized>(domain: &str, rng: &mut R) -> Vec<u8> {
    let (mut session_id, mut private) = ([0; 32], [0; 32]);
    rng.fill_bytes(&mut session_id);
    rng.fill_bytes(&mut private);
    let mut body = vec![3, 3];
    body.put_bytes(0, 32);
    body.put_u8(32);
    body.put_slice(&session_id);
    let ciphers: [u16; 7] = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030];
    sized(&mut body, |body| ciphers.iter().for_each(|cipher| body.put_u16(*cipher)));
    body.put_slice(&[1, 0]);
    sized(&mut body, |body| extensions(domain, &x25519::public_key(&private), body));
    let mut record = vec![0x16, 3, 1];
    sized(&mut record, |record| {
        record.put_slice(&[1, 0]);
        sized(record, |record| record.put_slice(&body));
    });
    record
}

fn extensions(domain: &str, share: &[u8; 32], out: &mut Vec<u8>) {
    let mut extension = |kind: u16, write: &dyn Fn(&mut Vec<u8>)| {
        out.put_u16(kind);
        sized(out, |out| write(out));
    };
    extension(0, &|out| {
        sized(out, |out| {
            out.put_u8(0);
            sized(out, |out| out.put_slice(domain.as_bytes()));
        });
    });
    extension(23, &|_| {});
    extension(10, &|out| sized(out, |out| out.put_slice(&[0, 0x1d, 0, 0x17, 0, 0x18])));
    extension(11, &|out| out.put_slice(&[1, 0]));
    extension(16, &|out| sized(out, |out| out.put_slice(b"\x02h2\x08http/1.1")));
    extension(13, &|out| sized(out, |out| out.put_slice(&[4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 6, 6, 1])));
    extension(51, &|out| {
        sized(out, |out| {
            out.put_u16(0x1d);
            sized(out, |out| out.put_slice(share));
        });
    });
    extension(45, &|out| out.put_slice(&[1, 1]));
    extension(43, &|out| out.put_slice(&[4, 3, 4, 3, 3]));
    // Headers of record, message and padding extension.
    let headers = RECORD_HEADER + 4 + 4;
    let padding = HELLO_BYTES.saturating_sub(headers + out.len());
    out.put_u16(21);
    sized(out, |out| out.put_bytes(0, padding));
}

/// Writes something behind its length in two bytes.
fn sized(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.put_u16(0);
    write(out);
    let length = u16::try_from(out.len() - at - 2).unwrap_or(u16::MAX).to_be_bytes();
    out.iter_mut().skip(at).zip(length).for_each(|(slot, byte)| *slot = byte);
}

#[cfg(test)]
mod tests {
    use super::super::{ReplayCache, Stranger, accept};
    use super::*;
    use crate::secret::{ProxySecret, SecretKind};

    const NOW: u64 = 1_800_000_000;

    fn secrets() -> Vec<ProxySecret> {
        let secret = |key, domain: &str| ProxySecret {
            key: Secret([key; 16]),
            kind: SecretKind::FakeTls(domain.into()),
        };
        vec![secret(1, "one.example"), secret(2, "two.example")]
    }

    fn record(secret: u8, domain: &str, time: u64) -> (ClientHello, BytesMut) {
        let mut out = BytesMut::new();
        let hello = ClientHello::write(Secret([secret; 16]), domain, time, &mut rand::rng(), &mut out);
        (hello, out)
    }

    /// M-342.
    #[test]
    fn m346_both_halves_agree_byte_by_byte() {
        let (mut client, record) = record(2, "two.example", NOW);
        assert_eq!(record.len(), HELLO_BYTES);
        let accepted =
            accept(&record, &secrets(), NOW + 5, &mut ReplayCache::default(), &mut rand::rng()).unwrap();
        assert_eq!(accepted.secret.key, Secret([2; 16]));
        // Behind the random comes the session id, echoed, and then the cipher, the first that was offered.
        assert_eq!(accepted.flight[43..76], record[43..76], "M-346");
        assert_eq!(accepted.flight[76..78], [0x13, 0x01], "M-349");
        let mut wire = accepted.flight.to_vec();
        wire.extend(b"rest");
        let mut rest = None;
        for (at, byte) in wire.iter().enumerate() {
            if let Some(after) = client.receive(&[*byte]).unwrap() {
                rest = Some((at, after));
                break;
            }
        }
        assert_eq!(rest.unwrap().0, accepted.flight.len() - 1, "M-348");
    }

    #[test]
    fn m347_a_server_without_the_secret_is_found_out() {
        let (mut client, record) = record(1, "one.example", NOW);
        let accepted =
            accept(&record, &secrets(), NOW, &mut ReplayCache::default(), &mut rand::rng()).unwrap();
        let mut flight = accepted.flight;
        *flight.last_mut().unwrap() ^= 1;
        assert_eq!(client.receive(&flight), Err(ServerRefused::Secret));
        let (mut client, _) = self::record(1, "one.example", NOW);
        assert_eq!(client.receive(&[0x15, 3, 3, 0, 2, 2, 40]), Err(ServerRefused::Records));
    }

    #[test]
    fn m344_m345_strangers_old_hellos_and_replays_are_told_apart() {
        let mut replays = ReplayCache::default();
        let mut judge =
            |record: &[u8], now| accept(record, &secrets(), now, &mut replays, &mut rand::rng()).map(drop);
        let (_, good) = record(1, "one.example", NOW);
        assert_eq!(judge(&good, NOW), Ok(()));
        assert_eq!(judge(&good, NOW + 1), Err(Stranger::Replay), "M-345");
        assert_eq!(judge(&record(1, "one.example", NOW - 601).1, NOW), Err(Stranger::Time(601)), "M-344");
        assert_eq!(judge(&record(1, "one.example", NOW + 4).1, NOW), Err(Stranger::Time(-4)), "M-344");
        assert_eq!(judge(&record(3, "one.example", NOW).1, NOW), Err(Stranger::Secret), "M-343");
        assert_eq!(judge(&record(1, "two.example", NOW).1, NOW), Err(Stranger::Domain), "M-353");
        assert_eq!(judge(b"GET / HTTP/1.1\r\n\r\n", NOW), Err(Stranger::NoHello));
        let mut cut = good.clone();
        cut.truncate(300);
        assert_eq!(judge(&cut, NOW), Err(Stranger::NoHello), "M-341");
    }
}
