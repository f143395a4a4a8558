//! From the coarse cut to alpha at working size, and to the person's own colours.

use super::coarse::Coarse;
use super::guided::guided;
use crate::image::Rgb;
use crate::locate::Head;
use crate::plane::Plane;

/// Half width of the band in which alpha is open, in distances from eye line to chin: hair is wide, shoulders are sharp.
const HAIR_BAND: f64 = 0.13;
const BODY_BAND: f64 = 0.045;
/// Faint alpha on the wall is shadow and noise, nearly full alpha is the person.
const SHADOW_ALPHA: f32 = 0.12;
const SOLID_ALPHA: f32 = 0.93;

pub(super) struct Fine {
    pub(super) alpha: Plane,
    pub(super) foreground: Rgb,
    pub(super) confidence: f64,
}

pub(super) fn refine(image: &Rgb, head: &Head, coarse: &Coarse) -> Fine {
    let (width, height) = (image.width(), image.height());
    let unit = head.chin_px();
    let px = |share: f64| ((share * unit).round() as usize).max(1);
    let soft = coarse.person.enlarged(width, height);
    let mask = soft.map(|v| f32::from(u8::from(v > 0.5)));

    // Distance bands by blurring: a mean of exactly 0 or 1 means that no outline is within the radius.
    let near_hair = mask.blurred(px(HAIR_BAND));
    let near_body = mask.blurred(px(BODY_BAND));
    let frame = head.frame();
    let neck = Plane::from_fn(width, height, |x, y| {
        let down = frame.down(crate::image::Point::new(x as f64 + 0.5, y as f64 + 0.5)) / unit;
        ((down - 0.9) / 0.3).clamp(0.0, 1.0) as f32
    });
    let state = |at: usize| {
        let value = if neck.values[at] >= 0.5 { near_body.values[at] } else { near_hair.values[at] };
        if value <= 0.002 {
            0.0f32
        } else if value >= 0.998 {
            1.0
        } else {
            0.5
        }
    };
    let trimap = Plane { width, height, values: (0..width * height).map(state).collect() };

    let smooth = guided(image, &mask, px(0.06), 1e-4);
    let wall = colour_near(image, &trimap.map(|v| f32::from(u8::from(v == 0.0))), px(0.22));
    let own = colour_near(image, &trimap.map(|v| f32::from(u8::from(v == 1.0))), px(0.10));

    let mut alpha = trimap.clone();
    let (mut contrast_sum, mut contrast_count) = (0f64, 0f64);
    for at in 0..width * height {
        if trimap.values[at] != 0.5 {
            continue;
        }
        let pixel = image.pixels()[at].map(f32::from);
        let (back, front) = (wall.colour(at), own.colour(at));
        let along: [f32; 3] = std::array::from_fn(|i| front[i] - back[i]);
        let length = along.iter().map(|v| v * v).sum::<f32>();
        let projected = (0..3).map(|i| (pixel[i] - back[i]) * along[i]).sum::<f32>() / length.max(1.0);
        // Trust the colour line where both sides differ much more than each varies in itself.
        let trust = length / (length + 6.0 * (wall.variance.values[at] + 0.5 * own.variance.values[at]) + 200.0);
        let by_colour = ((projected - SHADOW_ALPHA) / (SOLID_ALPHA - SHADOW_ALPHA)).clamp(0.0, 1.0);
        let by_edge = ((smooth.values[at] - 0.1) / 0.8).clamp(0.0, 1.0);
        alpha.values[at] = trust * by_colour + (1.0 - trust) * by_edge;
        if (0.3..0.7).contains(&near_body.values[at]) {
            contrast_sum += f64::from(trust);
            contrast_count += 1.0;
        }
    }
    let contrast = if contrast_count > 0.0 { contrast_sum / contrast_count } else { 0.0 };
    let foreground = foreground(image, &alpha, px(0.3), px(0.04));
    // Where the colour line holds along most of the outline the cut follows real edges.
    let confidence = (contrast / 0.75).clamp(0.0, 1.0);
    Fine { alpha, foreground, confidence }
}

/// Mean and variance of the colours of one side near each pixel.
struct Nearby {
    channels: [Plane; 3],
    variance: Plane,
}

impl Nearby {
    fn colour(&self, at: usize) -> [f32; 3] {
        std::array::from_fn(|i| self.channels[i].values[at])
    }
}

/// These fields are smooth, so they are computed at a third of the size and enlarged.
const NEARBY_REDUCTION: usize = 3;

fn colour_near(image: &Rgb, weight: &Plane, radius: usize) -> Nearby {
    let (width, height) = (weight.width, weight.height);
    let small_weight = weight.averaged(NEARBY_REDUCTION);
    // Three radii: where nothing of this side is near, what is farther away counts.
    let radii = [radius, radius * 3, radius * 12].map(|r| r.div_ceil(NEARBY_REDUCTION));
    let weights = radii.map(|r| small_weight.blurred(r));
    let blend = |values: &Plane| {
        // Weighted before it is reduced, so that a block on the outline takes only this side's pixels.
        let weighted = values.zip(weight, |v, w| v * w).averaged(NEARBY_REDUCTION);
        let sums = radii.map(|r| weighted.blurred(r));
        let mut result = Plane::new(weighted.width, weighted.height, 0.0);
        for at in 0..result.values.len() {
            let (mut sum, mut total) = (0.0, 1e-9);
            for (level, share) in [1.0f32, 0.02, 0.0004].into_iter().enumerate() {
                sum += share * sums[level].values[at];
                total += share * weights[level].values[at];
            }
            result.values[at] = sum / total;
        }
        result
    };
    let channel = |i: usize| Plane { width, height, values: image.pixels().iter().map(|p| f32::from(p[i])).collect() };
    let planes = [channel(0), channel(1), channel(2)];
    let channels = [blend(&planes[0]), blend(&planes[1]), blend(&planes[2])];
    let mut squares = Plane::new(width, height, 0.0);
    for plane in &planes {
        squares.values.iter_mut().zip(&plane.values).for_each(|(s, v)| *s += v * v);
    }
    let mut variance = blend(&squares);
    for at in 0..variance.values.len() {
        let mean: f32 = channels.iter().map(|c| c.values[at] * c.values[at]).sum();
        variance.values[at] = (variance.values[at] - mean).max(0.0);
    }
    let back = |plane: &Plane| plane.enlarged(width, height);
    Nearby { channels: [back(&channels[0]), back(&channels[1]), back(&channels[2])], variance: back(&variance) }
}

/// Colours of the person without the wall mixed in (Forte and Pitié 2021, blur fusion): a wide pass, then a narrow one.
fn foreground(image: &Rgb, alpha: &Plane, wide: usize, narrow: usize) -> Rgb {
    let mut channels: [Plane; 3] = std::array::from_fn(|i| Plane {
        width: alpha.width,
        height: alpha.height,
        values: image.pixels().iter().map(|p| f32::from(p[i])).collect(),
    });
    let originals = channels.clone();
    let mut walls = channels.clone();
    let inverse = alpha.map(|a| 1.0 - a);
    for radius in [wide, narrow] {
        let (front_weight, back_weight) = (alpha.blurred(radius), inverse.blurred(radius));
        for i in 0..3 {
            let front = channels[i].zip(alpha, |v, a| v * a).blurred(radius);
            let back = walls[i].zip(&inverse, |v, a| v * a).blurred(radius);
            for at in 0..alpha.values.len() {
                let a = alpha.values[at];
                let f = front.values[at] / (front_weight.values[at] + 1e-5);
                let b = back.values[at] / (back_weight.values[at] + 1e-5);
                let v = originals[i].values[at];
                channels[i].values[at] = (f + a * (v - a * f - (1.0 - a) * b)).clamp(0.0, 255.0);
                walls[i].values[at] = b;
            }
        }
    }
    let pixels = (0..alpha.values.len())
        .map(|at| if alpha.values[at] >= 1.0 { image.pixels()[at] } else { std::array::from_fn(|i| channels[i].values[at].round() as u8) })
        .collect();
    Rgb::from_pixels(alpha.width, alpha.height, pixels).expect("as many pixels as the working picture")
}
