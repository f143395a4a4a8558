//! Continues a field that is known only in places: each hole takes what is near it.

/// Fills by halving and doubling (push and pull): where the weight is below 1, the mean of wider and wider surroundings comes in.
pub(super) fn filled<const N: usize>(width: usize, height: usize, mut values: Vec<[f32; N]>, weights: &[f32]) -> Vec<[f32; N]> {
    if width == 1 && height == 1 || weights.iter().all(|w| *w >= 1.0) {
        return values;
    }
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    let mut sums = vec![[0f32; N]; half_width * half_height];
    let mut totals = vec![0f32; half_width * half_height];
    for y in 0..height {
        for x in 0..width {
            let (from, to) = (y * width + x, y / 2 * half_width + x / 2);
            (0..N).for_each(|i| sums[to][i] += weights[from] * values[from][i]);
            totals[to] += weights[from];
        }
    }
    for (sum, total) in sums.iter_mut().zip(&mut totals) {
        if *total > 0.0 {
            *sum = sum.map(|v| v / *total);
        }
        *total = total.min(1.0);
    }
    let wide = filled(half_width, half_height, sums, &totals);
    for y in 0..height {
        let (above, below, fy) = neighbours(y, half_height);
        for x in 0..width {
            let at = y * width + x;
            let share = weights[at].min(1.0);
            if share >= 1.0 {
                continue;
            }
            let (left, right, fx) = neighbours(x, half_width);
            let [a, b, c, d] = [(above, left), (above, right), (below, left), (below, right)].map(|(v, u)| &wide[v * half_width + u]);
            for i in 0..N {
                let top = a[i] + fx * (b[i] - a[i]);
                let bottom = c[i] + fx * (d[i] - c[i]);
                values[at][i] = share * values[at][i] + (1.0 - share) * (top + fy * (bottom - top));
            }
        }
    }
    values
}

/// The two halved places around a place, and how much the second counts.
fn neighbours(at: usize, half: usize) -> (usize, usize, f32) {
    if at.is_multiple_of(2) { ((at / 2).saturating_sub(1), at / 2, 0.75) } else { (at / 2, (at / 2 + 1).min(half - 1), 0.25) }
}

#[cfg(test)]
mod tests {
    //! Known places stay; holes lie between what surrounds them.
    use super::*;

    #[test]
    fn a_hole_takes_its_surroundings_and_known_places_stay() {
        let (width, height) = (13, 9);
        let known = |at: usize| at % width < 4 || at % width > 9;
        let values = (0..width * height).map(|at| [if at % width < 4 { 10.0 } else { 20.0 }]).collect();
        let weights: Vec<f32> = (0..width * height).map(|at| f32::from(u8::from(known(at)))).collect();
        let full = filled(width, height, values, &weights);
        for (at, [v]) in full.iter().enumerate() {
            match at % width {
                0..4 => assert_eq!(*v, 10.0),
                10.. => assert_eq!(*v, 20.0),
                _ => assert!((10.0..=20.0).contains(v), "{v}"),
            }
        }
        assert!(full[5 * width + 4][0] < full[5 * width + 9][0]);
    }

    #[test]
    fn nothing_known_stays_finite() {
        assert!(filled(3, 5, vec![[7.0f32]; 15], &[0.0; 15]).iter().all(|[v]| v.is_finite()));
    }
}
