//! Drawing in millimetres from the upper left corner of the sheet, the units that the form is designed in.

use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::num::NormalizedF32;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;

use super::barcode::Modules;
use super::font::Font;
use super::receipt::PrintError;

/// Points per millimetre.
pub(super) const POINT: f32 = 72.0 / 25.4;

/// A shade of grey; 0 is black.
#[derive(Clone, Copy)]
pub(super) struct Ink(pub(super) u8);

/// Black.
pub(super) const BLACK: Ink = Ink(0);
/// Labels and small print.
pub(super) const GREY: Ink = Ink(90);
/// Rules and frames.
pub(super) const LIGHT: Ink = Ink(170);

/// A page under way.
pub(super) struct Canvas<'a, 'b> {
    pub(super) surface: &'a mut Surface<'b>,
    pub(super) font: &'a Font,
}

impl Canvas<'_, '_> {
    /// One line of text; `y` is its baseline.
    pub(super) fn text(&mut self, x: f32, y: f32, size: f32, ink: Ink, text: &str) -> Result<(), PrintError> {
        let glyphs = self.font.glyphs(text).map_err(PrintError::NotPrintable)?;
        self.ink(ink);
        let start = Point::from_xy(x * POINT, y * POINT);
        self.surface.draw_glyphs(start, &glyphs, self.font.embedded(), text, size, false);
        Ok(())
    }

    /// One line between two edges, in the middle.
    pub(super) fn centred(&mut self, edges: (f32, f32), y: f32, size: f32, ink: Ink, text: &str) -> Result<(), PrintError> {
        let x = (edges.0 + edges.1 - self.width(text, size)) / 2.0;
        self.text(x, y, size, ink, text)
    }

    /// A paragraph; returns the baseline of the line after it.
    pub(super) fn paragraph(&mut self, at: (f32, f32), width: f32, size: f32, ink: Ink, text: &str) -> Result<f32, PrintError> {
        let mut y = at.1;
        for line in self.font.wrap(text, size, width * POINT) {
            self.text(at.0, y, size, ink, line.trim_end())?;
            y += leading(size);
        }
        Ok(y)
    }

    /// Like [`Self::paragraph`], in a smaller size when it would take more lines than wished.
    /// Bound: at the smallest size it is cut after `lines.1` lines, so that a form never runs off its sheet.
    pub(super) fn fitted(
        &mut self,
        at: (f32, f32),
        width: f32,
        sizes: (f32, f32),
        lines: (usize, usize),
        text: &str,
    ) -> Result<f32, PrintError> {
        let mut size = sizes.0;
        let mut wrapped = self.font.wrap(text, size, width * POINT);
        while size > sizes.1 && wrapped.len() > lines.0 {
            size = (size - 0.5).max(sizes.1);
            wrapped = self.font.wrap(text, size, width * POINT);
        }
        if wrapped.len() > lines.1 {
            wrapped.truncate(lines.1);
            if let Some(last) = wrapped.last_mut() {
                last.pop();
                last.push('…');
            }
        }
        let mut y = at.1;
        for line in wrapped {
            self.text(at.0, y, size, BLACK, line.trim_end())?;
            y += leading(size);
        }
        Ok(y)
    }

    /// A filled rectangle.
    pub(super) fn bar(&mut self, x: f32, y: f32, width: f32, height: f32, ink: Ink) {
        self.ink(ink);
        let mut path = PathBuilder::new();
        push(&mut path, x, y, width, height);
        if let Some(path) = path.finish() {
            self.surface.draw_path(&path);
        }
    }

    /// An empty rectangle with a fine edge outside of it, so that it covers nothing.
    pub(super) fn frame(&mut self, x: f32, y: f32, width: f32, height: f32, ink: Ink) {
        const EDGE: f32 = 0.15;
        self.bar(x - EDGE, y - EDGE, width + 2.0 * EDGE, EDGE, ink);
        self.bar(x - EDGE, y + height, width + 2.0 * EDGE, EDGE, ink);
        self.bar(x - EDGE, y, EDGE, height, ink);
        self.bar(x + width, y, EDGE, height, ink);
    }

    /// A barcode as one path; `module` gives a module's width and height.
    pub(super) fn modules(&mut self, modules: &Modules, x: f32, y: f32, module: (f32, f32)) {
        self.ink(BLACK);
        let mut path = PathBuilder::new();
        for run in &modules.runs {
            let (left, top) = (x + run.start as f32 * module.0, y + run.row as f32 * module.1);
            push(&mut path, left, top, run.length as f32 * module.0, module.1);
        }
        if let Some(path) = path.finish() {
            self.surface.draw_path(&path);
        }
    }

    /// A picture at an exact size.
    pub(super) fn image(&mut self, image: Image, x: f32, y: f32, width: f32, height: f32) {
        if let Some(size) = Size::from_wh(width * POINT, height * POINT) {
            self.surface.push_transform(&Transform::from_translate(x * POINT, y * POINT));
            self.surface.draw_image(image, size);
            self.surface.pop();
        }
    }

    /// Width of a line in millimetres.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        self.font.width(text, size) / POINT
    }

    fn ink(&mut self, ink: Ink) {
        self.surface.set_fill(Some(Fill {
            paint: rgb::Color::new(ink.0, ink.0, ink.0).into(),
            opacity: NormalizedF32::ONE,
            rule: FillRule::default(),
        }));
    }
}

/// Distance of two baselines in millimetres.
pub(super) fn leading(size: f32) -> f32 {
    size * 1.35 / POINT
}

fn push(path: &mut PathBuilder, x: f32, y: f32, width: f32, height: f32) {
    if let Some(rect) = Rect::from_xywh(x * POINT, y * POINT, width * POINT, height * POINT) {
        path.push_rect(rect);
    }
}
