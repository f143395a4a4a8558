//! Sums over squares of several numbers at once, kept side by side so that one instruction adds many.

/// Sum over the square of `2 * radius + 1` pixels around each pixel; beyond the edges there is nothing.
pub(super) fn box_sums<const N: usize>(width: usize, height: usize, values: &[[f32; N]], radius: usize) -> Vec<[f32; N]> {
    let mut across = vec![[0f32; N]; values.len()];
    for (from, to) in values.chunks_exact(width).zip(across.chunks_exact_mut(width)) {
        for (x, sum) in to.iter_mut().enumerate() {
            for value in &from[x.saturating_sub(radius)..(x + radius + 1).min(width)] {
                (0..N).for_each(|i| sum[i] += value[i]);
            }
        }
    }
    let mut result = vec![[0f32; N]; values.len()];
    for (y, to) in result.chunks_exact_mut(width).enumerate() {
        for row in y.saturating_sub(radius)..(y + radius + 1).min(height) {
            let from = &across[row * width..(row + 1) * width];
            to.as_flattened_mut().iter_mut().zip(from.as_flattened()).for_each(|(sum, v)| *sum += v);
        }
    }
    result
}
