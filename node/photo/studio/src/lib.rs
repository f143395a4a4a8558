//! People drawn in front of walls, of which every point and every alpha is known: the input of tests, benches and the report.
//!
//! Nothing here is part of the product.
#![allow(clippy::unwrap_used, reason = "it draws for tests: what cannot be drawn is a fault of the test")]

mod card;
pub mod defect;
mod portrait;
mod surface;

pub use card::{CARD, DrawnCard};
pub use portrait::{ORDINARY, Portrait, Scripted, bytes};
pub use surface::Surface;
