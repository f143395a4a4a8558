//! Print sheets: finished photos side by side on a paper of a lab, in exact millimetres, with marks to cut along.
//!
//! The layout is millimetres only; [`draw`] makes pixels of it, and the node makes a PDF of the same layout.

mod draw;
mod ruler;

use crate::text::Text;

pub use draw::draw;
pub use ruler::RULER_MM;

/// Papers by the names that photo labs use, shorter side first, in millimetres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paper {
    /// `5in`, `6in`, `a4`, or empty for one's own.
    pub name: &'static str,
    /// Shorter side in millimetres.
    pub short_mm: f64,
    /// Longer side in millimetres.
    pub long_mm: f64,
}

impl Paper {
    /// 五寸 (3R).
    pub const FIVE_INCH: Paper = Paper { name: "5in", short_mm: 89.0, long_mm: 127.0 };
    /// 六寸 (4R).
    pub const SIX_INCH: Paper = Paper { name: "6in", short_mm: 102.0, long_mm: 152.0 };
    /// ISO 216 A4.
    pub const A4: Paper = Paper { name: "a4", short_mm: 210.0, long_mm: 297.0 };
    /// Every paper.
    pub const ALL: [Paper; 3] = [Paper::FIVE_INCH, Paper::SIX_INCH, Paper::A4];

    /// The paper of this name.
    pub fn find(name: &str) -> Option<Paper> {
        Paper::ALL.into_iter().find(|paper| paper.name == name)
    }
}

/// How often a photo is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// So often, on as many sheets as it takes.
    Exactly(u32),
    /// As often as the last sheet has room, in turn with the others that fill.
    Fill,
}

/// One photo to be printed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Item {
    /// Width on paper in millimetres.
    pub width_mm: f64,
    /// Height on paper in millimetres.
    pub height_mm: f64,
    /// How often.
    pub copies: Copies,
}

/// How a sheet is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// The paper.
    pub paper: Paper,
    /// Distance between photos in millimetres.
    pub gap_mm: f64,
    /// Distance from the edge of the paper that printers cannot reach, in millimetres.
    pub margin_mm: f64,
    /// Whether marks to cut along are printed.
    pub cut_marks: bool,
}

impl Setting {
    /// Two millimetres between the photos, three to the edge, with marks.
    pub fn on(paper: Paper) -> Setting {
        Setting { paper, gap_mm: 2.0, margin_mm: 3.0, cut_marks: true }
    }
}

/// Where one photo lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Index of the item.
    pub item: usize,
    /// From the left edge of the paper in millimetres.
    pub left_mm: f64,
    /// From the upper edge of the paper in millimetres.
    pub top_mm: f64,
    /// Width in millimetres.
    pub width_mm: f64,
    /// Height in millimetres.
    pub height_mm: f64,
}

/// A straight mark outside of the photos, along which to cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CutMark {
    /// Begin, in millimetres from the upper left corner of the paper.
    pub from_mm: (f64, f64),
    /// End.
    pub to_mm: (f64, f64),
}

/// One sheet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sheet {
    /// The photos.
    pub places: Vec<Place>,
    /// The marks.
    pub cut_marks: Vec<CutMark>,
    /// The lines of a ruler of [`RULER_MM`], by which anybody sees whether the printer kept the size; none where the paper has no room.
    pub ruler: Vec<CutMark>,
}

/// All sheets of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// Width and height of the paper as it is turned, in millimetres.
    pub paper_mm: (f64, f64),
    /// The sheets.
    pub sheets: Vec<Sheet>,
}

/// Why an order cannot be printed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SheetError {
    /// No photos.
    #[error("nothing to print")]
    Empty,
    /// A photo is larger than the paper.
    #[error("a photo of {width_mm} x {height_mm} mm does not fit on the paper")]
    TooLarge {
        /// Width of the photo.
        width_mm: f64,
        /// Height of the photo.
        height_mm: f64,
    },
    /// More sheets than anybody means to print.
    #[error("more than {MAX_SHEETS} sheets")]
    TooMany,
    /// A number that is none, or out of its range.
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
    /// More pixels than are drawn.
    #[error("{width_px} x {height_px} pixels are too many")]
    TooManyPixels {
        /// Width of the sheet.
        width_px: u64,
        /// Height of the sheet.
        height_px: u64,
    },
}

impl SheetError {
    /// Stable identifier.
    pub fn code(&self) -> &'static str {
        match self {
            SheetError::Empty => "sheet_empty",
            SheetError::TooLarge { .. } => "sheet_photo_too_large",
            SheetError::TooMany => "sheet_too_many",
            SheetError::OutOfRange(_) => "sheet_out_of_range",
            SheetError::TooManyPixels { .. } => "sheet_too_many_pixels",
        }
    }

    /// What happened and what to do next.
    pub fn message(&self) -> Text {
        match self {
            SheetError::Empty => Text::new("没有要打印的照片。", "There is no photo to print."),
            SheetError::TooLarge { width_mm, height_mm } => Text::new(
                format!("{width_mm:.0}×{height_mm:.0} 毫米的照片放不进所选相纸。请换大一号相纸或减小页边距。"),
                format!(
                    "A photo of {width_mm:.0}×{height_mm:.0} mm does not fit on this paper. Choose a larger paper or a smaller margin."
                ),
            ),
            SheetError::TooMany => Text::new(
                format!("超过 {MAX_SHEETS} 张相纸。请减少份数。"),
                format!("This would take more than {MAX_SHEETS} sheets. Order fewer copies."),
            ),
            SheetError::OutOfRange(what) => Text::new(format!("{what} 超出允许范围。"), format!("{what} is outside of its allowed range.")),
            SheetError::TooManyPixels { width_px, height_px } => Text::new(
                format!("{width_px}×{height_px} 像素太大。请降低分辨率，或改用 PDF。"),
                format!("{width_px}×{height_px} pixels are too many. Lower the resolution, or print a PDF."),
            ),
        }
    }
}

/// Bound: sheets of one order.
pub const MAX_SHEETS: usize = 50;
/// Bound: copies of one photo.
const MAX_COPIES: u32 = 2_000;
/// Length of a cut mark, and its distance from the photo, in millimetres.
const MARK_MM: f64 = 3.0;
const MARK_GAP_MM: f64 = 0.4;
/// Below a thousandth of a millimetre nothing counts.
const ROUNDING_MM: f64 = 1e-3;

/// Lays an order out. The paper is turned so that fewer sheets are needed, or more photos fit.
pub fn lay_out(items: &[Item], setting: &Setting) -> Result<Layout, SheetError> {
    judge(items, setting)?;
    let Paper { short_mm, long_mm, .. } = setting.paper;
    let upright = packed(items, setting, (short_mm, long_mm));
    let across = packed(items, setting, (long_mm, short_mm));
    let count = |layout: &Layout| layout.sheets.iter().map(|sheet| sheet.places.len()).sum::<usize>();
    match (upright, across) {
        (Ok(upright), Ok(across)) => {
            let (a, b) = (upright.sheets.len(), across.sheets.len());
            let is_better = b < a || b == a && count(&across) > count(&upright);
            Ok(if is_better { across } else { upright })
        }
        (Ok(layout), Err(_)) | (Err(_), Ok(layout)) => Ok(layout),
        (Err(error), Err(_)) => Err(error),
    }
}

fn judge(items: &[Item], setting: &Setting) -> Result<(), SheetError> {
    let range = |what, value: f64, range: std::ops::RangeInclusive<f64>| {
        if range.contains(&value) { Ok(()) } else { Err(SheetError::OutOfRange(what)) }
    };
    range("gap", setting.gap_mm, 0.0..=50.0)?;
    range("margin", setting.margin_mm, 0.0..=50.0)?;
    range("paper", setting.paper.short_mm, 20.0..=1_000.0)?;
    range("paper", setting.paper.long_mm, 20.0..=1_000.0)?;
    for item in items {
        range("photo width", item.width_mm, 5.0..=1_000.0)?;
        range("photo height", item.height_mm, 5.0..=1_000.0)?;
        if matches!(item.copies, Copies::Exactly(count) if count > MAX_COPIES) {
            return Err(SheetError::TooMany);
        }
    }
    let wanted = |item: &Item| item.copies != Copies::Exactly(0);
    if items.iter().any(wanted) { Ok(()) } else { Err(SheetError::Empty) }
}

fn packed(items: &[Item], setting: &Setting, paper_mm: (f64, f64)) -> Result<Layout, SheetError> {
    let mut waiting: Vec<usize> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if shelves(items, &[index], setting, paper_mm).is_none() && item.copies != Copies::Exactly(0) {
            return Err(SheetError::TooLarge { width_mm: item.width_mm, height_mm: item.height_mm });
        }
        if let Copies::Exactly(count) = item.copies {
            waiting.extend(std::iter::repeat_n(index, count as usize));
        }
    }
    // The highest first, so that photos of one height stand in one row and are cut in one go.
    waiting.sort_by(|a, b| items[*b].height_mm.total_cmp(&items[*a].height_mm));
    let mut pages: Vec<Vec<usize>> = vec![Vec::new()];
    for index in waiting {
        let last = pages.last_mut().expect("there is always a page");
        last.push(index);
        if shelves(items, last, setting, paper_mm).is_none() {
            let _ = last.pop();
            pages.push(vec![index]);
        }
        if pages.len() > MAX_SHEETS {
            return Err(SheetError::TooMany);
        }
    }
    let last = pages.last_mut().expect("there is always a page");
    fill(items, last, setting, paper_mm);
    let sheet = |page: &Vec<usize>| {
        let places = shelves(items, page, setting, paper_mm).unwrap_or_default();
        let cut_marks = if setting.cut_marks { cut_marks(&places, paper_mm) } else { Vec::new() };
        let ruler = if setting.cut_marks { ruler::beside(&places, paper_mm) } else { Vec::new() };
        Sheet { places, cut_marks, ruler }
    };
    Ok(Layout { paper_mm, sheets: pages.iter().map(sheet).collect() })
}

/// Adds the photos that fill, each in turn, as long as one of them has room.
fn fill(items: &[Item], page: &mut Vec<usize>, setting: &Setting, paper_mm: (f64, f64)) {
    let mut open: Vec<usize> = (0..items.len()).filter(|index| items[*index].copies == Copies::Fill).collect();
    while !open.is_empty() {
        open.retain(|&index| {
            page.push(index);
            page.sort_by(|a, b| items[*b].height_mm.total_cmp(&items[*a].height_mm));
            if shelves(items, page, setting, paper_mm).is_some() {
                return true;
            }
            let at = page.iter().rposition(|other| *other == index).expect("it was just added");
            let _ = page.remove(at);
            false
        });
    }
}

/// Photos in rows, each row and the block of rows in the middle of the paper; `None` when they do not fit.
fn shelves(items: &[Item], page: &[usize], setting: &Setting, paper_mm: (f64, f64)) -> Option<Vec<Place>> {
    let width = paper_mm.0 - 2.0 * setting.margin_mm + ROUNDING_MM;
    let height = paper_mm.1 - 2.0 * setting.margin_mm + ROUNDING_MM;
    let mut rows: Vec<(Vec<usize>, f64)> = Vec::new();
    for &index in page {
        let item = &items[index];
        match rows.last_mut() {
            Some((row, used)) if *used + setting.gap_mm + item.width_mm <= width => {
                row.push(index);
                *used += setting.gap_mm + item.width_mm;
            }
            _ if item.width_mm <= width => rows.push((vec![index], item.width_mm)),
            _ => return None,
        }
    }
    let tallest = |row: &[usize]| row.iter().map(|index| items[*index].height_mm).fold(0.0, f64::max);
    let used = rows.iter().map(|(row, _)| tallest(row)).sum::<f64>() + setting.gap_mm * rows.len().saturating_sub(1) as f64;
    if used > height {
        return None;
    }
    let mut places = Vec::with_capacity(page.len());
    let mut top_mm = (paper_mm.1 - used) / 2.0;
    for (row, row_width) in &rows {
        let mut left_mm = (paper_mm.0 - row_width) / 2.0;
        for &item in row {
            let Item { width_mm, height_mm, .. } = items[item];
            places.push(Place { item, left_mm, top_mm, width_mm, height_mm });
            left_mm += width_mm + setting.gap_mm;
        }
        top_mm += tallest(row) + setting.gap_mm;
    }
    Some(places)
}

/// Marks at every corner, outward in both directions, shortened to the middle of a gap and left out where a photo lies.
fn cut_marks(places: &[Place], paper_mm: (f64, f64)) -> Vec<CutMark> {
    let mut marks: Vec<CutMark> = Vec::new();
    for place in places {
        let (left, top) = (place.left_mm, place.top_mm);
        let (right, bottom) = (left + place.width_mm, top + place.height_mm);
        for (x, outward) in [(left, -1.0), (right, 1.0)] {
            for (y, downward) in [(top, -1.0), (bottom, 1.0)] {
                let across = |by: f64| (x + outward * by, y);
                let down = |by: f64| (x, y + downward * by);
                marks.extend(mark(&across, places, paper_mm));
                marks.extend(mark(&down, places, paper_mm));
            }
        }
    }
    marks
}

fn mark(at: &dyn Fn(f64) -> (f64, f64), places: &[Place], paper_mm: (f64, f64)) -> Option<CutMark> {
    let free = |(x, y): (f64, f64)| {
        let on_paper = x >= 0.0 && y >= 0.0 && x <= paper_mm.0 && y <= paper_mm.1;
        let inside = |p: &Place| {
            x > p.left_mm - MARK_GAP_MM / 2.0
                && x < p.left_mm + p.width_mm + MARK_GAP_MM / 2.0
                && y > p.top_mm - MARK_GAP_MM / 2.0
                && y < p.top_mm + p.height_mm + MARK_GAP_MM / 2.0
        };
        on_paper && !places.iter().any(inside)
    };
    let mut end = MARK_GAP_MM;
    while end + 0.1 <= MARK_MM && free(at(end + 0.1)) {
        end += 0.1;
    }
    (free(at(MARK_GAP_MM)) && end > MARK_GAP_MM + 0.2).then(|| CutMark { from_mm: at(MARK_GAP_MM), to_mm: at(end) })
}
