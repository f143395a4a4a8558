//! How steep the strongest edges around the eyes are in one direction: shared by sharpness and motion blur.

use super::scene::Scene;

/// A step is compared with one this many times as long.
const FAR: isize = 4;
/// Share of the pixels that count as the strongest edges.
const STRONGEST: f64 = 0.08;
/// An edge weaker than this many levels is none.
const WEAKEST: f32 = 12.0;

/// The step over two neighbours against the step over eight pixels, on the strongest edges across `direction`.
/// `None` when there are no edges to judge by.
pub(super) fn steepness(scene: &Scene, (dx, dy): (isize, isize)) -> Option<f64> {
    let luma = scene.luma();
    let mut steps: Vec<(f32, f32)> = Vec::new();
    scene.walk((-0.9, 0.9), (-0.45, 0.35), |x, y| {
        let (x, y) = (x as isize, y as isize);
        let inside = x >= FAR && y >= FAR && x + FAR < luma.width as isize && y + FAR < luma.height as isize;
        if inside {
            let at = |steps: isize| luma.at((x + dx * steps) as usize, (y + dy * steps) as usize);
            steps.push(((at(FAR) - at(-FAR)).abs(), (at(1) - at(-1)).abs()));
        }
    });
    let keep = (steps.len() as f64 * STRONGEST) as usize;
    if keep < 12 {
        return None;
    }
    steps.select_nth_unstable_by(keep, |a, b| b.0.total_cmp(&a.0));
    let energy = |part: fn(&(f32, f32)) -> f32| steps[..keep].iter().map(|step| f64::from(part(step)).powi(2)).sum::<f64>();
    let (far, near) = (energy(|step| step.0), energy(|step| step.1));
    ((far / keep as f64).sqrt() > f64::from(WEAKEST)).then(|| (near / far).sqrt())
}
