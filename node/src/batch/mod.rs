//! Many pictures at once: a folder and a roster in, a folder of finished photos and a table of results out.
//!
//! Whatever was finished is noted line by line in a journal in the target folder, so that a run that was killed goes on
//! where it stopped. Each worker holds one picture at a time, which bounds memory by the number of workers, and only one
//! of them at a time a very large one.
//!
//! What lies in the target folder is what the table says: photos that failed a check lie apart in `check_failed/`, and
//! when a picture ends without a photo, the photo that an earlier run made in its place is removed.

mod giant;
mod journal;
mod names;
mod others;
mod pairing;
mod plan;
mod run;
mod table;

pub use plan::Plan;
pub use run::{Order, Summary, run};
pub use table::{Outcome, Row};
