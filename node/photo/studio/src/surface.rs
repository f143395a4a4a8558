//! A face mesh for drawn people: every point that the product uses lies where the drawing has it, the rest on an ellipsoid.

use photo::{Iris, Mesh, Point};

use crate::Portrait;

/// Index, across, down, depth in distances between the eyes; mirrored points are listed for the left of the picture only.
const MIDDLE: [(usize, [f64; 3]); 9] = [
    (1, [0.0, 0.55, -0.60]),
    (4, [0.0, 0.50, -0.58]),
    (168, [0.0, 0.0, -0.25]),
    (10, [0.0, -1.05, -0.20]),
    (151, [0.0, -0.80, -0.28]),
    (9, [0.0, -0.50, -0.30]),
    (152, [0.0, 1.80, 0.38]),
    (13, [0.0, 1.047, -0.40]),
    (14, [0.0, 1.053, -0.40]),
];
const MIRRORED: [(usize, usize, [f64; 3]); 24] = [
    (33, 263, [-0.72, 0.0, 0.05]),
    (133, 362, [-0.28, 0.0, -0.05]),
    (159, 386, [-0.50, -0.065, -0.08]),
    (145, 374, [-0.50, 0.065, -0.08]),
    (158, 385, [-0.42, -0.060, -0.08]),
    (153, 380, [-0.42, 0.060, -0.08]),
    (160, 387, [-0.58, -0.060, -0.05]),
    (144, 373, [-0.58, 0.060, -0.05]),
    (61, 291, [-0.40, 1.06, -0.25]),
    (78, 308, [-0.36, 1.06, -0.25]),
    (234, 454, [-1.06, 0.30, 0.55]),
    (127, 356, [-1.05, -0.10, 0.50]),
    (93, 323, [-1.02, 0.60, 0.50]),
    (132, 361, [-0.98, 0.85, 0.45]),
    (70, 300, [-0.85, -0.30, 0.05]),
    (63, 293, [-0.75, -0.36, -0.05]),
    (105, 334, [-0.60, -0.40, -0.12]),
    (66, 296, [-0.42, -0.40, -0.18]),
    (107, 336, [-0.25, -0.34, -0.22]),
    (176, 400, [-0.25, 1.74, 0.36]),
    (148, 377, [-0.12, 1.78, 0.37]),
    (172, 397, [-0.80, 1.25, 0.40]),
    (50, 280, [-0.60, 0.50, -0.10]),
    (205, 425, [-0.55, 0.75, -0.10]),
];
/// Depth of the axis about which a head turns.
const AXIS_DEPTH: f64 = 0.6;

/// A face of points in distances between the eyes, to be turned and changed before it becomes a mesh.
#[derive(Debug, Clone)]
pub struct Surface {
    points: Vec<[f64; 3]>,
    irises: [[f64; 2]; 2],
}

impl Default for Surface {
    fn default() -> Self {
        let mut points: Vec<[f64; 3]> = (0..Mesh::LEN)
            .map(|index| {
                let (turn, height) = (index as f64 * 2.399_963, (index as f64 + 0.5) / Mesh::LEN as f64 * 2.0 - 1.0);
                let radius = (1.0 - height * height).sqrt();
                [1.06 * radius * turn.cos(), 0.38 + 1.42 * height, 0.55 - radius * turn.sin().abs()]
            })
            .collect();
        for (index, place) in MIDDLE {
            points[index] = place;
        }
        for (left, right, [across, down, depth]) in MIRRORED {
            points[left] = [across, down, depth];
            points[right] = [-across, down, depth];
        }
        Surface { points, irises: [[-0.5, 0.0], [0.5, 0.0]] }
    }
}

impl Surface {
    /// Turned to the right of the picture.
    pub fn yawed(mut self, deg: f64) -> Surface {
        let (sin, cos) = deg.to_radians().sin_cos();
        for [x, _, z] in &mut self.points {
            let depth = *z - AXIS_DEPTH;
            (*x, *z) = (*x * cos - depth * sin, depth * cos + *x * sin + AXIS_DEPTH);
        }
        self
    }

    /// Looking up.
    pub fn pitched(mut self, deg: f64) -> Surface {
        let (sin, cos) = deg.to_radians().sin_cos();
        for [_, y, z] in &mut self.points {
            let depth = *z - AXIS_DEPTH;
            (*y, *z) = (*y * cos + depth * sin, depth * cos - *y * sin + AXIS_DEPTH);
        }
        self
    }

    /// Lids closed by a share of their opening.
    pub fn closing_eyes(mut self, share: f64) -> Surface {
        for index in [159, 145, 158, 153, 160, 144, 386, 374, 385, 380, 387, 373] {
            self.points[index][1] *= 1.0 - share;
        }
        self
    }

    /// Inner lips opened by a share of the distance from the eyes to the chin.
    pub fn opening_mouth(mut self, share: f64) -> Surface {
        self.points[14][1] = self.points[13][1] + share * 1.8;
        self
    }

    /// Corners of the mouth lifted, in distances between the eyes.
    pub fn smiling(mut self, lift: f64) -> Surface {
        for index in [61, 291, 78, 308] {
            self.points[index][1] -= lift;
        }
        self
    }

    /// Irises moved to the right of the picture, in widths of the eye.
    pub fn looking(mut self, aside: f64) -> Surface {
        for iris in &mut self.irises {
            iris[0] += aside * 0.44;
        }
        self
    }

    /// The mesh of this face on a drawn portrait.
    pub fn mesh(&self, portrait: &Portrait) -> Mesh {
        let (x, y, d) = (portrait.eyes.0, portrait.eyes.1, portrait.eye_distance);
        let points = self.points.iter().map(|p| [x + p[0] * d, y + p[1] * d, p[2] * d]).collect();
        Mesh::new(points, 0.99).unwrap()
    }

    /// The irises of this face on a drawn portrait.
    pub fn irises(&self, portrait: &Portrait) -> [Iris; 2] {
        let (x, y, d) = (portrait.eyes.0, portrait.eyes.1, portrait.eye_distance);
        self.irises.map(|iris| Iris { centre: Point::new(x + iris[0] * d, y + iris[1] * d), radius_px: 0.09 * d })
    }
}
