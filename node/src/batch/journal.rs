//! What is finished, line by line, so that a killed run goes on where it stopped.

use super::table::Row;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

/// Name of the journal in the target folder.
const FILE: &str = "batch.jsonl";

#[derive(Serialize, Deserialize)]
struct Line {
    key: String,
    row: Row,
}

/// The journal of a target folder.
pub(super) struct Journal {
    file: File,
    done: HashMap<String, Row>,
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
                    let _ = done.insert(line.key, line.row);
                }
            }
        }
        let mut file = OpenOptions::new().create(true).append(true).open(&path).with_context(told)?;
        if ends_inside_a_line {
            file.write_all(b"\n").with_context(told)?;
        }
        Ok(Journal { file, done })
    }

    /// The result of an earlier run, if its photo still lies where it was put.
    pub(super) fn finished(&self, key: &str, folder: &Path) -> Option<Row> {
        let row = self.done.get(key)?;
        let there = row.out.is_empty() || std::fs::metadata(folder.join(&row.out)).is_ok_and(|meta| meta.len() == row.bytes);
        there.then(|| row.clone())
    }

    /// Notes a result. The photo itself is on disk already.
    pub(super) fn note(&mut self, key: &str, row: &Row) -> Result<()> {
        let mut line = serde_json::to_vec(&Line { key: key.to_owned(), row: row.clone() })?;
        line.push(b'\n');
        self.file.write_all(&line).context("cannot write the journal")
    }
}
