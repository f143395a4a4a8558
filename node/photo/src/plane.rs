//! One number for each pixel: alpha, weights, distances.

/// A field of numbers, row by row. In an alpha plane 0 is background and 1 is person.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Row by row.
    pub values: Vec<f32>,
}

impl Plane {
    pub(crate) fn new(width: usize, height: usize, value: f32) -> Self {
        Self { width, height, values: vec![value; width * height] }
    }

    /// A field from a function of column and row.
    pub fn from_fn(width: usize, height: usize, mut value: impl FnMut(usize, usize) -> f32) -> Self {
        let mut values = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                values.push(value(x, y));
            }
        }
        Self { width, height, values }
    }

    /// The number at a column and row, which must lie inside.
    pub fn at(&self, x: usize, y: usize) -> f32 {
        self.values[y * self.width + x]
    }

    pub(crate) fn map(&self, change: impl Fn(f32) -> f32) -> Plane {
        Plane { width: self.width, height: self.height, values: self.values.iter().map(|&v| change(v)).collect() }
    }

    /// Bilinear value at a position in pixels (pixel centres at .5); outside, the nearest edge.
    pub(crate) fn sample(&self, x: f64, y: f64) -> f32 {
        let x = (x - 0.5).clamp(0.0, (self.width - 1) as f64);
        let y = (y - 0.5).clamp(0.0, (self.height - 1) as f64);
        let (x0, y0) = (x as usize, y as usize);
        let (x1, y1) = ((x0 + 1).min(self.width - 1), (y0 + 1).min(self.height - 1));
        let (fx, fy) = ((x - x0 as f64) as f32, (y - y0 as f64) as f32);
        let top = self.at(x0, y0) * (1.0 - fx) + self.at(x1, y0) * fx;
        let bottom = self.at(x0, y1) * (1.0 - fx) + self.at(x1, y1) * fx;
        top * (1.0 - fy) + bottom * fy
    }

    /// Bilinear enlargement.
    pub fn enlarged(&self, width: usize, height: usize) -> Plane {
        let (step_x, step_y) = (self.width as f64 / width as f64, self.height as f64 / height as f64);
        Plane::from_fn(width, height, |x, y| self.sample((x as f64 + 0.5) * step_x, (y as f64 + 0.5) * step_y))
    }

    /// Mean over a square of `2 * radius + 1` pixels, clipped at the edges.
    pub fn blurred(&self, radius: usize) -> Plane {
        if radius == 0 {
            return self.clone();
        }
        let (width, height) = (self.width, self.height);
        let mut across = Plane::new(width, height, 0.0);
        for (from, to) in self.values.chunks_exact(width).zip(across.values.chunks_exact_mut(width)) {
            running_mean(from, to, radius);
        }
        // Column sums run along whole rows, so that memory is read in order.
        let mut result = Plane::new(width, height, 0.0);
        let mut sums = vec![0f64; width];
        let row = |y: usize| &across.values[y * width..(y + 1) * width];
        for y in 0..radius.min(height) {
            sums.iter_mut().zip(row(y)).for_each(|(sum, &v)| *sum += f64::from(v));
        }
        for y in 0..height {
            if y + radius < height {
                sums.iter_mut().zip(row(y + radius)).for_each(|(sum, &v)| *sum += f64::from(v));
            }
            if y > radius {
                sums.iter_mut().zip(row(y - radius - 1)).for_each(|(sum, &v)| *sum -= f64::from(v));
            }
            let count = ((y + radius).min(height - 1) - y.saturating_sub(radius) + 1) as f64;
            let target = &mut result.values[y * width..(y + 1) * width];
            target.iter_mut().zip(&sums).for_each(|(v, &sum)| *v = (sum / count) as f32);
        }
        result
    }
}

fn running_mean(from: &[f32], to: &mut [f32], radius: usize) {
    let width = from.len();
    let mut sum: f64 = from.iter().take(radius).map(|&v| f64::from(v)).sum();
    for x in 0..width {
        if x + radius < width {
            sum += f64::from(from[x + radius]);
        }
        if x > radius {
            sum -= f64::from(from[x - radius - 1]);
        }
        let count = (x + radius).min(width - 1) - x.saturating_sub(radius) + 1;
        to[x] = (sum / count as f64) as f32;
    }
}

#[cfg(test)]
mod tests {
    //! The blur is the plain mean, at the edges too.
    use super::*;

    #[test]
    fn blur_is_the_mean_of_the_clipped_square() {
        let plane = Plane::from_fn(9, 7, |x, y| ((x * 31 + y * 17) % 11) as f32);
        for radius in [1, 2, 5, 20] {
            let blurred = plane.blurred(radius);
            for y in 0..7usize {
                for x in 0..9usize {
                    let mut sum = 0.0;
                    let mut count = 0.0;
                    for v in y.saturating_sub(radius)..=(y + radius).min(6) {
                        for u in x.saturating_sub(radius)..=(x + radius).min(8) {
                            sum += plane.at(u, v);
                            count += 1.0;
                        }
                    }
                    assert!((blurred.at(x, y) - sum / count).abs() < 1e-4, "{x},{y} radius {radius}");
                }
            }
        }
    }

    #[test]
    fn enlarging_keeps_a_ramp() {
        let plane = Plane::from_fn(4, 4, |x, _| x as f32);
        let large = plane.enlarged(8, 8);
        assert!((large.at(3, 4) - 1.25).abs() < 1e-6);
    }
}
