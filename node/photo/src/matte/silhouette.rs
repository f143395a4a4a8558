//! What the outline of the person tells.

use crate::image::Point;
use crate::locate::Head;
use crate::plane::Plane;

/// A row belongs to the hair when this much of it is person, in distances from eye line to chin:
/// single strands that stand up do not make the hair higher.
const SOLID_WIDTH: f64 = 0.12;

/// Top of the hair above the midpoint between the eyes, or `None` when the outline leaves the picture there.
pub(super) fn hair_top(alpha: &Plane, head: &Head) -> Option<Point> {
    let frame = head.frame();
    let unit = head.chin_px();
    let half = 0.9 * unit;
    let steps = half.ceil().max(1.0) as i32;
    // From the forehead upwards along the head's own axis, so that a tilted head is measured at its own top.
    let mut top = None;
    let mut down = -0.5 * unit;
    while down > -2.4 * unit {
        let mut solid = 0.0;
        for step in -steps..=steps {
            let point = frame.point(half * f64::from(step) / f64::from(steps), down);
            if point.y < 0.5 {
                // The hair reaches the upper edge of the picture: how far it would go on is unknown.
                return None;
            }
            solid += f64::from(alpha.sample(point.x, point.y) > 0.5) * half / f64::from(steps);
        }
        if solid < SOLID_WIDTH * unit {
            break;
        }
        top = Some(frame.point(0.0, down));
        down -= 1.0;
    }
    top
}

/// Head widths with ears, in widths of the face, that are heads; wider outlines are hair.
const HEAD_RANGE: std::ops::RangeInclusive<f64> = 1.0..=1.32;

/// Width of the outline between eyes and mouth, where the ears are; `None` when hair hides them.
pub(super) fn head_width(alpha: &Plane, head: &Head) -> Option<f64> {
    let frame = head.frame();
    let width_at = |down: f64| {
        let edge = |side: f64| {
            let mut across = 0.0;
            while across < head.face_width_px {
                let point = frame.point(side * across, down);
                if alpha.sample(point.x, point.y) < 0.5 {
                    return Some(across);
                }
                across += 0.5;
            }
            None
        };
        Some(edge(-1.0)? + edge(1.0)?)
    };
    let rows: Option<Vec<f64>> = (0..8).map(|row| width_at(head.chin_px() * 0.05 * f64::from(row))).collect();
    let widest = rows?.into_iter().fold(0.0, f64::max);
    HEAD_RANGE.contains(&(widest / head.face_width_px)).then_some(widest)
}

/// Share of the skull that the cut leaves to the person: the upper half of an ellipse that is head with and without hair.
pub(super) fn skull_covered(alpha: &Plane, head: &Head) -> f64 {
    let frame = head.frame();
    let (half_width, height) = (0.45 * head.face_width_px, 0.92 * head.chin_px());
    let (mut sum, mut count) = (0.0, 0.0);
    for row in 0..20 {
        for column in -20..=20 {
            let (across, up) = (f64::from(column) / 20.0, f64::from(row) / 20.0);
            let point = frame.point(across * half_width, -up * height);
            // What the picture cuts off is not a gap of the matte.
            let inside = point.x >= 0.0 && point.y >= 0.0 && point.x < alpha.width as f64 && point.y < alpha.height as f64;
            if across * across + up * up < 1.0 && inside {
                sum += f64::from(alpha.sample(point.x, point.y));
                count += 1.0;
            }
        }
    }
    if count > 0.0 { sum / count } else { 0.0 }
}
