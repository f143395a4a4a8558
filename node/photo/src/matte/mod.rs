//! Separates the person from the wall: a coarse cut at reduced size, then real alpha at working size.
//!
//! A cut is always accompanied by how far it can be trusted. A bad cut is never passed on silently.

mod coarse;
mod fine;
mod gmm;
mod guided;
mod silhouette;
mod walker;

use specs::Spec;

use crate::image::{Point, Rgb};
use crate::locate::{Head, Located, Source};
use crate::plane::Plane;

/// Eye line to chin in the working picture; about a third more than the finest shipped spec needs.
const WORK_CHIN_PX: f64 = 240.0;
/// How far the working picture reaches beyond what the spec will show, so that the crop has room to move.
const ROOM: f64 = 1.3;

/// Below this confidence the background counts as not separable.
pub const MIN_CONFIDENCE: f64 = 0.6;

/// The part of the picture around the head, at working size, with its matte.
#[derive(Debug, Clone)]
pub struct Matted {
    /// The located picture; its head now carries what the silhouette showed.
    pub located: Located,
    /// Working picture.
    pub image: Rgb,
    /// Person's own colour at each pixel, free of the wall behind.
    pub foreground: Rgb,
    /// 0 wall, 1 person.
    pub alpha: Plane,
    /// From the upright original to the working picture.
    pub window: Window,
    /// How far to trust the cut, 0 to 1.
    pub confidence: f64,
    /// Root mean square colour difference of the wall from its own mean, in CIELAB units.
    pub wall_unevenness: f64,
    /// Mean colour of the wall.
    pub wall_colour: [u8; 3],
}

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
}

impl Reach {
    /// Far enough for every one of the specs.
    fn of(specs: &[&Spec]) -> Reach {
        // At least some wall on each side and above tall hair, from which its colours are learnt.
        let mut reach = Reach { side: 2.0, up: 2.2, down: 2.0 };
        for guide in specs.iter().map(|spec| spec.guide()) {
            let unit = (guide.chin - guide.eye_line).max(0.05);
            reach.side = reach.side.max(ROOM * 0.5 * guide.aspect / unit);
            reach.up = reach.up.max(ROOM * guide.eye_line / unit);
            reach.down = reach.down.max(ROOM * (1.0 - guide.eye_line) / unit);
        }
        reach
    }
}

/// Cuts the person out, as far around the head as the frames of `specs` ask for.
pub fn matte(mut located: Located, specs: &[&Spec]) -> Matted {
    let (image, window) = working_picture(&located, &Reach::of(specs));
    let head = in_window(&located.head, &window);
    let coarse = coarse::cut(&image, &head);
    let fine = fine::refine(&image, &head, &coarse);
    if let Some(top) = silhouette::hair_top(&fine.alpha, &head) {
        located.head.show_hair_top(window.outward(top));
    }
    if let Some(width_px) = silhouette::head_width(&fine.alpha, &head) {
        located.head.head_width_px = width_px / window.scale_x;
        located.head.head_width_source = Source::Image;
    }
    Matted {
        located,
        image,
        foreground: fine.foreground,
        alpha: fine.alpha,
        window,
        confidence: coarse.confidence.min(fine.confidence).min(plainness(coarse.wall_unevenness)),
        wall_unevenness: coarse.wall_unevenness,
        wall_colour: coarse.wall_colour,
    }
}

/// A cut that looks clean before a busy room may still have eaten a collar or kept a chair:
/// the documents ask for a plain wall, so only a plain wall earns trust.
fn plainness(wall_unevenness: f64) -> f64 {
    (1.4 - wall_unevenness / 15.0).clamp(0.0, 1.0)
}

fn working_picture(located: &Located, reach: &Reach) -> (Rgb, Window) {
    let image = &located.upright.image;
    let origin = located.head.frame().origin();
    let unit = located.head.chin_px();
    let clamp = |v: f64, side: usize| v.round().clamp(0.0, side as f64) as usize;
    // Bound: at least one pixel each way, even for marks at the very edge of the picture.
    let left = clamp(origin.x - reach.side * unit, image.width()).min(image.width() - 1);
    let right = clamp(origin.x + reach.side * unit, image.width()).max(left + 1);
    let top = clamp(origin.y - reach.up * unit, image.height()).min(image.height() - 1);
    let bottom = clamp(origin.y + reach.down * unit, image.height()).max(top + 1);
    let factor = (WORK_CHIN_PX / unit).min(1.0);
    let part = image.part(left, top, right - left, bottom - top);
    let width = (((right - left) as f64 * factor).round() as usize).max(1);
    let height = (((bottom - top) as f64 * factor).round() as usize).max(1);
    let window = Window {
        left_px: left as f64,
        top_px: top as f64,
        scale_x: width as f64 / (right - left) as f64,
        scale_y: height as f64 / (bottom - top) as f64,
    };
    let work = if factor < 1.0 { part.area_resized(width, height) } else { part };
    (work, window)
}

/// The head in working pixels.
fn in_window(head: &Head, window: &Window) -> Head {
    Head {
        left_eye: window.inward(head.left_eye),
        right_eye: window.inward(head.right_eye),
        chin: window.inward(head.chin),
        hair_top: window.inward(head.hair_top),
        crown: window.inward(head.crown),
        face_width_px: head.face_width_px * window.scale_x,
        head_width_px: head.head_width_px * window.scale_x,
        ..*head
    }
}
