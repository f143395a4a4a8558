//! IlluminationUniformity: how much the luminance histograms of two cheek zones have in common (ISO/IEC 29794-5).

use super::Component;
use super::entry::{Entry, Measure, Measured, Why};
use super::scene::{Scene, luminance};

pub(super) const CHECK: Entry = Entry {
    name: "IlluminationUniformity",
    title: ("光照均匀程度", "Even light"),
    low: (
        "面部两侧光线不同。请从正面均匀布光后重拍，或由审核员判断。",
        "The light differs between the sides of the face. Light it evenly from the front, or let the reviewer judge.",
    ),
    high: ("", ""),
    look: ("请人工确认面部光线均匀。", "Look that the face is lit evenly."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let mouth = scene.seen.face.map_or(0.58 * scene.chin, |face| scene.on_head(face.mouth_left.middle(face.mouth_right)).1);
    let down = (mouth / 2.0, mouth / 2.0 + 0.3);
    let zones = [(-0.8, -0.5), (0.5, 0.8)].map(|across| scene.zone(across, down));
    if zones.iter().any(|zone| zone.len() < 100) {
        return Measured::missing(Why::NotMeasurable);
    }
    let [left, right] = zones.map(|zone| {
        let mut histogram = [0f64; 256];
        zone.iter().for_each(|pixel| histogram[luminance(*pixel).round() as usize] += 1.0 / zone.len() as f64);
        histogram
    });
    let common = left.iter().zip(&right).map(|(left, right)| left.min(*right)).sum();
    Measured::value(common).at(scene.face_area()).scalar(Component::IlluminationUniformity)
}
