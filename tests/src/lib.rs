//! Harness of the system tests: real nodes as real processes on loopback or on hosts of their own, driven through their public command line and API.
//!
//! Knows nothing of the node's inside: what it cannot reach here, no user can reach.

mod client;
pub mod namespaces;
pub mod pictures;
mod process;

pub use client::{Answer, Client};
pub use process::{Federation, Node, copy_folder, huizhi, started};

use std::time::{Duration, Instant};

/// A first submission signs two records: what the applicant agreed to, and the submission.
pub const RECORDS_PER_SUBMISSION: u64 = 2;

/// How long something that must happen may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again until there is an answer.
///
/// # Panics
/// There is none within [`PATIENCE`].
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "this did not happen: {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
