//! MTCNN (Zhang et al. 2016): three small networks that propose, refine and finish faces with five points.
//!
//! Input is R, G, B in this order, as (value − 127.5) / 128, channel by channel, row by row.

use std::ops::Range;

use photo::{Face, Point, Rgb};

use crate::ModelsError;
use crate::boxes::{Candidate, Overlap, suppress};
use crate::network::{Channels, Network, push_planes};
use crate::pnet::{PNet, Proposal};

/// Side of the field that P-Net looks at, and its step.
const CELL_PX: f64 = 12.0;
const STRIDE_PX: f64 = 2.0;
const PYRAMID_FACTOR: f64 = 0.707;
const THRESHOLDS: [f32; 3] = [0.7, 0.7, 0.8];
/// Overlap from which two boxes are one face: of their union, or, at the end, of the smaller one.
const SAME_FACE: f64 = 0.7;
/// Bound: most candidates handed to the second network, the best first.
const MAX_CANDIDATES: usize = 96;
const BATCH: usize = 16;
/// Bound: largest side of a box that is cut out; a network may answer with anything.
const MAX_BOX_PX: isize = 2_560;

/// The three networks.
pub(crate) struct Mtcnn {
    propose: PNet,
    refine: Network,
    finish: Network,
}

impl Mtcnn {
    pub(crate) fn load(pnet: &[u8], rnet: &[u8], onet: &[u8]) -> Result<Mtcnn, ModelsError> {
        Ok(Mtcnn { propose: PNet::load(pnet)?, refine: Network::load(rnet)?, finish: Network::load(onet)? })
    }

    /// All faces of these widths in pixels of `image` beside the `known` ones; somewhat larger ones may be among them.
    pub(crate) fn faces(&self, image: &Rgb, widths_px: Range<f64>, known: &[Face]) -> Result<Vec<Face>, ModelsError> {
        let mut candidates = self.proposals(image, widths_px);
        suppress(&mut candidates, SAME_FACE, Overlap::Union);
        let mut candidates = square(candidates.into_iter().map(|c| c.calibrated()).collect());
        // Eyes and mouths of a large face look like small faces to the first network, and the others take the time.
        candidates.retain(|candidate| known.iter().all(|face| candidate.shared_with(&face.bounds) <= SAME_FACE));
        candidates.truncate(MAX_CANDIDATES);

        let mut refined = Vec::new();
        for chunk in candidates.chunks(BATCH) {
            let [offsets, scores] = self.refine.run(&patches(image, chunk, 24), [chunk.len(), 3, 24, 24], ["output1", "output2"])?;
            for (index, candidate) in chunk.iter().enumerate() {
                if scores[index * 2 + 1] > THRESHOLDS[1] {
                    refined.push(Candidate { score: scores[index * 2 + 1], offsets: four(&offsets, index), ..*candidate });
                }
            }
        }
        suppress(&mut refined, SAME_FACE, Overlap::Union);
        let refined = square(refined.into_iter().map(|c| c.calibrated()).collect());

        let mut finished = Vec::new();
        for chunk in refined.chunks(BATCH) {
            let shape = [chunk.len(), 3, 48, 48];
            let [points, offsets, scores] = self.finish.run(&patches(image, chunk, 48), shape, ["output1", "output2", "output3"])?;
            for (index, candidate) in chunk.iter().enumerate() {
                if scores[index * 2 + 1] > THRESHOLDS[2] {
                    let (width, height) = (candidate.width(), candidate.height());
                    let own = &points[index * 10..index * 10 + 10];
                    finished.push(Candidate {
                        score: scores[index * 2 + 1],
                        offsets: four(&offsets, index),
                        points: std::array::from_fn(|i| {
                            Point::new(candidate.left + width * f64::from(own[i]), candidate.top + height * f64::from(own[i + 5]))
                        }),
                        ..*candidate
                    });
                }
            }
        }
        let mut finished: Vec<Candidate> = finished.into_iter().map(|c| c.calibrated()).collect();
        suppress(&mut finished, SAME_FACE, Overlap::Smaller);
        Ok(finished.iter().map(Candidate::face).collect())
    }

    fn proposals(&self, image: &Rgb, widths_px: Range<f64>) -> Vec<Candidate> {
        let mut all = Vec::new();
        let mut scale = CELL_PX / widths_px.start;
        while image.width().min(image.height()) as f64 * scale >= CELL_PX && CELL_PX / scale < widths_px.end {
            let width = (image.width() as f64 * scale).ceil() as usize;
            let height = (image.height() as f64 * scale).ceil() as usize;
            let level = image.area_resized(width, height);
            let mut found: Vec<Candidate> =
                self.propose.proposals(&level, THRESHOLDS[0]).into_iter().map(|proposal| candidate(proposal, scale)).collect();
            suppress(&mut found, 0.5, Overlap::Union);
            all.append(&mut found);
            scale *= PYRAMID_FACTOR;
        }
        all
    }
}

/// A proposal on a picture that was reduced by `scale`.
fn candidate(proposal: Proposal, scale: f64) -> Candidate {
    let (x, y) = (STRIDE_PX * proposal.column as f64 + 1.0, STRIDE_PX * proposal.row as f64 + 1.0);
    Candidate {
        left: x / scale,
        top: y / scale,
        right: (x + CELL_PX) / scale,
        bottom: (y + CELL_PX) / scale,
        score: proposal.score,
        offsets: proposal.offsets,
        points: [Point::new(0.0, 0.0); 5],
    }
}

fn four(values: &[f32], index: usize) -> [f32; 4] {
    std::array::from_fn(|i| values[index * 4 + i])
}

fn square(candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.into_iter().map(|candidate| candidate.squared()).collect()
}

pub(crate) fn normalized(_channel: usize, value: f32) -> f32 {
    (value - 127.5) / 128.0
}

/// Cuts the boxes out, each resized to `side` pixels; what lies outside of the picture is black.
fn patches(image: &Rgb, boxes: &[Candidate], side: usize) -> Vec<f32> {
    let mut input = Vec::with_capacity(boxes.len() * 3 * side * side);
    for area in boxes {
        let left = area.left.round() as isize;
        let top = area.top.round() as isize;
        let width = (area.right.round() as isize - left + 1).clamp(1, MAX_BOX_PX);
        let height = (area.bottom.round() as isize - top + 1).clamp(1, MAX_BOX_PX);
        let mut pixels = Vec::with_capacity((width * height) as usize);
        for y in top..top + height {
            for x in left..left + width {
                let inside = x >= 0 && y >= 0 && x < image.width() as isize && y < image.height() as isize;
                pixels.push(if inside { image.at(x, y) } else { [0; 3] });
            }
        }
        let patch = Rgb::from_pixels(width as usize, height as usize, pixels).expect("sides are at least one pixel");
        push_planes(&patch.area_resized(side, side), Channels::Rgb, &mut input, normalized);
    }
    input
}
