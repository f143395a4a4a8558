//! Print sheets as a PDF: the photos' own JPEG bytes, placed in millimetres, with marks to cut along.

use super::canvas::POINT;
use super::receipt::PrintError;
use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Size, Transform};
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::Stroke;
use photo::sheet::Layout;

/// Width of a cut mark in millimetres.
const MARK_MM: f64 = 0.1;

/// Every sheet as a page of its own. `jpegs` are the finished photos of the items, in their order.
///
/// # Errors
/// A photo is no JPEG, or a place names a photo that is not there.
pub fn sheets(layout: &Layout, jpegs: &[Vec<u8>]) -> Result<Vec<u8>, PrintError> {
    let read = |jpeg: &Vec<u8>| Image::from_jpeg(jpeg.clone().into(), false).map_err(PrintError::Photo);
    let photos: Vec<Image> = jpegs.iter().map(read).collect::<Result<_, _>>()?;
    let refused = |what: &str| PrintError::Document(what.to_owned());
    let point = |mm: f64| mm as f32 * POINT;
    let mut document = Document::new();
    document.set_metadata(Metadata::new().title("photos".to_owned()).producer("huizhi".to_owned()));
    for sheet in &layout.sheets {
        let settings = PageSettings::from_wh(point(layout.paper_mm.0), point(layout.paper_mm.1)).ok_or_else(|| refused("page size"))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for place in &sheet.places {
            let photo = photos.get(place.item).ok_or_else(|| refused("a place without its photo"))?;
            let size = Size::from_wh(point(place.width_mm), point(place.height_mm)).ok_or_else(|| refused("photo size"))?;
            surface.push_transform(&Transform::from_translate(point(place.left_mm), point(place.top_mm)));
            surface.draw_image(photo.clone(), size);
            surface.pop();
        }
        surface.set_fill(None);
        surface.set_stroke(Some(Stroke { paint: rgb::Color::new(120, 120, 120).into(), width: point(MARK_MM), ..Stroke::default() }));
        for mark in sheet.cut_marks.iter().chain(&sheet.ruler) {
            let mut path = PathBuilder::new();
            path.move_to(point(mark.from_mm.0), point(mark.from_mm.1));
            path.line_to(point(mark.to_mm.0), point(mark.to_mm.1));
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        surface.finish();
        page.finish();
    }
    super::scaling::actual_size(document.finish().map_err(|error| PrintError::Document(format!("{error:?}")))?)
}
