//! Single hairs, thinner than a pixel, drawn with the area that they cover.

use crate::canvas::Canvas;
use crate::noise::Dice;
use crate::person::{CAP, LONG_ENDS, gloss, long_half};
use crate::scene::Scene;

/// Single hairs that leave the outline of the head, and of long hair.
const FLYING: usize = 2_600;
const FLYING_LONG: usize = 1_500;
/// Width of a hair in distances between the eyes (0.08 mm to 63 mm), and of a lock of a few hairs.
const HAIR_WIDTH: f32 = 0.0013;
const LOCK_WIDTH: f32 = 0.006;

/// A curved hair: where it begins, where it bends to, where it ends.
struct Strand {
    from: (f32, f32),
    bend: (f32, f32),
    to: (f32, f32),
    width: f32,
}

/// Draws all hairs that leave the outline.
pub(crate) fn draw(scene: &Scene, canvas: &mut Canvas) {
    let mut dice = Dice::new(scene.seed ^ 0xa1);
    for _ in 0..FLYING {
        let strand = from_the_head(&mut dice);
        place(scene, canvas, &strand, &mut dice);
    }
    if scene.long_hair {
        for _ in 0..FLYING_LONG {
            let strand = beside_the_neck(&mut dice);
            place(scene, canvas, &strand, &mut dice);
        }
    }
}

fn from_the_head(dice: &mut Dice) -> Strand {
    // Angle from the crown; few hairs stand out below the ears.
    let angle = dice.between(-1.9, 1.9);
    let (sin, cos) = angle.sin_cos();
    let depth = dice.between(0.9, 1.0);
    let from = (CAP.0 * depth * sin, CAP.2 - CAP.1 * depth * cos);
    let (out, along) = ((sin, -cos), (cos * angle.signum(), sin * angle.signum()));
    // Most hairs stay close, few fly far.
    let far = dice.between(0.0, 1.0).powi(5);
    let length = 0.18 + 0.5 * far + dice.between(0.0, 0.15);
    let rise = length * (0.15 + 0.75 * far) * dice.between(0.3, 1.1);
    let wander = dice.between(-0.1, 0.1);
    let at = |forward: f32, up: f32| (from.0 + along.0 * forward + out.0 * up, from.1 + along.1 * forward + out.1 * up);
    let width = if dice.between(0.0, 1.0) < 0.12 { LOCK_WIDTH } else { HAIR_WIDTH } * dice.between(0.7, 1.4);
    Strand { from, bend: at(0.35 * length, rise * 0.9), to: at(length * 0.9 + wander, rise + wander), width }
}

fn beside_the_neck(dice: &mut Dice) -> Strand {
    let side = if dice.between(-1.0, 1.0) < 0.0 { -1.0 } else { 1.0 };
    let top = dice.between(-0.4, 2.3);
    let bottom = (top + dice.between(0.3, 1.2)).min(LONG_ENDS + 0.1);
    let far = dice.between(0.0, 1.0).powi(4);
    let from = (side * (long_half(top) - dice.between(0.0, 0.05)), top);
    let bend = (side * (long_half(0.5 * (top + bottom)) + 0.03 + 0.35 * far), 0.5 * (top + bottom));
    let to = (side * (long_half(bottom) + dice.between(-0.1, 0.12) + 0.2 * far), bottom);
    let width = if dice.between(0.0, 1.0) < 0.2 { LOCK_WIDTH } else { HAIR_WIDTH } * dice.between(0.7, 1.4);
    Strand { from, bend, to, width }
}

fn place(scene: &Scene, canvas: &mut Canvas, strand: &Strand, dice: &mut Dice) {
    let unit = scene.eye_distance as f32;
    let tint = dice.between(0.75, 1.3) * gloss(strand.from.0, strand.from.1, scene.seed as u32);
    let colour = scene.hair.colour().map(|c| (c * tint).min(250.0));
    let inward = |p: (f32, f32)| (scene.eyes.0 as f32 + p.0 * unit, scene.eyes.1 as f32 + p.1 * unit);
    let (a, b, c) = (inward(strand.from), inward(strand.bend), inward(strand.to));
    let steps = 14;
    let point = |step: usize| {
        let t = step as f32 / steps as f32;
        let s = 1.0 - t;
        (s * s * a.0 + 2.0 * s * t * b.0 + t * t * c.0, s * s * a.1 + 2.0 * s * t * b.1 + t * t * c.1)
    };
    for step in 0..steps {
        // A hair thins out towards its tip.
        let width = strand.width * unit * (1.0 - 0.6 * step as f32 / steps as f32);
        segment(canvas, point(step), point(step + 1), width, colour);
    }
}

/// One straight piece: at each pixel along its longer axis the width is spread over the pixels that it covers.
fn segment(canvas: &mut Canvas, from: (f32, f32), to: (f32, f32), width: f32, colour: [f32; 3]) {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let steep = dy.abs() > dx.abs();
    let (start, end, side_start, side_end) = if steep { (from.1, to.1, from.0, to.0) } else { (from.0, to.0, from.1, to.1) };
    let run = end - start;
    if run.abs() < 1e-4 {
        return;
    }
    let slope = (side_end - side_start) / run;
    let extent = width * (1.0 + slope * slope).sqrt();
    let (low, high) = (start.min(end), start.max(end));
    for main in low.floor() as i32..=high.floor() as i32 {
        let (begin, finish) = (low.max(main as f32), high.min(main as f32 + 1.0));
        if finish <= begin {
            continue;
        }
        let centre = side_start + slope * (0.5 * (begin + finish) - start);
        let (left, right) = (centre - 0.5 * extent, centre + 0.5 * extent);
        for side in left.floor() as i32..=right.floor() as i32 {
            let covered = (right.min(side as f32 + 1.0) - left.max(side as f32)).max(0.0) * (finish - begin);
            let (x, y) = if steep { (side, main) } else { (main, side) };
            canvas.lay(x, y, colour, covered);
        }
    }
}
