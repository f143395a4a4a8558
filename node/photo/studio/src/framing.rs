//! A family of heads as numbers, and three ways to place them: the solver, a search that tries everything, and the
//! fixed-ratio crop of HivisionIDPhotos, which the solver is measured against.

use photo::Point;
use photo::crop::{self, Framing};
use photo::locate::{Frame, Head, Source};
use specs::{Band, Forbidden, Measure, Spec};

/// A head in a picture that is not drawn.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The head.
    pub head: Head,
    /// Width of the picture in pixels.
    pub width_px: f64,
    /// Height of the picture in pixels.
    pub height_px: f64,
}

/// Repeatable numbers (SplitMix64).
pub struct Numbers(u64);

impl Numbers {
    /// Starts a sequence.
    pub fn new(seed: u64) -> Numbers {
        Numbers(seed)
    }

    /// The next number between two bounds.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let unit = ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64;
        low + (high - low) * unit
    }
}

/// Heads of all sizes, places, tilts, proportions and heights of hair, with pictures that now and then cut the body off.
pub fn family(seed: u64, count: usize) -> Vec<Case> {
    let mut numbers = Numbers::new(seed);
    (0..count).map(|_| case(&mut numbers)).collect()
}

fn case(numbers: &mut Numbers) -> Case {
    let (width_px, height_px) = (3_000.0, 4_000.0);
    let eye_distance = numbers.between(150.0, 620.0);
    let tilt = numbers.between(-12.0, 12.0).to_radians();
    let middle = Point::new(numbers.between(0.3, 0.7) * width_px, numbers.between(0.2, 0.6) * height_px);
    let half = Point::new(tilt.cos() * eye_distance / 2.0, tilt.sin() * eye_distance / 2.0);
    let left_eye = Point::new(middle.x - half.x, middle.y - half.y);
    let right_eye = Point::new(middle.x + half.x, middle.y + half.y);
    let axes = axes(left_eye, right_eye);
    let chin_px = numbers.between(1.55, 2.05) * eye_distance;
    let crown_px = numbers.between(0.9, 1.1) * chin_px;
    let face_width_px = numbers.between(1.95, 2.35) * eye_distance;
    let hair_px = crown_px + numbers.between(0.0, 0.5) * chin_px;
    let head = Head {
        left_eye,
        right_eye,
        eyes_source: Source::Mesh,
        chin: axes.point(0.0, chin_px),
        chin_source: Source::Mesh,
        hair_top: axes.point(0.0, -hair_px),
        hair_source: Source::Image,
        crown: axes.point(0.0, -crown_px),
        crown_source: Source::Image,
        face_width_px,
        width_source: Source::Mesh,
        head_width_px: numbers.between(1.05, 1.25) * face_width_px,
        head_width_source: Source::Image,
    };
    Case { head, width_px, height_px }
}

fn axes(left: Point, right: Point) -> Frame {
    Head {
        left_eye: left,
        right_eye: right,
        eyes_source: Source::Marks,
        chin: left,
        chin_source: Source::Marks,
        hair_top: left,
        hair_source: Source::Marks,
        crown: left,
        crown_source: Source::Marks,
        face_width_px: 0.0,
        width_source: Source::Marks,
        head_width_px: 0.0,
        head_width_source: Source::Marks,
    }
    .frame()
}

/// Where the eyes come to lie, and how large everything becomes.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    /// Finished pixels per original pixel.
    pub scale: f64,
    /// Midpoint between the eyes, from the left.
    pub x: f64,
    /// Midpoint between the eyes, from above.
    pub y: f64,
}

impl Case {
    /// What the solver of the product does.
    pub fn solved(&self, spec: &Spec) -> Framing {
        crop::frame(&self.head, self.width_px, self.height_px, spec)
    }

    /// The axes along which this spec lets heads be measured: upright where the tilt may be taken out.
    fn axes(&self, spec: &Spec) -> Frame {
        let own = self.head.frame();
        let small = (crop::MIN_ROLL_DEG..=crop::MAX_ROLL_DEG).contains(&own.roll_deg().abs());
        if small && !spec.forbids(Forbidden::Rotation) {
            return own;
        }
        let (middle, half) = (own.origin(), own.eye_distance_px / 2.0);
        axes(Point::new(middle.x - half, middle.y), Point::new(middle.x + half, middle.y))
    }

    /// What a band measures at a spot, in finished pixels, written down a second time and apart from the solver.
    fn measured_px(&self, band: &Band, spec: &Spec, axes: &Frame, spot: Spot) -> f64 {
        let y = |point: Point| spot.y + spot.scale * axes.down(point);
        let height = f64::from(spec.height_px());
        let (hair, chin) = (y(self.head.hair_top), y(self.head.chin));
        let crown = y(self.head.crown).max(hair);
        match band.measure {
            Measure::HairTop => hair,
            Measure::CrownTop => crown,
            Measure::FaceWidth => spot.scale * self.head.face_width_px,
            Measure::HeadWidth => spot.scale * self.head.head_width_px,
            Measure::HeadHeight => chin - crown,
            Measure::HeadHeightHair => chin - hair,
            Measure::EyesFromBottom => height - spot.y,
            Measure::EyesFromTop => spot.y,
            Measure::ChinFromBottom => height - chin,
            Measure::EyeMidX => spot.x,
            Measure::EyeDistance => spot.scale * self.head.left_eye.distance(self.head.right_eye),
        }
    }

    /// Whether every band holds at a spot, and the picture reaches as far as it must.
    pub fn holds(&self, spec: &Spec, spot: Spot, slack_px: f64) -> bool {
        let axes = self.axes(spec);
        let bands = spec.bands().iter().all(|band| {
            let value = self.measured_px(band, spec, &axes, spot);
            band.min_px().is_none_or(|min| value >= min - slack_px) && band.max_px().is_none_or(|max| value <= max + slack_px)
        });
        // Corners of the photo in the picture, one by one.
        let (width, height) = (f64::from(spec.width_px()), f64::from(spec.height_px()));
        let corners = [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)]
            .map(|(x, y)| axes.point((x - spot.x) / spot.scale, (y - spot.y) / spot.scale));
        let slack = slack_px / spot.scale;
        let below = corners.iter().all(|corner| corner.y <= self.height_px + slack);
        let around = !spec.forbids(Forbidden::BackgroundReplacement)
            || corners.iter().all(|corner| corner.x >= -slack && corner.x <= self.width_px + slack && corner.y >= -slack);
        bands && below && around
    }

    /// A spot where everything holds, found by trying scales and places one after the other; `None` when no try succeeded.
    pub fn searched(&self, spec: &Spec, scales: u32, step_px: f64) -> Option<Spot> {
        let (width, height) = (f64::from(spec.width_px()), f64::from(spec.height_px()));
        // From a head that fills a tenth of the height to one that fills it twice over.
        let chin_px = self.axes(spec).down(self.head.chin);
        let (low, high): (f64, f64) = (0.05 * height / chin_px, height / chin_px);
        let places = (height / step_px) as u32;
        let xs: Vec<f64> = if spec.forbids(Forbidden::BackgroundReplacement) || spec.bands().iter().any(|b| b.measure == Measure::EyeMidX) {
            (0..=40).map(|i| width * (0.3 + 0.01 * f64::from(i))).collect()
        } else {
            vec![width / 2.0]
        };
        for index in 0..=scales {
            let scale = low * (high / low).powf(f64::from(index) / f64::from(scales));
            for row in 0..=places {
                for &x in &xs {
                    let spot = Spot { scale, x, y: f64::from(row) * step_px };
                    if self.holds(spec, spot, 0.0) {
                        return Some(spot);
                    }
                }
            }
        }
        None
    }

    /// The crop of HivisionIDPhotos 1.3: the face box takes a fifth of the area, its middle lies at 45 % of the height, and the
    /// hair is then brought to between 10 and 12 % from the top. Its detector's box is taken as 2.15 eye distances wide and
    /// 1.3 times as high, standing on the chin, as measured on three portraits.
    pub fn fixed_ratio(&self, spec: &Spec) -> Spot {
        const FACE_AREA: f64 = 0.2;
        const FACE_MIDDLE: f64 = 0.45;
        const HAIR: (f64, f64) = (0.10, 0.12);
        let (width, height) = (f64::from(spec.width_px()), f64::from(spec.height_px()));
        let axes = self.axes(spec);
        let box_width = 2.15 * self.head.left_eye.distance(self.head.right_eye);
        let box_height = 1.3 * box_width;
        let scale = (FACE_AREA * width * height / (box_width * box_height)).sqrt();
        let middle = axes.down(self.head.chin) - box_height / 2.0;
        let mut y = FACE_MIDDLE * height - scale * middle;
        let hair = (y + scale * axes.down(self.head.hair_top)) / height;
        if hair > HAIR.1 {
            y -= (hair - HAIR.1) * height;
        } else if hair < HAIR.0 {
            y += (HAIR.0 - hair) * height;
        }
        Spot { scale, x: width / 2.0, y }
    }
}
