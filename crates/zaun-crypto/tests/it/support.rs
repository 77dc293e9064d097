//! What several test modules use.

use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;

pub fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

pub fn hex_array<const N: usize>(text: &str) -> [u8; N] {
    hex(text).try_into().unwrap()
}

/// 0, 1, 2, …
pub fn counting<const N: usize>() -> [u8; N] {
    std::array::from_fn(|i| i as u8)
}

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// A generator that yields given bytes, then zeros: for published examples.
pub struct Scripted(pub Vec<u8>);

impl rand::TryRng for Scripted {
    type Error = std::convert::Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }
    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
        to.fill(0);
        let len = to.len().min(self.0.len());
        for (to, from) in to.iter_mut().zip(self.0.drain(..len)) {
            *to = from;
        }
        Ok(())
    }
}

impl rand::TryCryptoRng for Scripted {}
