//! From files to finished photos: refusals, whole runs on a drawn portrait, and bytes that nobody expected.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "tests")]

mod cancelling;
mod card;
mod checks;
mod faults;
mod files;
mod framing;
mod guidance;
mod matting;
mod properties;
mod runs;
mod sheets;
