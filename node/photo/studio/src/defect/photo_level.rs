//! Faults of wall, clothes, frame and file, which only a finished photo shows.

use std::sync::OnceLock;

use image::{ImageFormat, RgbImage};
use photo::check::assess;
use photo::compose::compose;
use photo::crop::crop;
use photo::decode::decode;
use photo::encode::encode;
use photo::locate::locate;
use photo::matte::{Matted, matte};
use photo::upright::upright;
use photo::{CheckReport, Rgb};
use specs::Spec;

use super::{SEEDS, Trial, chance, objects, paint};
use crate::{Portrait, Scripted, bytes};

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
    /// The cut of the clean picture serves: the fault leaves the silhouette and the wall's model alone.
    same_cut: bool,
    make: fn(&mut Sitting, f64),
}

const CLOTHES: [f64; 3] = [35.0, 45.0, 85.0];

fn portrait(seed: u32) -> Portrait {
    Portrait {
        width: 280,
        height: 320,
        eyes: (140.0 + 4.0 * (chance(seed, 1) - 0.5), 130.0 + 4.0 * (chance(seed, 2) - 0.5)),
        eye_distance: 36.0 + 2.0 * chance(seed, 3),
        wall: [205, 210, 214],
    }
}

impl Sitting {
    fn new(seed: u32) -> Sitting {
        let portrait = portrait(seed);
        let mut sitting = Sitting { seed, portrait, image: portrait.draw() };
        paint::grain(&mut sitting.image, seed, 0.5 + chance(seed, 7));
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

    fn prepared(&self, spec: &Spec) -> Matted {
        let vision = Scripted { width: self.portrait.width, faces: vec![self.portrait.face()] };
        let decoded = decode(&bytes(&self.image, ImageFormat::Png)).unwrap();
        matte(locate(upright(decoded), &vision, None).unwrap(), &[spec], &vision, None)
    }

    /// The clean cut with this picture's pixels: drawn people are small enough not to be reduced.
    fn swapped(&self, clean: &Matted) -> Matted {
        let mut matted = clean.clone();
        let window = matted.window;
        assert!((window.scale_x - 1.0).abs() < 1e-9, "the working picture was reduced");
        let whole: Vec<[u8; 3]> = self.image.pixels().map(|pixel| pixel.0).collect();
        matted.located.upright.image = Rgb::from_pixels(self.image.width() as usize, self.image.height() as usize, whole).unwrap();
        let width = matted.image.width();
        for (at, alpha) in matted.alpha.values.iter().enumerate() {
            let (x, y) = (at % width + window.left_px as usize, at / width + window.top_px as usize);
            let pixel = self.image.get_pixel(x as u32, y as u32).0;
            matted.image.pixels_mut()[at] = pixel;
            if *alpha > 0.5 {
                matted.foreground.pixels_mut()[at] = pixel;
            }
        }
        matted
    }
}

fn report(matted: &Matted, spec: &Spec) -> CheckReport {
    let composed = compose(crop(matted, spec), &spec.into());
    let encoded = encode(&composed.image, spec);
    assess(&composed, &encoded, spec)
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
        let text = text.replacen("backgrounds = [[255, 255, 255]]", "backgrounds = [[205, 210, 214]]", 1);
        Spec::parse("kept", &text).unwrap()
    })
}

const FAULTS: &[Fault] = &[
    Fault {
        check: "Centring",
        fault: "head moved to the edge in distances between the eyes, the wall kept",
        strengths: &[0.2, 2.2],
        keeps: true,
        same_cut: false,
        make: |s, x| {
            s.portrait.eyes.0 += s.sign() * x * s.portrait.eye_distance;
            s.image = s.portrait.draw();
        },
    },
    Fault {
        check: "CropMargins",
        fault: "picture cut from below in distances between the eyes",
        strengths: &[0.2, 2.4],
        keeps: false,
        same_cut: false,
        make: |s, x| {
            s.portrait.height -= (x * s.portrait.eye_distance) as u32;
            s.image = s.portrait.draw();
        },
    },
    Fault {
        check: "ShouldersLevel",
        fault: "slope of the shoulders in degrees",
        strengths: &[4.0, 14.0],
        keeps: false,
        same_cut: false,
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
        strengths: &[6.0, 60.0],
        keeps: true,
        same_cut: false,
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
        strengths: &[6.0, 120.0],
        keeps: false,
        same_cut: false,
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
        strengths: &[5.0, 50.0],
        keeps: true,
        same_cut: false,
        make: |s, x| s.wall(|_, _, c| [c[0], c[1], c[2] - x]),
    },
    Fault {
        check: "WallShadow",
        fault: "share of light that a shadow beside the head takes, the wall kept",
        strengths: &[0.03, 0.07, 0.3, 0.45],
        keeps: true,
        same_cut: true,
        make: |s, x| {
            let side = s.sign();
            s.wall(|u, v, c| {
                let deep = 1.0 - ((u - 0.75 * side).hypot(v) / 1.7).powi(6).min(1.0);
                c.map(|c| c * (1.0 - x * deep))
            });
        },
    },
    Fault {
        check: "ClothesContrast",
        fault: "clothes turned white on white",
        strengths: &[0.2, 0.4, 0.97, 1.0],
        keeps: false,
        same_cut: true,
        make: |s, x| s.clothes(|c| paint::mix(c, [253.0, 253.0, 253.0], x)),
    },
    Fault {
        check: "CompressionArtifacts",
        fault: "JPEG quality below 100",
        strengths: &[5.0, 15.0, 88.0, 93.0, 96.0],
        keeps: false,
        same_cut: true,
        make: |s, x| s.image = paint::compressed(&s.image, (100.0 - x) as u8),
    },
    Fault {
        check: "Retouching",
        fault: "share of the texture of the skin taken away",
        strengths: &[0.1, 0.2, 0.93, 0.97, 1.0],
        keeps: false,
        same_cut: true,
        make: |s, x| s.each(|u, v, c| if v > 0.25 && v < 0.9 && u.abs() < 0.8 { paint::mix(c, [222.0, 180.0, 156.0], x) } else { c }),
    },
];

/// All faults of the photo on all variations, on two threads.
pub(super) fn trials() -> Vec<Trial> {
    let clean = |keeps| in_parallel(|seed| Sitting::new(seed).prepared(spec(keeps)));
    let (free, kept) = (clean(false), clean(true));
    FAULTS.iter().map(|fault| trial(fault, if fault.keeps { &kept } else { &free })).collect()
}

fn trial(fault: &Fault, clean: &[Matted]) -> Trial {
    let spec = spec(fault.keeps);
    let runs = in_parallel(|seed| {
        let clean = &clean[seed as usize];
        let with = |strength: &f64| {
            let mut sitting = Sitting::new(seed);
            (fault.make)(&mut sitting, *strength);
            let matted = if fault.same_cut { sitting.swapped(clean) } else { sitting.prepared(spec) };
            found(&report(&matted, spec), fault.check)
        };
        let mut run = vec![found(&report(clean, spec), fault.check)];
        run.extend(fault.strengths.iter().map(with));
        run
    });
    Trial {
        check: fault.check,
        fault: fault.fault,
        strengths: fault.strengths.to_vec(),
        flagged: runs.iter().map(|run| run.iter().map(|result| result.0).collect()).collect(),
        measured: runs.iter().map(|run| run.iter().map(|result| result.1).collect()).collect(),
    }
}

/// Whether the check objects, and what it measured.
fn found(report: &CheckReport, name: &str) -> (bool, Option<f64>) {
    let check = report.get(name).unwrap_or_else(|| panic!("no check {name}"));
    (objects(check), check.measured)
}

/// One result for each seed.
fn in_parallel<T: Send>(work: impl Fn(u32) -> T + Sync) -> Vec<T> {
    let half = SEEDS / 2;
    std::thread::scope(|scope| {
        let first = scope.spawn(|| (0..half).map(&work).collect::<Vec<T>>());
        let second: Vec<T> = (half..SEEDS).map(&work).collect();
        let mut results = first.join().unwrap();
        results.extend(second);
        results
    })
}
