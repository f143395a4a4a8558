//! Ed25519 keys of offices. Strict verification only.
//!
//! Source: RFC 8032; the strict rule refuses small-order components, and enrolment refuses keys with a torsion part,
//! because single and batch verification disagree on such keys.

use crate::id::PublicKey;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use std::cell::Cell;

/// An office's or province's signing key. Never leaves the machine that made it.
pub struct OfficeKey(SigningKey);

impl OfficeKey {
    /// The key of a 32-byte seed, which must come from a secure random source.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }
    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }
    /// Signs bytes; callers add a domain-separation prefix.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl std::fmt::Debug for OfficeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OfficeKey({})", self.public())
    }
}

/// Why a public key is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a point of the curve.
    #[error("these 32 bytes are not an Ed25519 public key")]
    NotAKey,
    /// A point with a torsion component: signatures under it verify for some and fail for others.
    #[error("the public key has a torsion component and cannot be trusted")]
    Torsion,
}

impl PublicKey {
    /// Whether this key may be enrolled.
    ///
    /// # Errors
    /// Not a key, of small order, with a torsion part, or not the one encoding of its point (RFC 8032 §5.1.3).
    pub fn check(self) -> Result<(), KeyError> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| KeyError::NotAKey)?;
        // Decompression reduces y, so a key with y ≥ p would have a second spelling.
        if key.to_edwards().compress().to_bytes() != self.0 {
            return Err(KeyError::NotAKey);
        }
        if key.is_weak() || !key.to_edwards().is_torsion_free() { Err(KeyError::Torsion) } else { Ok(()) }
    }
    /// Strict Ed25519 verification.
    pub(crate) fn verifies(self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.point().is_some_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
    }
    /// The key as a point of the curve, which is a tenth of a verification to find; records come log by log, so the last key is mostly the next.
    fn point(self) -> Option<VerifyingKey> {
        thread_local!(static LAST: Cell<Option<VerifyingKey>> = const { Cell::new(None) });
        if let Some(last) = LAST.get().filter(|last| *last.as_bytes() == self.0) {
            return Some(last);
        }
        let key = VerifyingKey::from_bytes(&self.0).ok()?;
        LAST.set(Some(key));
        Some(key)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The eight points of the torsion subgroup of edwards25519, as compressed (RFC 8032 §5.1.2): order 1, 2, 4, 4, 8, 8, 8, 8.
    /// The list of `EIGHT_TORSION` in curve25519-dalek, written out so that it does not come from the code that is tested.
    const SMALL_ORDER: [&str; 8] = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    ];

    pub(crate) fn small_order() -> impl Iterator<Item = PublicKey> {
        SMALL_ORDER.into_iter().map(|point| point.parse().unwrap())
    }

    /// A good key plus each torsion point but the identity: verification with and without cofactor disagrees on such keys.
    pub(crate) fn mixed_order() -> impl Iterator<Item = PublicKey> {
        let point = |key: PublicKey| VerifyingKey::from_bytes(&key.0).unwrap().to_edwards();
        let good = point(OfficeKey::from_seed(&[1; 32]).public());
        small_order().skip(1).map(move |torsion| PublicKey((good + point(torsion)).compress().to_bytes()))
    }

    #[test]
    fn keys_with_torsion_are_refused() {
        assert_eq!(OfficeKey::from_seed(&[1; 32]).public().check(), Ok(()));
        for key in small_order().chain(mixed_order()) {
            assert_eq!(key.check(), Err(KeyError::Torsion), "{key}");
        }
        let distinct: std::collections::BTreeSet<_> = small_order().chain(mixed_order()).collect();
        assert_eq!(distinct.len(), 15);
    }

    #[test]
    fn a_key_has_one_encoding() {
        // y = 1 written as p + 1: the same point as the identity, in bytes that no honest key has.
        let mut not_reduced = [0xff; 32];
        not_reduced[0] = 0xee;
        not_reduced[31] = 0x7f;
        assert!(PublicKey(not_reduced).check().is_err());
        // 2 is no y of the curve.
        let mut off_curve = [0; 32];
        off_curve[0] = 2;
        assert_eq!(PublicKey(off_curve).check(), Err(KeyError::NotAKey));
    }

    #[test]
    fn a_changed_bit_does_not_verify() {
        let key = OfficeKey::from_seed(&[9; 32]);
        let signature = key.sign(b"message");
        assert!(key.public().verifies(b"message", &signature));
        assert!(!key.public().verifies(b"messagf", &signature));
        for bit in 0..512 {
            let mut wrong = signature;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.public().verifies(b"message", &wrong), "bit {bit}");
        }
    }
}
