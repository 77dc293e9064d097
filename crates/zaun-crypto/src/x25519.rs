//! X25519 (RFC 7748), as far as fake TLS needs it: a public key that is a point of the curve.

use crate::bignum::ffi;

/// The public key of 32 random bytes.
#[must_use]
pub fn public_key(private: &[u8; 32]) -> [u8; 32] {
    ffi::x25519_public(private)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7748, section 5.2: one iteration from the base point.
    #[test]
    fn matches_rfc_7748() {
        let mut nine = [0; 32];
        nine[0] = 9;
        let hex: String = public_key(&nine).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
    }
}
