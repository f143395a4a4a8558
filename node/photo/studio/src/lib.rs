//! People drawn in front of walls, of which every point and every alpha is known: the input of tests, benches and the report.
//!
//! Nothing here is part of the product.
#![allow(clippy::unwrap_used, reason = "it draws for tests: what cannot be drawn is a fault of the test")]

mod canvas;
mod card;
pub mod defect;
pub mod framing;
pub mod memory;
mod noise;
mod person;
mod portrait;
mod scene;
mod score;
mod strands;
mod surface;
mod trial;
mod wall;

pub use card::{CARD, DrawnCard};
pub use portrait::{ORDINARY, Portrait, Scripted, bytes};
pub use scene::{Clothes, Drawn, Hair, Scene, file};
pub use score::{fringe_delta_e, gradient_error, mse, sad};
pub use surface::Surface;
pub use trial::{Method, Scores, Trial, located, matting_trial};
pub use wall::Wall;
