//! WallShadow: how much darker the wall beside the head is than farther away, before it is replaced.

use super::Evidence;
use super::entry::{Entry, Measure, Measured};
use super::scene::luminance;
use crate::matte::Matted;

pub(super) const CHECK: Entry = Entry {
    name: "WallShadow",
    title: ("墙面无阴影", "No shadow on the wall"),
    low: ("", ""),
    high: (
        "墙上有影子。请离墙半米以上、用两侧灯光消除阴影后重拍。",
        "There is a shadow on the wall. Stand half a metre away from it and light it from both sides.",
    ),
    look: ("请人工确认背景没有影子。", "Look that there is no shadow on the background."),
    measure: Measure::Photo(measure),
};

fn measure(evidence: &Evidence) -> Measured {
    let matted = evidence.composed.cropped.matted;
    let head = &matted.located.head;
    let centre = matted.window.inward(head.frame().origin());
    let unit = head.face_width_px / 2.0 * matted.window.scale_x;
    let (top, bottom) = (centre.y - 1.2 * unit, centre.y + 1.4 * unit);
    // Beside the head on both sides: the ratio of near to far wall, so that light falling off across the room is no shadow.
    let sides = [-1.0, 1.0].map(|side| {
        let near = wall_luma(matted, centre.x, side, (1.2 * unit, 1.75 * unit), (top, bottom));
        let far = wall_luma(matted, centre.x, side, (2.0 * unit, 3.2 * unit), (top, bottom));
        near.zip(far).map(|(near, far)| 1.0 - near / far.max(1.0))
    });
    let darkening = match sides {
        [Some(left), Some(right)] => Some(left.max(right)),
        [one, other] => one.or(other),
    };
    let mut measured = Measured::seen(darkening.map(|value| value.max(0.0)));
    if evidence.composed.cropped.replaces_background {
        measured.rule = Some("WallShadowReplaced");
    }
    measured
}

/// Median luminance of the wall at a distance to one side of the head; `None` when hardly any wall is seen there.
fn wall_luma(matted: &Matted, centre_x: f64, side: f64, (near, far): (f64, f64), (top, bottom): (f64, f64)) -> Option<f64> {
    let (a, b) = (centre_x + side * near, centre_x + side * far);
    let clamp = |v: f64, length: usize| v.clamp(0.0, length as f64) as usize;
    let columns = clamp(a.min(b), matted.image.width())..clamp(a.max(b), matted.image.width());
    let mut values = Vec::new();
    for y in (clamp(top, matted.image.height())..clamp(bottom, matted.image.height())).step_by(2) {
        for x in columns.clone().step_by(2) {
            if matted.alpha.at(x, y) < 0.03 {
                values.push(luminance(matted.image.at(x as isize, y as isize)));
            }
        }
    }
    let middle = values.len() / 2;
    (values.len() >= 40).then(|| f64::from(*values.select_nth_unstable_by(middle, f32::total_cmp).1))
}
