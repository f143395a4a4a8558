//! Maximizes margins over scale and place, exactly enough for a ruler.
//!
//! Every row is a bound that is linear in scale, x and y, and no row has both x and y. For a given scale the best x and the
//! best y are therefore found apart, each as the top of a concave function, and what remains is concave in the scale:
//! three nested searches by golden section find the one optimum, without a start value that could decide the result.

/// One bound: `scale * s + x * x + y * y + constant` is how far inside it the photo is, in finished pixels; negative is outside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) scale: f64,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) constant: f64,
    /// What counts as a margin of 1, in finished pixels.
    pub(super) span: f64,
}

/// What a bound depends on beside the scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    Across,
    Down,
    ScaleOnly,
}

impl Row {
    pub(super) fn margin(&self, at: Place) -> f64 {
        (self.scale * at.scale + self.x * at.x + self.y * at.y + self.constant) / self.span
    }

    pub(super) fn axis(&self) -> Axis {
        if self.x != 0.0 {
            Axis::Across
        } else if self.y != 0.0 {
            Axis::Down
        } else {
            Axis::ScaleOnly
        }
    }
}

/// Scale, and where the midpoint between the eyes lies in the finished photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) scale: f64,
    pub(super) x: f64,
    pub(super) y: f64,
}

/// Where the search looks: scales, and how far beyond the finished photo the eyes may lie, which is not at all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region {
    pub(super) scale: (f64, f64),
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A bound that must hold with at least this margin before anything else is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Floor {
    pub(super) row: Row,
    pub(super) least: f64,
}

/// Outweighs every wish: a margin of a ten-thousandth below a floor costs more than any look gains.
const FLOOR_WEIGHT: f64 = 1e5;
/// Each step narrows the interval by 0.618; 42 steps leave 2e-9 of it.
const STEPS: usize = 42;

impl Region {
    /// The place where the smallest margin of `rows` is largest (counted up to `enough`), with that margin; floors come first.
    pub(super) fn widest(&self, rows: &[Row], floors: &[Floor], enough: f64) -> (Place, f64) {
        let smallest =
            |at: Place, wanted: Axis| rows.iter().filter(|row| row.axis() == wanted).map(|row| row.margin(at)).fold(enough, f64::min);
        let place = self.best(floors, smallest, f64::min);
        (place, rows.iter().map(|row| row.margin(place)).fold(enough, f64::min))
    }

    /// The place that pleases most; `wish` is asked for the rows of one axis at a time and must be concave.
    pub(super) fn most_pleasing(&self, floors: &[Floor], wish: impl Fn(Place, Axis) -> f64) -> Place {
        self.best(floors, wish, |a, b| a + b)
    }

    fn best(&self, floors: &[Floor], wish: impl Fn(Place, Axis) -> f64, join: fn(f64, f64) -> f64) -> Place {
        let rate = |at: Place, axis: Axis| {
            let below: f64 =
                floors.iter().filter(|floor| floor.row.axis() == axis).map(|floor| (floor.least - floor.row.margin(at)).max(0.0)).sum();
            (wish(at, axis), below)
        };
        let settled = |scale: f64| {
            let across = top(0.0, self.width, |x| {
                let (wish, below) = rate(Place { scale, x, y: 0.0 }, Axis::Across);
                wish - FLOOR_WEIGHT * below
            });
            let down = top(0.0, self.height, |y| {
                let (wish, below) = rate(Place { scale, x: 0.0, y }, Axis::Down);
                wish - FLOOR_WEIGHT * below
            });
            Place { scale, x: across, y: down }
        };
        let scale = top(self.scale.0, self.scale.1, |scale| {
            let at = settled(scale);
            let parts = [rate(at, Axis::Across), rate(at, Axis::Down), rate(at, Axis::ScaleOnly)];
            let below: f64 = parts.iter().map(|part| part.1).sum();
            join(join(parts[0].0, parts[1].0), parts[2].0) - FLOOR_WEIGHT * below
        });
        settled(scale)
    }
}

/// Where a concave function is largest, by golden section.
fn top(mut low: f64, mut high: f64, value: impl Fn(f64) -> f64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let (mut a, mut b) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut at_a, mut at_b) = (value(a), value(b));
    for _ in 0..STEPS {
        if at_a >= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - GOLDEN * (high - low);
            at_a = value(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + GOLDEN * (high - low);
            at_b = value(b);
        }
    }
    (low + high) / 2.0
}
