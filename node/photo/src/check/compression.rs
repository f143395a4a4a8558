//! CompressionArtifacts: how much larger steps across the 8-pixel grid of JPEG are than steps within its blocks.
//!
//! Measured in the original: reducing it hides the grid. The standard's own measure is a network.

use super::Evidence;
use super::entry::{Entry, Measure, Measured, Why};
use super::scene::luminance;
use std::ops::Range;

pub(super) const CHECK: Entry = Entry {
    name: "CompressionArtifacts",
    title: ("压缩痕迹", "Compression artefacts"),
    low: ("", ""),
    high: (
        "照片压缩过度，出现方块。请使用相机原图，不要用聊天软件转发的图片。",
        "The photo is compressed too much and shows blocks. Use the camera's original, not one sent through a chat program.",
    ),
    look: ("请人工确认照片没有方块状的压缩痕迹。", "Look that the photo shows no blocks of compression."),
    measure: Measure::Photo(measure),
};

fn measure(evidence: &Evidence) -> Measured {
    let located = &evidence.composed.cropped.matted.located;
    let head = &located.head;
    let (image, reach) = (&located.upright.image, head.chin_px());
    let origin = head.frame().origin();
    let clamp = |v: f64, side: usize| v.clamp(0.0, side as f64) as usize;
    let columns = clamp(origin.x - reach, image.width())..clamp(origin.x + reach, image.width());
    let rows = clamp(origin.y - reach, image.height())..clamp(origin.y + 1.2 * reach, image.height());
    if columns.len() < 64 || rows.len() < 64 {
        return Measured::missing(Why::NotMeasurable);
    }
    let across = blockiness(columns.clone(), rows.clone(), |along, side| image.at(along as isize, side as isize));
    let down = blockiness(rows, columns, |along, side| image.at(side as isize, along as isize));
    Measured::seen(across.zip(down).map(|(across, down)| across.max(down))).at(evidence.scene_area())
}

/// Side of a block of JPEG.
const BLOCK: usize = 8;
/// Bound: lines looked at, spread over the face.
const LINES: usize = 160;
/// A smooth wall has next to no steps within blocks; this much is added so that it is not called blocky for it.
const LEAST_STEP: f64 = 0.6;

/// Mean step across the grid over the mean step within, for the phase of the grid that shows it most.
fn blockiness(along: Range<usize>, sides: Range<usize>, pixel: impl Fn(usize, usize) -> [u8; 3]) -> Option<f64> {
    let mut sums = [0f64; BLOCK];
    let mut counts = [0f64; BLOCK];
    // Odd, so that lines of every place within a block are among them.
    let stride = (sides.len() / LINES).max(1) | 1;
    for side in sides.step_by(stride) {
        let mut last = luminance(pixel(along.start, side));
        for at in along.start + 1..along.end {
            let here = luminance(pixel(at, side));
            // Large steps are edges of the picture, not of blocks.
            let step = f64::from((here - last).abs());
            if step < 24.0 {
                sums[at % BLOCK] += step;
                counts[at % BLOCK] += 1.0;
            }
            last = here;
        }
    }
    let means: Vec<f64> = sums.iter().zip(&counts).map(|(sum, count)| sum / count.max(1.0)).collect();
    let highest = means.iter().copied().fold(0.0, f64::max);
    let rest = (means.iter().sum::<f64>() - highest) / (BLOCK - 1) as f64;
    (counts.iter().sum::<f64>() > 1_000.0).then(|| (highest + LEAST_STEP) / (rest + LEAST_STEP))
}
