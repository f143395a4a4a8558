//! The part of the original that is worked on, at working size.

use specs::Spec;

use crate::image::{Part, Point, Rgb};
use crate::locate::Located;

/// Working pixels for each pixel that the finest of the documents will show: the resampling needs some more than one.
const FINER: f64 = 1.3;
/// Eye line to chin in the working picture at least: hair is cut worse below it.
const LEAST_CHIN_PX: f64 = 200.0;
/// How far the working picture reaches beyond what the spec will show, so that the crop has room to move.
const ROOM: f64 = 1.3;

/// Which part of the upright original the working picture shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Left edge in the original.
    pub left_px: f64,
    /// Upper edge in the original.
    pub top_px: f64,
    /// Working pixels per original pixel, along the width.
    pub scale_x: f64,
    /// Working pixels per original pixel, along the height.
    pub scale_y: f64,
}

impl Window {
    /// A point of the original in the working picture.
    pub fn inward(&self, point: Point) -> Point {
        Point::new((point.x - self.left_px) * self.scale_x, (point.y - self.top_px) * self.scale_y)
    }

    /// A point of the working picture in the original.
    pub fn outward(&self, point: Point) -> Point {
        Point::new(point.x / self.scale_x + self.left_px, point.y / self.scale_y + self.top_px)
    }
}

/// How far the working picture reaches from the midpoint between the eyes, in lengths from eye line to chin.
struct Reach {
    side: f64,
    up: f64,
    down: f64,
    /// Eye line to chin in the finest of the finished photos.
    finest_chin_px: f64,
}

impl Reach {
    /// Far enough for every one of the specs.
    fn of(specs: &[&Spec]) -> Reach {
        // At least some wall on each side and above tall hair, from which its colours are learnt.
        let mut reach = Reach { side: 2.0, up: 2.2, down: 2.0, finest_chin_px: 0.0 };
        for (guide, height_px) in specs.iter().map(|spec| (spec.guide(), f64::from(spec.height_px()))) {
            reach.finest_chin_px = reach.finest_chin_px.max((guide.chin - guide.eye_line) * height_px);
            let unit = (guide.chin - guide.eye_line).max(0.05);
            reach.side = reach.side.max(ROOM * 0.5 * guide.aspect / unit);
            reach.up = reach.up.max(ROOM * guide.eye_line / unit);
            reach.down = reach.down.max(ROOM * (1.0 - guide.eye_line) / unit);
        }
        reach
    }
}

/// The part of the original, and the size that it is worked on.
pub(super) struct Working {
    part: Part,
    width: usize,
    height: usize,
    pub(super) window: Window,
}

impl Working {
    pub(super) fn around(located: &Located, specs: &[&Spec]) -> Working {
        let reach = Reach::of(specs);
        let image = &located.upright.image;
        let origin = located.head.frame().origin();
        let unit = located.head.chin_px();
        let clamp = |v: f64, side: usize| v.round().clamp(0.0, side as f64) as usize;
        // Bound: at least one pixel each way, even for marks at the very edge of the picture.
        let left = clamp(origin.x - reach.side * unit, image.width()).min(image.width() - 1);
        let right = clamp(origin.x + reach.side * unit, image.width()).max(left + 1);
        let top = clamp(origin.y - reach.up * unit, image.height()).min(image.height() - 1);
        let bottom = clamp(origin.y + reach.down * unit, image.height()).max(top + 1);
        let factor = ((FINER * reach.finest_chin_px).max(LEAST_CHIN_PX) / unit).min(1.0);
        let part = Part { left, top, width: right - left, height: bottom - top };
        let width = ((part.width as f64 * factor).round() as usize).max(1);
        let height = ((part.height as f64 * factor).round() as usize).max(1);
        let window = Window {
            left_px: left as f64,
            top_px: top as f64,
            scale_x: width as f64 / part.width as f64,
            scale_y: height as f64 / part.height as f64,
        };
        Working { part, width, height, window }
    }

    /// This part of a picture that has the size of the original.
    pub(super) fn of(&self, image: &Rgb) -> Rgb {
        image.part_resized(self.part, self.width, self.height)
    }
}
