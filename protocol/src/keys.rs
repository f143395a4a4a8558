//! Ed25519 keys of offices. Strict verification only.
//!
//! Source: RFC 8032; the strict rule refuses small-order components, and enrolment refuses keys with a torsion part,
//! because single and batch verification disagree on such keys.

use crate::id::PublicKey;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

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
    /// Not a key, or not torsion free.
    pub fn check(self) -> Result<(), KeyError> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| KeyError::NotAKey)?;
        if key.is_weak() || !key.to_edwards().is_torsion_free() { Err(KeyError::Torsion) } else { Ok(()) }
    }
    /// Strict Ed25519 verification.
    pub(crate) fn verifies(self, message: &[u8], signature: &[u8; 64]) -> bool {
        VerifyingKey::from_bytes(&self.0).is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_torsion_are_refused() {
        assert_eq!(OfficeKey::from_seed(&[1; 32]).public().check(), Ok(()));
        // The identity point, of order one, and a point of order eight (RFC 7748's list of small-order points).
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(PublicKey(identity).check(), Err(KeyError::Torsion));
        // A good key plus the point of order two is no longer torsion free.
        let good = VerifyingKey::from_bytes(&OfficeKey::from_seed(&[1; 32]).public().0).unwrap().to_edwards();
        let mut order_two = [0xff; 32];
        order_two[0] = 0xec;
        order_two[31] = 0x7f;
        let torsion = VerifyingKey::from_bytes(&order_two).unwrap().to_edwards();
        let mixed = (good + torsion).compress().to_bytes();
        assert_eq!(PublicKey(mixed).check(), Err(KeyError::Torsion));
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
