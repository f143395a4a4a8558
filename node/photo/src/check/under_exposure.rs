//! UnderExposurePrevention: share of the face that is nearly black (ISO/IEC 29794-5: luminance 0 to 25).

use super::Component;
use super::entry::{Entry, Measure, Measured};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "UnderExposurePrevention",
    title: ("曝光不足", "Under-exposure"),
    low: ("", ""),
    high: ("面部太暗。请增加正面光线或提高曝光后重拍。", "The face is too dark. Add light from the front or raise the exposure."),
    look: ("请人工确认面部不过暗。", "Look that the face is not too dark."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    Measured::seen(scene.over_face(|level| f64::from(u8::from(level <= 25))))
        .at(scene.face_area())
        .scalar(Component::UnderExposurePrevention)
}
