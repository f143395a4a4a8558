//! Faults of wall, clothes, frame and file, which only a finished photo shows.

use std::sync::OnceLock;

use image::{ImageFormat, RgbImage};
use photo::standardize;
use specs::Spec;

use super::{SEEDS, Trial, chance, objects, paint};
use crate::{ORDINARY, Portrait, Scripted, bytes};

struct Sitting {
    seed: u32,
    portrait: Portrait,
    image: RgbImage,
}

/// One fault; `keeps` says whether the wall must stay as it is.
struct Fault {
    check: &'static str,
    fault: &'static str,
    strengths: &'static [f64],
    keeps: bool,
    make: fn(&mut Sitting, f64),
}

const CLOTHES: [f64; 3] = [35.0, 45.0, 85.0];

fn portrait(seed: u32) -> Portrait {
    Portrait {
        width: 440,
        height: 560,
        eyes: (220.0 + 6.0 * (chance(seed, 1) - 0.5), 220.0 + 6.0 * (chance(seed, 2) - 0.5)),
        eye_distance: 68.0 + 5.0 * chance(seed, 3),
        wall: [208 + (3.0 * chance(seed, 4)) as u8; 3],
    }
}

impl Sitting {
    fn new(seed: u32) -> Sitting {
        let portrait = portrait(seed);
        let mut sitting = Sitting { seed, portrait, image: portrait.draw() };
        paint::grain(&mut sitting.image, seed, 1.0 + 2.0 * chance(seed, 7));
        sitting
    }

    fn sign(&self) -> f64 {
        if self.seed.is_multiple_of(2) { 1.0 } else { -1.0 }
    }

    fn each(&mut self, change: impl Fn(f64, f64, [f64; 3]) -> [f64; 3]) {
        paint::each(&mut self.image, &self.portrait, change);
    }

    /// Changes the wall only, told from the person by its colour.
    fn wall(&mut self, change: impl Fn(f64, f64, [f64; 3]) -> [f64; 3]) {
        let wall = self.portrait.wall.map(f64::from);
        let is_wall = |c: [f64; 3]| c.iter().zip(wall).all(|(a, b)| (a - b).abs() < 16.0);
        self.each(|u, v, c| if is_wall(c) { change(u, v, c) } else { c });
    }

    fn clothes(&mut self, change: impl Fn([f64; 3]) -> [f64; 3]) {
        let is_cloth = |c: [f64; 3]| c.iter().zip(CLOTHES).all(|(a, b)| (a - b).abs() < 12.0);
        self.each(|_, v, c| if v > 1.5 && is_cloth(c) { change(c) } else { c });
    }

    fn assess(&self, name: &str, spec: &Spec) -> (bool, Option<f64>) {
        let vision = Scripted { width: self.portrait.width, faces: vec![self.portrait.face()] };
        let made = standardize(&bytes(&self.image, ImageFormat::Png), spec, &vision, None, &mut |_| {}).unwrap();
        let check = made.report.get(name).unwrap_or_else(|| panic!("no check {name}"));
        (objects(check), check.measured)
    }
}

/// A small document whose wall may be replaced, and the same with the wall kept.
fn spec(keeps: bool) -> &'static Spec {
    static KEPT: OnceLock<Spec> = OnceLock::new();
    let free = specs::find("cn-driving").unwrap();
    if !keeps {
        return free;
    }
    KEPT.get_or_init(|| {
        let text = free.text().replacen("forbid = [", "forbid = [\"background_replacement\", ", 1);
        let text = text.replacen("backgrounds = [[255, 255, 255]]", "backgrounds = [[209, 209, 209]]", 1);
        Spec::parse("kept", &text).unwrap()
    })
}

const FAULTS: &[Fault] = &[
    Fault {
        check: "Enlargement",
        fault: "times the original is smaller",
        strengths: &[1.04, 1.6, 2.0],
        keeps: false,
        make: |s, x| {
            let p = &mut s.portrait;
            (p.width, p.height) = ((f64::from(p.width) / x) as u32, (f64::from(p.height) / x) as u32);
            (p.eyes, p.eye_distance) = ((p.eyes.0 / x, p.eyes.1 / x), p.eye_distance / x);
            s.image = p.draw();
        },
    },
    Fault {
        check: "Centring",
        fault: "head moved to the edge in distances between the eyes, the wall kept",
        strengths: &[0.2, 1.7, 2.0],
        keeps: true,
        make: |s, x| {
            s.portrait.eyes.0 += s.sign() * x * s.portrait.eye_distance;
            s.image = s.portrait.draw();
        },
    },
    Fault {
        check: "CropMargins",
        fault: "picture cut from below in distances between the eyes",
        strengths: &[0.2, 2.2, 2.6],
        keeps: false,
        make: |s, x| {
            s.portrait.height -= (x * s.portrait.eye_distance) as u32;
            s.image = s.portrait.draw();
        },
    },
    Fault {
        check: "ShouldersLevel",
        fault: "slope of the shoulders in degrees",
        strengths: &[2.0, 4.0, 13.0, 18.0],
        keeps: false,
        make: |s, x| {
            let slope = (s.sign() * x).to_radians().tan();
            let (drawn, d, centre) = (s.image.clone(), s.portrait.eye_distance, s.portrait.eyes);
            for (px, py, pixel) in s.image.enumerate_pixels_mut() {
                if f64::from(py) > centre.1 + 1.95 * d {
                    let from = f64::from(py) - (f64::from(px) - centre.0) * slope;
                    let least = centre.1 + 1.95 * d;
                    *pixel = *drawn.get_pixel(px, from.clamp(least, f64::from(drawn.height() - 1)) as u32);
                }
            }
        },
    },
    Fault {
        check: "BackgroundUniformity",
        fault: "levels between panels of a wall that must stay",
        strengths: &[2.0, 6.0, 45.0, 70.0],
        keeps: true,
        make: |s, x| {
            s.wall(|u, v, c| {
                let panel = ((u * 1.7).floor() + (v * 1.7).floor()).rem_euclid(2.0);
                c.map(|c| c - x * panel)
            });
        },
    },
    Fault {
        check: "BackgroundUniformity",
        fault: "levels between panels of a wall to be replaced",
        strengths: &[2.0, 6.0, 90.0, 140.0],
        keeps: false,
        make: |s, x| {
            s.wall(|u, v, c| {
                let panel = ((u * 1.7).floor() + (v * 1.7).floor()).rem_euclid(2.0);
                c.map(|c| c - x * panel)
            });
        },
    },
    Fault {
        check: "BackgroundColour",
        fault: "levels of blue taken from a wall that must stay",
        strengths: &[2.0, 5.0, 40.0, 70.0],
        keeps: true,
        make: |s, x| s.wall(|_, _, c| [c[0], c[1], c[2] - x]),
    },
    Fault {
        check: "WallShadow",
        fault: "share of light that a shadow beside the head takes, the wall kept",
        strengths: &[0.03, 0.07, 0.3, 0.45],
        keeps: true,
        make: |s, x| {
            let side = s.sign();
            s.wall(|u, v, c| {
                let deep = 1.0 - ((u - 0.75 * side).hypot(v) / 1.3).powi(6).min(1.0);
                c.map(|c| c * (1.0 - x * deep))
            });
        },
    },
    Fault {
        check: "ClothesContrast",
        fault: "clothes turned white on white",
        strengths: &[0.2, 0.4, 0.97, 1.0],
        keeps: false,
        make: |s, x| s.clothes(|c| paint::mix(c, [253.0, 253.0, 253.0], x)),
    },
    Fault {
        check: "CompressionArtifacts",
        fault: "JPEG quality below 100",
        strengths: &[5.0, 15.0, 88.0, 93.0, 96.0],
        keeps: false,
        make: |s, x| s.image = paint::compressed(&s.image, (100.0 - x) as u8),
    },
    Fault {
        check: "Retouching",
        fault: "share of the texture of the skin taken away",
        strengths: &[0.1, 0.2, 0.93, 0.97, 1.0],
        keeps: false,
        make: |s, x| s.each(|u, v, c| if v > 0.25 && v < 0.9 && u.abs() < 0.8 { paint::mix(c, [222.0, 180.0, 156.0], x) } else { c }),
    },
];

/// All faults of the photo on all variations.
pub(super) fn trials() -> Vec<Trial> {
    FAULTS.iter().map(trial).collect()
}

fn trial(fault: &Fault) -> Trial {
    let strengths = fault.strengths.to_vec();
    let mut trial = Trial { check: fault.check, fault: fault.fault, strengths, flagged: Vec::new(), measured: Vec::new() };
    for seed in 0..SEEDS {
        let with = |strength: Option<f64>| {
            let mut sitting = Sitting::new(seed);
            if let Some(strength) = strength {
                (fault.make)(&mut sitting, strength);
            }
            sitting.assess(fault.check, spec(fault.keeps))
        };
        let run: Vec<_> = std::iter::once(None).chain(fault.strengths.iter().copied().map(Some)).map(with).collect();
        trial.flagged.push(run.iter().map(|result| result.0).collect());
        trial.measured.push(run.iter().map(|result| result.1).collect());
    }
    trial
}
