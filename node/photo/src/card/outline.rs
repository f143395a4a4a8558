//! Finds the card: what differs from the table, four straight lines around it, and how much of them is really there.

use crate::image::{Point, Rgb};
use crate::lab::{Lab, difference_squared, lab};

/// The mask is worked out at this length of the longer side; lines are fitted to its border.
const MASK_PX: usize = 320;
/// A card covers at least this share of the picture.
const LEAST_SHARE: f64 = 0.06;
/// How near to a line a border point must lie to be on it, in mask pixels.
const NEAR_PX: f64 = 2.5;
/// Share of the card at its edge that is not looked at inside.
const RIM: f64 = 0.03;

/// Four corners: upper left, upper right, lower right, lower left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outline {
    pub(super) corners: [Point; 4],
    /// Share of the four sides that no border of the card lies on.
    pub(super) missing_share: f64,
}

impl Outline {
    /// The card in a picture; `None` when nothing stands out from the table.
    pub(super) fn find(image: &Rgb) -> Option<Outline> {
        let (small, factor) = image.reduced(MASK_PX);
        let mask = Mask::of(&small)?;
        let border = mask.border();
        let corners = rectangle(&border)?;
        let corners = refined(corners, &border).unwrap_or(corners);
        let missing_share = mask.missing(&corners, &border);
        Some(Outline { corners: corners.map(|corner| corner.scaled(1.0 / factor)), missing_share })
    }

    fn sides_px(&self) -> (f64, f64) {
        let [a, b, c, d] = self.corners;
        ((a.distance(b) + d.distance(c)) / 2.0, (a.distance(d) + b.distance(c)) / 2.0)
    }

    /// Length of the longer sides.
    pub(super) fn long_px(&self) -> f64 {
        let (one, other) = self.sides_px();
        one.max(other)
    }

    /// Length of the shorter sides.
    pub(super) fn short_px(&self) -> f64 {
        let (one, other) = self.sides_px();
        one.min(other)
    }

    /// The longer sides run from top to bottom.
    pub(super) fn upright(&self) -> bool {
        let (across, down) = self.sides_px();
        down > across
    }

    /// Tilt of the longer sides against the nearer edge of the picture.
    pub(super) fn tilt_deg(&self) -> f64 {
        let [a, b, c, d] = self.corners;
        let along = |from: Point, to: Point| (to.y - from.y).atan2(to.x - from.x).to_degrees();
        if self.upright() { (along(a, d) + along(b, c)) / 2.0 - 90.0 } else { (along(a, b) + along(d, c)) / 2.0 }
    }

    /// Positions inside of the card, its rim left out.
    pub(super) fn pixels(&self, image: &Rgb) -> Vec<(usize, usize)> {
        let [a, b, c, d] = self.corners;
        let (columns, rows) = ((a.distance(b).max(2.0) as usize).min(2_000), (a.distance(d).max(2.0) as usize).min(2_000));
        let mut places = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            let v = RIM + (1.0 - 2.0 * RIM) * (row as f64 + 0.5) / rows as f64;
            for column in 0..columns {
                let u = RIM + (1.0 - 2.0 * RIM) * (column as f64 + 0.5) / columns as f64;
                let x = (1.0 - v) * ((1.0 - u) * a.x + u * b.x) + v * ((1.0 - u) * d.x + u * c.x);
                let y = (1.0 - v) * ((1.0 - u) * a.y + u * b.y) + v * ((1.0 - u) * d.y + u * c.y);
                if x >= 0.0 && y >= 0.0 && x < image.width() as f64 && y < image.height() as f64 {
                    places.push((x as usize, y as usize));
                }
            }
        }
        places
    }
}

/// What stands out from the table, holes filled, the largest piece only.
struct Mask {
    width: usize,
    height: usize,
    card: Vec<bool>,
}

impl Mask {
    fn of(image: &Rgb) -> Option<Mask> {
        let (width, height) = (image.width(), image.height());
        if width < 24 || height < 24 {
            return None;
        }
        let colours: Vec<Lab> = image.pixels().iter().map(|pixel| lab(*pixel)).collect();
        let ring: Vec<Lab> = colours.iter().enumerate().filter(|(at, _)| on_ring(*at, width, height)).map(|(_, colour)| *colour).collect();
        // The median along the border of the picture is the table, even where the card touches one edge.
        let table: Lab = std::array::from_fn(|axis| {
            let mut values: Vec<f32> = ring.iter().map(|colour| colour[axis]).collect();
            let middle = values.len() / 2;
            *values.select_nth_unstable_by(middle, f32::total_cmp).1
        });
        let far: Vec<f32> = colours.iter().map(|colour| difference_squared(*colour, table).sqrt()).collect();
        let limit = threshold(&far)?;
        let mut mask = Mask { width, height, card: far.iter().map(|difference| *difference > limit).collect() };
        mask.fill_holes();
        let count = mask.keep_largest();
        (count as f64 >= LEAST_SHARE * (width * height) as f64).then_some(mask)
    }

    /// Print on the card that looks like the table is part of the card: only what the table reaches from outside is table.
    fn fill_holes(&mut self) {
        let seeds: Vec<usize> = (0..self.card.len()).filter(|at| on_edge(*at, self.width, self.height) && !self.card[*at]).collect();
        let outside = self.flood(seeds, false);
        self.card = outside.into_iter().map(|table| !table).collect();
    }

    /// Attack: a mask of nothing but specks has thousands of pieces, so no piece may cost more than its own pixels.
    fn keep_largest(&mut self) -> usize {
        let mut seen = vec![false; self.card.len()];
        let (mut largest, mut size) = (None, 0);
        for at in 0..self.card.len() {
            if self.card[at] && !seen[at] {
                let count = self.flood_into(&mut seen, vec![at], true);
                if count > size {
                    (largest, size) = (Some(at), count);
                }
            }
        }
        if let Some(at) = largest {
            self.card = self.flood(vec![at], true);
        }
        size
    }

    fn flood(&self, open: Vec<usize>, value: bool) -> Vec<bool> {
        let mut reached = vec![false; self.card.len()];
        self.flood_into(&mut reached, open, value);
        reached
    }

    /// Marks what is reached besides what was before, and counts it.
    fn flood_into(&self, reached: &mut [bool], mut open: Vec<usize>, value: bool) -> usize {
        open.iter().for_each(|at| reached[*at] = true);
        let mut count = 0;
        while let Some(at) = open.pop() {
            count += 1;
            let (x, y) = (at % self.width, at / self.width);
            let next = [
                (x > 0).then(|| at - 1),
                (x + 1 < self.width).then_some(at + 1),
                (y > 0).then(|| at - self.width),
                (y + 1 < self.height).then_some(at + self.width),
            ];
            for near in next.into_iter().flatten() {
                if !reached[near] && self.card[near] == value {
                    reached[near] = true;
                    open.push(near);
                }
            }
        }
        count
    }

    /// Pixels of the card beside the table, and where the picture cuts the card.
    fn border(&self) -> Vec<Border> {
        let mut border = Vec::new();
        for (at, _) in self.card.iter().enumerate().filter(|(_, card)| **card) {
            let (x, y) = (at % self.width, at / self.width);
            let cut = on_edge(at, self.width, self.height);
            let beside = !cut && (!self.card[at - 1] || !self.card[at + 1] || !self.card[at - self.width] || !self.card[at + self.width]);
            if cut || beside {
                border.push(Border { at: Point::new(x as f64 + 0.5, y as f64 + 0.5), cut });
            }
        }
        border
    }

    /// Share of the sides where no true border of the card lies on the line.
    fn missing(&self, corners: &[Point; 4], border: &[Border]) -> f64 {
        let (mut missing, mut total) = (0.0, 0.0);
        for side in 0..4 {
            let (from, to) = (corners[side], corners[(side + 1) % 4]);
            let steps = (from.distance(to) as usize).clamp(8, 2_000);
            // Corners of a card are round (3.18 mm of 85.6 mm).
            let bins = &mut vec![false; steps];
            for point in border.iter().filter(|point| !point.cut) {
                let (along, off) = on_line(point.at, from, to);
                if off.abs() <= NEAR_PX && (0.0..1.0).contains(&along) {
                    let bin = (along * steps as f64) as usize;
                    bins[bin.saturating_sub(2)..(bin + 3).min(steps)].fill(true);
                }
            }
            let round = (0.07 * steps as f64).ceil() as usize;
            let looked = &bins[round..steps - round];
            missing += looked.iter().filter(|there| !**there).count() as f64;
            total += looked.len() as f64;
        }
        missing / f64::max(total, 1.0)
    }
}

#[derive(Debug, Clone, Copy)]
struct Border {
    at: Point,
    /// The picture ends here.
    cut: bool,
}

fn on_edge(at: usize, width: usize, height: usize) -> bool {
    let (x, y) = (at % width, at / width);
    x == 0 || y == 0 || x + 1 == width || y + 1 == height
}

fn on_ring(at: usize, width: usize, height: usize) -> bool {
    let (x, y) = (at % width, at / width);
    x < 3 || y < 3 || x + 3 >= width || y + 3 >= height
}

/// Otsu's threshold between table and card; `None` when nothing stands out.
fn threshold(far: &[f32]) -> Option<f32> {
    let mut histogram = [0f64; 128];
    far.iter().for_each(|difference| histogram[(*difference as usize).min(127)] += 1.0);
    let total = far.len() as f64;
    let sum: f64 = histogram.iter().enumerate().map(|(level, n)| level as f64 * n).sum();
    let (mut below, mut below_sum, mut best) = (0.0, 0.0, (0.0, 0));
    for (level, n) in histogram.iter().enumerate() {
        below += n;
        below_sum += level as f64 * n;
        let above = total - below;
        if below > 0.0 && above > 0.0 {
            let between = below * above * (below_sum / below - (sum - below_sum) / above).powi(2);
            if between > best.0 {
                best = (between, level);
            }
        }
    }
    // Half way from the table to the threshold: print and shade make parts of a card less different.
    let limit = 0.6 * (best.1 as f32 + 1.0);
    (limit >= 5.0).then_some(limit)
}

/// Position along a line (0 to 1) and signed distance from it.
fn on_line(point: Point, from: Point, to: Point) -> (f64, f64) {
    let (x, y) = (to.x - from.x, to.y - from.y);
    let length = x.hypot(y).max(1e-9);
    let (u, v) = (point.x - from.x, point.y - from.y);
    ((u * x + v * y) / (length * length), (v * x - u * y) / length)
}

/// The smallest rectangle around the border, corners from the upper left clockwise.
fn rectangle(border: &[Border]) -> Option<[Point; 4]> {
    if border.len() < 20 {
        return None;
    }
    let mut best: Option<(f64, f64, [f64; 4])> = None;
    for step in 0..180 {
        let angle = (f64::from(step) * 0.5 - 45.0).to_radians();
        let (sin, cos) = angle.sin_cos();
        let mut reach = [f64::MAX, f64::MIN, f64::MAX, f64::MIN];
        for Border { at, .. } in border {
            let (u, v) = (at.x * cos + at.y * sin, at.y * cos - at.x * sin);
            reach = [reach[0].min(u), reach[1].max(u), reach[2].min(v), reach[3].max(v)];
        }
        let area = (reach[1] - reach[0]) * (reach[3] - reach[2]);
        if best.is_none_or(|(least, _, _)| area < least) {
            best = Some((area, angle, reach));
        }
    }
    let (_, angle, [left, right, top, bottom]) = best?;
    let (sin, cos) = angle.sin_cos();
    let corner = |u: f64, v: f64| Point::new(u * cos - v * sin, u * sin + v * cos);
    Some([corner(left, top), corner(right, top), corner(right, bottom), corner(left, bottom)])
}

/// Lines fitted to the border near each side, so that perspective is followed; `None` when a side has too little border.
fn refined(corners: [Point; 4], border: &[Border]) -> Option<[Point; 4]> {
    let mut lines = Vec::with_capacity(4);
    for side in 0..4 {
        let (from, to) = (corners[side], corners[(side + 1) % 4]);
        let reach = 0.07 * corners[0].distance(corners[2]);
        let near: Vec<Point> = border
            .iter()
            .map(|point| point.at)
            .filter(|at| {
                let (along, off) = on_line(*at, from, to);
                (0.08..0.92).contains(&along) && off.abs() < reach
            })
            .collect();
        lines.push(fitted(near)?);
    }
    let meet = |one: usize, other: usize| crossing(lines[one], lines[other]);
    Some([meet(3, 0)?, meet(0, 1)?, meet(1, 2)?, meet(2, 3)?])
}

/// A point and a direction.
type Line = (Point, Point);

/// Least squares across the line, repeated without what lies far off.
fn fitted(mut points: Vec<Point>) -> Option<Line> {
    let mut line = None;
    for reach in [6.0, 3.0, 2.0] {
        if points.len() < 12 {
            return line;
        }
        let n = points.len() as f64;
        let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.x / n, y + p.y / n));
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for p in &points {
            (xx, xy, yy) = (xx + (p.x - x).powi(2), xy + (p.x - x) * (p.y - y), yy + (p.y - y).powi(2));
        }
        let angle = 0.5 * (2.0 * xy).atan2(xx - yy);
        let direction = Point::new(angle.cos(), angle.sin());
        line = Some((Point::new(x, y), direction));
        points.retain(|p| ((p.y - y) * direction.x - (p.x - x) * direction.y).abs() < reach);
    }
    line
}

fn crossing((p, d): Line, (q, e): Line) -> Option<Point> {
    let across = d.x * e.y - d.y * e.x;
    if across.abs() < 0.3 {
        return None;
    }
    let t = ((q.x - p.x) * e.y - (q.y - p.y) * e.x) / across;
    Some(Point::new(p.x + t * d.x, p.y + t * d.y))
}

#[cfg(test)]
mod tests {
    //! Pieces of a mask.
    use super::*;

    fn mask(width: usize, height: usize, is_card: impl Fn(usize, usize) -> bool) -> Mask {
        Mask { width, height, card: (0..width * height).map(|at| is_card(at % width, at / width)).collect() }
    }

    #[test]
    fn the_largest_piece_is_kept_wherever_it_lies() {
        let in_box = |x: usize, y: usize, left: usize, side: usize| (left..left + side).contains(&x) && (2..2 + side).contains(&y);
        let mut two = mask(60, 40, |x, y| in_box(x, y, 2, 20) || in_box(x, y, 30, 25));
        assert_eq!(two.keep_largest(), 25 * 25);
        assert!(two.card[3 * 60 + 31] && !two.card[3 * 60 + 3]);
        assert_eq!(mask(30, 30, |_, _| false).keep_largest(), 0);
    }

    #[test]
    fn nothing_but_specks_takes_no_longer_than_its_pixels() {
        let mut specks = mask(640, 640, |x, y| x % 2 == 1 && y % 2 == 1);
        let begun = std::time::Instant::now();
        assert_eq!(specks.keep_largest(), 1);
        assert_eq!(specks.card.iter().filter(|card| **card).count(), 1);
        // A pass over the mask for each of its 102,400 specks would take minutes.
        assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    }
}
