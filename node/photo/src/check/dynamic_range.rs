//! DynamicRange: entropy of the luminance of the face in bits (ISO/IEC 29794-5).

use super::Component;
use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "DynamicRange",
    title: ("面部层次", "Dynamic range of the face"),
    low: (
        "面部层次太少、发灰。请改善光线、擦净镜头，不要使用滤镜后重拍。",
        "The face has too few tones. Improve the light, clean the lens, use no filter.",
    ),
    high: ("", ""),
    look: ("请人工确认面部层次清楚。", "Look that the face shows enough tones."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let histogram = scene.histogram();
    let count: u32 = histogram.iter().sum();
    if count < 100 {
        return Measured::missing(Why::NotMeasurable);
    }
    let bits: f64 = histogram.iter().filter(|n| **n > 0).map(|n| f64::from(*n) / f64::from(count)).map(|p| -p * p.log2()).sum();
    Measured::value(bits).at(scene.face_area()).scalar(Component::DynamicRange)
}
