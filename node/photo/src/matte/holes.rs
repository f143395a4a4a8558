//! What a mask cannot be: specks in the room, holes in the person.

use crate::image::Point;
use crate::plane::Plane;

/// Keeps the part that holds the face, drops specks, fills holes that the wall cannot be seen through.
pub(super) fn clean(person: &mut Plane, face: Point) {
    let (width, height) = (person.width, person.height);
    let inside: Vec<bool> = person.values.iter().map(|v| *v > 0.5).collect();
    let start = (face.y.max(0.0) as usize).min(height - 1) * width + (face.x.max(0.0) as usize).min(width - 1);
    let kept = flood(width, height, [start].into_iter(), |at| inside[at]);
    let border = (0..width * height).filter(|at| {
        let (x, y) = (at % width, at / width);
        x == 0 || y == 0 || x == width - 1 || y == height - 1
    });
    let outside = flood(width, height, border.filter(|&at| !kept[at]), |at| !kept[at]);
    for at in 0..width * height {
        if !kept[at] && outside[at] {
            // Specks elsewhere in the room are no part of the person, however sure the colour is.
            person.values[at] = if inside[at] { 0.0 } else { person.values[at].min(0.45) };
        } else if !kept[at] {
            person.values[at] = 1.0;
        }
    }
}

/// All open places that are reached from the starts without a diagonal step.
pub(super) fn flood(width: usize, height: usize, starts: impl Iterator<Item = usize>, open: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut seen = vec![false; width * height];
    let mut waiting: Vec<usize> = starts.filter(|&at| open(at)).collect();
    waiting.iter().for_each(|&at| seen[at] = true);
    while let Some(at) = waiting.pop() {
        let (x, y) = (at % width, at / width);
        let neighbours = [
            (x > 0).then(|| at - 1),
            (x + 1 < width).then_some(at + 1),
            (y > 0).then(|| at - width),
            (y + 1 < height).then_some(at + width),
        ];
        for next in neighbours.into_iter().flatten() {
            if !seen[next] && open(next) {
                seen[next] = true;
                waiting.push(next);
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    //! A ring around the face is filled, a speck in the corner goes.
    use super::*;

    #[test]
    fn holes_are_filled_and_specks_dropped() {
        let mut mask = Plane::from_fn(20, 20, |x, y| f32::from(u8::from((4..16).contains(&x) && y > 3)));
        mask.values[10 * 20 + 10] = 0.1;
        mask.values[1] = 0.9;
        clean(&mut mask, Point::new(8.0, 8.0));
        assert_eq!((mask.at(10, 10), mask.at(1, 0), mask.at(8, 8)), (1.0, 0.0, 1.0));
    }
}
