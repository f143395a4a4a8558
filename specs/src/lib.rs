//! Photo specifications as data.
//!
//! One TOML file per document type states size, background, bands for head and eyes, file limits and what is forbidden,
//! each with the source of its numbers.
//! This crate reads such a file into a checked [`Spec`] or refuses it with the field and the reason.
//! What the compliance checks compare with beyond that is data too: see [`Policy`].
//! It does no I/O: the files that ship with the program are compiled in.
//!
//! ```
//! let id_card = specs::find("cn-id-card").expect("the identity card ships with the program");
//! assert_eq!((id_card.width_px(), id_card.height_px()), (358, 441));
//! assert_eq!(id_card.status(), specs::Status::Draft);
//! ```

mod band;
mod change;
mod check;
mod colour;
mod error;
mod guide;
mod policy;
mod raw;
mod shipped;
mod sources;
mod spec;

#[cfg(test)]
mod tests;

pub use band::{Band, Measure, Unit};
pub use change::{Change, changes};
pub use colour::{colour_name, hex};
pub use error::SpecError;
pub use guide::Guide;
pub use policy::{Policy, Rule, Severity};
pub use shipped::{find, shipped};
pub use spec::{Confidence, Doubles, FileRule, Forbidden, FourEyes, Name, ReceiptRule, Rgb, Spec, Status, Template, Uses, limits};
