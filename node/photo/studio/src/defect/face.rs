//! Faults that show on the face alone.

use std::sync::OnceLock;

use image::RgbImage;
use photo::check::{Seen, assess_face};
use photo::{Face, Rgb};
use specs::Policy;

use super::{SEEDS, Trial, chance, objects, paint};
use crate::{ORDINARY, Portrait, Surface};

/// What a fault may change before the face is assessed.
struct Sitting {
    seed: u32,
    portrait: Portrait,
    image: RgbImage,
    surface: Option<Surface>,
    face: Face,
}

/// One fault: the check that must see it, what grows, its strengths, and how it is made.
type Fault = (&'static str, &'static str, &'static [f64], fn(&mut Sitting, f64));

/// A patch of wall, head and shoulders, differently placed, lit, toned and grainy for each seed.
fn portrait(seed: u32) -> Portrait {
    let shift = |purpose| 8.0 * (chance(seed, purpose) - 0.5);
    Portrait {
        width: 400,
        height: 450,
        eyes: (200.0 + shift(1), 210.0 + shift(2)),
        eye_distance: 92.0 + 14.0 * chance(seed, 3),
        ..ORDINARY
    }
}

fn clean(seed: u32) -> &'static RgbImage {
    static DRAWN: OnceLock<Vec<RgbImage>> = OnceLock::new();
    let drawn = DRAWN.get_or_init(|| {
        let draw = |seed| {
            let mut image = portrait(seed).draw();
            let tone = 0.72 + 0.28 * chance(seed, 4);
            paint::gain(&mut image, [tone, tone * (0.96 + 0.06 * chance(seed, 5)), tone * (0.94 + 0.08 * chance(seed, 6))]);
            paint::grain(&mut image, seed, 1.0 + 3.0 * chance(seed, 7));
            image
        };
        (0..SEEDS).map(draw).collect()
    });
    &drawn[seed as usize]
}

impl Sitting {
    fn new(seed: u32) -> Sitting {
        let portrait = portrait(seed);
        let (image, face) = (clean(seed).clone(), portrait.face());
        let surface = Some(Surface::default());
        Sitting { seed, portrait, image, surface, face }
    }

    /// Some faults go to the left on every other variation.
    fn sign(&self) -> f64 {
        if self.seed.is_multiple_of(2) { 1.0 } else { -1.0 }
    }

    fn each(&mut self, change: impl Fn(f64, f64, [f64; 3]) -> [f64; 3]) {
        paint::each(&mut self.image, &self.portrait, change);
    }

    fn turn(&mut self, change: impl FnOnce(Surface) -> Surface) {
        self.surface = self.surface.take().map(change);
    }

    /// Whether the check objects, and what it measured.
    fn assess(&self, name: &str) -> (bool, Option<f64>) {
        let pixels = self.image.pixels().map(|pixel| pixel.0).collect();
        let image = Rgb::from_pixels(self.image.width() as usize, self.image.height() as usize, pixels).unwrap();
        let marks = self.portrait.marks();
        let seen = Seen {
            image: &image,
            left_eye: marks.left_eye,
            right_eye: marks.right_eye,
            chin: marks.chin,
            face_width_px: 2.12 * self.portrait.eye_distance,
            face: Some(self.face),
            mesh: self.surface.as_ref().map(|surface| surface.mesh(&self.portrait)),
            irises: self.surface.as_ref().map(|surface| surface.irises(&self.portrait)),
            second_face: Some(0.0),
            original_per_px: 1.0,
            roll_corrected_deg: 0.0,
        };
        let report = assess_face(&seen, Policy::shipped());
        let check = report.get(name).unwrap_or_else(|| panic!("no check {name}"));
        (objects(check), check.measured)
    }
}

/// The closest point of a disc around each eye.
fn from_eye(u: f64, v: f64) -> f64 {
    (u.abs() - 0.5).hypot(v)
}

const HAIR: [f64; 3] = [36.0, 30.0, 28.0];

const FAULTS: &[Fault] = &[
    ("HeadPoseYaw", "turn of the mesh in degrees", &[3.0, 6.0, 9.0, 11.0, 14.0, 20.0, 30.0], |s, x| {
        let deg = s.sign() * x;
        s.turn(|surface| surface.yawed(deg));
    }),
    ("HeadPoseYaw", "turn shown by five points in degrees", &[5.0, 10.0, 25.0, 35.0, 45.0], |s, x| {
        s.surface = None;
        s.face.nose.x += s.sign() * 0.55 * s.portrait.eye_distance * x.to_radians().tan();
    }),
    ("HeadPosePitch", "nod of the mesh in degrees", &[4.0, 8.0, 12.0, 16.0, 19.0, 25.0, 32.0], |s, x| {
        let deg = s.sign() * x;
        s.turn(|surface| surface.pitched(deg));
    }),
    ("EyesOpen", "share by which the lids close", &[0.1, 0.2, 0.3, 0.4, 0.5, 0.8, 1.0], |s, x| s.turn(|surface| surface.closing_eyes(x))),
    ("MouthClosed", "opening over eyes to chin", &[0.02, 0.04, 0.09, 0.15, 0.3], |s, x| s.turn(|surface| surface.opening_mouth(x))),
    ("ExpressionNeutrality", "lift of the mouth corners over eye distance", &[0.02, 0.05, 0.12, 0.18, 0.25], |s, x| {
        s.turn(|surface| surface.smiling(x));
    }),
    ("Gaze", "iris aside in widths of the eye", &[0.05, 0.1, 0.2, 0.3, 0.4], |s, x| {
        let aside = s.sign() * x;
        s.turn(|surface| surface.looking(aside));
    }),
    ("EyesVisible", "share of the eye zone under hair", &[0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0], |s, x| {
        s.each(|u, v, c| if (0.1..0.9).contains(&u) && v > -0.6 && v < 0.35 && u > 0.8 - 0.6 * x { HAIR } else { c });
    }),
    ("BrowsVisible", "share of the forehead under a fringe", &[0.15, 0.3, 0.6, 0.8, 1.0], |s, x| {
        s.each(|u, v, c| if v < -0.35 && v > -0.9 && u.abs() < 0.75 && (u + 0.75) / 1.5 < x { HAIR } else { c });
    }),
    ("EarsVisible", "share of the ears under hair", &[0.15, 0.3, 0.85, 0.95, 1.0], |s, x| {
        s.each(|u, v, c| if u.abs() > 1.0 && v < -0.05 + 0.62 * x && v > -0.6 { HAIR } else { c });
    }),
    ("FaceOcclusionPrevention", "height of a mask from the chin up over eye distance", &[0.08, 0.14, 0.5, 0.8, 1.2], |s, x| {
        s.each(|u, v, c| if v > 1.8 - x && u.hypot((v - 0.2) * 0.66) < 1.15 { [120.0, 150.0, 190.0] } else { c });
    }),
    ("NoHeadCoverings", "share of the head under a red cap", &[0.1, 0.2, 0.5, 0.75, 1.0], |s, x| {
        s.each(|u, v, c| if v < -0.78 && v > -1.6 && u.abs() < 1.1 && (u + 0.7) / 1.4 < x { [190.0, 30.0, 40.0] } else { c });
    }),
    ("LuminanceMean", "share of light taken away", &[0.15, 0.3, 0.6, 0.72, 0.8, 0.88, 0.94], |s, x| {
        paint::gain(&mut s.image, [1.0 - x; 3])
    }),
    ("LuminanceVariance", "share of contrast taken away", &[0.15, 0.3, 0.8, 0.9, 0.97], |s, x| {
        s.each(|_, _, c| paint::mix(c, [140.0; 3], x))
    }),
    ("UnderExposurePrevention", "share of light taken away", &[0.15, 0.4, 0.8, 0.85, 0.89, 0.93, 0.97], |s, x| {
        paint::gain(&mut s.image, [1.0 - x; 3])
    }),
    ("OverExposurePrevention", "times the light", &[1.05, 1.12, 1.3, 1.6, 2.2, 2.6, 3.2], |s, x| paint::gain(&mut s.image, [x; 3])),
    ("DynamicRange", "share of contrast taken away", &[0.05, 0.1, 0.8, 0.9, 0.97], |s, x| s.each(|_, _, c| paint::mix(c, [140.0; 3], x))),
    ("IlluminationUniformity", "share of light taken from one half", &[0.01, 0.02, 0.4, 0.55, 0.7], |s, x| {
        let side = s.sign();
        s.each(|u, _, c| if u * side > 0.0 { c.map(|v| v * (1.0 - x)) } else { c });
    }),
    ("HalfFaceShade", "share of light taken from one half", &[0.06, 0.12, 0.18, 0.21, 0.25, 0.3, 0.5, 0.7], |s, x| {
        let side = s.sign();
        s.each(|u, _, c| c.map(|v| v * (1.0 - x * (0.5 + (4.0 * u * side).tanh() / 2.0))));
    }),
    ("FaceShadow", "share of light taken from the forehead", &[0.15, 0.3, 0.6, 0.75, 0.9], |s, x| {
        s.each(|_, v, c| if v < -0.3 { c.map(|c| c * (1.0 - x)) } else { c });
    }),
    ("FaceGlare", "radius of a shining spot over eye distance", &[0.1, 0.2, 0.3, 0.35, 0.4, 0.45, 0.5], |s, x| {
        s.each(|u, v, c| if u.hypot(v + 0.15) < x { [252.0, 250.0, 246.0] } else { c });
    }),
    ("GlassesGlare", "radius of a reflection over eye distance", &[0.02, 0.05, 0.07, 0.09, 0.13, 0.2, 0.3], |s, x| {
        s.each(|u, v, c| if (u + 0.45).hypot(v - 0.08) < x { [255.0; 3] } else { c });
    }),
    ("TintedGlasses", "share of light that lenses take", &[0.15, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9], |s, x| {
        s.each(|u, v, c| if from_eye(u, v) < 0.42 { c.map(|c| c * (1.0 - x)) } else { c });
    }),
    ("RedEye", "radius of a red pupil over eye distance", &[0.008, 0.035, 0.045, 0.06, 0.08], |s, x| {
        s.each(|u, v, c| if from_eye(u, v) < x { [190.0, 35.0, 30.0] } else { c });
    }),
    ("NaturalColour", "share of red taken away and blue added", &[0.03, 0.06, 0.15, 0.22, 0.3, 0.4, 0.55, 0.7], |s, x| {
        paint::gain(&mut s.image, [1.0 - x, 1.0 - 0.4 * x, 1.0 + 0.6 * x]);
    }),
    ("ColourPhoto", "share of colour taken away", &[0.15, 0.3, 0.6, 0.8, 0.88, 0.95, 1.0], |s, x| {
        s.each(|_, _, c| paint::mix(c, [0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]; 3], x));
    }),
    ("Sharpness", "blur in pixels (standard deviation)", &[0.4, 0.8, 1.6, 2.2, 2.8, 3.5, 5.0, 7.0], |s, x| {
        s.image = paint::blur(&s.image, x)
    }),
    ("MotionBlur", "way of the camera in pixels", &[1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 14.0, 18.0], |s, x| {
        let way = [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, -1.0)][(s.seed % 4) as usize];
        s.image = paint::smear(&s.image, x, way);
    }),
];

/// All faults of the face on all variations.
pub(super) fn trials() -> Vec<Trial> {
    let trial = |&(check, fault, strengths, make): &Fault| {
        let mut trial = Trial { check, fault, strengths: strengths.to_vec(), flagged: Vec::new(), measured: Vec::new() };
        for seed in 0..SEEDS {
            let with = |strength: Option<f64>| {
                let mut sitting = Sitting::new(seed);
                if let Some(strength) = strength {
                    make(&mut sitting, strength);
                }
                sitting.assess(check)
            };
            let run: Vec<_> = std::iter::once(None).chain(strengths.iter().copied().map(Some)).map(with).collect();
            trial.flagged.push(run.iter().map(|result| result.0).collect());
            trial.measured.push(run.iter().map(|result| result.1).collect());
        }
        trial
    };
    FAULTS.iter().map(trial).collect()
}
