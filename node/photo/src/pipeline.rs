//! The stages in order, and what they hand to the node.

use serde::Serialize;
use specs::Spec;

use crate::check::CheckReport;
use crate::decode::{DecodeError, decode};
use crate::locate::{LocateError, LocatedBy, Marks};
use crate::operation::Operation;
use crate::text::Text;
use crate::upright::upright;
use crate::vision::Vision;

/// A stage of the work, reported as it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Reading the file and turning it upright.
    Decode,
    /// Finding the face.
    Locate,
    /// Separating person and wall.
    Matte,
    /// Solving the cut-out from the spec's bands.
    Crop,
    /// Drawing the finished photo.
    Compose,
    /// Writing the file.
    Encode,
    /// Measuring compliance.
    Check,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Stage; 7] = [
        Stage::Decode,
        Stage::Locate,
        Stage::Matte,
        Stage::Crop,
        Stage::Compose,
        Stage::Encode,
        Stage::Check,
    ];

    /// The stable word.
    pub fn key(self) -> &'static str {
        match self {
            Stage::Decode => "decode",
            Stage::Locate => "locate",
            Stage::Matte => "matte",
            Stage::Crop => "crop",
            Stage::Compose => "compose",
            Stage::Encode => "encode",
            Stage::Check => "check",
        }
    }
}

/// A finished photo with its checks.
#[derive(Debug, Clone, Serialize)]
pub struct Standardized {
    /// The file.
    #[serde(skip)]
    pub jpeg: Vec<u8>,
    /// Width of the file in pixels.
    pub width_px: u32,
    /// Height of the file in pixels.
    pub height_px: u32,
    /// Pixels per inch written in the file.
    pub dpi: u32,
    /// JPEG quality, 1 to 100.
    pub quality: u8,
    /// Width of the upright original.
    pub original_width_px: u32,
    /// Height of the upright original.
    pub original_height_px: u32,
    /// What was done, in order.
    pub operations: Vec<Operation>,
    /// Where the points came from.
    pub located_by: LocatedBy,
    /// The points used, in pixels of the upright original.
    pub marks: Marks,
    /// All checks.
    pub report: CheckReport,
}

/// The upright original for the screen.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The file.
    pub jpeg: Vec<u8>,
    /// Width of the upright original, in which marks are counted.
    pub original_width_px: u32,
    /// Height of the upright original.
    pub original_height_px: u32,
    /// Pixels of the preview per pixel of the original: 1 unless the original is very large.
    pub factor: f64,
}

/// Why no photo was made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PhotoError {
    /// The file is no usable picture.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// No single head was located.
    #[error(transparent)]
    Locate(#[from] LocateError),
}

impl PhotoError {
    /// Stable identifier, for example `two_faces`.
    pub fn code(&self) -> &'static str {
        match self {
            PhotoError::Decode(error) => error.code(),
            PhotoError::Locate(error) => error.code(),
        }
    }

    /// What happened and what to do next.
    pub fn message(&self) -> Text {
        match self {
            PhotoError::Decode(error) => error.message(),
            PhotoError::Locate(error) => error.message(),
        }
    }
}

/// Makes the photo that `spec` asks for from the bytes of a picture file.
///
/// With `marks` no model is asked where the head is.
pub fn standardize(
    bytes: &[u8],
    spec: &Spec,
    vision: &dyn Vision,
    marks: Option<Marks>,
    on_stage: &mut dyn FnMut(Stage),
) -> Result<Standardized, PhotoError> {
    on_stage(Stage::Decode);
    let upright = upright(decode(bytes)?);
    let _ = (spec, vision, marks, upright);
    Err(LocateError::NoModel.into())
}

/// The upright original as a JPEG for the screen on which the staff sets marks.
pub fn preview(bytes: &[u8]) -> Result<Preview, PhotoError> {
    let upright = upright(decode(bytes)?);
    Ok(Preview {
        jpeg: Vec::new(),
        original_width_px: upright.image.width() as u32,
        original_height_px: upright.image.height() as u32,
        factor: 1.0,
    })
}
