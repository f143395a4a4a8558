//! The stages in order, and what they hand to the node.

use serde::Serialize;
use specs::Spec;

use jpeg_encoder::SamplingFactor;

use crate::cancel::{Cancel, Watched, is_cancelled};
use crate::check::{self, CheckReport};
use crate::compose::compose;
use crate::crop::crop;
use crate::decode::{DecodeError, decode, decode_until};
use crate::encode::{encode, write};
use crate::locate::{Landmark, LocateError, LocatedBy, Marks, locate};
use crate::matte::{MIN_CONFIDENCE, MatteError, Matted, PlateFault, PlateUse, matte_until};
use crate::operation::Operation;
use crate::text::Text;
use crate::upright::upright;
use crate::vision::Vision;
use crate::wanted::Wanted;

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
    pub const ALL: [Stage; 7] = [Stage::Decode, Stage::Locate, Stage::Matte, Stage::Crop, Stage::Compose, Stage::Encode, Stage::Check];

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
    /// Every point and length with where it came from and how sure it is.
    pub landmarks: Vec<Landmark>,
    /// What became of the picture of the empty wall.
    pub plate: PlateUse,
    /// All checks.
    pub report: CheckReport,
}

/// The upright original for the screen.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The file.
    pub jpeg: Vec<u8>,
    /// Width of the upright original, in which marks are counted.
    pub width_px: u32,
    /// Height of the upright original.
    pub height_px: u32,
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
    /// The person could not be cut out well enough.
    #[error(transparent)]
    Matte(#[from] MatteError),
}

impl PhotoError {
    /// Stable identifier, for example `two_faces`.
    pub fn code(&self) -> &'static str {
        match self {
            PhotoError::Decode(error) => error.code(),
            PhotoError::Locate(error) => error.code(),
            PhotoError::Matte(error) => error.code(),
        }
    }

    /// What happened and what to do next.
    pub fn message(&self) -> Text {
        match self {
            PhotoError::Decode(error) => error.message(),
            PhotoError::Locate(error) => error.message(),
            PhotoError::Matte(error) => error.message(),
        }
    }
}

/// One press of the shutter: the picture and what else is known about it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shot<'a> {
    /// A picture file.
    pub bytes: &'a [u8],
    /// Points set by the staff; with them no model is asked where the head is.
    pub marks: Option<Marks>,
    /// A picture file of the empty wall from the same fixed camera. One that does not fit is not used, and that is said.
    pub plate: Option<&'a [u8]>,
    /// Asked on the way whether the work, and every photo made of it, is to be given up.
    pub cancel: Option<&'a dyn Cancel>,
}

fn go_on(cancel: Option<&dyn Cancel>) -> Result<(), DecodeError> {
    if is_cancelled(cancel) { Err(DecodeError::Cancelled) } else { Ok(()) }
}

/// A picture of which everything is known that does not depend on the document.
#[derive(Debug, Clone)]
pub struct Prepared<'a> {
    matted: Matted,
    cancel: Option<&'a dyn Cancel>,
}

/// Reads the picture, finds the head and separates it from the wall, as far around as any of `specs` will show.
///
/// One prepared picture gives the photos of many documents.
pub fn prepare<'a>(
    shot: &Shot<'a>,
    specs: &[&Spec],
    vision: &dyn Vision,
    on_stage: &mut dyn FnMut(Stage),
) -> Result<Prepared<'a>, PhotoError> {
    let cancel = shot.cancel;
    let vision = &Watched { vision, cancel };
    on_stage(Stage::Decode);
    let picture = upright(decode_until(shot.bytes, cancel)?);
    go_on(cancel)?;
    on_stage(Stage::Locate);
    let located = locate(picture, vision, shot.marks);
    // A model that was not run any more is no reason to mark by hand.
    go_on(cancel)?;
    let located = located?;
    on_stage(Stage::Matte);
    let plate = shot.plate.map(|bytes| decode_until(bytes, cancel).map(|decoded| upright(decoded).image));
    go_on(cancel)?;
    let matted = matte_until(located, specs, vision, plate.as_ref().and_then(|plate| plate.as_ref().ok()), cancel);
    let mut matted = matted.ok_or(DecodeError::Cancelled)?;
    if let Some(Err(_)) = plate {
        matted.plate = PlateUse::Refused(PlateFault::Unreadable);
    }
    Ok(Prepared { matted, cancel })
}

impl Prepared<'_> {
    /// The photo that is wanted: of a document as it is, or on one of its backgrounds.
    pub fn photo<'w>(&self, wanted: impl Into<Wanted<'w>>, on_stage: &mut dyn FnMut(Stage)) -> Result<Standardized, PhotoError> {
        let wanted = wanted.into();
        let spec = wanted.spec();
        go_on(self.cancel)?;
        on_stage(Stage::Crop);
        let cropped = crop(&self.matted, spec);
        if cropped.replaces_background {
            let least = spec.policy().rule("BackgroundSeparable").and_then(|rule| rule.min);
            self.matted.separable(least.unwrap_or(MIN_CONFIDENCE))?;
        }
        go_on(self.cancel)?;
        on_stage(Stage::Compose);
        let composed = compose(cropped, &wanted);
        go_on(self.cancel)?;
        on_stage(Stage::Encode);
        let encoded = encode(&composed.image, spec);
        go_on(self.cancel)?;
        on_stage(Stage::Check);
        let report = check::assess(&composed, &encoded, spec);

        let located = &self.matted.located;
        let mut operations = located.upright.operations.clone();
        operations.extend_from_slice(&composed.cropped.operations);
        operations.extend_from_slice(&composed.operations);
        operations.push(Operation::JpegEncoded { quality: encoded.quality });
        Ok(Standardized {
            jpeg: encoded.jpeg,
            width_px: spec.width_px(),
            height_px: spec.height_px(),
            dpi: spec.dpi(),
            quality: encoded.quality,
            original_width_px: located.upright.image.width() as u32,
            original_height_px: located.upright.image.height() as u32,
            operations,
            located_by: located.by,
            marks: located.head.marks(),
            landmarks: located.head.landmarks().to_vec(),
            plate: self.matted.plate,
            report,
        })
    }
}

/// Makes the photo of one document: [`prepare`] and [`Prepared::photo`].
pub fn standardize(
    bytes: &[u8],
    spec: &Spec,
    vision: &dyn Vision,
    marks: Option<Marks>,
    on_stage: &mut dyn FnMut(Stage),
) -> Result<Standardized, PhotoError> {
    prepare(&Shot { bytes, marks, ..Shot::default() }, &[spec], vision, on_stage)?.photo(spec, on_stage)
}

const PREVIEW_QUALITY: u8 = 85;
/// A preview is for the screen and has no print size.
const PREVIEW_DPI: u32 = 72;

/// The upright original as a JPEG for the screen on which the staff sets marks, pixel for pixel, so that marks need no conversion.
pub fn preview(bytes: &[u8]) -> Result<Preview, PhotoError> {
    let image = upright(decode(bytes)?).image;
    Ok(Preview {
        jpeg: write(&image, PREVIEW_QUALITY, SamplingFactor::F_2_2, PREVIEW_DPI),
        width_px: image.width() as u32,
        height_px: image.height() as u32,
    })
}
