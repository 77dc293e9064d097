//! The password check of two-step verification: SRP-6a over the group of the handshake
//! (<https://core.telegram.org/api/srp>), both ends.
//!
//! The server keeps a verifier, from which the password cannot be computed. For a login it makes a [`Challenge`] and
//! sends its public half `srp_B`; the client answers with a [`Proof`]. Neither shows the password to a listener.
//!
//! ```
//! use zaun_crypto::dh::TELEGRAM_PRIME;
//! use zaun_crypto::srp::{Algorithm, Challenge};
//!
//! let algorithm = Algorithm::new(b"salt of this account", b"salt", 3, &TELEGRAM_PRIME)?;
//! let verifier = algorithm.verifier(b"secret")?;
//! let challenge = Challenge::new(&algorithm, &verifier, &mut rand::rng())?;
//! let proof = algorithm.prove(b"secret", challenge.public(), &mut rand::rng())?;
//! challenge.check(&algorithm, &verifier, &proof.a, &proof.m1)?;
//! # Ok::<(), zaun_crypto::srp::SrpError>(())
//! ```

use pbkdf2::pbkdf2_hmac;
use rand::CryptoRng;
use sha2::Sha512;
use zeroize::Zeroizing;

use crate::bignum::{self, BignumError, Number};
use crate::dh::{DhError, Group, Secret, padded};
use crate::hash::{ct_eq, sha256};

/// Rounds of PBKDF2.
const ROUNDS: u32 = 100_000;

/// Why a password cannot be checked, or is not the one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SrpError {
    /// The group of the algorithm is not safe: the client must not answer in it.
    #[error(transparent)]
    Group(#[from] DhError),
    /// The other end's public number is out of range. A server answers `SRP_A_INVALID`.
    #[error("the public number of the other end is out of range")]
    PublicValue,
    /// The proof is of another password. A server answers `PASSWORD_HASH_INVALID`.
    #[error("the password is wrong")]
    Password,
}

impl From<BignumError> for SrpError {
    fn from(error: BignumError) -> SrpError {
        SrpError::Group(error.into())
    }
}

/// How a password becomes a number: `passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow`, checked.
#[derive(Debug)]
pub struct Algorithm {
    group: Group,
    salt1: Vec<u8>,
    salt2: Vec<u8>,
}

/// What a client answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// `A`, the client's public number.
    pub a: Number,
    /// `M1`.
    pub m1: [u8; 32],
}

impl Algorithm {
    /// Checks the group. A prime other than the usual one costs a fraction of a second.
    ///
    /// # Errors
    /// [`SrpError::Group`].
    pub fn new(salt1: &[u8], salt2: &[u8], g: i32, p: &[u8]) -> Result<Algorithm, SrpError> {
        Ok(Algorithm { group: Group::check(p, g)?, salt1: salt1.to_vec(), salt2: salt2.to_vec() })
    }

    /// `v = g ^ x mod p`, what a server keeps of a password: `new_password_hash`. Takes a fraction of a second.
    ///
    /// # Errors
    /// [`SrpError::Group`] only without memory.
    pub fn verifier(&self, password: &[u8]) -> Result<Zeroizing<Number>, SrpError> {
        self.power_of_generator(self.password_number(password).as_slice())
    }

    /// The client's answer to `srp_B`. Takes a fraction of a second, as guessing passwords should.
    ///
    /// # Errors
    /// [`SrpError::PublicValue`] for a `b` that no honest server sends; [`SrpError::Group`] only without memory.
    pub fn prove<R: CryptoRng + ?Sized>(
        &self,
        password: &[u8],
        b: &[u8],
        rng: &mut R,
    ) -> Result<Proof, SrpError> {
        let b = padded(b).filter(|b| self.is_residue(b)).ok_or(SrpError::PublicValue)?;
        loop {
            let (secret, a) = self.group.generate(rng)?;
            if let Some(proof) = self.proof(password, &b, &secret, &a)? {
                return Ok(proof);
            }
        }
    }

    /// `None` if `u` is zero: another secret has to be taken.
    fn proof(
        &self,
        password: &[u8],
        b: &Number,
        secret: &Secret,
        a: &Number,
    ) -> Result<Option<Proof>, SrpError> {
        let Some(u) = scrambler(a, b) else { return Ok(None) };
        let x = self.password_number(password);
        let masked = self.masked(&*self.power_of_generator(x.as_slice())?)?;
        let modulus = self.group.modulus();
        let base = modulus.sub(b, masked.as_slice())?;
        // a + u * x: 2048 bits and a carry.
        let exponent = bignum::mul_add::<257>(&u, x.as_slice(), secret.exponent())?;
        let shared = modulus.pow(&base, exponent.as_slice())?;
        Ok(Some(Proof { a: *a, m1: self.m1(a, b, &shared) }))
    }

    /// `x = PH2(password, salt1, salt2)`.
    fn password_number(&self, password: &[u8]) -> Zeroizing<[u8; 32]> {
        let first = salted(password, &self.salt1);
        let second = salted(first.as_slice(), &self.salt2);
        let mut slow = Zeroizing::new([0; 64]);
        pbkdf2_hmac::<Sha512>(second.as_slice(), &self.salt1, ROUNDS, slow.as_mut_slice());
        salted(slow.as_slice(), &self.salt2)
    }

    fn power_of_generator(&self, exponent: &[u8]) -> Result<Zeroizing<Number>, SrpError> {
        Ok(self.group.modulus().pow(&self.group.padded_generator(), exponent)?)
    }

    /// `k * v mod p`.
    fn masked(&self, verifier: &Number) -> Result<Zeroizing<Number>, SrpError> {
        let k = sha256(&[self.group.prime(), &self.group.padded_generator()]);
        Ok(self.group.modulus().mul(&k, verifier)?)
    }

    /// `M1 = H(H(p) xor H(g) | H(salt1) | H(salt2) | A | B | H(S))`.
    fn m1(&self, a: &Number, b: &Number, shared: &Number) -> [u8; 32] {
        let mut group = sha256(&[self.group.prime()]);
        for (byte, other) in group.iter_mut().zip(sha256(&[&self.group.padded_generator()])) {
            *byte ^= other;
        }
        let (salt1, salt2) = (sha256(&[&self.salt1]), sha256(&[&self.salt2]));
        let key = Zeroizing::new(sha256(&[shared]));
        sha256(&[&group, &salt1, &salt2, a, b, key.as_slice()])
    }

    /// 0 < number < p.
    fn is_residue(&self, number: &Number) -> bool {
        number.iter().any(|byte| *byte != 0) && number < self.group.prime()
    }
}

/// `SH(data, salt) = H(salt | data | salt)`.
fn salted(data: &[u8], salt: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(sha256(&[salt, data, salt]))
}

/// `u = H(A | B)`, unless it is zero.
fn scrambler(a: &Number, b: &Number) -> Option<[u8; 32]> {
    Some(sha256(&[a, b])).filter(|u| u.iter().any(|byte| *byte != 0))
}

/// The server's half of one check; to be used once.
#[derive(Debug)]
pub struct Challenge {
    secret: Secret,
    public: Number,
}

impl Challenge {
    /// A fresh `b` and `B = k * v + g ^ b mod p`.
    ///
    /// # Errors
    /// [`SrpError::Group`] only without memory.
    pub fn new<R: CryptoRng + ?Sized>(
        algorithm: &Algorithm,
        verifier: &Number,
        rng: &mut R,
    ) -> Result<Challenge, SrpError> {
        let masked = algorithm.masked(verifier)?;
        loop {
            let (secret, power) = algorithm.group.generate(rng)?;
            let public = *algorithm.group.modulus().add(masked.as_slice(), &power)?;
            // Some clients want more of it than that it is not zero.
            if algorithm.group.check_public(&public).is_ok() {
                return Ok(Challenge { secret, public });
            }
        }
    }

    /// `srp_B`.
    #[must_use]
    pub fn public(&self) -> &Number {
        &self.public
    }

    /// Whether the client knows the password: its `A` and `M1`, against the algorithm and verifier of
    /// [`Challenge::new`].
    ///
    /// # Errors
    /// [`SrpError::PublicValue`], or [`SrpError::Password`] if it does not.
    pub fn check(
        &self,
        algorithm: &Algorithm,
        verifier: &Number,
        a: &[u8],
        m1: &[u8],
    ) -> Result<(), SrpError> {
        let a = algorithm.group.check_public(a).map_err(|_| SrpError::PublicValue)?;
        let u = scrambler(&a, &self.public).ok_or(SrpError::PublicValue)?;
        let modulus = algorithm.group.modulus();
        let base = modulus.mul(&a, modulus.pow(verifier, &u)?.as_slice())?;
        let shared = modulus.pow(&base, self.secret.exponent())?;
        let expected = Zeroizing::new(algorithm.m1(&a, &self.public, &shared));
        if ct_eq(expected.as_slice(), m1) { Ok(()) } else { Err(SrpError::Password) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dh::TELEGRAM_PRIME;
    use rand::SeedableRng;
    use rand::rngs::ChaCha20Rng;

    fn algorithm() -> Algorithm {
        Algorithm::new(b"one", b"two", 3, &TELEGRAM_PRIME).unwrap()
    }

    fn changed(number: &[u8]) -> Vec<u8> {
        let mut changed = number.to_vec();
        *changed.last_mut().unwrap() ^= 1;
        changed
    }

    #[test]
    fn both_ends_agree_on_the_right_password_only() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let algorithm = algorithm();
        let verifier = algorithm.verifier(b"right").unwrap();
        let challenge = Challenge::new(&algorithm, &verifier, &mut rng).unwrap();
        let check = |a: &[u8], m1: &[u8]| challenge.check(&algorithm, &verifier, a, m1);
        let proof = algorithm.prove(b"right", challenge.public(), &mut rng).unwrap();
        assert_eq!(check(&proof.a, &proof.m1), Ok(()));
        assert_eq!(check(&changed(&proof.a), &proof.m1), Err(SrpError::Password));
        assert_eq!(check(&proof.a, &changed(&proof.m1)), Err(SrpError::Password));
        assert_eq!(check(&proof.a, &proof.m1[1..]), Err(SrpError::Password));
        let proof = algorithm.prove(b"wrong", challenge.public(), &mut rng).unwrap();
        assert_eq!(check(&proof.a, &proof.m1), Err(SrpError::Password));
    }

    #[test]
    fn a_client_refuses_numbers_that_are_no_residue() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        for b in [&[][..], &[0], &[0; 256], &TELEGRAM_PRIME, &[0xff; 256], &[1; 257]] {
            assert_eq!(algorithm().prove(b"x", b, &mut rng).unwrap_err(), SrpError::PublicValue);
        }
    }

    #[test]
    fn a_server_refuses_numbers_out_of_range() {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let algorithm = algorithm();
        let verifier = algorithm.verifier(b"x").unwrap();
        let challenge = Challenge::new(&algorithm, &verifier, &mut rng).unwrap();
        // With A = 0 or p, whoever knows no password would know S = 0.
        for a in [&[][..], &[0; 256], &TELEGRAM_PRIME, &[1], &[0xff; 256], &[1; 257]] {
            let refused = challenge.check(&algorithm, &verifier, a, &[0; 32]);
            assert_eq!(refused, Err(SrpError::PublicValue));
        }
    }

    #[test]
    fn an_unsafe_group_is_refused() {
        let new = |g, p: &[u8]| Algorithm::new(b"", b"", g, p).unwrap_err();
        assert_eq!(new(8, &TELEGRAM_PRIME), SrpError::Group(DhError::Generator));
        assert_eq!(new(3, &[47]), SrpError::Group(DhError::Prime));
    }
}
