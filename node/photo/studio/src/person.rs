//! Head, neck and clothes: smooth shapes with smooth light on them, back to front.
//!
//! Places are in distances between the eyes from the midpoint between them, `u` to the right and `v` down.

use crate::canvas::{Canvas, over};
use crate::noise::smooth;
use crate::scene::{Clothes, Hair, Scene};

/// Half axes of the face and its centre below the eye line.
pub(crate) const FACE: (f32, f32, f32) = (1.06, 1.6, 0.2);
/// Half axes of the hair on the head and its centre below the eye line.
pub(crate) const CAP: (f32, f32, f32) = (1.2, 1.35, -0.5);
/// Where long hair ends.
pub(crate) const LONG_ENDS: f32 = 2.9;

impl Hair {
    /// Its middle colour.
    pub(crate) fn colour(self) -> [f32; 3] {
        match self {
            Hair::Black => [36.0, 31.0, 30.0],
            Hair::Brown => [104.0, 70.0, 46.0],
            Hair::Grey => [152.0, 149.0, 146.0],
        }
    }
}

/// Light of the hair: a soft gloss across and streaks along.
pub(crate) fn gloss(u: f32, v: f32, seed: u32) -> f32 {
    let angle = u.atan2(-(v + 0.2));
    let band = (-((v + 1.15 + 0.25 * u.abs()) / 0.35).powi(2)).exp();
    let streak = smooth(angle * 34.0, v * 1.6, seed) * 0.6 + smooth(angle * 80.0, v * 3.0, seed ^ 5) * 0.4;
    (0.85 + 0.4 * band + 0.22 * streak - 0.06 * u).clamp(0.45, 1.6)
}

/// Half width of the long hair beside the neck at a height.
pub(crate) fn long_half(v: f32) -> f32 {
    1.2 + 0.14 * (v - 0.2).max(0.0)
}

/// Paints everything but single strands.
pub(crate) fn paint(scene: &Scene, canvas: &mut Canvas) {
    let unit = scene.eye_distance as f32;
    let (ex, ey) = (scene.eyes.0 as f32, scene.eyes.1 as f32);
    let seed = scene.seed as u32;
    let width = canvas.width;
    for (y, row) in canvas.pixels.chunks_exact_mut(width).enumerate() {
        let v = (y as f32 + 0.5 - ey) / unit;
        for (x, pixel) in row.iter_mut().enumerate() {
            let u = (x as f32 + 0.5 - ex) / unit;
            paint_pixel(scene, pixel, u, v, unit, seed);
        }
    }
}

fn paint_pixel(scene: &Scene, pixel: &mut [f32; 4], u: f32, v: f32, unit: f32, seed: u32) {
    let edge = |distance: f32| (0.5 - distance * unit).clamp(0.0, 1.0);
    let soft = |distance: f32, blur: f32| (0.5 - distance / blur).clamp(0.0, 1.0);
    let cap = ellipse(u, v - CAP.2, CAP.0, CAP.1);
    let near_body = v > 1.9;
    if cap > 0.1 && u.abs() > long_half(v) + 0.1 && !near_body {
        return;
    }
    let hair = scene.hair.colour().map(|c| c * gloss(u, v, seed));
    if v < 0.7 {
        over(pixel, hair, edge(cap.max(v - 0.6)));
    }
    if scene.long_hair {
        let curtain = (u.abs() - long_half(v)).max(-0.4 - v).max(v - LONG_ENDS + 0.25);
        over(pixel, hair.map(|c| c * 0.8), edge(curtain));
    }
    if v > 0.4 {
        let neck = (u.abs() - 0.62 - 0.25 * (v - 2.2).max(0.0)).max(0.4 - v);
        let under_chin = 1.0 - 0.3 * soft(v - 2.0, 0.7);
        over(pixel, skin(u * 1.3, 0.4, seed).map(|c| c * under_chin), edge(neck));
        let shoulder = 2.35 + 0.2 * u.abs() + 0.55 * (u.abs() - 1.9).max(0.0).powi(2);
        over(pixel, clothes(scene.clothes, u, v, seed), edge((shoulder - v) / (1.0 + 0.25 * u.abs())));
    }
    for side in [-1.0f32, 1.0] {
        let ear = ellipse(u - side * 1.12, v - 0.25, 0.15, 0.32);
        if !scene.long_hair {
            over(pixel, skin(u, v, seed).map(|c| c * 0.92), edge(ear));
        }
    }
    let face = ellipse(u, v - FACE.2, FACE.0, FACE.1);
    if face < 0.05 {
        over(pixel, features(u, v, skin(u, v, seed)), edge(face));
    }
    // The hair on the forehead and at the temples, with a soft hairline.
    let hairline = v + 0.98 - 0.32 * u * u + 0.05 * smooth(u * 7.0, 0.0, seed);
    if v < 0.7 {
        over(pixel, hair, edge(cap) * soft(hairline, 0.12));
        let temple = (u.abs() - 0.98).min(0.5 - v);
        over(pixel, hair, edge(cap) * (1.0 - soft(temple, 0.1)) * f32::from(u8::from(v < 0.1)));
    }
    if scene.long_hair {
        let front = (u.abs() - long_half(v)).max(0.93 + 0.1 * (v - 0.5).abs() - u.abs()).max(-0.6 - v).max(v - LONG_ENDS + 0.25);
        over(pixel, hair.map(|c| c * 0.95), edge(front));
    }
}

/// Signed distance to an ellipse, exact on it and close near it.
fn ellipse(x: f32, y: f32, rx: f32, ry: f32) -> f32 {
    let f = ((x / rx).powi(2) + (y / ry).powi(2)).sqrt();
    let slope = ((x / (rx * rx)).powi(2) + (y / (ry * ry)).powi(2)).sqrt();
    if slope < 1e-6 { -rx.min(ry) } else { (f - 1.0) * f / slope }
}

/// Skin of a rounded head, lit from the upper left.
fn skin(u: f32, v: f32, seed: u32) -> [f32; 3] {
    let (nx, ny) = (u / 1.25, (v - 0.2) / 1.9);
    let nz = (1.0 - nx * nx - ny * ny).max(0.05).sqrt();
    let light = (0.62 + 0.42 * (-0.35 * nx - 0.3 * ny + 0.88 * nz)) * (1.0 + 0.015 * smooth(u * 8.0, v * 8.0, seed));
    let pores = 1.0 + 0.02 * smooth(u * 60.0, v * 60.0, seed ^ 9);
    let blush = 0.04 * ((-((u.abs() - 0.6) / 0.35).powi(2) - ((v - 0.7) / 0.35).powi(2)).exp());
    [226.0 * light * pores, 178.0 * light * pores * (1.0 - blush), 152.0 * light * pores * (1.0 - blush)]
}

fn features(u: f32, v: f32, skin: [f32; 3]) -> [f32; 3] {
    let blob = |x: f32, y: f32, rx: f32, ry: f32| {
        let d = ((u - x) / rx).powi(2) + ((v - y) / ry).powi(2);
        1.0 / (1.0 + d.powi(4))
    };
    let mut colour = skin;
    let mut lay = |target: [f32; 3], share: f32| (0..3).for_each(|i| colour[i] += (target[i] - colour[i]) * share);
    for side in [-0.5f32, 0.5] {
        lay([60.0, 44.0, 38.0], 0.8 * blob(side, -0.32, 0.3, 0.06));
        lay([232.0, 226.0, 220.0], blob(side, 0.0, 0.2, 0.085));
        lay([46.0, 30.0, 24.0], blob(side, 0.0, 0.085, 0.085));
        lay([250.0, 250.0, 250.0], blob(side - 0.03, -0.03, 0.02, 0.02));
        lay([120.0, 78.0, 64.0], 0.6 * blob(side * 0.3, 0.62, 0.06, 0.04));
    }
    lay([178.0, 128.0, 106.0], 0.35 * blob(0.16, 0.3, 0.06, 0.4));
    lay([168.0, 84.0, 82.0], 0.9 * blob(0.0, 1.05, 0.4, 0.1));
    lay([110.0, 50.0, 50.0], 0.8 * blob(0.0, 1.05, 0.38, 0.02));
    colour
}

fn clothes(kind: Clothes, u: f32, v: f32, seed: u32) -> [f32; 3] {
    let fold = 1.0 + 0.1 * smooth(u * 1.3, v * 0.8, seed ^ 11) + 0.03 * smooth(u * 24.0, v * 24.0, seed ^ 12);
    let light = fold * (0.98 - 0.05 * u);
    match kind {
        Clothes::Dark => [44.0, 46.0, 54.0].map(|c| c * light),
        Clothes::White => [238.0, 238.0, 236.0].map(|c| (c * (0.5 + 0.5 * light) * 0.97).min(252.0)),
        Clothes::Blue => [62.0, 94.0, 158.0].map(|c| c * light),
    }
}
