//! YuNet (Wu et al. 2023): faces with five points from one small network, at strides 8, 16 and 32.
//!
//! Input is B, G, R, 0 to 255, channel by channel; a cell's score is the root of class times objectness.

use photo::{Face, Point, Rgb};

use crate::ModelsError;
use crate::boxes::{Candidate, Overlap, suppress};
use crate::network::{Channels, Network, push_planes};

const STRIDES: [usize; 3] = [8, 16, 32];
const LEAST_SCORE: f64 = 0.6;
/// Overlap from which two boxes are one face.
const SAME_FACE: f64 = 0.3;
const OUTPUTS: [&str; 12] =
    ["cls_8", "cls_16", "cls_32", "obj_8", "obj_16", "obj_32", "bbox_8", "bbox_16", "bbox_32", "kps_8", "kps_16", "kps_32"];

/// One network of a fixed input size.
pub(crate) struct YuNet {
    network: Network,
    side: usize,
}

impl YuNet {
    pub(crate) fn load(bytes: &[u8], side: usize) -> Result<YuNet, ModelsError> {
        Ok(YuNet { network: Network::load(bytes)?, side })
    }

    /// All faces, in pixels of `image`, of which no side may be longer than the network's own.
    pub(crate) fn faces(&self, image: &Rgb) -> Result<Vec<Face>, ModelsError> {
        let outputs = self.network.run(&letterboxed(image, self.side), [1, 3, self.side, self.side], OUTPUTS)?;
        let mut found = Vec::new();
        for (level, stride) in STRIDES.into_iter().enumerate() {
            let columns = self.side / stride;
            let [class, object, boxes, points] = [0, 3, 6, 9].map(|first| &outputs[first + level]);
            let cells = columns * columns;
            // A network of another shape gives no faces instead of wrong ones.
            if class.len() != cells || object.len() != cells || boxes.len() != 4 * cells || points.len() != 10 * cells {
                continue;
            }
            for cell in 0..cells {
                let score = f64::from(class[cell].clamp(0.0, 1.0) * object[cell].clamp(0.0, 1.0)).sqrt();
                if score >= LEAST_SCORE {
                    found.push(candidate(cell, columns, stride as f64, score, &boxes[cell * 4..][..4], &points[cell * 10..][..10]));
                }
            }
        }
        suppress(&mut found, SAME_FACE, Overlap::Union);
        Ok(found.iter().map(Candidate::face).collect())
    }
}

/// The picture in the upper left corner of a black square.
fn letterboxed(image: &Rgb, side: usize) -> Vec<f32> {
    let mut square = Rgb::filled(side, side, [0; 3]);
    for (row, source) in square.pixels_mut().chunks_exact_mut(side).zip(image.pixels().chunks_exact(image.width())) {
        row[..source.len()].copy_from_slice(source);
    }
    let mut input = Vec::with_capacity(3 * side * side);
    push_planes(&square, Channels::Bgr, &mut input, |_, value| value);
    input
}

fn candidate(cell: usize, columns: usize, stride: f64, score: f64, area: &[f32], points: &[f32]) -> Candidate {
    let (column, row) = ((cell % columns) as f64, (cell / columns) as f64);
    let (x, y) = ((column + f64::from(area[0])) * stride, (row + f64::from(area[1])) * stride);
    let (width, height) = (f64::from(area[2]).exp() * stride, f64::from(area[3]).exp() * stride);
    Candidate {
        left: x - width / 2.0,
        top: y - height / 2.0,
        right: x + width / 2.0,
        bottom: y + height / 2.0,
        score: score as f32,
        offsets: [0.0; 4],
        points: std::array::from_fn(|i| {
            Point::new((column + f64::from(points[2 * i])) * stride, (row + f64::from(points[2 * i + 1])) * stride)
        }),
    }
}
