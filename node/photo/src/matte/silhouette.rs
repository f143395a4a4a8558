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
