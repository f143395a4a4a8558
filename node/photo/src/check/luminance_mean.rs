//! LuminanceMean: mean luminance of the face over full scale (ISO/IEC 29794-5).

use super::Component;
use super::entry::{Entry, Measure, Measured};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "LuminanceMean",
    title: ("面部亮度", "Brightness of the face"),
    low: ("面部偏暗。请增加正面光线后重拍。", "The face is dark. Add light from the front."),
    high: ("面部过亮。请降低曝光或把灯移远后重拍。", "The face is too bright. Lower the exposure or move the lamp away."),
    look: ("请人工确认面部亮度合适。", "Look that the face is neither dark nor bright."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    Measured::seen(scene.over_face(|level| level as f64 / 255.0)).at(scene.face_area()).scalar(Component::LuminanceMean)
}
