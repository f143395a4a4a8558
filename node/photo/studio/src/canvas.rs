//! Pixels with exact coverage: colour already multiplied by alpha, and alpha.

/// What was drawn so far, without any wall.
pub(crate) struct Canvas {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<[f32; 4]>,
}

impl Canvas {
    pub(crate) fn new(width: usize, height: usize) -> Canvas {
        Canvas { width, height, pixels: vec![[0.0; 4]; width * height] }
    }

    /// Lays a colour over a pixel; outside of the canvas nothing happens.
    pub(crate) fn lay(&mut self, x: i32, y: i32, colour: [f32; 3], coverage: f32) {
        if x >= 0 && y >= 0 && (x as usize) < self.width && (y as usize) < self.height {
            over(&mut self.pixels[y as usize * self.width + x as usize], colour, coverage);
        }
    }

    /// A lens and a sensor never draw sharper than this: 1-2-1 along both axes.
    /// Blurring colour times alpha together with alpha keeps every later composite exact.
    pub(crate) fn soften(&mut self) {
        let (width, height) = (self.width, self.height);
        let mut line = vec![[0f32; 4]; width];
        for row in self.pixels.chunks_exact_mut(width) {
            line.copy_from_slice(row);
            for x in 0..width {
                row[x] = mix(line[x.saturating_sub(1)], line[x], line[(x + 1).min(width - 1)]);
            }
        }
        let mut above = self.pixels[..width].to_vec();
        for y in 0..height {
            line.copy_from_slice(&self.pixels[y * width..(y + 1) * width]);
            for x in 0..width {
                let below = if y + 1 < height { self.pixels[(y + 1) * width + x] } else { line[x] };
                self.pixels[y * width + x] = mix(above[x], line[x], below);
            }
            std::mem::swap(&mut above, &mut line);
        }
    }
}

/// Lays a colour over one pixel.
pub(crate) fn over(pixel: &mut [f32; 4], colour: [f32; 3], coverage: f32) {
    let a = coverage.clamp(0.0, 1.0);
    (0..3).for_each(|i| pixel[i] = colour[i] * a + pixel[i] * (1.0 - a));
    pixel[3] = a + pixel[3] * (1.0 - a);
}

fn mix(a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
    std::array::from_fn(|i| 0.25 * a[i] + 0.5 * b[i] + 0.25 * c[i])
}
