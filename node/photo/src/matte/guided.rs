//! Guided filter with a colour guide (He, Sun, Tang 2013): lets a coarse mask follow the edges of the picture.

use crate::image::Rgb;
use crate::plane::Plane;

/// Filters `input` so that it follows `guide`; `epsilon` is the variance (of values 0 to 1) that counts as texture.
pub(crate) fn guided(guide: &Rgb, input: &Plane, radius: usize, epsilon: f32) -> Plane {
    let (width, height) = (input.width, input.height);
    let channel =
        |index: usize| Plane { width, height, values: guide.pixels().iter().map(|pixel| f32::from(pixel[index]) / 255.0).collect() };
    let planes = [channel(0), channel(1), channel(2)];
    let mean = |plane: &Plane| plane.blurred(radius);
    let means = [mean(&planes[0]), mean(&planes[1]), mean(&planes[2])];
    let input_mean = mean(input);
    let cross = [0, 1, 2].map(|i| mean(&planes[i].zip(input, |a, b| a * b)));
    let moments = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)].map(|(i, j)| mean(&planes[i].zip(&planes[j], |a, b| a * b)));

    let mut slope = [Plane::new(width, height, 0.0), Plane::new(width, height, 0.0), Plane::new(width, height, 0.0)];
    let mut offset = Plane::new(width, height, 0.0);
    for at in 0..width * height {
        let m = [0, 1, 2].map(|i| means[i].values[at]);
        let p = input_mean.values[at];
        let covariance = [0, 1, 2].map(|i| cross[i].values[at] - m[i] * p);
        let s = |index: usize, i: usize, j: usize| moments[index].values[at] - m[i] * m[j];
        let a = solve([s(0, 0, 0) + epsilon, s(1, 0, 1), s(2, 0, 2), s(3, 1, 1) + epsilon, s(4, 1, 2), s(5, 2, 2) + epsilon], covariance);
        offset.values[at] = p - a[0] * m[0] - a[1] * m[1] - a[2] * m[2];
        (0..3).for_each(|i| slope[i].values[at] = a[i]);
    }
    let slope = [mean(&slope[0]), mean(&slope[1]), mean(&slope[2])];
    let offset = mean(&offset);
    Plane {
        width,
        height,
        values: (0..width * height)
            .map(|at| {
                let linear: f32 = (0..3).map(|i| slope[i].values[at] * planes[i].values[at]).sum();
                (linear + offset.values[at]).clamp(0.0, 1.0)
            })
            .collect(),
    }
}

/// Solves a symmetric 3×3 system given by its upper triangle.
fn solve([xx, xy, xz, yy, yz, zz]: [f32; 6], [bx, by, bz]: [f32; 3]) -> [f32; 3] {
    let (c0, c1, c2) = (yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy);
    let determinant = xx * c0 + xy * c1 + xz * c2;
    if determinant.abs() < 1e-15 {
        return [0.0; 3];
    }
    let (d1, d2, d3) = (xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy);
    [(c0 * bx + c1 * by + c2 * bz) / determinant, (c1 * bx + d1 * by + d2 * bz) / determinant, (c2 * bx + d2 * by + d3 * bz) / determinant]
}
