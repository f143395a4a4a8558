//! Guided filter (He, Sun, Tang 2010; fast form 2015): inside each window alpha is a linear function of the colour.
//!
//! The functions are found on the reduced picture and applied to the pixels of the working picture,
//! so that the result follows the working picture's own edges.

use super::boxes::box_sums;

/// Half side of the windows in reduced pixels.
const RADIUS: usize = 2;
/// Keeps flat windows flat: a variance in squared steps of 256.
const RIDGE: f32 = 8.0;

/// Slopes for the three channels and the offset, at each place of the reduced picture.
pub(super) fn lines(width: usize, height: usize, colours: &[[u8; 3]], input: &[f32]) -> Vec<[f32; 4]> {
    let moments: Vec<[f32; 14]> = colours
        .iter()
        .zip(input)
        .map(|(colour, &p)| {
            let [r, g, b] = colour.map(f32::from);
            [1.0, p, r, g, b, r * p, g * p, b * p, r * r, r * g, r * b, g * g, g * b, b * b]
        })
        .collect();
    let lines: Vec<[f32; 4]> = box_sums(width, height, &moments, RADIUS).iter().map(line).collect();
    let norms: Vec<[f32; 1]> = vec![[1.0]; lines.len()];
    let counts = box_sums(width, height, &norms, RADIUS);
    box_sums(width, height, &lines, RADIUS).iter().zip(&counts).map(|(sum, [count])| sum.map(|v| v / count)).collect()
}

/// Alpha of a pixel.
pub(super) fn apply(line: [f32; 4], pixel: [f32; 3]) -> f32 {
    let value = line[0] * pixel[0] + line[1] * pixel[1] + line[2] * pixel[2] + line[3];
    // Windows that hold both sides never quite reach 0 and 1.
    ((value - 0.08) / 0.84).clamp(0.0, 1.0)
}

fn line(sums: &[f32; 14]) -> [f32; 4] {
    let [n, p, r, g, b, rp, gp, bp, rr, rg, rb, gg, gb, bb] = *sums;
    let [p, r, g, b, rp, gp, bp, rr, rg, rb, gg, gb, bb] = [p, r, g, b, rp, gp, bp, rr, rg, rb, gg, gb, bb].map(|v| v / n);
    let spread = [rr - r * r + RIDGE, rg - r * g, rb - r * b, gg - g * g + RIDGE, gb - g * b, bb - b * b + RIDGE];
    let a = solve(spread, [rp - r * p, gp - g * p, bp - b * p]);
    [a[0], a[1], a[2], p - a[0] * r - a[1] * g - a[2] * b]
}

/// Solves a symmetric 3×3 system given by its upper triangle.
fn solve([xx, xy, xz, yy, yz, zz]: [f32; 6], [bx, by, bz]: [f32; 3]) -> [f32; 3] {
    let (c0, c1, c2) = (yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy);
    let determinant = xx * c0 + xy * c1 + xz * c2;
    if determinant.abs() < 1e-3 {
        return [0.0; 3];
    }
    let (d1, d2, d3) = (xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy);
    [(c0 * bx + c1 * by + c2 * bz) / determinant, (c1 * bx + d1 * by + d2 * bz) / determinant, (c2 * bx + d2 * by + d3 * bz) / determinant]
}
