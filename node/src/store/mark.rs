//! The mark of how a node ended: cleanly, not at all, or never since it was restored from a backup.
//!
//! A database and a head file that agree may both be old, for a whole disk can be put back. What they cannot tell, the mark tells:
//! only after an end in order on this very start of the machine is nobody asked before the first signature.

use super::{StoreError, heads::replace_file};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Name of the file in the data directory.
const FILE: &str = "standing";

/// What the mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The directory was just made, and no process has signed anything in it.
    New,
    /// The last process ended in order, and the machine was not started since.
    Clean,
    /// The last process ended in order, but the machine was started since: its disk may be another day's.
    CleanBefore,
    /// The last process did not end in order, or nobody knows.
    Unknown,
    /// The directory was restored from a backup and its own log was not compared with others since.
    Restored,
}

/// Where the mark stands.
#[derive(Debug)]
pub struct MarkFile(PathBuf);

impl MarkFile {
    /// The mark of a data directory.
    pub fn new(dir: &Path) -> Self {
        Self(dir.join(FILE))
    }

    /// Whether some process left one.
    pub fn is_here(&self) -> bool {
        self.0.exists()
    }

    /// Reads it. What cannot be read says nothing.
    pub fn read(&self) -> Mark {
        let text = fs::read_to_string(&self.0).unwrap_or_default();
        match text.trim_end().split_once(' ') {
            Some(("clean", start)) if start == machine_start() => Mark::Clean,
            Some(("clean", _)) => Mark::CleanBefore,
            _ if text.trim_end() == "restored" => Mark::Restored,
            _ if text.trim_end() == "new" => Mark::New,
            _ => Mark::Unknown,
        }
    }

    /// The directory was just made, with keys that nobody has used. Never to be written where anything was signed.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write_new(&self) -> Result<(), StoreError> {
        replace_file(&self.0, b"new\n")
    }
    /// From now on a process writes; durable when this returns.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write_running(&self) -> Result<(), StoreError> {
        replace_file(&self.0, b"running\n")
    }
    /// The process ended in order.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write_clean(&self) -> Result<(), StoreError> {
        replace_file(&self.0, format!("clean {}\n", machine_start()).as_bytes())
    }
    /// The directory comes from a backup.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write_restored(&self) -> Result<(), StoreError> {
        replace_file(&self.0, b"restored\n")
    }
}

/// Names this start of the machine. Where the system does not tell, every start is the same.
fn machine_start() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map_or_else(|_| "unknown".into(), |id| id.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_11_only_an_end_in_order_on_the_same_start_of_the_machine_is_clean() {
        let dir = tempfile::tempdir().unwrap();
        let mark = MarkFile::new(dir.path());
        assert_eq!(mark.read(), Mark::Unknown, "no mark");
        mark.write_new().unwrap();
        assert_eq!(mark.read(), Mark::New);
        mark.write_clean().unwrap();
        assert_eq!(mark.read(), Mark::Clean);
        mark.write_running().unwrap();
        assert_eq!(mark.read(), Mark::Unknown);
        mark.write_restored().unwrap();
        assert_eq!(mark.read(), Mark::Restored);
        fs::write(dir.path().join(FILE), "clean another-start\n").unwrap();
        assert_eq!(mark.read(), Mark::CleanBefore);
        for torn in ["", "cle", "clean", "restored from", "\0\0\0\0"] {
            fs::write(dir.path().join(FILE), torn).unwrap();
            assert_eq!(mark.read(), Mark::Unknown, "{torn:?}");
        }
    }
}
