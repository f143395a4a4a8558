//! ClothesContrast: how far the clothes are from the background of the document: no white top on white, no blue on blue.

use super::Evidence;
use super::entry::{Entry, Measure, Measured, Why};
use super::scene::skin_like;
use crate::image::Point;
use crate::lab::lab;

pub(super) const CHECK: Entry = Entry {
    name: "ClothesContrast",
    title: ("衣服与背景反差", "Clothes against the background"),
    low: (
        "衣服颜色与背景太接近（如白底穿白衣、蓝底穿蓝衣）。请换穿与背景有反差的衣服后重拍。",
        "The clothes are too close to the background, like white on white or blue on blue. Wear something that stands out.",
    ),
    high: ("", ""),
    look: ("请人工确认衣服与背景有明显反差。", "Look that the clothes stand out from the background."),
    measure: Measure::Photo(measure),
};

fn measure(evidence: &Evidence) -> Measured {
    let cropped = &evidence.composed.cropped;
    let matted = cropped.matted;
    let head = &matted.located.head;
    let centre = matted.window.inward(head.frame().origin());
    let chin_px = head.chin_px() * matted.window.scale_y;
    let half = head.face_width_px / 2.0 * matted.window.scale_x;
    // What the finished photo shows, below the chin, beside neck and collar.
    let floor = cropped.placement.original(Point::new(0.0, f64::from(evidence.spec.height_px())));
    let last = (matted.window.inward(floor).y.max(0.0) as usize).min(matted.image.height());
    let first = (centre.y + 1.25 * chin_px).clamp(0.0, last as f64) as usize;
    let skin = evidence.scene.skin();
    let mut colours: Vec<[u8; 3]> = Vec::new();
    for y in (first..last).step_by(2) {
        for x in (0..matted.image.width()).step_by(2) {
            let pixel = matted.foreground.at(x as isize, y as isize);
            let beside = (x as f64 - centre.x).abs() > 0.55 * half;
            if beside && matted.alpha.at(x, y) > 0.9 && !skin.is_some_and(|skin| skin_like(pixel, &skin)) {
                colours.push(pixel);
            }
        }
    }
    if colours.len() < 60 {
        return Measured::missing(Why::NotMeasurable);
    }
    let wall = lab(if cropped.replaces_background { evidence.composed.backgrounds[0] } else { matted.wall_colour });
    // On a coloured wall the hue decides, as 禁止穿蓝色衣服 asks: dark blue on light blue is blue on blue.
    let lightness = if wall[1].hypot(wall[2]) > 15.0 { 0.5 } else { 1.0 };
    let mut far: Vec<f32> = colours
        .iter()
        .map(|colour| lab(*colour))
        .map(|c| (((c[0] - wall[0]) * lightness).powi(2) + (c[1] - wall[1]).powi(2) + (c[2] - wall[2]).powi(2)).sqrt())
        .collect();
    let middle = far.len() / 2;
    let median = *far.select_nth_unstable_by(middle, f32::total_cmp).1;
    Measured::value(f64::from(median)).at(evidence.below_chin())
}
