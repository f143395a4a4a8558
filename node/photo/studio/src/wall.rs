//! Walls behind the person, in distances between the eyes from the midpoint between them.

use crate::noise::{lattice, smooth};

/// What stands behind the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wall {
    /// Evenly lit white.
    White,
    /// Evenly lit middle grey.
    Grey,
    /// The light blue of many photo studios.
    LightBlue,
    /// An off-white wall with one lamp from the left: the light falls off, and the head throws a soft shadow.
    Shaded,
    /// From light above to dark below.
    Gradient,
    /// A bookshelf with things in all colours, skin and hair among them.
    Busy,
}

impl Wall {
    /// Every wall.
    pub const ALL: [Wall; 6] = [Wall::White, Wall::Grey, Wall::LightBlue, Wall::Shaded, Wall::Gradient, Wall::Busy];

    /// Word for tables.
    pub fn key(self) -> &'static str {
        match self {
            Wall::White => "white",
            Wall::Grey => "grey",
            Wall::LightBlue => "light_blue",
            Wall::Shaded => "shaded",
            Wall::Gradient => "gradient",
            Wall::Busy => "busy",
        }
    }

    /// Colour of the empty wall at a place.
    pub(crate) fn colour(self, u: f32, v: f32, seed: u32) -> [f32; 3] {
        // Even a plain wall has some paint structure.
        let paint = 1.0 + 0.006 * smooth(u * 6.0, v * 6.0, seed);
        let flat = |colour: [f32; 3], light: f32| colour.map(|c| c * paint * light);
        match self {
            Wall::White => flat([243.0, 243.0, 240.0], 1.0 - 0.004 * (u * u + v * v) / 4.0),
            Wall::Grey => flat([150.0, 152.0, 154.0], 1.0 - 0.01 * u),
            Wall::LightBlue => flat([120.0, 184.0, 232.0], 1.0 - 0.01 * u),
            Wall::Shaded => flat([236.0, 232.0, 224.0], (0.93 - 0.075 * u).clamp(0.4, 1.05)),
            Wall::Gradient => {
                let t = ((v + 3.0) / 7.0).clamp(0.0, 1.0);
                flat([238.0 - 110.0 * t, 238.0 - 100.0 * t, 240.0 - 80.0 * t], 1.0)
            }
            Wall::Busy => busy(u, v, seed),
        }
    }

    /// How much of its light the wall keeps in the shadow of the head.
    pub(crate) fn shadow(self, u: f32, v: f32) -> f32 {
        if self != Wall::Shaded {
            return 1.0;
        }
        let blob = |x: f32, y: f32, rx: f32, ry: f32| {
            let d = ((u - x) / rx).powi(2) + ((v - y) / ry).powi(2);
            1.0 / (1.0 + d.powi(3))
        };
        1.0 - 0.28 * blob(0.55, 0.15, 1.35, 1.9).max(blob(0.6, 4.2, 3.0, 1.8))
    }
}

fn busy(u: f32, v: f32, seed: u32) -> [f32; 3] {
    const COLOURS: [[f32; 3]; 9] = [
        [34.0, 30.0, 30.0],
        [186.0, 60.0, 48.0],
        [236.0, 232.0, 222.0],
        [52.0, 110.0, 74.0],
        [214.0, 172.0, 150.0],
        [40.0, 62.0, 120.0],
        [150.0, 120.0, 84.0],
        [92.0, 64.0, 44.0],
        [196.0, 186.0, 90.0],
    ];
    let shelf = (v * 0.9).floor();
    let within = v * 0.9 - shelf;
    if within > 0.93 {
        return [104.0, 74.0, 50.0].map(|c| c * (1.0 + 0.1 * smooth(u * 3.0, v * 40.0, seed)));
    }
    // Books of several widths: each cell of the shelf is split once more, or not.
    let place = u * 2.2 + 0.37 * shelf;
    let cell = place.floor();
    let split = lattice(cell as i32, shelf as i32, seed ^ 7) > 0.0;
    let index = if split { 2 * cell as i32 + i32::from(place - cell > 0.5) } else { 2 * cell as i32 };
    let pick = ((lattice(index, shelf as i32, seed) + 1.0) * 0.5 * COLOURS.len() as f32) as usize;
    let stripe = 1.0 + 0.15 * smooth(u * 9.0, v * 5.0, seed ^ 3);
    COLOURS[pick.min(COLOURS.len() - 1)].map(|c| (c * stripe).min(255.0))
}
