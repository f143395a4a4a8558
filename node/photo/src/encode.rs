//! Writes the JPEG file: exact pixels, resolution in the header, size within the band of the spec, and no metadata.

use jpeg_encoder::{ColorType, Encoder, PixelDensity, PixelDensityUnit, SamplingFactor};
use specs::Spec;

use crate::image::Rgb;

/// Highest quality tried; above it files grow without visible gain.
const BEST_QUALITY: u8 = 98;

/// A finished file.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// The bytes.
    pub jpeg: Vec<u8>,
    /// 1 to 100.
    pub quality: u8,
    /// Why the file is outside the band of the spec, if it is.
    pub misfit: Option<Misfit>,
}

/// The file band cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Misfit {
    /// Even at the lowest allowed quality the file is too large.
    TooLarge,
    /// Even at full quality the file is too small, and files are never padded.
    TooSmall,
}

/// Encodes with the best quality that fits the band.
pub fn encode(image: &Rgb, spec: &Spec) -> Encoded {
    let rule = spec.file();
    let least = rule.kb_min.map_or(0, |kb| kb as usize * 1024);
    let most = rule.kb_max.map_or(usize::MAX, |kb| kb as usize * 1024);
    let floor = rule.quality_min;
    let dpi = spec.dpi();

    // Half-resolution colour first, as cameras write it; full colour only where the file would be too small.
    let half = SamplingFactor::F_2_2;
    let best = BEST_QUALITY.max(floor);
    let finest = write(image, best, half, dpi);
    let mut fit = if finest.len() <= most { (best, finest) } else { (floor, write(image, floor, half, dpi)) };
    if fit.1.len() > most {
        return Encoded { jpeg: fit.1, quality: floor, misfit: Some(Misfit::TooLarge) };
    }
    let (mut low, mut high) = (fit.0, best.saturating_sub(1));
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        let jpeg = write(image, middle, half, dpi);
        if jpeg.len() <= most {
            fit = (middle, jpeg);
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    if fit.1.len() < least {
        // Sizes leap from one quality to the next: both ways to write colour are tried, the best quality first.
        let tries = (floor..=100).rev().flat_map(|quality| [SamplingFactor::F_1_1, half].map(|sampling| (quality, sampling)));
        let mut larger = tries.map(|(quality, sampling)| (quality, write(image, quality, sampling, dpi)));
        if let Some(found) = larger.find(|(_, jpeg)| (least..=most).contains(&jpeg.len())) {
            fit = found;
        }
    }
    let misfit = (fit.1.len() < least).then_some(Misfit::TooSmall);
    Encoded { quality: fit.0, jpeg: fit.1, misfit }
}

/// One JPEG file at a given quality.
pub(crate) fn write(image: &Rgb, quality: u8, sampling: SamplingFactor, dpi: u32) -> Vec<u8> {
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, quality);
    encoder.set_sampling_factor(sampling);
    // One interleaved baseline scan, which every reader knows: optimized tables would split the file into several scans.
    encoder.set_optimized_huffman_tables(false);
    let density = u16::try_from(dpi).expect("a checked spec has at most 2400 dpi");
    encoder.set_density(PixelDensity { density: (density, density), unit: PixelDensityUnit::Inches });
    let (width, height) = (image.width() as u16, image.height() as u16);
    encoder.encode(image.as_bytes(), width, height, ColorType::Rgb).expect("writing to memory does not fail, and sides are below 65,536");
    jpeg
}

/// Markers of all segments that are not needed to show the picture: EXIF, thumbnails, profiles, comments.
/// Empty for every file that [`encode`] makes, which is how its tests prove that nothing of the original's metadata is left.
pub fn extra_segments(jpeg: &[u8]) -> Vec<u8> {
    const NEEDED: [u8; 5] = [0xe0, 0xdb, 0xc0, 0xc4, 0xda];
    let mut found = Vec::new();
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = jpeg.get(at..at + 4) {
        if !NEEDED.contains(&marker) {
            found.push(marker);
        }
        // Behind the start of the scan come only its own bytes, in which a marker would be written as ff 00.
        if marker == 0xda {
            break;
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
    let scan = &jpeg[at.min(jpeg.len())..];
    let inner = scan.len().saturating_sub(2);
    let marked = scan[..inner].windows(2).skip(2).filter(|pair| pair[0] == 0xff && pair[1] != 0);
    found.extend(marked.map(|pair| pair[1]));
    found
}
