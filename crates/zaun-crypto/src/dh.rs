//! Diffie–Hellman in the group of the handshake.

use crate::auth_key::AuthKey;
use crate::bignum::{self, BignumError, Modulus, Number};
use rand::CryptoRng;
use std::sync::LazyLock;
use zeroize::Zeroizing;

/// The prime that Telegram's servers use and every client has in its table of good primes (M-125).
///
/// Published in "Creating an Authorization Key" and its sample at core.telegram.org.
pub const TELEGRAM_PRIME: Number = prime_from_hex(
    b"c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f\
      48198a0aa7c14058229493d22530f4dbfa336f6e0ac925139543aed44cce7c37\
      20fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64\
      2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4\
      a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754\
      fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4\
      e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f\
      0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b",
);

/// The generator that goes with [`TELEGRAM_PRIME`].
pub const TELEGRAM_GENERATOR: u8 = 3;

/// Why a group or a public value is not acceptable. On the server's side each is −404, on the client's the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DhError {
    /// `dh_prime` is not a safe 2048-bit prime (M-125).
    #[error("dh_prime is not a safe 2048-bit prime (M-125)")]
    Prime,
    /// `g` is not 2…7 or does not generate the subgroup of order (p − 1) / 2 (M-124).
    #[error("g does not generate the large subgroup (M-124)")]
    Generator,
    /// A public value is outside [2^1984, p − 2^1984] or longer than 256 bytes (M-126, M-134).
    #[error("g_a or g_b is outside its range (M-126, M-134)")]
    PublicValue,
    /// The arithmetic failed: out of memory.
    #[error(transparent)]
    Arithmetic(#[from] BignumError),
}

/// A group that has been checked.
#[derive(Debug)]
pub struct Group {
    prime: Number,
    generator: u8,
    modulus: Modulus,
}

/// The secret exponent `a` (or `b`), wiped when dropped.
pub struct Secret(Box<Zeroizing<Number>>);

impl Group {
    /// Telegram's group, prepared once per process.
    ///
    /// # Errors
    /// [`DhError::Arithmetic`] only if there was no memory when it was first needed.
    pub fn telegram() -> Result<&'static Self, DhError> {
        static GROUP: LazyLock<Result<Group, DhError>> =
            LazyLock::new(|| Group::unchecked(TELEGRAM_PRIME, TELEGRAM_GENERATOR));
        GROUP.as_ref().map_err(|error| *error)
    }

    /// Checks what a server proposes, as a client must (M-124, M-125, M-320). For [`TELEGRAM_PRIME`] only the
    /// generator is looked at; any other prime costs a fraction of a second of primality tests.
    ///
    /// # Errors
    /// [`DhError::Prime`] or [`DhError::Generator`].
    pub fn check(prime: &[u8], generator: i32) -> Result<Self, DhError> {
        let prime = Number::try_from(prime).map_err(|_| DhError::Prime)?;
        let generator = u8::try_from(generator).map_err(|_| DhError::Generator)?;
        if prime != TELEGRAM_PRIME && !is_safe_prime(&prime)? {
            return Err(DhError::Prime);
        }
        if !generates_large_subgroup(&prime, generator) {
            return Err(DhError::Generator);
        }
        Self::unchecked(prime, generator)
    }

    fn unchecked(prime: Number, generator: u8) -> Result<Self, DhError> {
        Ok(Self { prime, generator, modulus: Modulus::new(&prime)? })
    }

    /// `dh_prime`, big-endian.
    #[must_use]
    pub fn prime(&self) -> &Number {
        &self.prime
    }

    /// `g`.
    #[must_use]
    pub fn generator(&self) -> i32 {
        self.generator.into()
    }

    /// Arithmetic modulo `dh_prime`.
    pub(crate) fn modulus(&self) -> &Modulus {
        &self.modulus
    }

    /// `g`, as long as all numbers of the group.
    pub(crate) fn padded_generator(&self) -> Number {
        let mut base = [0; 256];
        if let Some(last) = base.last_mut() {
            *last = self.generator;
        }
        base
    }

    /// A fresh 2048-bit secret `a` with its public value `g_a` in the required range (M-126, M-127).
    ///
    /// # Errors
    /// [`DhError::Arithmetic`] only without memory.
    pub fn generate<R: CryptoRng + ?Sized>(&self, rng: &mut R) -> Result<(Secret, Number), DhError> {
        let base = self.padded_generator();
        loop {
            let mut secret = Secret(Box::new(Zeroizing::new([0; 256])));
            rng.fill_bytes(secret.0.as_mut_slice());
            let public = *self.modulus.pow(&base, secret.0.as_slice())?;
            if self.in_range(&public) {
                return Ok((secret, public));
            }
        }
    }

    /// Reads the other side's public value and checks its range (M-126, M-134, M-327).
    ///
    /// # Errors
    /// [`DhError::PublicValue`].
    pub fn check_public(&self, value: &[u8]) -> Result<Number, DhError> {
        let number = padded(value).ok_or(DhError::PublicValue)?;
        if self.in_range(&number) { Ok(number) } else { Err(DhError::PublicValue) }
    }

    /// `auth_key = public ^ secret mod p`, 256 bytes with leading zeros (M-135).
    ///
    /// # Errors
    /// [`DhError::PublicValue`] for a value that [`Group::check_public`] refuses.
    pub fn auth_key(&self, secret: &Secret, public: &Number) -> Result<AuthKey, DhError> {
        if !self.in_range(public) {
            return Err(DhError::PublicValue);
        }
        let power = self.modulus.pow(public, secret.0.as_slice())?;
        Ok(AuthKey::new(*power))
    }

    /// Whether 2^1984 ≤ value ≤ p − 2^1984: as big-endian words, neither the highest nor what it lacks to p is zero.
    fn in_range(&self, value: &Number) -> bool {
        let (Some((high, low)), Some((prime_high, prime_low))) =
            (value.split_first_chunk::<8>(), self.prime.split_first_chunk::<8>())
        else {
            return false;
        };
        let Some(limit) = u64::from_be_bytes(*prime_high).checked_sub(1) else { return false };
        let high = u64::from_be_bytes(*high);
        high != 0 && (high, low) <= (limit, prime_low)
    }
}

impl Secret {
    /// Takes a known exponent: for stored pairs and known-answer tests.
    #[must_use]
    pub fn new(exponent: Number) -> Self {
        Self(Box::new(Zeroizing::new(exponent)))
    }

    pub(crate) fn exponent(&self) -> &Number {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// Zeros in front of a number; `None` if it is longer than 256 bytes.
pub(crate) fn padded(value: &[u8]) -> Option<Number> {
    let mut number = [0; 256];
    let padding = number.len().checked_sub(value.len())?;
    for (to, from) in number.iter_mut().skip(padding).zip(value) {
        *to = *from;
    }
    Some(number)
}

/// 2^2047 < p < 2^2048, p and (p − 1) / 2 prime.
fn is_safe_prime(prime: &Number) -> Result<bool, BignumError> {
    let [first, .., last] = prime;
    if first & 0x80 == 0 || last & 1 == 0 {
        return Ok(false);
    }
    let mut carry = 0;
    let mut half = *prime;
    for byte in &mut half {
        let next = *byte << 7;
        *byte = *byte >> 1 | carry;
        carry = next;
    }
    // The cheaper refusal first: a random odd number is hardly ever prime.
    Ok(bignum::is_prime(prime)? && bignum::is_prime(&half)?)
}

/// The residue conditions under which `g` is a square modulo the safe prime `p` (M-124).
fn generates_large_subgroup(prime: &Number, generator: u8) -> bool {
    let residue = |small| bignum::residue(prime, small);
    match generator {
        2 => residue(8) == 7,
        3 => residue(3) == 2,
        4 => true,
        5 => matches!(residue(5), 1 | 4),
        6 => matches!(residue(24), 19 | 23),
        7 => matches!(residue(7), 3 | 5 | 6),
        _ => false,
    }
}

#[expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "evaluated at compile time, where a mistake stops the build"
)]
const fn prime_from_hex(hex: &[u8; 512]) -> Number {
    let mut out = [0; 256];
    let mut i = 0;
    while i < 512 {
        let digit = match hex[i] {
            digit @ b'0'..=b'9' => digit - b'0',
            letter @ b'a'..=b'f' => letter - b'a' + 10,
            _ => panic!("not a hexadecimal digit"),
        };
        out[i / 2] = out[i / 2] << 4 | digit;
        i += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha20Rng;

    #[test]
    fn telegram_prime_is_a_safe_prime() {
        assert!(is_safe_prime(&TELEGRAM_PRIME).unwrap());
    }

    /// Euler's criterion is what the residue table of M-124 abbreviates.
    #[test]
    fn accepted_generators_are_squares() {
        let modulus = Modulus::new(&TELEGRAM_PRIME).unwrap();
        let mut half = TELEGRAM_PRIME;
        let mut carry = 0;
        for byte in &mut half {
            (*byte, carry) = (*byte >> 1 | carry, *byte << 7);
        }
        let mut one = [0; 256];
        one[255] = 1;
        for generator in 2..=7 {
            let mut base = [0; 256];
            base[255] = generator;
            let square = *modulus.pow(&base, &half).unwrap() == one;
            assert_eq!(generates_large_subgroup(&TELEGRAM_PRIME, generator), square, "g = {generator}");
        }
    }

    #[test]
    fn m124_refuses_other_generators() {
        for generator in [i32::MIN, -1, 0, 1, 8, 256 + 3] {
            assert_eq!(Group::check(&TELEGRAM_PRIME, generator).unwrap_err(), DhError::Generator);
        }
        assert!(Group::check(&TELEGRAM_PRIME, 3).is_ok());
    }

    #[test]
    fn m125_refuses_other_numbers_as_prime() {
        let mut composite = TELEGRAM_PRIME;
        composite[255] ^= 2;
        assert_eq!(Group::check(&composite, 4).unwrap_err(), DhError::Prime);
        assert_eq!(Group::check(&TELEGRAM_PRIME[1..], 3).unwrap_err(), DhError::Prime);
        assert_eq!(Group::check(&[], 3).unwrap_err(), DhError::Prime);
    }

    #[test]
    fn both_sides_agree_on_the_key() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let group = Group::telegram().unwrap();
        let (a, g_a) = group.generate(&mut rng).unwrap();
        let (b, g_b) = group.generate(&mut rng).unwrap();
        assert_ne!(g_a, g_b);
        assert_eq!(group.auth_key(&a, &g_b).unwrap(), group.auth_key(&b, &g_a).unwrap());
    }

    #[test]
    fn m134_bounds_are_exact() {
        let group = Group::telegram().unwrap();
        let mut low = [0; 256];
        low[7] = 1;
        assert!(group.check_public(&low).is_ok());
        assert!(group.check_public(&low[7..]).is_ok(), "leading zeros may be missing");
        assert_eq!(group.check_public(&[0xff; 248]).unwrap_err(), DhError::PublicValue);
        let mut high = TELEGRAM_PRIME;
        high[7] -= 1;
        assert!(group.check_public(&high).is_ok());
        high[255] += 1;
        assert_eq!(group.check_public(&high).unwrap_err(), DhError::PublicValue);
        for value in [&[][..], &[1], &[0xff; 256], &[1; 257]] {
            assert_eq!(group.check_public(value).unwrap_err(), DhError::PublicValue);
        }
    }
}
