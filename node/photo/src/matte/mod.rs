//! Separates the person from the wall: a coarse cut at reduced size, then real alpha at working size.
//!
//! A cut is always accompanied by how far it can be trusted. A bad cut is never passed on silently.

mod band;
mod boxes;
mod cells;
mod coarse;
mod fill;
mod fine;
mod gaps;
mod gmm;
mod guided;
mod holes;
mod plate;
mod shape;
mod sides;
mod silhouette;
mod trust;
mod walker;
mod wall;
mod working;

use specs::Spec;

use crate::cancel::{Cancel, is_cancelled};
use crate::image::Rgb;
use crate::locate::{Head, Located, Source};
use crate::plane::Plane;
use crate::text::Text;
use crate::vision::Vision;

pub use plate::{PlateFault, PlateUse};
pub use working::Window;

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
    /// What became of the picture of the empty wall.
    pub plate: PlateUse,
}

/// Why no cut is offered.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MatteError {
    /// Person and wall cannot be told apart well enough to replace the wall.
    #[error("the background cannot be separated: confidence {confidence:.2}, {MIN_CONFIDENCE} is needed")]
    NotSeparable {
        /// How far the cut could be trusted, 0 to 1.
        confidence: f64,
    },
}

impl MatteError {
    /// Stable identifier.
    pub fn code(&self) -> &'static str {
        match self {
            MatteError::NotSeparable { .. } => "background_not_separable",
        }
    }

    /// What happened and what to do next.
    pub fn message(&self) -> Text {
        match self {
            MatteError::NotSeparable { .. } => Text::new(
                "背景杂乱，或与头发、衣服颜色相近，抠图不可靠。请在光线充足处、纯色墙前离墙半米以上，穿与墙面颜色反差明显的衣服重拍；固定机位可先拍一张空墙作为参照。",
                "The background is busy or too close to hair or clothes, so the cut cannot be trusted. Take the photo in good light before a plain wall, half a metre away from it, in clothes that contrast with it; a camera that never moves can record the empty wall first.",
            ),
        }
    }
}

impl Matted {
    /// The cut is good enough to put another wall behind the person, or it is refused.
    ///
    /// `least` is the policy's bound `BackgroundSeparable`.
    pub fn separable(&self, least: f64) -> Result<(), MatteError> {
        if self.confidence < least { Err(MatteError::NotSeparable { confidence: self.confidence }) } else { Ok(()) }
    }
}

/// What is known beside the picture itself, at working size or as it came.
struct Evidence<'a> {
    /// Probability of person from a network.
    mask: Option<&'a Plane>,
    /// The empty wall.
    plate: Option<&'a Rgb>,
}

/// Cuts the person out, as far around the head as the frames of `specs` ask for.
///
/// A mask network, where there is one, guides the coarse cut. `plate` is the upright picture of the empty wall from the same fixed camera.
pub fn matte(located: Located, specs: &[&Spec], vision: &dyn Vision, plate: Option<&Rgb>) -> Matted {
    matte_until(located, specs, vision, plate, None).expect("nobody cancels")
}

/// The same; nothing when it was given up.
pub(crate) fn matte_until(
    mut located: Located,
    specs: &[&Spec],
    vision: &dyn Vision,
    plate: Option<&Rgb>,
    cancel: Option<&dyn Cancel>,
) -> Option<Matted> {
    let go_on = || (!is_cancelled(cancel)).then_some(());
    let working = working::Working::around(&located, specs);
    let image = working.of(&located.upright.image);
    let window = working.window;
    let head = in_window(&located.head, &window);
    // A network that fails is no reason to fail: the cut is then made, and judged, without it.
    let mask =
        vision.person_mask(&image).ok().filter(|mask| mask.width > 1 && mask.height > 1 && mask.values.iter().all(|v| v.is_finite()));
    go_on()?;
    let (plate, plate_use) = plate::at_work(plate, &located.upright.image, &image, &head, &working);
    let coarse = coarse::cut(&image, &head, &Evidence { mask: mask.as_ref(), plate: plate.as_ref() });
    go_on()?;
    let fine = fine::refine(&image, &head, &coarse, plate.as_ref());
    if let Some(top) = silhouette::hair_top(&fine.alpha, &head) {
        located.head.show_hair_top(window.outward(top));
    }
    if let Some(width_px) = silhouette::head_width(&fine.alpha, &head) {
        located.head.head_width_px = width_px / window.scale_x;
        located.head.head_width_source = Source::Image;
    }
    let covered = silhouette::skull_covered(&fine.alpha, &head);
    Some(Matted {
        located,
        image,
        foreground: fine.foreground,
        alpha: fine.alpha,
        window,
        confidence: fine.trust.confidence(&coarse, covered),
        wall_unevenness: coarse.wall_unevenness,
        wall_colour: coarse.wall_colour,
        plate: plate_use,
    })
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
