//! A seeded person with thousands of hairs before a wall: picture, exact alpha, exact colours and the empty wall.

use image::{ImageFormat, RgbImage};
use photo::{Face, Marks, Plane, Rgb};

use crate::canvas::Canvas;
use crate::noise::Dice;
use crate::portrait::{Portrait, bytes};
use crate::wall::Wall;
use crate::{person, strands};

/// Colour of the hair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hair {
    /// Black.
    Black,
    /// Brown.
    Brown,
    /// Grey.
    Grey,
}

/// Colour of the clothes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clothes {
    /// A dark suit.
    Dark,
    /// A white shirt.
    White,
    /// A blue shirt.
    Blue,
}

/// What to draw. The same scene is always the same pixels.
#[derive(Debug, Clone, Copy)]
pub struct Scene {
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// Midpoint between the eyes.
    pub eyes: (f64, f64),
    /// Distance between the eyes; everything else follows.
    pub eye_distance: f64,
    /// What stands behind the person.
    pub wall: Wall,
    /// Colour of the hair.
    pub hair: Hair,
    /// Whether hair falls beside the neck.
    pub long_hair: bool,
    /// Colour of the clothes.
    pub clothes: Clothes,
    /// Standard deviation of the camera's noise, in steps of 256.
    pub noise: f32,
    /// Chooses strands, folds and noise.
    pub seed: u64,
}

/// A scene as pixels, with everything that a matte has to find.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// What the camera saw.
    pub picture: Rgb,
    /// Exact coverage by the person.
    pub alpha: Plane,
    /// The person's own colours; where there is no person, black.
    pub foreground: Rgb,
    /// The empty wall as the same camera saw it at another time: other noise, and the exposure a little off.
    pub plate: Rgb,
}

/// Exposure of the clean plate against the picture, for each channel.
const PLATE_GAIN: [f32; 3] = [1.03, 1.02, 1.045];

impl Scene {
    /// A person of ordinary size in a picture of 3 to 4, with black hair and dark clothes.
    pub fn new(height: u32, wall: Wall) -> Scene {
        let size = f64::from(height);
        Scene {
            width: height * 3 / 4,
            height,
            eyes: (0.375 * size, 0.4 * size),
            eye_distance: 0.108 * size,
            wall,
            hair: Hair::Black,
            long_hair: false,
            clothes: Clothes::Dark,
            noise: 1.8,
            seed: 1,
        }
    }

    /// The four points as the staff would set them.
    pub fn marks(&self) -> Marks {
        self.outline().marks()
    }

    /// What a face model would answer.
    pub fn face(&self) -> Face {
        self.outline().face()
    }

    /// The plain portrait has the same proportions.
    fn outline(&self) -> Portrait {
        Portrait { width: self.width, height: self.height, eyes: self.eyes, eye_distance: self.eye_distance, wall: [0; 3] }
    }

    /// Draws everything.
    pub fn draw(&self) -> Drawn {
        let (width, height) = (self.width as usize, self.height as usize);
        let mut canvas = Canvas::new(width, height);
        person::paint(self, &mut canvas);
        strands::draw(self, &mut canvas);
        canvas.soften();
        let mut picture = Vec::with_capacity(width * height);
        let mut plate = Vec::with_capacity(width * height);
        let mut foreground = Vec::with_capacity(width * height);
        let mut alpha = Vec::with_capacity(width * height);
        let (mut grain, mut other_grain) = (Dice::new(self.seed ^ 0x51), Dice::new(self.seed ^ 0x52));
        let unit = self.eye_distance as f32;
        for (at, &[r, g, b, a]) in canvas.pixels.iter().enumerate() {
            let u = ((at % width) as f32 + 0.5 - self.eyes.0 as f32) / unit;
            let v = ((at / width) as f32 + 0.5 - self.eyes.1 as f32) / unit;
            let wall = self.wall.colour(u, v, self.seed as u32);
            let shadow = self.wall.shadow(u, v);
            let person = [r, g, b];
            picture.push(std::array::from_fn(|i| byte(person[i] + (1.0 - a) * wall[i] * shadow + grain.bell(self.noise))));
            plate.push(std::array::from_fn(|i| byte(wall[i] * PLATE_GAIN[i] + other_grain.bell(self.noise))));
            foreground.push(if a > 0.0 { person.map(|c| byte(c / a)) } else { [0; 3] });
            alpha.push(a);
        }
        let rgb = |pixels| Rgb::from_pixels(width, height, pixels).unwrap();
        Drawn { picture: rgb(picture), alpha: Plane { width, height, values: alpha }, foreground: rgb(foreground), plate: rgb(plate) }
    }
}

fn byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

/// A picture as a file.
pub fn file(picture: &Rgb, format: ImageFormat) -> Vec<u8> {
    bytes(&RgbImage::from_raw(picture.width() as u32, picture.height() as u32, picture.as_bytes().to_vec()).unwrap(), format)
}
