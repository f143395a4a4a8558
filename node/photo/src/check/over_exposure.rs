//! OverExposurePrevention: share of the face that is nearly white (ISO/IEC 29794-5: luminance 247 to 255).

use super::Component;
use super::entry::{Entry, Measure, Measured};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "OverExposurePrevention",
    title: ("曝光过度", "Over-exposure"),
    low: ("", ""),
    high: ("面部过亮、细节丢失。请降低曝光或把灯移远后重拍。", "The face is overexposed. Lower the exposure or move the lamp away."),
    look: ("请人工确认面部不过亮。", "Look that the face is not overexposed."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    Measured::seen(scene.over_face(|level| f64::from(u8::from(level >= 247))))
        .at(scene.face_area())
        .scalar(Component::OverExposurePrevention)
}
