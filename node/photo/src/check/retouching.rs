//! Retouching: the finest texture of the cheeks against the steepness of the eyes' edges. Sharp eyes in skin without texture hint at a beauty filter.

use super::Evidence;
use super::edges;
use super::entry::{Entry, Measure, Measured};
use super::scene::luminance;
use crate::locate::Frame;

pub(super) const CHECK: Entry = Entry {
    name: "Retouching",
    title: ("皮肤纹理（磨皮迹象）", "Texture of the skin (signs of a beauty filter)"),
    low: (
        "皮肤缺少纹理，可能用了美颜。请关闭美颜后重拍，或由审核员判断。",
        "The skin has hardly any texture; a beauty filter may have been used. Switch it off, or let the reviewer judge.",
    ),
    high: ("", ""),
    look: ("请人工确认没有美颜和修图痕迹。", "Look that there are no signs of retouching."),
    measure: Measure::Photo(measure),
};

fn measure(evidence: &Evidence) -> Measured {
    let matted = evidence.composed.cropped.matted;
    let frame = Frame::new(matted.window.inward(matted.located.head.left_eye), matted.window.inward(matted.located.head.right_eye));
    let d = frame.eye_distance_px;
    let luma = |x: isize, y: isize| luminance(matted.image.at(x, y));
    let mut texture = Vec::new();
    for side in [-1.0, 1.0] {
        for row in 0..24 {
            for column in 0..24 {
                let point = frame.point(side * (0.25 + 0.014 * f64::from(column)) * d, (0.4 + 0.014 * f64::from(row)) * d);
                let (x, y) = (point.x as isize, point.y as isize);
                texture.push((4.0 * luma(x, y) - luma(x - 1, y) - luma(x + 1, y) - luma(x, y - 1) - luma(x, y + 1)).abs() / 4.0);
            }
        }
    }
    let middle = texture.len() / 2;
    let median = f64::from(*texture.select_nth_unstable_by(middle, f32::total_cmp).1);
    let contrast = evidence.scene.skin().map(|skin| f64::from(skin.luma));
    // On a blurred photo texture is missing for another reason, which Sharpness reports.
    let sharp = edges::steepness(evidence.scene, (0, 1)).is_some_and(|ratio| ratio > 0.4);
    Measured::seen(contrast.filter(|_| sharp).map(|contrast| 10.0 * median / contrast.max(1.0))).at(evidence.scene_area())
}
