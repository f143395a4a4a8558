//! An identity card drawn on a table, of which every corner is known. Nothing on it is real.

use image::{Rgb, RgbImage};
use photo::Point;

/// Size of an ID-1 card and of its round corners.
const WIDTH_MM: f64 = 85.6;
const HEIGHT_MM: f64 = 53.98;
const CORNER_MM: f64 = 3.18;

/// What to draw.
#[derive(Debug, Clone, Copy)]
pub struct DrawnCard {
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// Middle of the card.
    pub centre: (f64, f64),
    /// Length of the card in pixels.
    pub length_px: f64,
    /// How far the card is turned.
    pub tilt_deg: f64,
    /// How much shorter the far side is than the near one, as a share.
    pub perspective: f64,
    /// The side with the emblem instead of the one with the portrait.
    pub emblem: bool,
    /// Colour of the table.
    pub table: [u8; 3],
    /// Another seed prints other strokes.
    pub seed: u32,
}

/// A card that fills three quarters of a small picture.
pub const CARD: DrawnCard = DrawnCard {
    width: 640,
    height: 480,
    centre: (320.0, 240.0),
    length_px: 480.0,
    tilt_deg: 2.0,
    perspective: 0.03,
    emblem: false,
    table: [86, 66, 50],
    seed: 1,
};

impl DrawnCard {
    /// Corners in the picture: upper left, upper right, lower right, lower left.
    pub fn corners(&self) -> [Point; 4] {
        let (w, h) = (WIDTH_MM / 2.0, HEIGHT_MM / 2.0);
        [(-w, -h), (w, -h), (w, h), (-w, h)].map(|(x, y)| self.pixel(x, y))
    }

    fn pixel(&self, x_mm: f64, y_mm: f64) -> Point {
        let scale = self.length_px / WIDTH_MM * (1.0 + self.perspective * y_mm / HEIGHT_MM);
        let (sin, cos) = self.tilt_deg.to_radians().sin_cos();
        let (x, y) = (x_mm * scale, y_mm * scale);
        Point::new(self.centre.0 + x * cos - y * sin, self.centre.1 + x * sin + y * cos)
    }

    fn millimetres(&self, px: f64, py: f64) -> (f64, f64) {
        let (sin, cos) = self.tilt_deg.to_radians().sin_cos();
        let (u, v) = (px - self.centre.0, py - self.centre.1);
        let (x, y) = (u * cos + v * sin, v * cos - u * sin);
        let plain = self.length_px / WIDTH_MM;
        // y = y_mm · plain · (1 + perspective · y_mm / height), solved by a few steps.
        let mut y_mm = y / plain;
        for _ in 0..4 {
            y_mm = y / (plain * (1.0 + self.perspective * y_mm / HEIGHT_MM));
        }
        (x / (plain * (1.0 + self.perspective * y_mm / HEIGHT_MM)), y_mm)
    }

    /// The picture.
    pub fn draw(&self) -> RgbImage {
        let mut noise = self.seed.wrapping_mul(747_796_405) | 1;
        RgbImage::from_fn(self.width, self.height, |px, py| {
            let mut sum = [0f64; 3];
            for (dx, dy) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
                let (x, y) = self.millimetres(f64::from(px) + dx, f64::from(py) + dy);
                let colour = self.colour(x, y);
                (0..3).for_each(|i| sum[i] += f64::from(colour[i]) / 4.0);
            }
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = f64::from(noise >> 24) / 255.0 * 6.0 - 3.0;
            Rgb(sum.map(|v| (v + grain).clamp(0.0, 255.0) as u8))
        })
    }

    fn colour(&self, x: f64, y: f64) -> [u8; 3] {
        let (w, h) = (WIDTH_MM / 2.0, HEIGHT_MM / 2.0);
        let (dx, dy) = ((x.abs() - w + CORNER_MM).max(0.0), (y.abs() - h + CORNER_MM).max(0.0));
        if x.abs() > w || y.abs() > h || dx.hypot(dy) > CORNER_MM {
            return self.table;
        }
        if self.emblem {
            if (x + 28.0).hypot(y + 12.0) < 8.5 {
                return [178, 40, 44];
            }
        } else if (15.0..38.0).contains(&x) && (-18.0..14.0).contains(&y) {
            let head = ((x - 26.5) / 7.0).powi(2) + ((y + 4.0) / 9.0).powi(2) < 1.0;
            return if head { [206, 166, 142] } else { [236, 236, 238] };
        }
        let text_area = if self.emblem { x > -12.0 && y.abs() < 20.0 } else { x < 12.0 && y.abs() < 22.0 };
        if text_area && self.stroke(x, y) {
            return [44, 42, 50];
        }
        let wave = ((x * 0.9 + (y * 0.5).sin() * 3.0).sin() * 6.0) as i16;
        [(214 + wave) as u8, (226 + wave) as u8, (232 + wave) as u8]
    }

    /// Rows of short strokes that look like characters from afar.
    fn stroke(&self, x: f64, y: f64) -> bool {
        let (row, column) = ((y / 5.0).floor(), (x / 2.6).floor());
        let (u, v) = (x / 2.6 - column, y / 5.0 - row);
        if !(0.2..0.75).contains(&v) {
            return false;
        }
        let mut bits =
            (row as i32 as u32).wrapping_mul(2_654_435_761) ^ (column as i32 as u32).wrapping_mul(40_503) ^ self.seed.wrapping_mul(97);
        bits ^= bits >> 13;
        bits = bits.wrapping_mul(1_274_126_177);
        let across = (0.1..0.85).contains(&u) && ((v - 0.3).abs() < 0.05 && bits & 1 > 0 || (v - 0.6).abs() < 0.05 && bits & 2 > 0);
        let down = (u - 0.25).abs() < 0.1 && bits & 4 > 0 || (u - 0.65).abs() < 0.1 && bits & 8 > 0;
        across || down
    }
}
