//! How pixels of the working picture lie on the reduced one, on which smooth things are computed.

use crate::image::Point;
use crate::locate::Head;
use crate::plane::Plane;

/// Where one row or column of the working picture lies between those of the reduced one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Between {
    low: u32,
    high: u32,
    /// How much the second counts.
    share: f32,
    pub(super) nearest: u32,
}

/// Both axes.
pub(super) struct Cells {
    pub(super) width: usize,
    pub(super) columns: Vec<Between>,
    pub(super) rows: Vec<Between>,
    scale: (f64, f64),
}

impl Cells {
    pub(super) fn new(width: usize, height: usize, reduced: &Plane) -> Cells {
        Cells {
            width: reduced.width,
            columns: axis(width, reduced.width),
            rows: axis(height, reduced.height),
            scale: (reduced.width as f64 / width as f64, reduced.height as f64 / height as f64),
        }
    }

    /// The cell of a pixel.
    pub(super) fn cell(&self, x: usize, y: usize) -> usize {
        self.rows[y].nearest as usize * self.width + self.columns[x].nearest as usize
    }

    /// Several numbers at once at a pixel, bilinear.
    pub(super) fn mix<const N: usize>(&self, x: usize, y: usize, field: &[[f32; N]]) -> [f32; N] {
        let (row, column) = (self.rows[y], self.columns[x]);
        let (above, below) = (row.low as usize * self.width, row.high as usize * self.width);
        let (left, right) = (column.low as usize, column.high as usize);
        let [a, b, c, d] = [above + left, above + right, below + left, below + right].map(|at| &field[at]);
        let (fx, fy) = (column.share, row.share);
        let weights = [(1.0 - fx) * (1.0 - fy), fx * (1.0 - fy), (1.0 - fx) * fy, fx * fy];
        std::array::from_fn(|i| a[i] * weights[0] + b[i] * weights[1] + c[i] * weights[2] + d[i] * weights[3])
    }

    /// The head in pixels of the reduced picture.
    pub(super) fn reduced(&self, head: &Head) -> Head {
        scaled(head, self.scale.0, self.scale.1)
    }
}

/// The head in a picture of another size.
pub(super) fn scaled(head: &Head, scale_x: f64, scale_y: f64) -> Head {
    let inward = |p: Point| Point::new(p.x * scale_x, p.y * scale_y);
    Head {
        left_eye: inward(head.left_eye),
        right_eye: inward(head.right_eye),
        chin: inward(head.chin),
        hair_top: inward(head.hair_top),
        crown: inward(head.crown),
        face_width_px: head.face_width_px * scale_x,
        head_width_px: head.head_width_px * scale_x,
        ..*head
    }
}

fn axis(length: usize, reduced: usize) -> Vec<Between> {
    let step = reduced as f64 / length as f64;
    (0..length)
        .map(|at| {
            let centre = (at as f64 + 0.5) * step;
            let place = (centre - 0.5).clamp(0.0, (reduced - 1) as f64);
            let low = place as usize;
            let high = (low + 1).min(reduced - 1);
            Between {
                low: low as u32,
                high: high as u32,
                share: (place - low as f64) as f32,
                nearest: (centre as usize).min(reduced - 1) as u32,
            }
        })
        .collect()
}
