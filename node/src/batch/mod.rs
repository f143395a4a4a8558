//! Many pictures at once: a folder and a roster in, a folder of finished photos and a table of results out.
//!
//! Whatever was finished is noted line by line in a journal in the target folder, so that a run that was killed goes on
//! where it stopped. Each worker holds one picture at a time, which bounds memory by the number of workers.

mod journal;
mod names;
mod plan;
mod roster;
mod run;
mod table;

pub use plan::Plan;
pub use roster::{Entry, Roster};
pub use run::{Order, Summary, run};
pub use table::{Outcome, Row};
