//! RSA-2048 keys of the server: making, storing, naming them, and the raw operation of both roles.

use crate::bignum::ffi::{Int, RsaParts, RsaPrivate};
use crate::bignum::{self, BignumError, Modulus, Number};
use crate::der;
use crate::hash::sha1;
use rand::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

/// Why a key or an input is not acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RsaError {
    /// The text holds no PEM block of a supported kind, or the block is malformed.
    #[error("not a PEM file with an RSA key in PKCS#1, PKCS#8 or SPKI form")]
    Format,
    /// The modulus has not exactly 2048 bits, or the exponent is not an odd number from 3 to 2^32 − 1 (M-098).
    #[error("not an RSA-2048 key with a usual exponent (M-098)")]
    Size,
    /// The number to transform is not below the modulus, or the data is too long for the scheme.
    #[error("the input is too large for this key or scheme")]
    Input,
    /// The decrypted data does not carry the hash that the scheme demands (M-105, M-107).
    #[error("the RSA payload does not verify (M-105, M-107)")]
    Verification,
    /// The numbers do not form a key, or there is no memory.
    #[error(transparent)]
    Arithmetic(#[from] BignumError),
}

/// A public key with its fingerprint.
#[derive(Debug)]
pub struct PublicKey {
    n: Number,
    e: u32,
    fingerprint: i64,
    modulus: Modulus,
}

impl PublicKey {
    /// Takes modulus and exponent, big-endian; leading zeros are allowed.
    ///
    /// # Errors
    /// [`RsaError::Size`] for anything but RSA-2048 with an odd exponent that fits 32 bits.
    pub fn new(n: &[u8], e: &[u8]) -> Result<Self, RsaError> {
        let n = Number::try_from(der::strip_zeros(n)).map_err(|_| RsaError::Size)?;
        let e = exponent(e).ok_or(RsaError::Size)?;
        let [first, .., last] = n;
        if first & 0x80 == 0 || last & 1 == 0 || e & 1 == 0 || e < 3 {
            return Err(RsaError::Size);
        }
        Ok(Self { n, e, fingerprint: fingerprint(&n, e), modulus: Modulus::new(&n)? })
    }

    /// Reads `RSA PUBLIC KEY` (PKCS#1) or `PUBLIC KEY` (SPKI).
    ///
    /// # Errors
    /// [`RsaError::Format`], or [`RsaError::Size`] for other RSA keys.
    pub fn from_pem(text: &str) -> Result<Self, RsaError> {
        let (label, content) = der::from_pem(text).ok_or(RsaError::Format)?;
        let key = match label {
            "RSA PUBLIC KEY" => Some(content.as_slice()),
            "PUBLIC KEY" => spki_content(&content),
            _ => None,
        };
        let (n, e) = key.and_then(pkcs1_numbers).ok_or(RsaError::Format)?;
        Self::new(n, e)
    }

    /// `RSA PUBLIC KEY`, the form in which clients carry their keys.
    #[must_use]
    pub fn to_pkcs1_pem(&self) -> String {
        der::to_pem("RSA PUBLIC KEY", &self.pkcs1()).to_string()
    }

    /// `PUBLIC KEY`.
    #[must_use]
    pub fn to_spki_pem(&self) -> String {
        let bits = der::element(der::BIT_STRING, &[&[0], &self.pkcs1()]);
        der::to_pem("PUBLIC KEY", &der::element(der::SEQUENCE, &[&der::RSA_ALGORITHM, &bits])).to_string()
    }

    fn pkcs1(&self) -> Zeroizing<Vec<u8>> {
        der::element(der::SEQUENCE, &[&der::integer(&self.n), &der::integer(&self.e.to_be_bytes())])
    }

    /// The modulus, big-endian.
    #[must_use]
    pub fn n(&self) -> &Number {
        &self.n
    }

    /// The public exponent.
    #[must_use]
    pub fn e(&self) -> u32 {
        self.e
    }

    /// The exponent, big-endian without leading zeros.
    #[must_use]
    pub fn e_bytes(&self) -> Vec<u8> {
        der::strip_zeros(&self.e.to_be_bytes()).to_vec()
    }

    /// The modulus in decimal, as some clients write it into their source.
    ///
    /// # Errors
    /// [`RsaError::Arithmetic`] only without memory.
    pub fn n_decimal(&self) -> Result<String, RsaError> {
        Ok(bignum::to_decimal(&self.n)?)
    }

    /// The modulus in lower-case hexadecimal.
    #[must_use]
    pub fn n_hex(&self) -> String {
        bignum::to_hex(&self.n)
    }

    /// The name of the key in `resPQ` (M-097).
    #[must_use]
    pub fn fingerprint(&self) -> i64 {
        self.fingerprint
    }

    /// `input ^ e mod n`.
    ///
    /// # Errors
    /// [`RsaError::Input`] when `input` is not below the modulus.
    pub fn raw(&self, input: &Number) -> Result<Number, RsaError> {
        let power = self.modulus.pow(input, der::strip_zeros(&self.e.to_be_bytes()));
        power.map(|power| *power).map_err(|BignumError| RsaError::Input)
    }
}

/// A private key. Its numbers live in aws-lc and are cleared when it is dropped; it may be shared between threads.
pub struct PrivateKey {
    private: RsaPrivate,
    public: PublicKey,
}

impl PrivateKey {
    /// Makes a fresh RSA-2048 key with e = 65537; a seeded generator gives the same key again. Takes about 0.1 s.
    ///
    /// # Errors
    /// [`RsaError::Arithmetic`] only without memory.
    pub fn generate<R: CryptoRng + ?Sized>(rng: &mut R) -> Result<Self, RsaError> {
        let (first, second) = (prime(rng)?, prime(rng)?);
        let (p, q) = if *first > *second { (first, second) } else { (second, first) };
        let (p, q) = (Int::from_be(p.as_slice())?, Int::from_be(q.as_slice())?);
        let (p1, q1) = (p.minus_one()?, q.minus_one()?);
        let e = Int::from_be(&EXPONENT.to_be_bytes())?;
        let d = e.inverse(&p1.mul(&q1)?)?;
        let parts = RsaParts {
            n: p.mul(&q)?,
            d_mod_p1: d.modulo(&p1)?,
            d_mod_q1: d.modulo(&q1)?,
            q_inverse: q.inverse(&p)?,
            e,
            d,
            p,
            q,
        };
        Self::with(RsaPrivate::new(&parts)?)
    }

    /// Reads `RSA PRIVATE KEY` (PKCS#1) or `PRIVATE KEY` (PKCS#8), not encrypted.
    ///
    /// # Errors
    /// [`RsaError::Format`], or [`RsaError::Size`] for other RSA keys.
    pub fn from_pem(text: &str) -> Result<Self, RsaError> {
        let (label, content) = der::from_pem(text).ok_or(RsaError::Format)?;
        let pkcs1 = match label {
            "RSA PRIVATE KEY" => Some(content.as_slice()),
            "PRIVATE KEY" => pkcs8_content(&content),
            _ => None,
        };
        let private = RsaPrivate::from_pkcs1(pkcs1.ok_or(RsaError::Format)?);
        Self::with(private.map_err(|BignumError| RsaError::Format)?)
    }

    fn with(private: RsaPrivate) -> Result<Self, RsaError> {
        let (n, e) = private.public().map_err(|BignumError| RsaError::Size)?;
        Ok(Self { private, public: PublicKey::new(&n, &e.to_be_bytes())? })
    }

    /// `RSA PRIVATE KEY`, wiped when dropped.
    ///
    /// # Errors
    /// [`RsaError::Arithmetic`] only without memory.
    pub fn to_pkcs1_pem(&self) -> Result<Zeroizing<String>, RsaError> {
        Ok(der::to_pem("RSA PRIVATE KEY", &self.private.to_pkcs1()?))
    }

    /// `PRIVATE KEY`, wiped when dropped.
    ///
    /// # Errors
    /// [`RsaError::Arithmetic`] only without memory.
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, RsaError> {
        let key = der::element(der::OCTET_STRING, &[&self.private.to_pkcs1()?]);
        let content = der::element(der::SEQUENCE, &[&der::integer(&[]), &der::RSA_ALGORITHM, &key]);
        Ok(der::to_pem("PRIVATE KEY", &content))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// `input ^ d mod n` by CRT. aws-lc blinds the base with numbers of its own generator, which leave no trace in
    /// the result, and checks the result against the public exponent before it comes out.
    ///
    /// # Errors
    /// [`RsaError::Input`] when `input` is not below the modulus.
    pub fn raw(&self, input: &Number) -> Result<Zeroizing<Number>, RsaError> {
        let mut output = Zeroizing::new([0; 256]);
        self.private.raw(input, &mut output).map_err(|BignumError| RsaError::Input)?;
        Ok(output)
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrivateKey({:016x})", self.public.fingerprint)
    }
}

const EXPONENT: u32 = 65537;

/// A random 1024-bit prime whose two highest bits are set, so that a product of two has 2048 bits, and which is not 1
/// modulo the exponent.
fn prime<R: CryptoRng + ?Sized>(rng: &mut R) -> Result<Zeroizing<[u8; 128]>, RsaError> {
    let mut candidate = Zeroizing::new([0; 128]);
    loop {
        rng.fill_bytes(candidate.as_mut_slice());
        let [first, .., last] = &mut *candidate;
        *first |= 0xc0;
        *last |= 1;
        if bignum::residue(candidate.as_slice(), EXPONENT) != 1
            && Int::from_be(candidate.as_slice())?.is_prime(0)?
        {
            return Ok(candidate);
        }
        candidate.zeroize();
    }
}

/// The last 8 bytes of the SHA-1 over bare `rsa_public_key n:string e:string` (M-097, M-009).
fn fingerprint(n: &Number, e: u32) -> i64 {
    let e = e.to_be_bytes();
    let e = der::strip_zeros(&e);
    let len = u8::try_from(e.len()).unwrap_or(4);
    let padding = [0; 3];
    let padding = padding.split_at(3 - e.len() % 4).0;
    // TL strings: 256 bytes need the long form, at most four bytes the short one; both end at a multiple of four.
    let [.., a, b, c, d, e, f, g, h] = sha1(&[&[254, 0, 1, 0], n, &[len], e, padding]);
    i64::from_le_bytes([a, b, c, d, e, f, g, h])
}

fn exponent(bytes: &[u8]) -> Option<u32> {
    let bytes = der::strip_zeros(bytes);
    (bytes.len() <= 4).then(|| bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

fn pkcs1_numbers(mut der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut key = der::take(&mut der, der::SEQUENCE)?;
    let n = der::take_integer(&mut key)?;
    let e = der::take_integer(&mut key)?;
    (der.is_empty() && key.is_empty()).then_some((n, e))
}

fn spki_content(mut der: &[u8]) -> Option<&[u8]> {
    let info = der::take(&mut der, der::SEQUENCE)?;
    let mut bits = info.strip_prefix(&der::RSA_ALGORITHM)?;
    der::take(&mut bits, der::BIT_STRING)?.strip_prefix(&[0])
}

fn pkcs8_content(mut der: &[u8]) -> Option<&[u8]> {
    let mut info = der::take(&mut der, der::SEQUENCE)?;
    der::take_integer(&mut info)?;
    let mut key = info.strip_prefix(&der::RSA_ALGORITHM)?;
    der::take(&mut key, der::OCTET_STRING)
}
