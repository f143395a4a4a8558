//! ColourPhoto: whether the picture has colours at all.

use super::entry::{Entry, Measure, Measured};
use super::scene::Scene;
use crate::lab::lab;

pub(super) const CHECK: Entry = Entry {
    name: "ColourPhoto",
    title: ("彩色照片", "Colour photo"),
    low: ("这是黑白照片。请使用彩色照片。", "This is a black-and-white picture. Use a colour photo."),
    high: ("", ""),
    look: ("请人工确认是彩色照片。", "Look that it is a colour photo."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let pixels = scene.zone((-0.6, 0.6), (0.2, 0.9));
    let chroma = |pixel: &[u8; 3]| {
        let [_, a, b] = lab(*pixel);
        f64::from(a.hypot(b))
    };
    let mean = (pixels.len() >= 16).then(|| pixels.iter().map(chroma).sum::<f64>() / pixels.len() as f64);
    Measured::seen(mean).at(scene.face_area())
}
