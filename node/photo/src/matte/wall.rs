//! The colours of the wall, learnt where it is seen and continued behind the person.

use super::boxes::box_sums;
use super::fill::filled;

/// A smooth field of three numbers with the variance left around it.
///
/// The numbers are colours, or, with a clean plate, exposures of the picture against the plate.
#[derive(Debug, Clone)]
pub(super) struct WallField {
    /// The field.
    pub(super) values: Vec<[f32; 3]>,
    /// Sum of the three variances of what the field does not follow.
    pub(super) variance: Vec<f32>,
    /// Root mean square of what a plane curved once does not follow, over the three numbers together.
    pub(super) roughness: f32,
}

/// Radius over which known places are averaged.
const SMOOTH: usize = 2;
/// Fewer known places than this do not carry a curved plane.
const FEWEST: usize = 24;
const TERMS: usize = 6;

impl WallField {
    /// Fits a curved plane robustly, then lets what it does not follow come in from the nearest known places.
    pub(super) fn fit(width: usize, height: usize, samples: &[[f32; 3]], known: &[bool]) -> WallField {
        let basis = |at: usize| {
            let x = 2.0 * (at % width) as f64 / width as f64 - 1.0;
            let y = 2.0 * (at / width) as f64 / height as f64 - 1.0;
            [1.0, x, y, x * x, x * y, y * y]
        };
        let planes = curved_planes(samples, known, &basis);
        let plane_at = |at: usize| -> [f32; 3] {
            let terms = basis(at);
            std::array::from_fn(|i| (0..TERMS).map(|t| planes[i][t] * terms[t]).sum::<f64>() as f32)
        };
        let smooth: Vec<[f32; 3]> = (0..samples.len()).map(plane_at).collect();
        let mut rest = vec![[0f32; 4]; samples.len()];
        let (mut square, mut count) = (0f64, 0usize);
        for at in (0..samples.len()).filter(|&at| known[at]) {
            let r: [f32; 3] = std::array::from_fn(|i| samples[at][i] - smooth[at][i]);
            square += r.iter().map(|v| f64::from(v * v)).sum::<f64>();
            count += 1;
            rest[at] = [r[0], r[1], r[2], 1.0];
        }
        let near = box_sums(width, height, &rest, SMOOTH);
        let mut left = vec![[0f32; 2]; samples.len()];
        for at in (0..samples.len()).filter(|&at| known[at]) {
            let off: f32 = (0..3).map(|i| (rest[at][i] - near[at][i] / near[at][3]).powi(2)).sum();
            left[at] = [off, 1.0];
        }
        let spread = box_sums(width, height, &left, SMOOTH);
        let mut field = vec![[0f32; 4]; samples.len()];
        for at in (0..samples.len()).filter(|&at| known[at]) {
            let n = near[at][3];
            field[at] = [near[at][0] / n, near[at][1] / n, near[at][2] / n, spread[at][0] / spread[at][1]];
        }
        let weights: Vec<f32> = known.iter().map(|k| f32::from(u8::from(*k))).collect();
        let field = filled(width, height, field, &weights);
        WallField {
            values: field.iter().zip(&smooth).map(|(f, s)| std::array::from_fn(|i| f[i] + s[i])).collect(),
            variance: field.iter().map(|f| f[3]).collect(),
            roughness: (square / count.max(1) as f64).sqrt() as f32,
        }
    }
}

/// Weighted least squares, three rounds: what lies far off counts less each time.
fn curved_planes(samples: &[[f32; 3]], known: &[bool], basis: &impl Fn(usize) -> [f64; TERMS]) -> [[f64; TERMS]; 3] {
    let own: Vec<usize> = (0..samples.len()).filter(|&at| known[at]).collect();
    let stride = (own.len() / 4_000).max(1);
    let own: Vec<(usize, [f64; TERMS])> = own.into_iter().step_by(stride).map(|at| (at, basis(at))).collect();
    let mut planes = [[0.0; TERMS]; 3];
    if own.len() < FEWEST {
        for (i, plane) in planes.iter_mut().enumerate() {
            plane[0] = own.iter().map(|&(at, _)| f64::from(samples[at][i])).sum::<f64>() / own.len().max(1) as f64;
        }
        return planes;
    }
    let mut weights = vec![1f64; own.len()];
    for _ in 0..3 {
        let mut matrix = [[0f64; TERMS]; TERMS];
        let mut right = [[0f64; 3]; TERMS];
        for ((at, terms), weight) in own.iter().zip(&weights) {
            for row in 0..TERMS {
                let weighted = weight * terms[row];
                (0..=row).for_each(|column| matrix[row][column] += weighted * terms[column]);
                (0..3).for_each(|i| right[row][i] += weighted * f64::from(samples[*at][i]));
            }
        }
        planes = solve(matrix, right);
        let off: Vec<f64> = own
            .iter()
            .map(|(at, terms)| {
                let miss = |i: usize| f64::from(samples[*at][i]) - (0..TERMS).map(|t| planes[i][t] * terms[t]).sum::<f64>();
                (0..3).map(|i| miss(i).powi(2)).sum()
            })
            .collect();
        let usual = 2.0 * off.iter().map(|v| v.sqrt()).sum::<f64>() / off.len() as f64;
        weights.iter_mut().zip(&off).for_each(|(w, o)| *w = 1.0 / (1.0 + o / (usual * usual + 1e-9)));
    }
    planes
}

/// Solves the normal equations, given by their lower triangle, by Cholesky's method; a tiny ridge keeps them solvable.
fn solve(mut m: [[f64; TERMS]; TERMS], right: [[f64; 3]; TERMS]) -> [[f64; TERMS]; 3] {
    for row in 0..TERMS {
        m[row][row] += 1e-6 * (1.0 + m[0][0]);
    }
    for row in 0..TERMS {
        for column in 0..=row {
            let mut sum = m[row][column];
            (0..column).for_each(|k| sum -= m[row][k] * m[column][k]);
            m[row][column] = if row == column { sum.max(1e-12).sqrt() } else { sum / m[column][column] };
        }
    }
    std::array::from_fn(|i| {
        let mut x = [0f64; TERMS];
        for row in 0..TERMS {
            x[row] = (right[row][i] - (0..row).map(|k| m[row][k] * x[k]).sum::<f64>()) / m[row][row];
        }
        for row in (0..TERMS).rev() {
            x[row] = (x[row] - (row + 1..TERMS).map(|k| m[k][row] * x[k]).sum::<f64>()) / m[row][row];
        }
        x
    })
}

#[cfg(test)]
mod tests {
    //! Light that falls off is followed exactly, also behind the person.
    use super::*;

    #[test]
    fn a_curved_fall_off_is_continued_behind_the_person() {
        let (width, height) = (40, 30);
        let truth = |at: usize| {
            let (x, y) = ((at % width) as f32 / 40.0, (at / width) as f32 / 30.0);
            [200.0 - 60.0 * x + 20.0 * y * y, 190.0 - 50.0 * x, 180.0 + 10.0 * x * y]
        };
        let known: Vec<bool> = (0..width * height).map(|at| !(12..28).contains(&(at % width)) || at / width < 8).collect();
        let samples: Vec<[f32; 3]> = (0..width * height).map(|at| if known[at] { truth(at) } else { [9.0; 3] }).collect();
        let field = WallField::fit(width, height, &samples, &known);
        assert!(field.roughness < 0.1, "{}", field.roughness);
        for at in 0..width * height {
            (0..3).for_each(|i| assert!((field.values[at][i] - truth(at)[i]).abs() < 0.6, "{at} {i}"));
        }
    }
}
