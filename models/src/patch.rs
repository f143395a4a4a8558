//! A turned square cut out of a picture, as the networks for one face want it.

use photo::{Point, Rgb};

/// Where a square lies in a picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patch {
    centre: Point,
    /// Side of the square in pixels of the picture.
    side_px: f64,
    cos: f64,
    sin: f64,
    mirrored: bool,
}

impl Patch {
    /// A square about `centre` whose upper edge runs along the direction from `left` to `right`.
    pub(crate) fn along(centre: Point, side_px: f64, left: Point, right: Point) -> Patch {
        let length = left.distance(right).max(1e-6);
        Patch { centre, side_px: side_px.max(1.0), cos: (right.x - left.x) / length, sin: (right.y - left.y) / length, mirrored: false }
    }

    /// The same square seen in a mirror.
    pub(crate) fn mirrored(self) -> Patch {
        Patch { mirrored: !self.mirrored, ..self }
    }

    /// Position in the picture of a position in the patch, both axes 0 to 1.
    pub(crate) fn outward(&self, x: f64, y: f64) -> Point {
        let x = if self.mirrored { 0.5 - x } else { x - 0.5 } * self.side_px;
        let y = (y - 0.5) * self.side_px;
        Point::new(self.centre.x + x * self.cos - y * self.sin, self.centre.y + x * self.sin + y * self.cos)
    }

    /// Pixels of the picture for one unit of the patch.
    pub(crate) fn side_px(&self) -> f64 {
        self.side_px
    }

    /// The patch at `side` pixels. What lies outside of the picture repeats its edge.
    pub(crate) fn cut(&self, image: &Rgb, side: usize) -> Rgb {
        // Several samples for each pixel where the patch is reduced, so that fine structure does not turn into noise.
        let samples = (self.side_px / side as f64).ceil().clamp(1.0, 8.0) as usize;
        let share = 1.0 / (samples * samples) as f32;
        let step = 1.0 / (side * samples) as f64;
        let mut pixels = Vec::with_capacity(side * side);
        for row in 0..side {
            for column in 0..side {
                let mut sum = [0f32; 3];
                for v in 0..samples {
                    for u in 0..samples {
                        let x = ((column * samples + u) as f64 + 0.5) * step;
                        let y = ((row * samples + v) as f64 + 0.5) * step;
                        let colour = bilinear(image, self.outward(x, y));
                        (0..3).for_each(|i| sum[i] += colour[i] * share);
                    }
                }
                pixels.push(sum.map(|v| v.round().clamp(0.0, 255.0) as u8));
            }
        }
        Rgb::from_pixels(side, side, pixels).expect("a patch has at least one pixel")
    }
}

fn bilinear(image: &Rgb, point: Point) -> [f32; 3] {
    let (x, y) = (point.x - 0.5, point.y - 0.5);
    let (left, top) = (x.floor(), y.floor());
    let (fx, fy) = ((x - left) as f32, (y - top) as f32);
    let (left, top) = (left as isize, top as isize);
    let corners = [image.at(left, top), image.at(left + 1, top), image.at(left, top + 1), image.at(left + 1, top + 1)];
    std::array::from_fn(|i| {
        let [a, b, c, d] = corners.map(|pixel| f32::from(pixel[i]));
        (a + (b - a) * fx) * (1.0 - fy) + (c + (d - c) * fx) * fy
    })
}

#[cfg(test)]
mod tests {
    //! Cutting and pointing back agree, turned and mirrored.
    use super::*;

    fn one_dot(x: usize, y: usize) -> Rgb {
        let mut image = Rgb::filled(100, 80, [0; 3]);
        image.pixels_mut()[y * 100 + x] = [255; 3];
        image
    }

    fn brightest(image: &Rgb) -> (f64, f64) {
        let (at, _) = image.pixels().iter().enumerate().max_by_key(|(_, p)| p[0]).unwrap();
        (((at % image.width()) as f64 + 0.5) / image.width() as f64, ((at / image.width()) as f64 + 0.5) / image.height() as f64)
    }

    #[test]
    fn a_dot_is_found_where_it_lies() {
        let image = one_dot(61, 33);
        let upright = Patch::along(Point::new(55.0, 40.0), 40.0, Point::new(0.0, 0.0), Point::new(1.0, 0.0));
        let turned = Patch::along(Point::new(55.0, 40.0), 40.0, Point::new(0.0, 0.0), Point::new(1.0, 0.4));
        for patch in [upright, upright.mirrored(), turned, turned.mirrored()] {
            let (x, y) = brightest(&patch.cut(&image, 160));
            let back = patch.outward(x, y);
            assert!(back.distance(Point::new(61.5, 33.5)) < 0.8, "{patch:?} {back:?}");
        }
    }

    #[test]
    fn beyond_the_edge_the_edge_repeats() {
        let image = Rgb::filled(20, 20, [9, 8, 7]);
        let patch = Patch::along(Point::new(0.0, 0.0), 60.0, Point::new(0.0, 0.0), Point::new(1.0, 0.0));
        assert!(patch.cut(&image, 16).pixels().iter().all(|p| *p == [9, 8, 7]));
    }
}
