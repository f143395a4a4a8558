//! What was done to a photo. The receipt names every operation, so their words are stable.

use std::fmt;

use serde::{Serialize, Serializer};

/// One operation, in the order applied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Operation {
    /// Turned or flipped as the camera's EXIF orientation (2 to 8) says.
    ExifOrientation(u8),
    /// Colours were brought to sRGB from the colour space that the file's ICC profile describes.
    ColourConverted,
    /// The file's ICC profile could not be used; its colours were taken as sRGB.
    ColourProfileIgnored,
    /// Print colours (CMYK) were turned into RGB.
    CmykConverted,
    /// A transparent picture was laid on white.
    AlphaOnWhite,
    /// A tilted head was turned upright by this angle, clockwise positive.
    RollCorrected {
        /// Angle in degrees.
        deg: f64,
    },
    /// Cut out this part of the upright original.
    Cropped {
        /// Left edge in the upright original.
        x_px: i64,
        /// Upper edge in the upright original.
        y_px: i64,
        /// Width in the upright original.
        width_px: i64,
        /// Height in the upright original.
        height_px: i64,
    },
    /// Scaled by this factor.
    Resized {
        /// Pixels of the result per pixel of the original.
        factor: f64,
    },
    /// The wall was replaced by a plain colour.
    BackgroundReplaced([u8; 3]),
    /// The plain background was continued beyond the edge of the original.
    BackgroundExtended,
    /// Written as JPEG of this quality.
    JpegEncoded {
        /// 1 to 100.
        quality: u8,
    },
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Operation::ExifOrientation(value) => write!(f, "exif_orientation {value}"),
            Operation::ColourConverted => write!(f, "colour_converted_to_srgb"),
            Operation::ColourProfileIgnored => write!(f, "colour_profile_ignored"),
            Operation::CmykConverted => write!(f, "cmyk_converted"),
            Operation::AlphaOnWhite => write!(f, "alpha_on_white"),
            Operation::RollCorrected { deg } => write!(f, "roll_corrected {deg:.1} deg"),
            Operation::Cropped { x_px, y_px, width_px, height_px } => {
                write!(f, "cropped {width_px}x{height_px}{x_px:+}{y_px:+}")
            }
            Operation::Resized { factor } => write!(f, "resized {factor:.3}"),
            Operation::BackgroundReplaced([r, g, b]) => {
                write!(f, "background_replaced #{r:02x}{g:02x}{b:02x}")
            }
            Operation::BackgroundExtended => write!(f, "background_extended"),
            Operation::JpegEncoded { quality } => write!(f, "jpeg_encoded quality {quality}"),
        }
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
