//! Compliance checks: what was measured, what is allowed, and what the clerk should do.
//!
//! Names follow ISO/IEC 29794-5 where it has one.

use serde::Serialize;

use crate::text::Text;

/// Outcome of a check. What could not be measured is its own outcome and never a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Measured and out of range.
    Fail,
    /// Could not be measured; a person must look.
    NotAssessed,
    /// Measured and within range.
    Pass,
}

impl Verdict {
    /// The stable word.
    pub fn key(self) -> &'static str {
        match self {
            Verdict::Fail => "fail",
            Verdict::NotAssessed => "not_assessed",
            Verdict::Pass => "pass",
        }
    }
}

/// Result of one check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// Stable name, for example `SingleFacePresent`.
    pub name: &'static str,
    /// The name in words.
    pub title: Text,
    /// Outcome.
    pub verdict: Verdict,
    /// Measured value.
    pub measured: Option<f64>,
    /// `px`, `mm`, `deg`, `KB`, `share` …
    pub unit: &'static str,
    /// Lower bound, inclusive.
    pub min: Option<f64>,
    /// Upper bound, inclusive.
    pub max: Option<f64>,
    /// Stable reason of a failure that has one, for example `crop_infeasible`.
    pub code: Option<&'static str>,
    /// What to do next; empty when passed.
    pub next_step: Text,
}

/// All checks of one photo, failed ones first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CheckReport {
    /// Results.
    pub checks: Vec<Check>,
}

impl CheckReport {
    /// No check failed. Checks that could not be assessed do not count as failed, and are for the reviewer to see.
    pub fn passed(&self) -> bool {
        self.checks
            .iter()
            .all(|check| check.verdict != Verdict::Fail)
    }

    /// The check of this name.
    pub fn get(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }
}
