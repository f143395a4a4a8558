//! Bytes of a file to pixels, or a clear refusal.
//!
//! HEIC is refused with advice: the one maintained decoder in pure Rust, crate `heic`, is AGPL-3.0 or commercial (0.1.6),
//! and the others bind C libraries. A JPEG that lacks the end of its data is refused also where its end marker is there.
//!
//! Attack: a file of a few bytes can claim billions of pixels, so the header alone is judged before anything is allocated.

mod colour;
mod header;
mod jpeg;
mod watch;

use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use crate::cancel::{Cancel, is_cancelled};
use crate::image::Rgb;
use crate::operation::Operation;
use crate::text::Text;
use header::{png_size, sniff, without_bombs};
use watch::Pieces;

/// Largest file accepted.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Most pixels accepted.
pub const MAX_PIXELS: u64 = 50_000_000;
/// Longest side accepted.
pub const MAX_SIDE_PX: u32 = 12_000;
/// Shortest side accepted: below it no document photo can be made, and no face can be judged.
pub const MIN_SIDE_PX: u32 = 64;

/// Pixels as stored in the file, not yet turned upright.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// The pixels.
    pub image: Rgb,
    /// EXIF orientation, 1 to 8.
    pub orientation: u8,
    /// What had to be done to make sRGB pixels of it.
    pub operations: Vec<Operation>,
}

/// Why a file is not a usable picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not a picture of any known kind.
    #[error("the file is not an image")]
    NotAnImage,
    /// The file ends too early.
    #[error("the file is cut off")]
    Truncated,
    /// Data inside the file contradict each other.
    #[error("the file is damaged")]
    Damaged,
    /// A picture of a kind that this program does not read.
    #[error("{0} files are not read")]
    Unsupported(&'static str),
    /// The caller asked to stop.
    #[error("reading was cancelled")]
    Cancelled,
    /// Too many bytes.
    #[error("the file has {bytes} bytes")]
    TooManyBytes {
        /// Size of the file.
        bytes: usize,
    },
    /// Too many pixels.
    #[error("the picture has {width} x {height} pixels, which is too large")]
    TooLarge {
        /// Width by the header.
        width: u32,
        /// Height by the header.
        height: u32,
    },
    /// Too few pixels.
    #[error("the picture has {width} x {height} pixels, which is too small")]
    TooSmall {
        /// Width by the header.
        width: u32,
        /// Height by the header.
        height: u32,
    },
}

impl DecodeError {
    /// Stable identifier.
    pub fn code(&self) -> &'static str {
        match self {
            DecodeError::NotAnImage => "not_an_image",
            DecodeError::Truncated => "truncated",
            DecodeError::Damaged => "damaged_image",
            DecodeError::Unsupported(_) => "unsupported_format",
            DecodeError::Cancelled => "cancelled",
            DecodeError::TooManyBytes { .. } => "file_too_large",
            DecodeError::TooLarge { .. } => "too_large",
            DecodeError::TooSmall { .. } => "too_small",
        }
    }

    /// What happened and what to do next.
    pub fn message(&self) -> Text {
        match self {
            DecodeError::NotAnImage => Text::new(
                "这个文件不是照片。请选择 JPEG、PNG 或 WebP 照片。",
                "This file is not a photo. Choose a JPEG, PNG or WebP photo.",
            ),
            DecodeError::Truncated => Text::new(
                "照片文件不完整，可能没有传完。请重新传输或重新拍摄。",
                "The photo file is cut off; it was probably not copied completely. Copy it again or take a new photo.",
            ),
            DecodeError::Damaged => Text::new(
                "照片文件已损坏，无法读取。请重新传输或重新拍摄。",
                "The photo file is damaged and cannot be read. Copy it again or take a new photo.",
            ),
            DecodeError::Unsupported("HEIC") => Text::new(
                "不支持 HEIC 格式。请在手机“设置→相机→格式”中选择“兼容性最佳”后重拍，或先另存为 JPEG。",
                "HEIC is not supported. Set the phone's camera format to \"Most Compatible\" and take the photo again, or save it as JPEG first.",
            ),
            DecodeError::Unsupported("CMYK") => Text::new(
                "这是印刷用的 CMYK 颜色照片，且没有说明颜色的计法。请使用相机原图，或另存为 RGB 颜色的 JPEG。",
                "This photo uses CMYK print colours and does not say how they are counted. Use the camera's original, or save it as an RGB JPEG.",
            ),
            DecodeError::Unsupported(kind) => Text::new(
                format!("不支持 {kind} 格式。请另存为 JPEG、PNG 或 WebP。"),
                format!("{kind} is not supported. Save the photo as JPEG, PNG or WebP."),
            ),
            DecodeError::Cancelled => Text::new("已取消。", "Cancelled."),
            DecodeError::TooManyBytes { bytes } => Text::new(
                format!("文件有 {} MB，超过 {} MB。请把相机照片尺寸调小后重拍。", bytes >> 20, MAX_BYTES >> 20),
                format!(
                    "The file has {} MB, the limit is {} MB. Choose a smaller picture size in the camera.",
                    bytes >> 20,
                    MAX_BYTES >> 20
                ),
            ),
            DecodeError::TooLarge { width, height } => Text::new(
                format!("照片为 {width}×{height} 像素，超过上限（5000 万像素，单边 {MAX_SIDE_PX}）。请把相机照片尺寸调小后重拍。"),
                format!(
                    "The photo has {width}×{height} pixels; the limit is 50 megapixels and {MAX_SIDE_PX} a side. Choose a smaller picture size in the camera."
                ),
            ),
            DecodeError::TooSmall { width, height } => Text::new(
                format!("照片只有 {width}×{height} 像素，太小。请使用相机原图，不要用缩略图。"),
                format!("The photo has only {width}×{height} pixels. Use the camera's original, not a thumbnail."),
            ),
        }
    }
}

/// Reads a JPEG, PNG or WebP file into sRGB.
pub fn decode(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    decode_until(bytes, None)
}

/// The same, given up soon after `cancel` says so.
pub fn decode_until(bytes: &[u8], cancel: Option<&dyn Cancel>) -> Result<Decoded, DecodeError> {
    if bytes.len() > MAX_BYTES {
        return Err(DecodeError::TooManyBytes { bytes: bytes.len() });
    }
    let format = sniff(bytes)?;
    let decoded = if format == ImageFormat::Jpeg {
        jpeg::decode(bytes, cancel)
    } else {
        if format == ImageFormat::Png
            && let Some((width, height)) = png_size(bytes)
        {
            judge_size(width, height)?;
        }
        let (kept, lost_profile) = if format == ImageFormat::Png { without_bombs(bytes) } else { (bytes.into(), false) };
        // Attack: image-webp 0.2.4 adds up code lengths of a made-up tree without a bound, which ends a build with overflow checks.
        let read = catch_unwind(AssertUnwindSafe(|| by_library(Pieces::new(&kept, cancel), format)));
        read.unwrap_or(Err(DecodeError::Damaged)).map(|mut decoded| {
            decoded.operations.extend(lost_profile.then_some(Operation::ColourProfileIgnored));
            decoded
        })
    };
    decoded.map_err(|error| if is_cancelled(cancel) { DecodeError::Cancelled } else { error })
}

fn by_library(bytes: Pieces, format: ImageFormat) -> Result<Decoded, DecodeError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE_PX);
    limits.max_image_height = Some(MAX_SIDE_PX);
    // Bound: the largest picture at four bytes a pixel, and as much again for what a decoder keeps beside it.
    limits.max_alloc = Some(MAX_PIXELS * 8);
    let mut reader = ImageReader::with_format(bytes, format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| refusal(&error))?;
    let (width, height) = decoder.dimensions();
    judge_size(width, height)?;
    if decoder.total_bytes() > MAX_PIXELS * 4 {
        return Err(DecodeError::TooLarge { width, height });
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms).to_exif();
    let profile = decoder.icc_profile().ok().flatten();
    let picture = DynamicImage::from_decoder(decoder).map_err(|error| refusal(&error))?;
    let (had_alpha, had_colour) = (picture.color().has_alpha(), picture.color().has_color());
    let pixels: Vec<[u8; 3]> = if had_alpha {
        picture.into_rgba8().as_raw().as_chunks::<4>().0.iter().map(on_white).collect()
    } else {
        picture.into_rgb8().as_raw().as_chunks::<3>().0.to_vec()
    };
    let mut image = Rgb::from_pixels(width as usize, height as usize, pixels).ok_or(DecodeError::Damaged)?;
    let mut operations = Vec::new();
    operations.extend(colour::to_srgb(&mut image, profile.as_deref(), had_colour));
    if had_alpha {
        operations.push(Operation::AlphaOnWhite);
    }
    Ok(Decoded { image, orientation, operations })
}

fn on_white(&[r, g, b, alpha]: &[u8; 4]) -> [u8; 3] {
    let alpha = u32::from(alpha);
    [r, g, b].map(|value| ((u32::from(value) * alpha + 255 * (255 - alpha) + 127) / 255) as u8)
}

fn judge_size(width: u32, height: u32) -> Result<(), DecodeError> {
    let pixels = u64::from(width) * u64::from(height);
    if width > MAX_SIDE_PX || height > MAX_SIDE_PX || pixels > MAX_PIXELS {
        return Err(DecodeError::TooLarge { width, height });
    }
    if width < MIN_SIDE_PX || height < MIN_SIDE_PX {
        return Err(DecodeError::TooSmall { width, height });
    }
    Ok(())
}

fn refusal(error: &ImageError) -> DecodeError {
    match error {
        ImageError::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => DecodeError::Truncated,
        ImageError::Unsupported(_) => DecodeError::Unsupported("this kind of image"),
        _ => DecodeError::Damaged,
    }
}
