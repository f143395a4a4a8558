//! A ruler beside the photos: whoever lays a real one on it sees whether the sheet was printed at 100 %.

use super::{CutMark, MARK_MM, Place};

/// Length of the ruler in millimetres.
pub const RULER_MM: f64 = 50.0;
/// Distance from the edge of the paper, which printers do not reach, and from the cut marks.
const EDGE_MM: f64 = 2.0;
const GAP_MM: f64 = 0.5;
/// Height of a tick at every centimetre, and of the figures.
const TICK_MM: f64 = 1.5;
/// Strokes of `50 mm` as (from, to), upwards from the line, in millimetres.
const FIGURES: [((f64, f64), (f64, f64)); 17] = [
    ((1.0, 1.5), (0.2, 1.5)),
    ((0.2, 1.5), (0.2, 0.9)),
    ((0.2, 0.9), (1.0, 0.9)),
    ((1.0, 0.9), (1.0, 0.3)),
    ((1.0, 0.3), (0.2, 0.3)),
    ((1.5, 0.3), (2.3, 0.3)),
    ((2.3, 0.3), (2.3, 1.5)),
    ((2.3, 1.5), (1.5, 1.5)),
    ((1.5, 1.5), (1.5, 0.3)),
    ((3.2, 0.3), (3.2, 1.1)),
    ((3.7, 0.3), (3.7, 1.1)),
    ((4.2, 0.3), (4.2, 1.1)),
    ((3.2, 1.1), (4.2, 1.1)),
    ((4.7, 0.3), (4.7, 1.1)),
    ((5.2, 0.3), (5.2, 1.1)),
    ((5.7, 0.3), (5.7, 1.1)),
    ((4.7, 1.1), (5.7, 1.1)),
];

/// The lines of the ruler, in the widest strip that the photos leave free.
pub(super) fn beside(places: &[Place], (width, height): (f64, f64)) -> Vec<CutMark> {
    let least = |edge: &dyn Fn(&Place) -> f64| places.iter().map(edge).fold(f64::INFINITY, f64::min);
    let below = least(&|place| height - place.top_mm - place.height_mm);
    let beside = least(&|place| width - place.left_mm - place.width_mm);
    let is_level = below >= beside;
    let (room, along) = if is_level { (below, width) } else { (beside, height) };
    if room < EDGE_MM + TICK_MM + GAP_MM + MARK_MM || along < RULER_MM + 2.0 * EDGE_MM {
        return Vec::new();
    }
    let start = (along - RULER_MM) / 2.0;
    // The figures are turned with the line, never mirrored.
    let at = |(u, v): (f64, f64)| {
        if is_level { (start + u, height - EDGE_MM - v) } else { (width - EDGE_MM - v, height - start - u) }
    };
    let line = |from, to| CutMark { from_mm: at(from), to_mm: at(to) };
    let ticks = (0..=5).map(|tick| f64::from(tick) * RULER_MM / 5.0).map(|u| line((u, 0.0), (u, TICK_MM)));
    let figures = FIGURES.map(|(from, to)| line((22.0 + from.0, from.1), (22.0 + to.0, to.1)));
    std::iter::once(line((0.0, 0.0), (RULER_MM, 0.0))).chain(ticks).chain(figures).collect()
}
