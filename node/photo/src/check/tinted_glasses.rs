//! TintedGlasses: luminance just below the eyes, where lenses reach, against that of the cheeks.

use super::entry::{Entry, Measure, Measured};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "TintedGlasses",
    title: ("无有色眼镜", "No tinted glasses"),
    low: ("可能戴有色眼镜。请摘下后重拍，或由审核员判断。", "The glasses may be tinted. Take them off, or let the reviewer judge."),
    high: ("", ""),
    look: ("请人工确认没有戴有色眼镜。", "Look that no tinted glasses are worn."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let ratio = |side: f64| {
        let zone = |from: f64, to: f64, down| scene.mean_luma(if side < 0.0 { (-to, -from) } else { (from, to) }, down);
        Some(zone(0.3, 0.7, (0.18, 0.32))? / zone(0.25, 0.6, (0.6, 0.8))?.max(1.0))
    };
    let darker = ratio(-1.0).zip(ratio(1.0)).map(|(left, right)| left.min(right));
    Measured::seen(darker).at(scene.eye_area())
}
