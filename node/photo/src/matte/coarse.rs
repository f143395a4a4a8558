//! The coarse cut: colour models of wall and person, learnt from this picture, and a shape to begin with.

use super::gmm::Mixture;
use super::walker::Walker;
use crate::image::{Point, Rgb};
use crate::lab::{Lab, difference_squared, lab_pixels};
use crate::locate::Head;
use crate::plane::Plane;

/// Eye line to chin at the reduced size.
const CHIN_PX: f64 = 56.0;
const ROUNDS: usize = 4;
/// Share of colours that a person may wear and that no sample showed; keeps unseen hair from being taken for wall.
const UNSEEN_SHARE: f32 = 0.25;
/// The same before a busy background, where an unknown colour more likely belongs to the room.
const UNSEEN_SHARE_BUSY: f32 = 0.03;
/// Colour difference within the wall from which a background counts as busy.
const BUSY: f64 = 9.0;
/// Below the eye line, in lengths from there to the chin: hair and face end, neck and clothes begin.
const HEAD_ENDS: f64 = 1.05;
/// Volume of the CIELAB colours that cameras produce, roughly: the density of "any colour".
const ANY_COLOUR_DENSITY: f32 = 1.0 / (100.0 * 120.0 * 120.0);

pub(super) struct Coarse {
    /// Probability of person at reduced size, without specks and holes.
    pub(super) person: Plane,
    pub(super) confidence: f64,
    pub(super) wall_unevenness: f64,
    pub(super) wall_colour: [u8; 3],
}

pub(super) fn cut(image: &Rgb, head: &Head) -> Coarse {
    let factor = (CHIN_PX / head.chin_px()).min(1.0);
    let width = ((image.width() as f64 * factor).round() as usize).max(1);
    let height = ((image.height() as f64 * factor).round() as usize).max(1);
    let small = image.area_resized(width, height);
    let colours = lab_pixels(&small);
    let shape = Shape::new(head, width as f64 / image.width() as f64, height as f64 / image.height() as f64);

    let seeds: Vec<Option<bool>> = (0..width * height).map(|at| shape.seed(centre(at, width))).collect();
    let prior: Vec<f32> = (0..width * height).map(|at| shape.prior(centre(at, width))).collect();
    let walker = Walker::new(width, height, &colours);
    let mut person = Plane { width, height, values: prior.iter().map(|logit| sigmoid(*logit)).collect() };
    for (value, seed) in person.values.iter_mut().zip(&seeds) {
        if let Some(is_person) = seed {
            *value = f32::from(u8::from(*is_person));
        }
    }
    let unseen = if spread(&pick(&colours, |at| seeds[at] == Some(false))) > BUSY { UNSEEN_SHARE_BUSY } else { UNSEEN_SHARE };
    for round in 0..ROUNDS {
        // At first only the seeds are believed, later what the previous cut is sure of.
        let sure = |at: usize| match seeds[at] {
            Some(is_person) => Some(is_person),
            None if round == 0 => None,
            None if person.values[at] > 0.85 => Some(true),
            None if person.values[at] < 0.15 => Some(false),
            None => None,
        };
        let wall = Mixture::fit(&pick(&colours, |at| sure(at) == Some(false)));
        // A white shirt says nothing about white beside the head: head and clothes are learnt apart.
        let is_head = |at: usize| shape.local(centre(at, width)).1 < HEAD_ENDS;
        let face = Mixture::fit(&pick(&colours, |at| sure(at) == Some(true) && is_head(at)));
        let worn = Mixture::fit(&pick(&colours, |at| sure(at) == Some(true) && !is_head(at)));
        let odds = |at: usize| {
            let own = if is_head(at) { &face } else { &worn };
            let person = (1.0 - unseen) * own.density(colours[at]) + unseen * ANY_COLOUR_DENSITY;
            let wall = 0.98 * wall.density(colours[at]) + 0.02 * ANY_COLOUR_DENSITY;
            sigmoid((person / wall).ln().clamp(-5.0, 5.0) + prior[at])
        };
        let posterior = Plane { width, height, values: (0..width * height).map(odds).collect() };
        person = walker.solve(&posterior, &seeds);
    }
    let confidence = decidedness(&person);
    clean(&mut person, shape.inside_face());
    let (wall_unevenness, wall_colour) = wall(&small, &colours, &person);
    Coarse { person, confidence, wall_unevenness, wall_colour }
}

fn pick(colours: &[Lab], wanted: impl Fn(usize) -> bool) -> Vec<Lab> {
    (0..colours.len()).filter(|&at| wanted(at)).map(|at| colours[at]).collect()
}

fn centre(at: usize, width: usize) -> Point {
    Point::new((at % width) as f64 + 0.5, (at / width) as f64 + 0.5)
}

fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// The outline that people have in front of a counter camera, in the head's own axes and lengths.
struct Shape {
    head: Head,
    unit: f64,
}

impl Shape {
    fn new(head: &Head, scale_x: f64, scale_y: f64) -> Shape {
        let inward = |p: Point| Point::new(p.x * scale_x, p.y * scale_y);
        let head = Head {
            left_eye: inward(head.left_eye),
            right_eye: inward(head.right_eye),
            chin: inward(head.chin),
            hair_top: inward(head.hair_top),
            crown: inward(head.crown),
            face_width_px: head.face_width_px * scale_x,
            ..*head
        };
        Shape { head, unit: head.chin_px().max(1.0) }
    }

    /// Position in lengths from eye line to chin: to the right, and below the eye line.
    fn local(&self, point: Point) -> (f64, f64) {
        let frame = self.head.frame();
        (frame.across(point) / self.unit, frame.down(point) / self.unit)
    }

    fn inside_face(&self) -> Point {
        self.head.frame().point(0.0, 0.3 * self.unit)
    }

    /// Certainly person, certainly wall, or open.
    fn seed(&self, point: Point) -> Option<bool> {
        let (x, y) = self.local(point);
        let half_face = 0.5 * self.head.face_width_px / self.unit;
        let face = (x / (0.85 * half_face)).powi(2) + ((y - 0.02) / 0.9).powi(2) < 1.0;
        let neck = x.abs() < 0.33 && (0.8..1.6).contains(&y);
        let chest = x.abs() < 0.33 + 0.5 * (y - 1.5).clamp(0.0, 1.2) && y >= 1.5;
        if face || neck || chest {
            return Some(true);
        }
        let marked_top = self.head.frame().down(self.head.hair_top) / self.unit;
        let above = if self.head.hair_source == crate::locate::Source::Marks { marked_top - 0.2 } else { -1.9 };
        let beside = x.abs() > 1.75 && y < 0.5;
        (y < above || beside).then_some(false)
    }

    /// Log odds of person from the place alone.
    fn prior(&self, point: Point) -> f32 {
        let (x, y) = self.local(point);
        let head = 1.0 - ((x / 0.95).powi(2) + ((y + 0.12) / 1.2).powi(2)).sqrt();
        let shoulder_half = 0.45 + 1.5 * ((y - 1.25) / 0.75).clamp(0.0, 1.0);
        let body = if y > 0.9 { (shoulder_half - x.abs()).min(y - 0.9) } else { -1.0 };
        (3.0 * head.max(body)).clamp(-2.0, 2.0) as f32
    }
}

/// How clearly pixels fell to one side, over the open area; 1 is perfectly clear.
fn decidedness(person: &Plane) -> f64 {
    let boundary = person.values.iter().filter(|v| (0.25..0.75).contains(*v)).count() as f64;
    let outline = outline_length(person).max(1.0);
    // A clear cut has about one and a half undecided pixels for each pixel of outline.
    (1.6 - 0.25 * boundary / outline).clamp(0.0, 1.0)
}

fn outline_length(person: &Plane) -> f64 {
    let inside = |x: usize, y: usize| person.at(x, y) > 0.5;
    let mut length = 0.0;
    for y in 0..person.height - 1 {
        for x in 0..person.width - 1 {
            if inside(x, y) != inside(x + 1, y) || inside(x, y) != inside(x, y + 1) {
                length += 1.0;
            }
        }
    }
    length
}

/// Keeps the part that holds the face, drops specks, fills holes that the wall cannot be seen through.
fn clean(person: &mut Plane, face: Point) {
    let (width, height) = (person.width, person.height);
    let inside: Vec<bool> = person.values.iter().map(|v| *v > 0.5).collect();
    let start = (face.y as usize).min(height - 1) * width + (face.x as usize).min(width - 1);
    let kept = flood(width, height, [start].into_iter(), |at| inside[at]);
    let border = (0..width * height).filter(|at| {
        let (x, y) = (at % width, at / width);
        x == 0 || y == 0 || x == width - 1 || y == height - 1
    });
    let outside = flood(width, height, border.filter(|&at| !kept[at]), |at| !kept[at]);
    for at in 0..width * height {
        if !kept[at] && outside[at] {
            person.values[at] = person.values[at].min(0.45);
            // Specks elsewhere in the room are no part of the person, however sure the colour is.
            if inside[at] {
                person.values[at] = 0.0;
            }
        } else if !kept[at] {
            person.values[at] = 1.0;
        }
    }
}

fn flood(width: usize, height: usize, starts: impl Iterator<Item = usize>, open: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut seen = vec![false; width * height];
    let mut waiting: Vec<usize> = starts.filter(|&at| open(at)).collect();
    waiting.iter().for_each(|&at| seen[at] = true);
    while let Some(at) = waiting.pop() {
        let (x, y) = (at % width, at / width);
        let neighbours = [
            (x > 0).then(|| at - 1),
            (x + 1 < width).then_some(at + 1),
            (y > 0).then(|| at - width),
            (y + 1 < height).then_some(at + width),
        ];
        for next in neighbours.into_iter().flatten() {
            if !seen[next] && open(next) {
                seen[next] = true;
                waiting.push(next);
            }
        }
    }
    seen
}

/// Unevenness and mean colour of what was taken for wall, the softer outline left out.
fn wall(image: &Rgb, colours: &[Lab], person: &Plane) -> (f64, [u8; 3]) {
    let near = person.blurred(3);
    let own: Vec<usize> = (0..colours.len()).filter(|&at| near.values[at] < 0.02).collect();
    if own.is_empty() {
        return (f64::MAX, [255; 3]);
    }
    let count = own.len() as f64;
    let mut sum = [0f64; 3];
    for &at in &own {
        (0..3).for_each(|i| sum[i] += f64::from(image.pixels()[at][i]) / count);
    }
    (spread(&own.iter().map(|&at| colours[at]).collect::<Vec<_>>()), sum.map(|v| v.round() as u8))
}

/// Root mean square colour difference from the mean.
fn spread(colours: &[Lab]) -> f64 {
    let count = colours.len().max(1);
    let mut mean = [0f32; 3];
    for colour in colours {
        (0..3).for_each(|i| mean[i] += colour[i] / count as f32);
    }
    let square: f64 = colours.iter().map(|c| f64::from(difference_squared(*c, mean))).sum();
    (square / count as f64).sqrt()
}
