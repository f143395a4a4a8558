//! A person drawn in front of a wall, with every point known exactly.

use image::{DynamicImage, ImageFormat, RgbImage};
use photo::{Bounds, Face, Marks, Point, Rgb, Vision, VisionError};

/// What to draw.
#[derive(Debug, Clone, Copy)]
pub struct Portrait {
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// Midpoint between the eyes.
    pub eyes: (f64, f64),
    /// Distance between the eyes; everything else follows.
    pub eye_distance: f64,
    /// Colour of the wall.
    pub wall: [u8; 3],
}

/// A quarter-size camera picture with room on all sides.
pub const ORDINARY: Portrait = Portrait { width: 900, height: 1200, eyes: (450.0, 480.0), eye_distance: 130.0, wall: [205, 210, 214] };

impl Portrait {
    fn chin(&self) -> f64 {
        1.8 * self.eye_distance
    }

    fn hair(&self) -> f64 {
        1.85 * self.eye_distance
    }

    /// The four points as the staff would set them.
    pub fn marks(&self) -> Marks {
        let (x, y) = self.eyes;
        Marks {
            left_eye: Point::new(x - self.eye_distance / 2.0, y),
            right_eye: Point::new(x + self.eye_distance / 2.0, y),
            chin: Point::new(x, y + self.chin()),
            crown: Point::new(x, y - self.hair()),
        }
    }

    /// What a face model would answer.
    pub fn face(&self) -> Face {
        let (x, y, d) = (self.eyes.0, self.eyes.1, self.eye_distance);
        Face {
            bounds: Bounds { left: x - 1.05 * d, top: y - d, right: x + 1.05 * d, bottom: y + 1.8 * d },
            score: 0.99,
            left_eye: Point::new(x - d / 2.0, y),
            right_eye: Point::new(x + d / 2.0, y),
            nose: Point::new(x, y + 0.55 * d),
            mouth_left: Point::new(x - 0.4 * d, y + 1.05 * d),
            mouth_right: Point::new(x + 0.4 * d, y + 1.05 * d),
        }
    }

    /// The picture, lit from the left, with a little noise.
    pub fn draw(&self) -> RgbImage {
        let mut noise = 12_345u32;
        RgbImage::from_fn(self.width, self.height, |px, py| {
            let u = (f64::from(px) + 0.5 - self.eyes.0) / self.eye_distance;
            let v = (f64::from(py) + 0.5 - self.eyes.1) / self.eye_distance;
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = f64::from(noise >> 24) / 255.0 * 6.0 - 3.0;
            // The lamp stands on the left: the wall and the skin fall off to the right.
            let light = 1.0 - 0.015 * u + grain / 255.0;
            image::Rgb(self.colour(u, v).map(|c| (f64::from(c) * light).clamp(0.0, 255.0) as u8))
        })
    }

    fn colour(&self, u: f64, v: f64) -> [u8; 3] {
        let inside = |x: f64, y: f64, rx: f64, ry: f64| ((u - x) / rx).powi(2) + ((v - y) / ry).powi(2) < 1.0;
        let in_face = inside(0.0, 0.2, 1.06, 1.6);
        if in_face && v > -0.75 {
            if inside(-0.5, 0.0, 0.13, 0.08) || inside(0.5, 0.0, 0.13, 0.08) {
                return [40, 30, 28];
            }
            if inside(0.0, 1.05, 0.4, 0.09) {
                return [170, 80, 80];
            }
            let stripe = ((u * 9.0).sin() * (v * 11.0).cos() * 6.0) as i16;
            return [(222 + stripe) as u8, (180 + stripe) as u8, (156 + stripe) as u8];
        }
        if inside(-1.12, 0.25, 0.14, 0.3) || inside(1.12, 0.25, 0.14, 0.3) {
            return [205, 160, 138];
        }
        if inside(0.0, -0.5, 1.2, 1.35) && v < 0.4 {
            return [38, 30, 28];
        }
        let shoulder = 2.45 + 0.75 * (u.abs() - 0.6).max(0.0).powi(2) * 0.4;
        if v > shoulder && u.abs() < 2.6 {
            return [35, 45, 85];
        }
        if u.abs() < 0.62 && v > 0.5 && v < 2.7 {
            return [176, 136, 114];
        }
        self.wall
    }

    /// The picture as a file.
    pub fn bytes(&self, format: ImageFormat) -> Vec<u8> {
        bytes(&self.draw(), format)
    }
}

/// A picture as a file.
pub fn bytes(image: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(image.clone()).write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// A model that answers from a script, in shares of the picture it was written for.
pub struct Scripted {
    /// Width in pixels of the picture that `faces` are given in.
    pub width: u32,
    /// The answer.
    pub faces: Vec<Face>,
}

impl Vision for Scripted {
    fn faces(&self, image: &Rgb) -> Result<Vec<Face>, VisionError> {
        let factor = image.width() as f64 / f64::from(self.width);
        Ok(self.faces.iter().map(|face| face.scaled(factor)).collect())
    }

    fn name(&self) -> &str {
        "scripted"
    }
}
