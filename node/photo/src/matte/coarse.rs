//! The coarse cut: colour models of wall and person, learnt from this picture, and a shape to begin with.
//!
//! The models are learnt on a very small picture; one more round at twice its size then sets the outline.

use super::cells::scaled;
use super::gmm::Mixture;
use super::shape::Shape;
use super::walker::Walker;
use super::wall::WallField;
use super::{Evidence, holes, plate};
use crate::image::{Point, Rgb};
use crate::lab::{Lab, difference_squared, lab, lab_pixels};
use crate::locate::Head;
use crate::plane::Plane;

/// Eye line to chin at the two sizes.
const LEARN_CHIN_PX: f64 = 24.0;
const CUT_CHIN_PX: f64 = 48.0;
const ROUNDS: usize = 3;
const LEARN_SWEEPS: usize = 36;
const CUT_SWEEPS: usize = 24;
/// Share of colours that a person may wear and that no sample showed; keeps unseen hair from being taken for wall.
const UNSEEN_SHARE: f32 = 0.25;
/// The same before a busy background, where an unknown colour more likely belongs to the room.
const UNSEEN_SHARE_BUSY: f32 = 0.03;
/// Roughness (colour difference in steps of 256) up to which the wall is one smooth field.
pub(super) const PLAIN_ROUGHNESS: f32 = 16.0;
/// How much the odds of a mask network count.
const HINT_WEIGHT: f32 = 0.9;
/// Volume of the CIELAB colours that cameras produce, roughly: the density of "any colour".
const ANY_COLOUR_DENSITY: f32 = 1.0 / (100.0 * 120.0 * 120.0);
/// Darkest that the shadow of a person makes the wall, and how much each hundredth of darkening speaks against wall.
const DARKEST_SHADOW: f32 = 0.7;
const SHADOW_PENALTY: f32 = 22.0;

/// The cut at reduced size.
pub(super) struct Coarse {
    /// The picture at reduced size.
    pub(super) small: Rgb,
    /// Probability of person at reduced size, without specks and holes.
    pub(super) person: Plane,
    /// The wall at reduced size.
    pub(super) wall: WallField,
    /// What the field of the wall is fitted to: colours, or exposures against the plate.
    pub(super) samples: Vec<[f32; 3]>,
    /// Places where nothing but wall is near.
    pub(super) wall_alone: Vec<bool>,
    /// The empty wall at reduced size.
    plate: Option<Rgb>,
    /// Share of places near the outline whose colour alone says otherwise, or nothing.
    pub(super) contradiction: f64,
    /// How clearly every place fell to one side, 0 to 1.
    pub(super) decided: f64,
    /// Root mean square colour difference of the wall from its mean, in CIELAB units.
    pub(super) wall_unevenness: f64,
    /// Mean colour of the wall.
    pub(super) wall_colour: [u8; 3],
}

/// The picture and all that is known about it before colours are learnt, at one size.
struct Level {
    width: usize,
    height: usize,
    small: Rgb,
    colours: Vec<Lab>,
    shape: Shape,
    seeds: Vec<Option<bool>>,
    prior: Vec<f32>,
    /// Log odds of person by a mask network.
    hint: Option<Vec<f32>>,
    plate: Option<Rgb>,
}

/// Separates person and wall at reduced size.
pub(super) fn cut(image: &Rgb, head: &Head, evidence: &Evidence) -> Coarse {
    let learn = Level::new(image, head, evidence, LEARN_CHIN_PX);
    let mut person: Vec<f32> = (0..learn.prior.len()).map(|at| learn.first_guess(at)).collect();
    let walker = Walker::new(learn.width, learn.height, &learn.colours, &learn.seeds);
    for round in 0..ROUNDS {
        // At first only the seeds are believed, later what the previous cut is sure of.
        let believed = |at: usize| learn.seeds[at].or_else(|| if round == 0 { None } else { sure(person[at]) });
        let posterior = learn.with_place(&Models::learn(&learn, &believed).logits(&learn));
        walker.solve(&mut person, &posterior, LEARN_SWEEPS);
    }
    let fine = Level::new(image, head, evidence, CUT_CHIN_PX);
    let mut person = Plane { width: learn.width, height: learn.height, values: person }.enlarged(fine.width, fine.height);
    for (value, seed) in person.values.iter_mut().zip(&fine.seeds) {
        if let Some(is_person) = seed {
            *value = f32::from(u8::from(*is_person));
        }
    }
    let models = Models::learn(&fine, &|at| fine.seeds[at].or_else(|| sure(person.values[at])));
    let logits = models.logits(&fine);
    let posterior = fine.with_place(&logits);
    Walker::new(fine.width, fine.height, &fine.colours, &fine.seeds).solve(&mut person.values, &posterior, CUT_SWEEPS);
    let decided = decidedness(&person);
    holes::clean(&mut person, fine.shape.inside_face());
    let known = wall_alone(&person);
    let samples = fine.samples();
    let wall = WallField::fit(fine.width, fine.height, &samples, &known);
    let (wall_unevenness, wall_colour) = appearance(&fine, &known);
    let heard: Vec<f32> = match &fine.hint {
        None => logits,
        Some(hint) => logits.iter().zip(hint).map(|(colour, hint)| if *colour == 0.0 { 0.0 } else { colour + hint }).collect(),
    };
    let contradiction = contradiction(&heard, &person);
    Coarse {
        small: fine.small,
        person,
        wall,
        samples,
        wall_alone: known,
        plate: fine.plate,
        contradiction,
        decided,
        wall_unevenness,
        wall_colour,
    }
}

impl Coarse {
    /// The picture against the wall, for each channel: below 1 it is darker.
    pub(super) fn shade(&self, at: usize) -> [f32; 3] {
        let (sample, wall) = (self.samples[at], self.wall.values[at]);
        std::array::from_fn(|i| sample[i] / wall[i].max(1e-3))
    }

    /// Whether the wall is known from a clean plate.
    pub(super) fn has_plate(&self) -> bool {
        self.plate.is_some()
    }

    /// Squared difference from a field of the wall, in steps of 256.
    pub(super) fn off_wall(&self, at: usize, wall: &WallField) -> f32 {
        let unit = self.plate.as_ref().map_or([1.0; 3], |plate| plate.pixels()[at].map(f32::from));
        (0..3).map(|i| ((self.samples[at][i] - wall.values[at][i]) * unit[i]).powi(2)).sum()
    }
}

/// Share of places around the outline, a little off it, whose colour alone does not say what the cut says.
fn contradiction(logits: &[f32], person: &Plane) -> f64 {
    let (near, hard) = (person.map(|v| f32::from(u8::from(v > 0.5))).blurred(5), person.map(|v| f32::from(u8::from(v > 0.5))).blurred(1));
    let (mut sum, mut count) = (0f64, 1e-6);
    for at in (0..logits.len()).filter(|&at| logits[at] != 0.0) {
        if (0.02..0.98).contains(&near.values[at]) && !(0.02..0.98).contains(&hard.values[at]) {
            let agrees = if person.values[at] > 0.5 { logits[at] } else { -logits[at] };
            sum += f64::from((0.5 - 0.25 * agrees).clamp(0.0, 1.0));
            count += 1.0;
        }
    }
    sum / count
}

fn sure(person: f32) -> Option<bool> {
    if person > 0.85 {
        Some(true)
    } else if person < 0.15 {
        Some(false)
    } else {
        None
    }
}

impl Level {
    fn new(image: &Rgb, head: &Head, evidence: &Evidence, chin_px: f64) -> Level {
        let factor = (chin_px / head.chin_px()).min(1.0);
        let width = ((image.width() as f64 * factor).round() as usize).max(1);
        let height = ((image.height() as f64 * factor).round() as usize).max(1);
        let small = image.area_resized(width, height);
        let shape = Shape::new(&scaled(head, width as f64 / image.width() as f64, height as f64 / image.height() as f64));
        let mask = evidence.mask.map(|mask| mask.enlarged(width, height));
        let places = || (0..width * height).map(|at| Point::new((at % width) as f64 + 0.5, (at / width) as f64 + 0.5));
        let mut seeds: Vec<Option<bool>> = places().map(|place| shape.seed(place)).collect();
        let mut prior: Vec<f32> = places().map(|place| shape.prior(place)).collect();
        let hint: Option<Vec<f32>> = mask.map(|mask| {
            let odds = |p: &f32| (p.clamp(0.01, 0.99) / (1.0 - p.clamp(0.01, 0.99))).ln();
            mask.values.iter().map(|p| HINT_WEIGHT * odds(p)).collect()
        });
        if let Some(hint) = &hint {
            for at in 0..seeds.len() {
                // A network sees more than a drawn body shape; where it objects, a seed is none.
                prior[at] = hint[at] + 0.2 * prior[at];
                seeds[at] = seeds[at].filter(|is_person| if *is_person { hint[at] > -1.0 } else { hint[at] < 1.0 });
            }
        }
        let plate = evidence.plate.map(|plate| plate.area_resized(width, height));
        Level { width, height, colours: lab_pixels(&small), small, shape, seeds, prior, hint, plate }
    }

    fn place(&self, at: usize) -> Point {
        Point::new((at % self.width) as f64 + 0.5, (at / self.width) as f64 + 0.5)
    }

    fn first_guess(&self, at: usize) -> f32 {
        self.seeds[at].map_or_else(|| sigmoid(self.prior[at]), |is_person| f32::from(u8::from(is_person)))
    }

    /// Probability of person from log odds of the colours and from the place; seeds are certain.
    fn with_place(&self, logits: &[f32]) -> Vec<f32> {
        let both =
            |at: usize| self.seeds[at].map_or_else(|| sigmoid(logits[at] + self.prior[at]), |is_person| f32::from(u8::from(is_person)));
        (0..logits.len()).map(both).collect()
    }

    /// Colours, or with a clean plate exposures against it.
    fn samples(&self) -> Vec<[f32; 3]> {
        match &self.plate {
            None => self.small.pixels().iter().map(|p| p.map(f32::from)).collect(),
            Some(plate) => self.small.pixels().iter().zip(plate.pixels()).map(|(p, wall)| plate::exposure(*p, *wall)).collect(),
        }
    }

    /// Colour of the wall at a place, by its field.
    fn wall_colour(&self, field: &WallField, at: usize) -> [f32; 3] {
        match &self.plate {
            None => field.values[at],
            Some(plate) => plate::exposed(field.values[at], plate.pixels()[at]),
        }
    }
}

/// What colours each side has.
struct Models {
    face: Mixture,
    worn: Mixture,
    wall: Mixture,
    /// The wall as a field, where it is one.
    field: Option<WallField>,
    unseen: f32,
    /// How much colours count; beside a mask network they count less, before a busy wall little.
    weight: f32,
}

impl Models {
    fn learn(level: &Level, believed: &dyn Fn(usize) -> Option<bool>) -> Models {
        let count = level.colours.len();
        let known: Vec<bool> = (0..count).map(|at| believed(at) == Some(false)).collect();
        let field = WallField::fit(level.width, level.height, &level.samples(), &known);
        let plain = level.plate.is_some() || field.roughness < PLAIN_ROUGHNESS;
        let pick =
            |wanted: &dyn Fn(usize) -> bool| -> Vec<Lab> { (0..count).filter(|&at| wanted(at)).map(|at| level.colours[at]).collect() };
        // A white shirt says nothing about white beside the head: head and clothes are learnt apart.
        let person = |at: usize, head: bool| believed(at) == Some(true) && level.shape.is_head(level.place(at)) == head;
        Models {
            face: Mixture::fit(&pick(&|at| person(at, true))),
            worn: Mixture::fit(&pick(&|at| person(at, false))),
            wall: Mixture::fit(&pick(&|at| known[at])),
            field: plain.then_some(field),
            unseen: if plain { UNSEEN_SHARE } else { UNSEEN_SHARE_BUSY },
            weight: match (&level.hint, plain) {
                (None, _) => 1.0,
                (Some(_), true) => 0.6,
                (Some(_), false) => 0.25,
            },
        }
    }

    /// Log odds of person from colour alone; 0 at seeds.
    fn logits(&self, level: &Level) -> Vec<f32> {
        let odds = |at: usize| {
            if level.seeds[at].is_some() {
                return 0.0;
            }
            let colour = level.colours[at];
            let own = if level.shape.is_head(level.place(at)) { &self.face } else { &self.worn };
            let person = (1.0 - self.unseen) * own.density(colour) + self.unseen * ANY_COLOUR_DENSITY;
            let wall = match &self.field {
                Some(field) => field_density(level, field, at),
                None => self.wall.density(colour),
            };
            let wall = 0.98 * wall + 0.02 * ANY_COLOUR_DENSITY;
            self.weight * (person / wall).ln().clamp(-5.0, 5.0)
        };
        (0..level.colours.len()).map(odds).collect()
    }
}

/// Density of a colour where the wall's own colour is known, darkened by a soft shadow if need be.
fn field_density(level: &Level, field: &WallField, at: usize) -> f32 {
    let wall = level.wall_colour(field, at);
    let pixel = level.small.pixels()[at].map(f32::from);
    let (with, own): (f32, f32) = (0..3).map(|i| (pixel[i] * wall[i], wall[i] * wall[i])).fold((0.0, 0.0), |s, v| (s.0 + v.0, s.1 + v.1));
    let shade = (with / own.max(1.0)).clamp(DARKEST_SHADOW, 1.0);
    let shaded = lab(wall.map(|v| (v * shade).round().clamp(0.0, 255.0) as u8));
    // CIELAB differences are about a third of differences in steps of 256, in squares a sixth with three channels summed.
    let scale = if level.plate.is_some() { own / 3.0 } else { 1.0 };
    let variance = 6.0 + (field.variance[at] * scale / 6.0).min(60.0);
    let peak = 1.0 / (2.0 * std::f32::consts::PI * variance).powf(1.5);
    peak * (-0.5 * difference_squared(level.colours[at], shaded) / variance - SHADOW_PENALTY * (1.0 - shade)).exp()
}

fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// How clearly pixels fell to one side, over the open area; 1 is perfectly clear.
fn decidedness(person: &Plane) -> f64 {
    let boundary = person.values.iter().filter(|v| (0.25..0.75).contains(*v)).count() as f64;
    // A clear cut has about one and a half undecided pixels for each pixel of outline.
    (1.6 - 0.25 * boundary / outline_length(person).max(1.0)).clamp(0.0, 1.0)
}

fn outline_length(person: &Plane) -> f64 {
    let inside = |x: usize, y: usize| person.at(x, y) > 0.5;
    let mut length = 0.0;
    for y in 0..person.height.saturating_sub(1) {
        for x in 0..person.width.saturating_sub(1) {
            if inside(x, y) != inside(x + 1, y) || inside(x, y) != inside(x, y + 1) {
                length += 1.0;
            }
        }
    }
    length
}

/// Places where nothing but wall is near.
fn wall_alone(person: &Plane) -> Vec<bool> {
    person.blurred(2).values.iter().map(|v| *v < 0.02).collect()
}

/// Unevenness and mean colour of what was taken for wall.
fn appearance(level: &Level, known: &[bool]) -> (f64, [u8; 3]) {
    let own: Vec<usize> = (0..known.len()).filter(|&at| known[at]).collect();
    if own.is_empty() {
        return (f64::MAX, [255; 3]);
    }
    let count = own.len() as f64;
    let (mut rgb, mut mean) = ([0f64; 3], [0f64; 3]);
    for &at in &own {
        (0..3).for_each(|i| rgb[i] += f64::from(level.small.pixels()[at][i]) / count);
        (0..3).for_each(|i| mean[i] += f64::from(level.colours[at][i]) / count);
    }
    let mean = mean.map(|v| v as f32);
    let square: f64 = own.iter().map(|&at| f64::from(difference_squared(level.colours[at], mean))).sum();
    ((square / count).sqrt(), rgb.map(|v| v.round() as u8))
}
