//! From a camera picture to a finished ID photo with its checks.
//!
//! Each stage is a type of its own, in the order `Decoded → Upright → Located → Matted → Cropped → Composed → Encoded`.
//! The crate does no I/O, reads no clock and knows no inference engine: what a model sees comes in through [`Vision`],
//! or through [`Marks`] that the staff set by hand.
//! Everything that was done to the photo is listed as [`Operation`]s, and nothing that could not be measured counts as passed.
//!
//! Left and right are as seen in the picture, everywhere.
//!
//! ```
//! use photo::{NoVision, standardize};
//!
//! let spec = specs::find("cn-id-card").expect("the identity card ships with the program");
//! let refusal = standardize(b"not a photo", spec, &NoVision, None, &mut |_stage| {}).unwrap_err();
//! assert_eq!(refusal.code(), "not_an_image");
//! assert!(refusal.message().zh.contains("JPEG"));
//! ```

mod cancel;
pub mod card;
pub mod check;
pub mod compose;
pub mod crop;
pub mod decode;
pub mod encode;
pub mod guidance;
pub mod image;
pub mod lab;
pub mod locate;
pub mod matte;
mod operation;
mod pipeline;
mod pixels;
mod plane;
pub mod sheet;
mod text;
pub mod upright;
mod vision;
mod wanted;

pub use cancel::Cancel;
pub use check::{Area, Check, CheckReport, Component, Verdict};
pub use decode::DecodeError;
pub use image::{Point, Rgb};
pub use locate::{LocateError, LocatedBy, Marks};
pub use operation::Operation;
pub use pipeline::{PhotoError, Prepared, Preview, Shot, Stage, Standardized, prepare, preview, standardize};
pub use plane::Plane;
pub use text::Text;
pub use vision::{Bounds, Face, Iris, Mesh, NoVision, Vision, VisionError};
pub use wanted::{NotOffered, Wanted};
