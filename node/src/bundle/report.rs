//! What a stick brings or brought, for people and programs.

use crate::text::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Refusals listed; the rest is counted.
const LISTED_MAX: usize = 200;

/// What a stick brings, before anything is stored, or what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BundleReport)]
pub struct Report {
    /// Nothing more of it can be taken in; false where another step follows.
    pub done: bool,
    /// Whether anything was stored. False: this is what an import would do.
    pub stored: bool,
    /// Logs on the stick, the province's first.
    pub logs: Vec<LogReport>,
    /// Cases of which nothing was here.
    pub new_cases: u64,
    /// Fork proofs that were not known here, or prove more than was known.
    pub forks_new: u64,
    /// Photos and sealed payloads that were taken in. Before the import: those that are not here yet; which of them this office may have
    /// is known only with the records.
    pub blobs_new: u64,
    /// Bytes of those.
    pub blob_bytes: u64,
    /// Photos and sealed payloads that were here already.
    pub blobs_here: u64,
    /// Whatever is not taken, and why; the first 200.
    pub refused: Vec<Refused>,
    /// How many things are not taken.
    pub refused_count: u64,
    /// Files that systems leave on every stick; they are not read.
    pub ignored: u64,
}

/// One log on a stick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BundleLog)]
pub struct LogReport {
    /// The log.
    pub log: String,
    /// Name of its office, as far as it is known here.
    pub office: String,
    /// Entries that were here before.
    pub from: u64,
    /// Entries that are here afterwards.
    pub to: u64,
    /// Entries that the checkpoint on the stick stands for.
    pub signed: u64,
}

/// Something on a stick that is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BundleRefused)]
pub struct Refused {
    /// Where, relative to the bundle.
    pub place: String,
    /// Why, and what to do.
    pub reason: Text,
}

impl Report {
    pub(super) fn refuse(&mut self, place: impl Into<String>, reason: Text) {
        self.refused_count += 1;
        if self.refused.len() < LISTED_MAX {
            self.refused.push(Refused { place: place.into(), reason });
        }
    }

    /// Entries that came, or would.
    pub fn entries(&self) -> u64 {
        self.logs.iter().map(|log| log.to.saturating_sub(log.from)).sum()
    }

    /// Takes in the report of the next step of the same import. What a step finds refused it finds again, so the last word counts.
    pub fn and_then(mut self, later: Report) -> Report {
        for log in &mut self.logs {
            if let Some(next) = later.logs.iter().find(|next| next.log == log.log) {
                log.to = log.to.max(next.to);
            }
        }
        let known: Vec<String> = self.logs.iter().map(|log| log.log.clone()).collect();
        self.logs.extend(later.logs.into_iter().filter(|log| !known.contains(&log.log)));
        Report {
            done: later.done,
            stored: self.stored || later.stored,
            logs: self.logs,
            new_cases: self.new_cases + later.new_cases,
            forks_new: self.forks_new + later.forks_new,
            blobs_new: self.blobs_new + later.blobs_new,
            blob_bytes: self.blob_bytes + later.blob_bytes,
            // Those of the step before are here in this one.
            blobs_here: later.blobs_here.saturating_sub(self.blobs_new),
            refused: later.refused,
            refused_count: later.refused_count,
            ignored: later.ignored,
        }
    }
}
