//! JPEG, the format of cameras: straight into our pixels, and strictly, since a lenient reader fills what is missing.
//!
//! Where data are missing in front of an intact end marker, every decoder goes on with zero bits and draws blocks that nobody
//! saw. So a sequential file is shown without its end marker: who then still wants data after a few bytes of grace finds the
//! end of the file, which is refused. A file whose scans are looked for by their markers keeps its own, and every file is
//! asked whether all of its scans are there ([`JpegFrame::whole`](super::header::JpegFrame::whole)).

use image::metadata::Orientation;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::header::jpeg_frame;
use super::watch::JpegBytes;
use super::{DecodeError, Decoded, MAX_SIDE_PX, colour, judge_size};
use crate::cancel::Cancel;
use crate::image::Rgb;
use crate::operation::Operation;

/// Bytes that a decoder may want behind the last block: it reads ahead by up to eight and four more.
const GRACE_BYTES: usize = 16;

pub(super) fn decode(bytes: &[u8], cancel: Option<&dyn Cancel>) -> Result<Decoded, DecodeError> {
    let frame = jpeg_frame(bytes).ok_or(DecodeError::Truncated)?;
    judge_size(frame.width, frame.height)?;
    let end = frame.whole().ok_or(DecodeError::Truncated)?;
    let mut shown = std::borrow::Cow::Borrowed(bytes);
    if !frame.needs_markers() {
        shown = [&bytes[..end], &[0; GRACE_BYTES]].concat().into();
    }
    let watched = JpegBytes::new(&shown, cancel);
    let is_ink = frame.components == 4;
    if is_ink && !frame.adobe {
        return Err(DecodeError::Unsupported("CMYK"));
    }
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(MAX_SIDE_PX as usize)
        .set_max_height(MAX_SIDE_PX as usize)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(watched, options);
    decoder.decode_headers().map_err(|error| refusal(&error))?;
    let (width, height) = decoder.dimensions().ok_or(DecodeError::Damaged)?;
    judge_size(width as u32, height as u32)?;
    let mut image = Rgb::black(width, height);
    decoder.decode_into(image.pixels_mut().as_flattened_mut()).map_err(|error| refusal(&error))?;

    let orientation = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif)).unwrap_or(Orientation::NoTransforms);
    let mut operations = Vec::new();
    if is_ink {
        // Ink becomes light by the plain rule; a print profile would change the shades, but not what the checks look at.
        operations.push(Operation::CmykConverted);
    } else {
        let has_colour = frame.components != 1;
        operations.extend(colour::to_srgb(&mut image, decoder.icc_profile().as_deref(), has_colour));
    }
    Ok(Decoded { image, orientation: orientation.to_exif(), operations })
}

fn refusal(error: &DecodeErrors) -> DecodeError {
    match error {
        DecodeErrors::FormatStatic("Premature end of buffer") | DecodeErrors::ExhaustedData => DecodeError::Truncated,
        DecodeErrors::Unsupported(_) => DecodeError::Unsupported("this kind of JPEG"),
        _ => DecodeError::Damaged,
    }
}
