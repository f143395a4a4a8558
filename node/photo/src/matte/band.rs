//! Where alpha is open: a band along the outline, wide at hair, and wherever single strands were seen.

use super::coarse::{Coarse, PLAIN_ROUGHNESS};
use super::gaps::{Texture, wall_again};
use super::holes::flood;
use super::wall::WallField;
use crate::image::Point;
use crate::locate::Head;

/// Half widths of the band in lengths from eye line to chin: outside and inside of the coarse outline, at hair and at clothes.
const HAIR: (f64, f64) = (0.14, 0.10);
/// Before a busy wall colours say little, and a wide band only lets the room in.
const BUSY: (f64, f64) = (0.07, 0.06);
const BODY: (f64, f64) = (0.05, 0.045);
/// As far as single strands are followed.
const STRANDS: f64 = 0.75;
/// Strands differ from the wall by this many of its deviations.
const STRAND_DEVIATIONS: f32 = 3.5;
/// Below the eye line hair gives way to clothes between these two places.
const NECK: (f64, f64) = (0.95, 1.25);

/// What a place of the reduced picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Wall for certain.
    Wall,
    /// Open.
    Band,
    /// Person for certain.
    Person,
}

/// Places of the reduced picture.
pub(super) struct Bands {
    /// What each place is.
    pub(super) places: Vec<Place>,
    /// The nearest place that is person for certain, if there is any.
    pub(super) inner: Vec<Option<u32>>,
    /// Distance from the coarse outline in reduced pixels.
    pub(super) from_outline: Vec<f32>,
    /// The wall, learnt again close to the outline.
    pub(super) wall: WallField,
    /// Whether hair and face are here, not clothes.
    pub(super) is_head: Vec<bool>,
    /// Whether the wall is one smooth field.
    pub(super) plain: bool,
}

/// Decides every place. `head` is in pixels of the reduced picture.
pub(super) fn bands(coarse: &Coarse, head: &Head, texture: &Texture) -> Bands {
    let (width, height) = (coarse.person.width, coarse.person.height);
    let inside: Vec<bool> = coarse.person.values.iter().map(|v| *v > 0.5).collect();
    let to_person = nearest(width, height, |at| inside[at]);
    let to_wall = nearest(width, height, |at| !inside[at]);
    let (frame, unit) = (head.frame(), head.chin_px());
    // A busy wall differs from itself everywhere: there strands cannot be told from it. Exposures are always smooth.
    let plain = coarse.wall.roughness < PLAIN_ROUGHNESS;
    let hair = if plain { HAIR } else { BUSY };
    let mut places = Vec::with_capacity(inside.len());
    let mut is_head = Vec::with_capacity(inside.len());
    for at in 0..inside.len() {
        let down = frame.down(Point::new((at % width) as f64 + 0.5, (at / width) as f64 + 0.5)) / unit;
        is_head.push(down < NECK.0);
        let body = ((down - NECK.0) / (NECK.1 - NECK.0)).clamp(0.0, 1.0);
        let reach = |hair: f64, body_px: f64| (hair + body * (body_px - hair)) * unit;
        // A place that the coarse cut leaves open is open, wherever it is.
        let open = (0.15..0.85).contains(&coarse.person.values[at]);
        let place = if inside[at] && !open && f64::from(to_wall[at].0) > reach(hair.1, BODY.1).max(1.6) {
            Place::Person
        } else if !inside[at] && !open && f64::from(to_person[at].0) > reach(hair.0, BODY.0).max(1.6) {
            Place::Wall
        } else {
            Place::Band
        };
        places.push(place);
    }
    let distances: Vec<f32> = to_person.iter().map(|(distance, _)| *distance).collect();
    let wall = if plain { wall_again(coarse, texture, &distances) } else { coarse.wall.clone() };
    if plain {
        let near = |at: usize| f64::from(distances[at]) < STRANDS * unit;
        follow_strands(coarse, &wall, &mut places, |at| near(at) && texture.is_rough(at));
    }
    let inner = nearest(width, height, |at| places[at] == Place::Person);
    Bands {
        inner: inner.iter().map(|(_, at)| *at).collect(),
        from_outline: (0..inside.len()).map(|at| if inside[at] { to_wall[at].0 } else { to_person[at].0 }).collect(),
        is_head,
        places,
        wall,
        plain,
    }
}

/// Opens places that hang together with the band and differ from the wall, and one place around each.
fn follow_strands(coarse: &Coarse, wall: &WallField, places: &mut [Place], rough: impl Fn(usize) -> bool) {
    let (width, height) = (coarse.person.width, coarse.person.height);
    let differs = |at: usize| coarse.off_wall(at, wall) > STRAND_DEVIATIONS * STRAND_DEVIATIONS * (wall.variance[at] + 1.5);
    let band: Vec<usize> = (0..places.len()).filter(|&at| places[at] == Place::Band).collect();
    let strands = flood(width, height, band.into_iter(), |at| places[at] == Place::Band || (rough(at) && differs(at)));
    for at in (0..places.len()).filter(|&at| strands[at]) {
        let (x, y) = (at % width, at / width);
        for v in y.saturating_sub(1)..(y + 2).min(height) {
            for u in x.saturating_sub(1)..(x + 2).min(width) {
                if places[v * width + u] == Place::Wall {
                    places[v * width + u] = Place::Band;
                }
            }
        }
    }
}

/// Distance to the nearest source and which it is, by two sweeps that hand sources on (Danielsson).
fn nearest(width: usize, height: usize, is_source: impl Fn(usize) -> bool) -> Vec<(f32, Option<u32>)> {
    let mut best: Vec<(f32, Option<u32>)> =
        (0..width * height).map(|at| if is_source(at) { (0.0, Some(at as u32)) } else { (f32::MAX, None) }).collect();
    let mut take = |at: usize, from: usize| {
        if let Some(source) = best[from].1 {
            let (x, y) = ((at % width) as f32, (at / width) as f32);
            let (u, v) = ((source as usize % width) as f32, (source as usize / width) as f32);
            let distance = (x - u) * (x - u) + (y - v) * (y - v);
            if distance < best[at].0 {
                best[at] = (distance, Some(source));
            }
        }
    };
    for y in 0..height {
        for x in 0..width {
            let at = y * width + x;
            if y > 0 {
                take(at, at - width);
                if x > 0 {
                    take(at, at - width - 1);
                }
                if x + 1 < width {
                    take(at, at - width + 1);
                }
            }
            if x > 0 {
                take(at, at - 1);
            }
        }
        for x in (0..width.saturating_sub(1)).rev() {
            take(y * width + x, y * width + x + 1);
        }
    }
    for y in (0..height).rev() {
        for x in (0..width).rev() {
            let at = y * width + x;
            if y + 1 < height {
                take(at, at + width);
                if x > 0 {
                    take(at, at + width - 1);
                }
                if x + 1 < width {
                    take(at, at + width + 1);
                }
            }
            if x + 1 < width {
                take(at, at + 1);
            }
        }
        for x in 1..width {
            take(y * width + x, y * width + x - 1);
        }
    }
    best.iter_mut().for_each(|(squared, _)| *squared = squared.sqrt());
    best
}

#[cfg(test)]
mod tests {
    //! Distances are the straight ones.
    use super::*;

    #[test]
    fn distance_to_two_sources() {
        let found = nearest(30, 20, |at| at == 5 * 30 + 4 || at == 15 * 30 + 25);
        for at in 0..600 {
            let (x, y) = ((at % 30) as f32, (at / 30) as f32);
            let truth = (x - 4.0).hypot(y - 5.0).min((x - 25.0).hypot(y - 15.0));
            assert!((found[at].0 - truth).abs() < 1e-4, "{x},{y}");
        }
    }
}
