//! A sheet as pixels, at any resolution.

use image::imageops::FilterType;
use image::{ImageBuffer, imageops};
use jpeg_encoder::SamplingFactor;

use super::{Layout, Place, Sheet, SheetError};
use crate::encode::write;
use crate::image::Rgb;

const MM_PER_INCH: f64 = 25.4;
/// Bound: pixels of one sheet; A4 at 600 dpi has 35 million.
const MAX_PIXELS: u64 = 50_000_000;
/// A printer's halftone hides what a lower quality would save, and the files are printed once.
const QUALITY: u8 = 95;
/// Dark enough to cut along, light enough not to shine through.
const MARK_COLOUR: [u8; 3] = [120, 120, 120];
const MARK_WIDTH_MM: f64 = 0.1;

/// One sheet as a JPEG of this resolution. `photos` are the finished photos of the items, in their order.
///
/// A photo whose own pixels are the ones that its place has at this resolution is copied unchanged.
pub fn draw(layout: &Layout, sheet: &Sheet, photos: &[Rgb], dpi: u32) -> Result<Vec<u8>, SheetError> {
    if !(72..=2_400).contains(&dpi) {
        return Err(SheetError::OutOfRange("dpi"));
    }
    let px = |mm: f64| mm / MM_PER_INCH * f64::from(dpi);
    let (width_px, height_px) = (px(layout.paper_mm.0).round() as u64, px(layout.paper_mm.1).round() as u64);
    if width_px * height_px > MAX_PIXELS {
        return Err(SheetError::TooManyPixels { width_px, height_px });
    }
    let mut page = Rgb::filled(width_px as usize, height_px as usize, [255; 3]);
    for place in &sheet.places {
        let photo = photos.get(place.item).ok_or(SheetError::Empty)?;
        paste(&mut page, place, photo, &px);
    }
    for mark in sheet.cut_marks.iter().chain(&sheet.ruler) {
        let half = px(MARK_WIDTH_MM / 2.0).max(0.5);
        let (from, to) = (mark.from_mm, mark.to_mm);
        let x = (px(from.0.min(to.0)) - half).round() as usize..(px(from.0.max(to.0)) + half).round() as usize;
        let y = (px(from.1.min(to.1)) - half).round() as usize..(px(from.1.max(to.1)) + half).round() as usize;
        fill(&mut page, x, y);
    }
    Ok(write(&page, QUALITY, SamplingFactor::F_1_1, dpi))
}

/// Edges are rounded each for itself, so that no error adds up along a row.
fn paste(page: &mut Rgb, place: &Place, photo: &Rgb, px: &dyn Fn(f64) -> f64) {
    let (left, top) = (px(place.left_mm).round() as usize, px(place.top_mm).round() as usize);
    let right = (px(place.left_mm + place.width_mm).round() as usize).min(page.width()).max(left + 1);
    let bottom = (px(place.top_mm + place.height_mm).round() as usize).min(page.height()).max(top + 1);
    let (width, height) = (right - left, bottom - top);
    // One pixel more or less is rounding: better the finished photo's own pixels than all of them blurred.
    let own = photo.width().abs_diff(width) <= 1 && photo.height().abs_diff(height) <= 1;
    let source = if own { photo.clone() } else { resized(photo, width, height) };
    let page_width = page.width();
    for y in 0..height.min(source.height()) {
        let row = &source.pixels()[y * source.width()..(y + 1) * source.width()];
        let count = width.min(row.len());
        page.pixels_mut()[(top + y) * page_width + left..][..count].copy_from_slice(&row[..count]);
    }
}

fn resized(photo: &Rgb, width: usize, height: usize) -> Rgb {
    let source: ImageBuffer<image::Rgb<u8>, &[u8]> =
        ImageBuffer::from_raw(photo.width() as u32, photo.height() as u32, photo.as_bytes()).expect("a picture has its pixels");
    let resized = imageops::resize(&source, width as u32, height as u32, FilterType::CatmullRom);
    Rgb::from_pixels(width, height, resized.into_raw().as_chunks::<3>().0.to_vec()).expect("the library returns the size asked for")
}

fn fill(page: &mut Rgb, x: std::ops::Range<usize>, y: std::ops::Range<usize>) {
    let (width, height) = (page.width(), page.height());
    for row in y.start.min(height)..y.end.min(height) {
        page.pixels_mut()[row * width..][x.start.min(width)..x.end.min(width)].fill(MARK_COLOUR);
    }
}
