//! Long numbers: a thin layer over aws-lc. All numbers are big-endian byte strings (M-008).

pub(crate) mod ffi;

use ffi::{Int, Montgomery};
use zeroize::Zeroizing;

/// A 2048-bit number, big-endian, padded with zeros on the left.
pub type Number = [u8; 256];

/// An argument is outside its range (an even modulus, a base above it), or there is no memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the long-number arithmetic refused its arguments")]
pub struct BignumError;

/// An odd modulus of at most 2048 bits, prepared for exponentiation.
pub struct Modulus {
    montgomery: Montgomery,
}

impl Modulus {
    /// Prepares the constants; costs about one multiplication.
    ///
    /// # Errors
    /// [`BignumError`] when the modulus is even or zero.
    pub fn new(modulus: &Number) -> Result<Self, BignumError> {
        Ok(Self { montgomery: Montgomery::new(Int::from_be(modulus)?)? })
    }

    /// `base ^ exponent mod modulus`, in time that depends only on the length of `exponent` as given.
    ///
    /// # Errors
    /// [`BignumError`] when `base` is not below the modulus.
    pub fn pow(&self, base: &Number, exponent: &[u8]) -> Result<Zeroizing<Number>, BignumError> {
        let power = self.montgomery.pow(&Int::from_be(base)?, &Int::from_be(exponent)?)?;
        let mut out = Zeroizing::new([0; 256]);
        power.to_be(out.as_mut_slice())?;
        Ok(out)
    }

    /// `a * b mod modulus`; the numbers may be of any length.
    ///
    /// # Errors
    /// [`BignumError`] only without memory.
    pub fn mul(&self, a: &[u8], b: &[u8]) -> Result<Zeroizing<Number>, BignumError> {
        self.reduced(&Int::from_be(a)?.mul(&Int::from_be(b)?)?)
    }

    /// `a + b mod modulus`; the numbers may be of any length.
    ///
    /// # Errors
    /// [`BignumError`] only without memory.
    pub fn add(&self, a: &[u8], b: &[u8]) -> Result<Zeroizing<Number>, BignumError> {
        self.reduced(&Int::from_be(a)?.add(&Int::from_be(b)?)?)
    }

    /// `a - b mod modulus`, never negative.
    ///
    /// # Errors
    /// [`BignumError`] when `b` is above the modulus.
    pub fn sub(&self, a: &[u8], b: &[u8]) -> Result<Zeroizing<Number>, BignumError> {
        let above = Int::from_be(a)?.add(self.montgomery.modulus())?;
        self.reduced(&above.sub(&Int::from_be(b)?)?)
    }

    fn reduced(&self, number: &Int) -> Result<Zeroizing<Number>, BignumError> {
        let mut out = Zeroizing::new([0; 256]);
        number.modulo(self.montgomery.modulus())?.to_be(out.as_mut_slice())?;
        Ok(out)
    }
}

/// `a * b + c` without a modulus, padded to `N` bytes.
///
/// # Errors
/// [`BignumError`] when the result needs more than `N` bytes.
pub fn mul_add<const N: usize>(a: &[u8], b: &[u8], c: &[u8]) -> Result<Zeroizing<[u8; N]>, BignumError> {
    let sum = Int::from_be(a)?.mul(&Int::from_be(b)?)?.add(&Int::from_be(c)?)?;
    let mut out = Zeroizing::new([0; N]);
    sum.to_be(out.as_mut_slice())?;
    Ok(out)
}

impl std::fmt::Debug for Modulus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Modulus")
    }
}

/// Rounds of Miller–Rabin for a number that an adversary may have chosen: an error of at most 4^-64.
const VALIDATION_ROUNDS: std::ffi::c_int = 64;

/// Whether a number, possibly chosen by an adversary, is prime.
///
/// # Errors
/// [`BignumError`] only without memory.
pub fn is_prime(number: &[u8]) -> Result<bool, BignumError> {
    Int::from_be(number)?.is_prime(VALIDATION_ROUNDS)
}

/// The number in decimal, without leading zeros.
///
/// # Errors
/// [`BignumError`] only without memory.
pub fn to_decimal(number: &[u8]) -> Result<String, BignumError> {
    Int::from_be(number)?.to_decimal()
}

/// The number in lower-case hexadecimal, two digits per byte as given.
#[must_use]
pub fn to_hex(number: &[u8]) -> String {
    number.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `number mod small`, for the residue checks of a group (M-124). Zero when `small` is zero.
#[must_use]
pub fn residue(number: &[u8], small: u32) -> u32 {
    let step =
        |rest: u64, byte: &u8| (rest << 8 | u64::from(*byte)).checked_rem(u64::from(small)).unwrap_or(0);
    // A rest is below `small`, which is a u32.
    u32::try_from(number.iter().fold(0, step)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(low: u64) -> Number {
        let mut out = [0; 256];
        out[248..].copy_from_slice(&low.to_be_bytes());
        out
    }

    #[test]
    fn small_powers_are_right() {
        let modulus = Modulus::new(&number(1_000_003)).unwrap();
        assert_eq!(*modulus.pow(&number(2), &[20]).unwrap(), number(1_048_576 % 1_000_003));
        assert_eq!(*modulus.pow(&number(5), &[]).unwrap(), number(1));
    }

    #[test]
    fn refuses_even_moduli_and_bases_above() {
        assert_eq!(Modulus::new(&number(10)).unwrap_err(), BignumError);
        assert_eq!(Modulus::new(&number(0)).unwrap_err(), BignumError);
        let modulus = Modulus::new(&number(101)).unwrap();
        assert_eq!(modulus.pow(&number(101), &[1]).unwrap_err(), BignumError);
    }

    #[test]
    fn sums_products_and_differences_are_reduced() {
        let modulus = Modulus::new(&number(101)).unwrap();
        assert_eq!(*modulus.mul(&[100], &[0, 100]).unwrap(), number(1));
        assert_eq!(*modulus.add(&[100], &[5]).unwrap(), number(4));
        assert_eq!(*modulus.sub(&[5], &[100]).unwrap(), number(6));
        assert_eq!(*modulus.sub(&[5], &[5]).unwrap(), number(0));
        assert_eq!(modulus.sub(&[0], &[102]).unwrap_err(), BignumError);
        assert_eq!(*mul_add::<3>(&[255], &[255, 255], &[255]).unwrap(), [255, 0, 0]);
        assert_eq!(mul_add::<2>(&[255], &[255, 255], &[255]).unwrap_err(), BignumError);
    }

    #[test]
    fn prints_decimal_and_hex() {
        assert_eq!(to_decimal(&number(1_234_567_890_123)).unwrap(), "1234567890123");
        assert_eq!(to_hex(&[0, 0xab, 1]), "00ab01");
    }

    #[test]
    fn residues_match_u64_arithmetic() {
        for small in [1, 3, 5, 7, 8, 24, u32::MAX] {
            assert_eq!(u64::from(residue(&number(u64::MAX - 58), small)), (u64::MAX - 58) % u64::from(small));
        }
        assert_eq!(residue(&[9], 0), 0);
    }

    #[test]
    fn tells_primes_from_composites() {
        assert!(is_prime(&number(0xffff_ffff_ffff_ffc5)).unwrap());
        assert!(!is_prime(&number(0xffff_ffff_ffff_ffc7)).unwrap());
        assert!(!is_prime(&[]).unwrap());
    }
}
