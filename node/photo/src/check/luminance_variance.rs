//! LuminanceVariance: variance of the luminance of the face over full scale (ISO/IEC 29794-5).

use super::Component;
use super::entry::{Entry, Measure, Measured};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "LuminanceVariance",
    title: ("面部明暗对比", "Contrast of the face"),
    low: (
        "面部对比度太低。请避免雾气、逆光和脏镜头后重拍，或由审核员判断。",
        "The face has too little contrast. Avoid haze, back light and a dirty lens, or let the reviewer judge.",
    ),
    high: (
        "面部明暗反差太大。请使用柔和的正面光后重拍，或由审核员判断。",
        "The face has too much contrast. Use soft light from the front, or let the reviewer judge.",
    ),
    look: ("请人工确认面部明暗适中。", "Look that the contrast of the face is ordinary."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let mean = scene.over_face(|level| level as f64 / 255.0);
    let variance = mean.and_then(|mean| scene.over_face(|level| (level as f64 / 255.0 - mean).powi(2)));
    Measured::seen(variance).at(scene.face_area()).scalar(Component::LuminanceVariance)
}
