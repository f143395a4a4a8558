//! How steep the strongest edges are in one direction: shared by sharpness and motion blur, and by the print of cards.

use super::scene::Scene;
use crate::plane::Plane;

/// A step is compared with one this many times as long.
const FAR: isize = 4;
/// Share of the pixels that count as the strongest edges.
const STRONGEST: f64 = 0.06;
/// An edge weaker than this many levels is none.
const WEAKEST: f64 = 12.0;

/// [`steepest`] around the eyes of a scene.
pub(super) fn steepness(scene: &Scene, direction: (isize, isize)) -> Option<f64> {
    let mut places = Vec::new();
    scene.walk((-0.9, 0.9), (-0.45, 0.35), |x, y| places.push((x, y)));
    steepest(scene.luma(), places, direction)
}

/// The steepest step over two neighbours against the step over eight pixels around it, on the strongest edges across
/// `direction`: 1 for a sharp edge, 0.25 for an even slope. `None` when there are no edges to judge by.
pub(crate) fn steepest(luma: &Plane, places: Vec<(usize, usize)>, (dx, dy): (isize, isize)) -> Option<f64> {
    let at = |(x, y): (usize, usize), steps: isize| luma.at((x as isize + dx * steps) as usize, (y as isize + dy * steps) as usize);
    let margin = FAR as usize;
    let inside = |(x, y): &(usize, usize)| *x >= margin && *y >= margin && x + margin < luma.width && y + margin < luma.height;
    let step = |place| (place, (at(place, FAR) - at(place, -FAR)).abs());
    let mut edges: Vec<((usize, usize), f32)> = places.into_iter().filter(inside).map(step).collect();
    let keep = (edges.len() as f64 * STRONGEST) as usize;
    if keep < 12 {
        return None;
    }
    edges.select_nth_unstable_by(keep, |a, b| b.1.total_cmp(&a.1));
    let (mut near, mut far) = (0.0, 0.0);
    for (place, step) in &edges[..keep] {
        let steepest = (1 - FAR..FAR).map(|k| (at(*place, k + 1) - at(*place, k - 1)).abs()).fold(0.0, f32::max);
        near += f64::from(steepest).powi(2);
        far += f64::from(*step).powi(2);
    }
    ((far / keep as f64).sqrt() > WEAKEST).then(|| (near / far).sqrt())
}
