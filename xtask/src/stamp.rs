//! Remembers under `target/` what a step was last done for, so that a second run costs nothing.

use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::Shell;

/// Names and contents of files, folded into one number (FNV-1a; it guards against forgetting, not against an attack).
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    /// Of nothing yet.
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds bytes and a mark for their end.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// Adds a file or a whole folder, in the order of names; what is missing counts as missing.
    pub(crate) fn path(&mut self, path: &Path) {
        self.bytes(path.file_name().unwrap_or_default().as_encoded_bytes());
        if path.is_dir() {
            for entry in sorted(path) {
                self.path(&entry);
            }
        } else {
            match fs::read(path) {
                Ok(content) => self.bytes(&content),
                Err(_) => self.bytes(b"missing"),
            }
        }
    }

    fn text(&self) -> String {
        format!("{:016x}", self.0)
    }
}

/// The entries of a folder in the order of their names; empty when it cannot be read.
pub(crate) fn sorted(dir: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(dir).map(|entries| entries.flatten().map(|entry| entry.path()).collect()).unwrap_or_default();
    entries.sort();
    entries
}

/// Whether the step was last done for exactly this.
pub(crate) fn is_current(shell: &Shell, step: &str, fingerprint: &Fingerprint) -> bool {
    fs::read_to_string(file(shell, step)).is_ok_and(|text| text == fingerprint.text())
}

/// Notes that the step was done. A stamp that cannot be written only costs time at the next run.
pub(crate) fn set(shell: &Shell, step: &str, fingerprint: &Fingerprint) {
    let file = file(shell, step);
    if let Some(parent) = file.parent() {
        let _ = fs::create_dir_all(parent);
    }
    let _ = fs::write(file, fingerprint.text());
}

fn file(shell: &Shell, step: &str) -> PathBuf {
    shell.target(&format!("xtask/{step}.stamp"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parts: &[&[u8]]) -> String {
        let mut fingerprint = Fingerprint::new();
        for part in parts {
            fingerprint.bytes(part);
        }
        fingerprint.text()
    }

    #[test]
    fn where_one_part_ends_matters() {
        assert_eq!(of(&[b"ab", b"c"]), of(&[b"ab", b"c"]));
        assert_ne!(of(&[b"ab", b"c"]), of(&[b"a", b"bc"]));
        assert_ne!(of(&[]), of(&[b""]));
    }
}
