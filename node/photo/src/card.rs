//! Pictures of identity cards: whether the card is whole, sharp, free of glare and well framed.
//!
//! The card is found by its shape alone (ISO/IEC 7810 ID-1); nothing printed on it is read.

mod outline;

use serde::Serialize;
use specs::Policy;

use crate::check::edges::steepest;
use crate::check::entry::{Advice, Bounds, Measured, Why, Words, judge, text};
use crate::check::scene::luminance;
use crate::check::{Area, Check, Verdict};
use crate::decode::{DecodeError, decode};
use crate::image::{Point, Rgb};
use crate::plane::Plane;
use crate::text::Text;
use crate::upright::upright;

use outline::Outline;

/// The picture is judged at this length of its longer side.
const SIDE_PX: usize = 640;
/// Print is judged at this length of the card.
const CARD_PX: f64 = 480.0;

/// Which side of the card was to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// 人像面.
    Portrait,
    /// 国徽面.
    Emblem,
}

/// What the picture is, in words of the capture page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// 标准照片.
    Good,
    /// No card is seen.
    NotACard,
    /// 边缘缺失.
    EdgeMissing,
    /// 照片模糊.
    Blurred,
    /// 闪光强烈.
    Glare,
    /// Too small, too large or tilted in the frame.
    Misframed,
}

/// What is known of one picture of a card.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CardReport {
    /// The first thing wrong with it.
    pub state: State,
    /// All checks, failed ones first; places in pixels of the upright picture.
    pub checks: Vec<Check>,
    /// Corners in pixels of the upright picture: upper left, upper right, lower right, lower left.
    pub outline: Option<[Point; 4]>,
    /// What to do; empty when good.
    pub next_step: Text,
}

impl CardReport {
    /// The check of this name.
    pub fn get(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }
}

/// Judges a picture file of one side of a card.
pub fn assess_file(bytes: &[u8], side: Side) -> Result<CardReport, DecodeError> {
    Ok(assess(&upright(decode(bytes)?).image, side))
}

/// Judges a picture of one side of a card.
pub fn assess(image: &Rgb, side: Side) -> CardReport {
    let (small, factor) = image.reduced(SIDE_PX);
    let Some(outline) = Outline::find(&small) else { return no_card() };
    let card = Card { image: &small, inside: outline.pixels(&small), outline, place: place(&outline, factor, image) };
    let mut checks: Vec<Check> = CHECKS
        .iter()
        .map(|item| {
            let mut bounds = Policy::shipped().rule(item.name).map_or(UNBOUNDED, Bounds::of);
            if item.name == "CardSide" && side == Side::Portrait {
                // The side with the portrait has as much red as the other has too little.
                (bounds.min, bounds.max) = (None, bounds.min);
            }
            let advice = Advice { low: text(item.low), high: text(item.high), look: text(item.low) };
            judge(item.name, text(item.title), bounds, (item.measure)(&card).at(card.place), advice)
        })
        .collect();
    let failed = |item: &&Item| checks.iter().any(|check| check.name == item.name && check.verdict != Verdict::Pass);
    let state = CHECKS.iter().filter(|item| item.state != State::Good).find(failed).map_or(State::Good, |item| item.state);
    checks.sort_by_key(|check| check.verdict);
    let next_step =
        checks.iter().find(|check| CHECKS.iter().any(|item| item.name == check.name && item.state == state && state != State::Good));
    let next_step = next_step.map(|check| check.next_step.clone()).unwrap_or_default();
    CardReport { state, checks, outline: Some(outline.corners.map(|corner| corner.scaled(1.0 / factor))), next_step }
}

const UNBOUNDED: Bounds = Bounds { unit: "person", min: None, max: None, advisory: true };
const NO_CARD: Words = (
    "没有看到证件。请把证件平放在单色桌面上，四边都在画面内后重拍。",
    "No card is seen. Lay it flat on a plain table with all four edges in the picture.",
);

fn no_card() -> CardReport {
    let bounds = Policy::shipped().rule("CardShape").map_or(UNBOUNDED, Bounds::of);
    let advice = Advice { low: text(NO_CARD), high: text(NO_CARD), look: text(NO_CARD) };
    let check = judge("CardShape", text(("证件形状", "Shape of the card")), bounds, Measured::missing(Why::NotMeasurable), advice);
    CardReport { state: State::NotACard, checks: vec![check], outline: None, next_step: text(NO_CARD) }
}

fn place(outline: &Outline, factor: f64, image: &Rgb) -> Option<Area> {
    Area::around(&outline.corners.map(|corner| corner.scaled(1.0 / factor)), image.width() as f64, image.height() as f64)
}

/// A card in the reduced picture.
struct Card<'a> {
    image: &'a Rgb,
    outline: Outline,
    /// Positions well inside of the card.
    inside: Vec<(usize, usize)>,
    place: Option<Area>,
}

/// One check of a card; the order is the order in which faults are reported.
struct Item {
    name: &'static str,
    state: State,
    title: Words,
    low: Words,
    high: Words,
    measure: fn(&Card) -> Measured,
}

const CHECKS: [Item; 7] = [
    Item {
        name: "CardEdges",
        state: State::EdgeMissing,
        title: ("证件边缘完整", "All edges of the card"),
        low: ("请确认证件四边完整。", "Look that all four edges are in the picture."),
        high: (
            "证件边缘缺失。请让四边都在画面内、手指不要遮挡后重拍。",
            "An edge of the card is missing. Keep all four edges in the picture and fingers off.",
        ),
        measure: |card| Measured::value(card.outline.missing_share),
    },
    Item {
        name: "CardShape",
        state: State::NotACard,
        title: ("证件形状", "Shape of the card"),
        low: NO_CARD,
        high: NO_CARD,
        measure: |card| Measured::value(card.outline.long_px() / card.outline.short_px().max(1e-6)),
    },
    Item {
        name: "CardSharpness",
        state: State::Blurred,
        title: ("证件清晰度", "Sharpness of the print"),
        low: ("照片模糊。请对准证件对焦、手持稳定后重拍。", "The picture is blurred. Focus on the card and hold the camera still."),
        high: ("", ""),
        measure: sharpness,
    },
    Item {
        name: "CardGlare",
        state: State::Glare,
        title: ("证件反光", "Glare on the card"),
        low: ("", ""),
        high: (
            "证件上有强烈反光。请关闭闪光灯、避开灯光后重拍。",
            "There is strong glare on the card. Switch the flash off and keep lamps from reflecting.",
        ),
        measure: glare,
    },
    Item {
        name: "CardFill",
        state: State::Misframed,
        title: ("证件在画面中的大小", "Size of the card in the frame"),
        low: ("证件太小。请靠近后重拍。", "The card is too small. Move closer."),
        high: ("证件太大、贴近画面边缘。请离远一些后重拍。", "The card is too large for the frame. Move back."),
        measure: |card| {
            let (width, height) = (card.image.width() as f64, card.image.height() as f64);
            let (long, short) = (card.outline.long_px(), card.outline.short_px());
            let (along, across) = if card.outline.upright() { (height, width) } else { (width, height) };
            Measured::value((long / along).max(short / across))
        },
    },
    Item {
        name: "CardTilt",
        state: State::Misframed,
        title: ("证件放正", "Card level"),
        low: ("证件歪斜。请把证件放正后重拍。", "The card is tilted. Lay it level in the frame."),
        high: ("证件歪斜。请把证件放正后重拍。", "The card is tilted. Lay it level in the frame."),
        measure: |card| Measured::value(card.outline.tilt_deg()),
    },
    Item {
        name: "CardSide",
        state: State::Good,
        title: ("证件正反面", "Side of the card"),
        low: ("可能不是国徽面。请确认正反面没有拍错。", "This may not be the side with the emblem. Check that the right side was taken."),
        high: (
            "可能不是人像面。请确认正反面没有拍错。",
            "This may not be the side with the portrait. Check that the right side was taken.",
        ),
        measure: |card| {
            let red = |(x, y): &(usize, usize)| {
                let [r, g, b] = card.image.at(*x as isize, *y as isize).map(f64::from);
                r > 90.0 && r > 1.7 * g && r > 1.7 * b
            };
            Measured::value(card.inside.iter().filter(|at| red(at)).count() as f64 / card.inside.len().max(1) as f64)
        },
    },
];

fn glare(card: &Card) -> Measured {
    let burnt = |(x, y): &(usize, usize)| card.image.at(*x as isize, *y as isize).iter().all(|channel| *channel >= 250);
    Measured::value(card.inside.iter().filter(|at| burnt(at)).count() as f64 / card.inside.len().max(1) as f64)
}

/// The print at one length of the card, whatever the frame.
fn sharpness(card: &Card) -> Measured {
    let reduce = (CARD_PX / card.outline.long_px().max(1.0)).min(1.0);
    let size = |side: usize| ((side as f64 * reduce).round() as usize).max(1);
    let image =
        if reduce < 1.0 { card.image.area_resized(size(card.image.width()), size(card.image.height())) } else { card.image.clone() };
    let luma = Plane { width: image.width(), height: image.height(), values: image.pixels().iter().map(|p| luminance(*p)).collect() };
    let places: Vec<(usize, usize)> =
        card.inside.iter().map(|(x, y)| ((*x as f64 * reduce) as usize, (*y as f64 * reduce) as usize)).collect();
    let along = steepest(&luma, places.clone(), (1, 0));
    let across = steepest(&luma, places, (0, 1));
    // No edges at all: the print is blurred away.
    Measured::value(along.zip(across).map_or(0.0, |(along, across)| along.min(across)))
}
