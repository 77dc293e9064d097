//! The calls into aws-lc: owned handles with safe methods, nothing else.
#![allow(
    unsafe_code,
    reason = "foreign functions; every handle is owned by exactly one value and freed once"
)]

use super::BignumError;
use aws_lc_sys as lc;
use std::ptr::{NonNull, null_mut};
use zeroize::Zeroizing;

/// The public key of an X25519 private key (RFC 7748).
pub fn x25519_public(private: &[u8; 32]) -> [u8; 32] {
    let mut public = [0; 32];
    // SAFETY: both pointers are to 32 bytes that live through the call, which cannot fail.
    unsafe { lc::X25519_public_from_private(public.as_mut_ptr(), private.as_ptr()) }
    public
}

/// A non-negative integer; its memory is cleared before it is freed.
pub struct Int(NonNull<lc::BIGNUM>);

// SAFETY: a BIGNUM has no thread affinity, and all shared access through `&Int` only reads it.
unsafe impl Send for Int {}
// SAFETY: as above.
unsafe impl Sync for Int {}

impl Drop for Int {
    fn drop(&mut self) {
        // SAFETY: the pointer came from aws-lc and is freed here only.
        unsafe { lc::BN_clear_free(self.0.as_ptr()) }
    }
}

/// Scratch memory of the library; made per operation, so nothing is shared between threads.
struct Scratch(NonNull<lc::BN_CTX>);

impl Scratch {
    fn new() -> Result<Self, BignumError> {
        // SAFETY: takes no arguments; null means out of memory.
        owned(unsafe { lc::BN_CTX_new() }).map(Self)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: the pointer came from BN_CTX_new and is freed here only.
        unsafe { lc::BN_CTX_free(self.0.as_ptr()) }
    }
}

impl Int {
    fn zero() -> Result<Self, BignumError> {
        // SAFETY: takes no arguments; null means out of memory.
        owned(unsafe { lc::BN_new() }).map(Self)
    }

    /// Reads a big-endian number.
    pub fn from_be(bytes: &[u8]) -> Result<Self, BignumError> {
        // SAFETY: pointer and length describe `bytes`; a null result pointer asks for a new number.
        owned(unsafe { lc::BN_bin2bn(bytes.as_ptr(), bytes.len(), null_mut()) }).map(Self)
    }

    /// Writes the number big-endian, padded with zeros on the left; fails if it needs more room.
    pub fn to_be(&self, out: &mut [u8]) -> Result<(), BignumError> {
        // SAFETY: pointer and length describe `out`.
        done(unsafe { lc::BN_bn2bin_padded(out.as_mut_ptr(), out.len(), self.0.as_ptr()) })
    }

    /// The number in decimal.
    pub fn to_decimal(&self) -> Result<String, BignumError> {
        // SAFETY: the number is valid; the result is a new C string or null.
        let text = owned(unsafe { lc::BN_bn2dec(self.0.as_ptr()) })?;
        // SAFETY: aws-lc returned a NUL-terminated string that lives until it is freed below.
        let copy = unsafe { std::ffi::CStr::from_ptr(text.as_ptr()) }.to_string_lossy().into_owned();
        // SAFETY: the string was allocated by aws-lc and is not used after this.
        unsafe { lc::OPENSSL_free(text.as_ptr().cast()) };
        Ok(copy)
    }

    /// Probabilistic primality with `rounds` of Miller–Rabin; 0 lets the library choose for random candidates.
    pub fn is_prime(&self, rounds: std::ffi::c_int) -> Result<bool, BignumError> {
        let scratch = Scratch::new()?;
        let mut answer = 0;
        // SAFETY: number and scratch are valid, `answer` outlives the call, a null callback is allowed.
        done(unsafe {
            lc::BN_primality_test(&raw mut answer, self.0.as_ptr(), rounds, scratch.0.as_ptr(), 1, null_mut())
        })?;
        Ok(answer == 1)
    }

    /// `self * other`.
    pub fn mul(&self, other: &Self) -> Result<Self, BignumError> {
        let (out, scratch) = (Self::zero()?, Scratch::new()?);
        // SAFETY: all four handles are valid and `out` is not shared yet.
        done(unsafe { lc::BN_mul(out.0.as_ptr(), self.0.as_ptr(), other.0.as_ptr(), scratch.0.as_ptr()) })?;
        Ok(out)
    }

    /// `self + other`.
    pub fn add(&self, other: &Self) -> Result<Self, BignumError> {
        let out = Self::zero()?;
        // SAFETY: all three handles are valid and `out` is not shared yet.
        done(unsafe { lc::BN_add(out.0.as_ptr(), self.0.as_ptr(), other.0.as_ptr()) })?;
        Ok(out)
    }

    /// `self - other` for an `other` that is not the larger one.
    pub fn sub(&self, other: &Self) -> Result<Self, BignumError> {
        let out = Self::zero()?;
        // SAFETY: all three handles are valid and `out` is not shared yet; this form fails instead of going negative.
        done(unsafe { lc::BN_usub(out.0.as_ptr(), self.0.as_ptr(), other.0.as_ptr()) })?;
        Ok(out)
    }

    /// `self - 1` for a positive number.
    pub fn minus_one(&self) -> Result<Self, BignumError> {
        let (out, one) = (Self::zero()?, Self::from_be(&[1])?);
        // SAFETY: all three handles are valid and `out` is not shared yet.
        done(unsafe { lc::BN_sub(out.0.as_ptr(), self.0.as_ptr(), one.0.as_ptr()) })?;
        Ok(out)
    }

    /// `self mod modulus`.
    pub fn modulo(&self, modulus: &Self) -> Result<Self, BignumError> {
        let (out, scratch) = (Self::zero()?, Scratch::new()?);
        // SAFETY: the handles are valid and `out` is not shared yet; a null quotient is allowed.
        done(unsafe {
            lc::BN_div(null_mut(), out.0.as_ptr(), self.0.as_ptr(), modulus.0.as_ptr(), scratch.0.as_ptr())
        })?;
        Ok(out)
    }

    /// The inverse of `self` modulo `modulus`, if there is one.
    pub fn inverse(&self, modulus: &Self) -> Result<Self, BignumError> {
        let (out, scratch) = (Self::zero()?, Scratch::new()?);
        // SAFETY: all four handles are valid and `out` is not shared yet; null means there is no inverse.
        let result = unsafe {
            lc::BN_mod_inverse(out.0.as_ptr(), self.0.as_ptr(), modulus.0.as_ptr(), scratch.0.as_ptr())
        };
        owned(result).map(|_| out)
    }
}

/// An odd modulus with its Montgomery constants.
pub struct Montgomery {
    modulus: Int,
    context: NonNull<lc::BN_MONT_CTX>,
}

// SAFETY: after its creation the context is only read.
unsafe impl Send for Montgomery {}
// SAFETY: as above.
unsafe impl Sync for Montgomery {}

impl Drop for Montgomery {
    fn drop(&mut self) {
        // SAFETY: the pointer came from BN_MONT_CTX_new_for_modulus and is freed here only.
        unsafe { lc::BN_MONT_CTX_free(self.context.as_ptr()) }
    }
}

impl Montgomery {
    /// Fails for an even modulus.
    pub fn new(modulus: Int) -> Result<Self, BignumError> {
        let scratch = Scratch::new()?;
        // SAFETY: modulus and scratch are valid; null means an unsuitable modulus or no memory.
        let context = unsafe { lc::BN_MONT_CTX_new_for_modulus(modulus.0.as_ptr(), scratch.0.as_ptr()) };
        Ok(Self { modulus, context: owned(context)? })
    }

    /// What everything here is taken modulo.
    pub fn modulus(&self) -> &Int {
        &self.modulus
    }

    /// `base ^ exponent`, in time that depends on the stored lengths only; fails if `base` is not below the modulus.
    pub fn pow(&self, base: &Int, exponent: &Int) -> Result<Int, BignumError> {
        let (out, scratch) = (Int::zero()?, Scratch::new()?);
        // SAFETY: every handle is valid, `out` is not shared yet, the context belongs to this modulus.
        done(unsafe {
            lc::BN_mod_exp_mont_consttime(
                out.0.as_ptr(),
                base.0.as_ptr(),
                exponent.0.as_ptr(),
                self.modulus.0.as_ptr(),
                scratch.0.as_ptr(),
                self.context.as_ptr(),
            )
        })?;
        Ok(out)
    }
}

/// The parts of an RSA private key.
pub struct RsaParts {
    pub n: Int,
    pub e: Int,
    pub d: Int,
    pub p: Int,
    pub q: Int,
    pub d_mod_p1: Int,
    pub d_mod_q1: Int,
    pub q_inverse: Int,
}

/// An RSA private key inside aws-lc.
pub struct RsaPrivate(NonNull<lc::RSA>);

// SAFETY: aws-lc documents private operations on a shared RSA object as thread-safe (it locks its blinding cache),
// and nothing here changes the key after its creation.
unsafe impl Send for RsaPrivate {}
// SAFETY: as above.
unsafe impl Sync for RsaPrivate {}

impl Drop for RsaPrivate {
    fn drop(&mut self) {
        // SAFETY: the pointer came from aws-lc and is freed here only; RSA_free clears the private numbers.
        unsafe { lc::RSA_free(self.0.as_ptr()) }
    }
}

impl RsaPrivate {
    /// Builds and checks a key.
    pub fn new(parts: &RsaParts) -> Result<Self, BignumError> {
        // SAFETY: all handles are valid; aws-lc copies them. Null means that the parts do not form a key.
        owned(unsafe {
            lc::RSA_new_private_key(
                parts.n.0.as_ptr(),
                parts.e.0.as_ptr(),
                parts.d.0.as_ptr(),
                parts.p.0.as_ptr(),
                parts.q.0.as_ptr(),
                parts.d_mod_p1.0.as_ptr(),
                parts.d_mod_q1.0.as_ptr(),
                parts.q_inverse.0.as_ptr(),
            )
        })
        .map(Self)
    }

    /// Parses and checks a PKCS#1 `RSAPrivateKey`.
    pub fn from_pkcs1(der: &[u8]) -> Result<Self, BignumError> {
        // SAFETY: pointer and length describe `der`. Null means that it is not a key.
        owned(unsafe { lc::RSA_private_key_from_bytes(der.as_ptr(), der.len()) }).map(Self)
    }

    /// Writes a PKCS#1 `RSAPrivateKey`.
    pub fn to_pkcs1(&self) -> Result<Zeroizing<Vec<u8>>, BignumError> {
        let mut bytes = null_mut();
        let mut len = 0;
        // SAFETY: both out-pointers are valid for the call and the key is complete.
        done(unsafe { lc::RSA_private_key_to_bytes(&raw mut bytes, &raw mut len, self.0.as_ptr()) })?;
        let bytes = owned(bytes)?;
        // SAFETY: on success aws-lc has written `len` bytes there.
        let copy = Zeroizing::new(unsafe { std::slice::from_raw_parts(bytes.as_ptr(), len) }.to_vec());
        // SAFETY: the buffer was allocated by aws-lc and is not used after this; OPENSSL_free clears it.
        unsafe { lc::OPENSSL_free(bytes.as_ptr().cast()) };
        Ok(copy)
    }

    /// The modulus, big-endian, and the public exponent.
    pub fn public(&self) -> Result<([u8; 256], u64), BignumError> {
        let (mut n, mut e) = ([0; 256], 0);
        // SAFETY: the numbers belong to the key and outlive these calls; lengths describe the outputs.
        unsafe {
            done(lc::BN_bn2bin_padded(n.as_mut_ptr(), n.len(), lc::RSA_get0_n(self.0.as_ptr())))?;
            done(lc::BN_get_u64(lc::RSA_get0_e(self.0.as_ptr()), &raw mut e))?;
        }
        Ok((n, e))
    }

    /// `input ^ d mod n` by CRT with blinding and a check of the result; fails if `input` is not below `n`.
    pub fn raw(&self, input: &[u8; 256], output: &mut [u8; 256]) -> Result<(), BignumError> {
        let mut len = 0;
        // SAFETY: pointers and lengths describe both arrays; the key is not changed but for its locked caches.
        done(unsafe {
            lc::RSA_decrypt(
                self.0.as_ptr(),
                &raw mut len,
                output.as_mut_ptr(),
                output.len(),
                input.as_ptr(),
                input.len(),
                lc::RSA_NO_PADDING,
            )
        })?;
        if len == output.len() { Ok(()) } else { Err(BignumError) }
    }
}

/// Null means failure.
fn owned<T>(pointer: *mut T) -> Result<NonNull<T>, BignumError> {
    NonNull::new(pointer).ok_or_else(forget_errors)
}

/// Every status here is 1 for success.
fn done(status: std::ffi::c_int) -> Result<(), BignumError> {
    if status == 1 { Ok(()) } else { Err(forget_errors()) }
}

/// The library queues a description of each failure per thread; nobody reads it, so it must not pile up.
fn forget_errors() -> BignumError {
    // SAFETY: only touches the queue of this thread.
    unsafe { lc::ERR_clear_error() };
    BignumError
}
