//! Files of the kit: values as they stand in them, and randomness that is written down and read back.

use std::collections::VecDeque;
use std::path::PathBuf;

use bytes::Bytes;
use rand::rngs::ChaCha20Rng;
use rand::{Rng, SeedableRng};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::kdf::Side;
use zaun_mtproto::UnixTime;

/// Set to write the files anew.
const WRITE: &str = "ZAUN_CONFORMANCE_WRITE";
/// The time of every transcript, in unix seconds.
pub const NOW_S: u64 = 1_800_000_000;
pub const NOW: UnixTime = UnixTime::from_secs(NOW_S);

/// Bytes, written as hex.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hex(pub Vec<u8>);

impl Hex {
    pub fn of(bytes: impl AsRef<[u8]>) -> Hex {
        Hex(bytes.as_ref().to_vec())
    }

    pub fn array<const N: usize>(&self) -> [u8; N] {
        self.0[..].try_into().unwrap()
    }

    pub fn bytes(&self) -> Bytes {
        self.0.clone().into()
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hex, D::Error> {
        let text = String::deserialize(deserializer)?;
        let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).map_err(D::Error::custom);
        (0..text.len()).step_by(2).map(byte).collect::<Result<_, _>>().map(Hex)
    }
}

/// A 64-bit number, written in decimal as text: not every language keeps it as a JSON number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Long(pub i64);

impl Serialize for Long {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Long {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Long, D::Error> {
        String::deserialize(deserializer)?.parse().map(Long).map_err(D::Error::custom)
    }
}

/// Random bytes and what they are for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    pub name: String,
    pub hex: Hex,
}

/// A generator whose draws are written down, or read back.
pub enum Tape {
    Record { rng: Box<ChaCha20Rng>, draws: Vec<Vec<u8>> },
    Play(VecDeque<Vec<u8>>),
}

impl Tape {
    pub fn record(seed: u64) -> Tape {
        Tape::Record { rng: Box::new(ChaCha20Rng::seed_from_u64(seed)), draws: Vec::new() }
    }

    pub fn play(draws: &[Draw]) -> Tape {
        Tape::Play(draws.iter().map(|draw| draw.hex.0.clone()).collect())
    }

    /// Takes what was drawn since the last time. A name that ends with `*` stands for all that the others leave.
    pub fn named(&mut self, names: &[&str]) -> Vec<Draw> {
        let Tape::Record { draws, .. } = self else { panic!("it plays") };
        let draws = std::mem::take(draws);
        let surplus = draws.len() + 1 - names.len();
        let mut all = names.iter().flat_map(|name| match name.strip_suffix('*') {
            Some(many) => vec![many; surplus],
            None => vec![*name],
        });
        let named: Vec<Draw> = draws
            .into_iter()
            .map(|hex| Draw { name: all.next().expect("a name for every draw").to_owned(), hex: Hex(hex) })
            .collect();
        assert_eq!(all.next(), None, "every name was drawn");
        named
    }

    /// Everything was used.
    pub fn ends(self) {
        if let Tape::Play(rest) = self {
            assert!(rest.is_empty(), "{} draws are left", rest.len());
        }
    }

    fn draw(&mut self, to: &mut [u8]) {
        match self {
            Tape::Record { rng, draws } => {
                rng.fill_bytes(to);
                draws.push(to.to_vec());
            }
            Tape::Play(draws) => to.copy_from_slice(&draws.pop_front().expect("a draw is left")),
        }
    }
}

impl rand::TryRng for Tape {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut word = [0; 4];
        self.draw(&mut word);
        Ok(u32::from_le_bytes(word))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut word = [0; 8];
        self.draw(&mut word);
        Ok(u64::from_le_bytes(word))
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
        self.draw(to);
        Ok(())
    }
}

impl rand::TryCryptoRng for Tape {}

/// The key of all transcripts that do not make one: byte i is 7 i + 3.
pub fn auth_key() -> AuthKey {
    AuthKey::new(std::array::from_fn(|at| (at * 7 + 3) as u8))
}

/// Bodies and payloads: a constructor that nobody knows, then byte i is 13 i + 5.
pub fn pattern(len: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..len).map(|at| (at * 13 + 5) as u8).collect();
    bytes.iter_mut().zip(0xab_cd_ef_12_u32.to_le_bytes()).for_each(|(byte, first)| *byte = first);
    bytes
}

pub fn side(from: &str) -> Side {
    if from == "client" { Side::Client } else { Side::Server }
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../conformance").join(name)
}

/// The file is, byte for byte, what the engines make now; or it is written, if that is wanted.
pub fn same(name: &str, made: &impl Serialize) {
    let text = serde_json::to_string_pretty(made).unwrap() + "\n";
    let path = path(name);
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(path, text).unwrap();
        return;
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == text,
        "conformance/{name} is not what the engines make; `cargo xtask conformance` writes it"
    );
}

/// A file of the kit.
pub fn read<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_str(&std::fs::read_to_string(path(name)).unwrap()).unwrap()
}
