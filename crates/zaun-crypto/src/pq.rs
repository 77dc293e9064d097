//! The proof of work: semiprimes for the server, their factors for the client.

use rand::CryptoRng;

/// A product of two different primes, with both of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Semiprime {
    /// `p * q`, below 2^62.
    pub pq: u64,
    /// The smaller prime.
    pub p: u32,
    /// The larger prime.
    pub q: u32,
}

/// Draws a fresh `pq` of two different 31-bit primes: at most 2^63 − 1, and hard enough to be a proof (M-094, M-095).
pub fn generate<R: CryptoRng + ?Sized>(rng: &mut R) -> Semiprime {
    let first = prime(rng);
    let second = loop {
        let candidate = prime(rng);
        if candidate != first {
            break candidate;
        }
    };
    let (p, q) = (first.min(second), first.max(second));
    Semiprime { pq: u64::from(p) * u64::from(q), p, q }
}

/// A random prime of exactly 31 bits.
fn prime<R: CryptoRng + ?Sized>(rng: &mut R) -> u32 {
    loop {
        let candidate = rng.next_u32() >> 1 | 1 << 30 | 1;
        if is_prime(candidate.into()) {
            return candidate;
        }
    }
}

/// Primes that settle most candidates without an exponentiation.
const SMALL_PRIMES: [u64; 15] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47];

/// Miller–Rabin with bases that leave no exception below 2^64 (the first twelve primes), hence deterministic.
///
/// Below 4,759,123,141 the bases 2, 7 and 61 suffice (Jaeschke 1993).
#[must_use]
pub fn is_prime(n: u64) -> bool {
    for small in SMALL_PRIMES {
        if n.is_multiple_of(small) {
            return n == small;
        }
    }
    if n < 53 * 53 {
        return n > 1;
    }
    let field = Montgomery::new(n);
    let bases: &[u64] =
        if n < 4_759_123_141 { &[2, 7, 61] } else { &[2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37] };
    bases.iter().all(|base| field.is_strong_probable_prime(*base))
}

/// The two prime factors of a semiprime, the smaller first; `None` if `n` is prime or below 4, or is not a product of
/// exactly two primes. Takes about n^(1/4) steps.
#[must_use]
pub fn factor(n: u64) -> Option<(u64, u64)> {
    let divisor = divisor(n)?;
    let (p, q) = (divisor.min(n / divisor), divisor.max(n / divisor));
    (is_prime(p) && is_prime(q)).then_some((p, q))
}

fn divisor(n: u64) -> Option<u64> {
    if n < 4 || is_prime(n) {
        return None;
    }
    if let Some(small) = SMALL_PRIMES.into_iter().find(|small| n.is_multiple_of(*small)) {
        return Some(small);
    }
    let root = n.isqrt();
    if root * root == n {
        return Some(root);
    }
    let field = Montgomery::new(n);
    (1..=u64::from(u8::MAX)).find_map(|constant| field.brent(constant))
}

/// How many differences are multiplied together before a greatest common divisor is taken.
const BATCH: u32 = 128;

/// Arithmetic modulo an odd number above 2, in Montgomery form with R = 2^64.
struct Montgomery {
    n: u64,
    /// −n^-1 mod 2^64.
    negative_inverse: u64,
    /// R mod n: the form of 1.
    one: u64,
    /// R^2 mod n.
    square: u64,
}

impl Montgomery {
    fn new(n: u64) -> Self {
        // Newton's iteration doubles the correct low bits: 3, 6, … 96.
        let mut inverse = n;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(n.wrapping_mul(inverse)));
        }
        let one = low(u128::from(u64::MAX) % u128::from(n)).wrapping_add(1) % n;
        let square = low(u128::from(one) * u128::from(one) % u128::from(n));
        Self { n, negative_inverse: inverse.wrapping_neg(), one, square }
    }

    /// The form of `value`.
    fn form(&self, value: u64) -> u64 {
        self.mul(value % self.n, self.square)
    }

    /// The product of two forms. Their sum with the multiple of `n` is below 2n · 2^64, which may carry out of 128 bits.
    #[inline]
    fn mul(&self, a: u64, b: u64) -> u64 {
        let product = u128::from(a) * u128::from(b);
        let factor = low(product).wrapping_mul(self.negative_inverse);
        let (sum, carry) = product.overflowing_add(u128::from(factor) * u128::from(self.n));
        let high = low(sum >> 64);
        if carry || high >= self.n { high.wrapping_sub(self.n) } else { high }
    }

    /// The sum of two forms.
    #[inline]
    fn add(&self, a: u64, b: u64) -> u64 {
        let (sum, carry) = a.overflowing_add(b);
        if carry || sum >= self.n { sum.wrapping_sub(self.n) } else { sum }
    }

    fn pow(&self, base: u64, mut exponent: u64) -> u64 {
        let (mut result, mut power) = (self.one, base);
        while exponent != 0 {
            if exponent & 1 == 1 {
                result = self.mul(result, power);
            }
            power = self.mul(power, power);
            exponent >>= 1;
        }
        result
    }

    fn is_strong_probable_prime(&self, base: u64) -> bool {
        let minus_one = self.n - self.one;
        let shift = (self.n - 1).trailing_zeros();
        let mut power = self.pow(self.form(base), (self.n - 1) >> shift);
        if power == self.one || power == minus_one {
            return true;
        }
        for _ in 1..shift {
            power = self.mul(power, power);
            if power == minus_one {
                return true;
            }
        }
        false
    }

    /// Pollard's rho with Brent's cycle detection over x² + constant; `None` if this constant fails.
    fn brent(&self, constant: u64) -> Option<u64> {
        let constant = self.form(constant);
        let next = |x| self.add(self.mul(x, x), constant);
        let mut y = self.form(2);
        let mut length = 1_u32;
        loop {
            let anchor = y;
            for _ in 0..length {
                y = next(y);
            }
            let mut done = 0;
            while done < length {
                let start = y;
                let batch = BATCH.min(length - done);
                let mut product = self.one;
                for _ in 0..batch {
                    y = next(y);
                    product = self.mul(product, anchor.abs_diff(y));
                }
                match gcd(product, self.n) {
                    1 => done += batch,
                    divisor if divisor != self.n => return Some(divisor),
                    _ => return self.retrace(anchor, start, constant),
                }
            }
            length = length.checked_mul(2)?;
        }
    }

    /// A batch hit several factors at once: walks it again one step at a time.
    fn retrace(&self, anchor: u64, mut y: u64, constant: u64) -> Option<u64> {
        loop {
            y = self.add(self.mul(y, y), constant);
            match gcd(anchor.abs_diff(y), self.n) {
                1 => {}
                divisor => return (divisor != self.n).then_some(divisor),
            }
        }
    }
}

/// Stein's binary algorithm; `b` is odd.
fn gcd(mut a: u64, mut b: u64) -> u64 {
    if a == 0 {
        return b;
    }
    a >>= a.trailing_zeros();
    while a != b {
        if a < b {
            (a, b) = (b, a);
        }
        a -= b;
        a >>= a.trailing_zeros();
    }
    a
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
#[inline]
fn low(wide: u128) -> u64 {
    wide as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha20Rng;

    #[test]
    fn primality_agrees_with_a_sieve() {
        let mut composite = vec![false; 20_000];
        for i in 2..composite.len() {
            if !composite[i] {
                for j in (i * i..composite.len()).step_by(i) {
                    composite[j] = true;
                }
            }
        }
        for (n, composite) in composite.iter().enumerate() {
            assert_eq!(is_prime(n as u64), n >= 2 && !composite, "{n}");
        }
    }

    /// Strong pseudoprimes to bases 2, 3, 5, 7 and more (OEIS A014233), and the primes next to 2^64.
    #[test]
    fn primality_survives_the_known_liars() {
        for n in [
            2047,
            1_373_653,
            25_326_001,
            3_215_031_751,
            2_152_302_898_747,
            3_474_749_660_383,
            341_550_071_728_321,
            3_825_123_056_546_413_051,
            4_759_123_141,
            u64::MAX,
        ] {
            assert!(!is_prime(n), "{n}");
        }
        for n in [u64::MAX - 58, (1 << 61) - 1, (1 << 31) - 1] {
            assert!(is_prime(n), "{n}");
        }
    }

    #[test]
    fn m094_products_are_of_two_different_primes() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        for _ in 0..200 {
            let Semiprime { pq, p, q } = generate(&mut rng);
            assert!(p < q && is_prime(p.into()) && is_prime(q.into()));
            assert_eq!(pq, u64::from(p) * u64::from(q));
            assert!(i64::try_from(pq).is_ok());
            assert_eq!(factor(pq), Some((p.into(), q.into())));
        }
    }

    /// The numbers of the published sample exchanges (core.telegram.org/mtproto/samples-auth_key, old and new page).
    #[test]
    fn factors_the_published_samples() {
        assert_eq!(factor(0x17ED_4894_1A08_F981), Some((0x494C_553B, 0x5391_1073)));
    }

    #[test]
    fn factors_squares_small_and_large_products() {
        assert_eq!(factor(4), Some((2, 2)));
        assert_eq!(factor(3 * 1_000_003), Some((3, 1_000_003)));
        assert_eq!(factor(4_294_967_291 * 4_294_967_291), Some((4_294_967_291, 4_294_967_291)));
        assert_eq!(factor(4_294_967_291 * 4_294_967_279), Some((4_294_967_279, 4_294_967_291)));
    }

    #[test]
    fn refuses_what_is_no_semiprime() {
        for n in [0, 1, 2, 3, 5, 8, 30, 1 << 63, 101 * 103 * 107, u64::MAX - 58, u64::MAX] {
            assert_eq!(factor(n), None, "{n}");
        }
    }
}
