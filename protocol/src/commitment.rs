//! Salted commitments to personal data, so that a log entry can bind a person without naming one.

use sha2::{Digest, Sha256};

/// Commits to an applicant's name and identity number under a 32-byte random salt.
///
/// SHA-256 over a domain line, the salt, and each field behind its length as 64-bit big-endian, so that no two pairs share an encoding.
/// Without the salt, which stays in the sealed payload, the 18-digit number cannot be searched for.
pub fn applicant(salt: &[u8; 32], name: &str, id_number: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"huizhi/commitment/applicant/v1\n");
    hasher.update(salt);
    for field in [name, id_number] {
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field.as_bytes());
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::applicant;

    #[test]
    fn fields_and_salt_are_bound() {
        let base = applicant(&[0; 32], "ab", "c");
        assert_ne!(base, applicant(&[0; 32], "a", "bc"));
        assert_ne!(base, applicant(&[1; 32], "ab", "c"));
        assert_eq!(base, applicant(&[0; 32], "ab", "c"));
    }
}
