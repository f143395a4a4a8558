//! What is finished, line by line, so that a killed run goes on where it stopped.

use super::table::{Outcome, Row};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::Write,
    path::{Component, Path, PathBuf},
};

/// Name of the journal in the target folder.
const FILE: &str = "batch.jsonl";

/// One result.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Line {
    /// All that the result depends on.
    pub(super) key: String,
    /// Stem of the finished file, also where there is none.
    pub(super) stem: String,
    /// SHA-256 of the finished photo; empty when there is none.
    pub(super) photo_hash: String,
    pub(super) row: Row,
}

/// The journal of a target folder.
pub(super) struct Journal {
    file: File,
    done: HashMap<String, Line>,
}

impl Journal {
    pub(super) fn open(folder: &Path) -> Result<Journal> {
        let path: PathBuf = folder.join(FILE);
        let told = || format!("cannot use the journal {}", path.display());
        let mut done = HashMap::new();
        let mut ends_inside_a_line = false;
        if let Ok(text) = std::fs::read(&path) {
            ends_inside_a_line = text.last().is_some_and(|last| *last != b'\n');
            for line in text.split(|byte| *byte == b'\n') {
                // A line cut by a crash is no line: its picture is worked on again.
                if let Ok(line) = serde_json::from_slice::<Line>(line) {
                    let _ = done.insert(line.key.clone(), line);
                }
            }
        }
        let mut file = OpenOptions::new().create(true).append(true).open(&path).with_context(told)?;
        if ends_inside_a_line {
            file.write_all(b"\n").with_context(told)?;
        }
        Ok(Journal { file, done })
    }

    /// The result of an earlier run, if its photo still lies where it was put, byte for byte.
    pub(super) fn finished(&self, key: &str, folder: &Path) -> Option<Row> {
        let line = self.done.get(key)?;
        let there = match line.row.outcome {
            Outcome::Made | Outcome::CheckFailed => is_ours(&line.row.out) && hash_of(&folder.join(&line.row.out))? == line.photo_hash,
            _ => line.row.out.is_empty(),
        };
        there.then(|| line.row.clone())
    }

    /// Notes a result. The photo itself is on disk already.
    pub(super) fn note(&mut self, line: Line) -> Result<()> {
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        let _ = self.done.insert(line.key.clone(), line);
        self.file.write_all(&text).context("cannot write the journal")
    }

    /// Results with a photo, of this run and of earlier ones.
    pub(super) fn photos(&self) -> impl Iterator<Item = &Line> {
        // Attack: a journal may have been written by anybody, and what it names may be removed.
        self.done.values().filter(|line| is_ours(&line.row.out))
    }
}

/// Whether a batch can have put a photo there: in the target folder, or in the one for photos that failed a check.
fn is_ours(out: &str) -> bool {
    let path = Path::new(out);
    let parts: Vec<Component<'_>> = path.components().collect();
    let is_plain = parts.iter().all(|part| matches!(part, Component::Normal(_)));
    let is_near = parts.len() == 1 || (parts.len() == 2 && path.starts_with(super::run::CHECK_FAILED));
    is_plain && is_near && out.ends_with(".jpg")
}

/// SHA-256 of a file, lower-case hex.
fn hash_of(path: &Path) -> Option<String> {
    Some(hex::encode(Sha256::digest(std::fs::read(path).ok()?)))
}

#[cfg(test)]
mod tests {
    //! What counts as finished.
    use super::*;
    use crate::roster::Entry;

    fn line(key: &str, outcome: Outcome, out: &str, photo: &[u8]) -> Line {
        let row =
            Row { out: out.into(), bytes: photo.len() as u64, ..Row::settled(Entry::default(), outcome, String::new(), String::new()) };
        Line { key: key.into(), stem: "a".into(), photo_hash: hex::encode(Sha256::digest(photo)), row }
    }

    #[test]
    fn only_the_very_photo_counts_as_finished() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        journal.note(line("made", Outcome::Made, "a.jpg", b"photo")).unwrap();
        journal.note(line("lost", Outcome::Made, "", b"")).unwrap();
        journal.note(line("no", Outcome::Refused, "", b"")).unwrap();
        std::fs::write(dir.path().join("a.jpg"), b"photo").unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        assert!(journal.finished("made", dir.path()).is_some() && journal.finished("no", dir.path()).is_some());
        assert!(journal.finished("lost", dir.path()).is_none(), "a photo that was made lies somewhere");
        std::fs::write(dir.path().join("a.jpg"), b"ph0to").unwrap();
        assert!(journal.finished("made", dir.path()).is_none(), "another photo of the same size");
    }

    #[test]
    fn a_journal_names_nothing_outside_of_its_folder() {
        assert!(is_ours("a.jpg") && is_ours("check_failed/a.jpg"));
        for out in ["", "../a.jpg", "/a.jpg", "b/a.jpg", "check_failed/../a.jpg", "batch.jsonl"] {
            assert!(!is_ours(out), "{out}");
        }
    }
}
