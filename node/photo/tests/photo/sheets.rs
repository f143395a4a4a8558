//! Print sheets: millimetres that are kept, photos that do not overlap, marks that do not touch them.

use image::ImageFormat;
use photo::Rgb;
use photo::sheet::{Copies, Item, Layout, Paper, RULER_MM, Setting, SheetError, draw, lay_out};
use proptest::prelude::*;

const CARD: Item = Item { width_mm: 26.0, height_mm: 32.0, copies: Copies::Fill };
const PASSPORT: Item = Item { width_mm: 33.0, height_mm: 48.0, copies: Copies::Fill };

#[test]
fn labs_know_how_many_photos_a_paper_holds() {
    let count =
        |item, paper| lay_out(&[item], &Setting { gap_mm: 1.0, margin_mm: 1.0, ..Setting::on(paper) }).unwrap().sheets[0].places.len();
    let one_inch = Item { width_mm: 25.0, height_mm: 35.0, copies: Copies::Fill };
    let two_inch = Item { width_mm: 35.0, height_mm: 49.0, copies: Copies::Fill };
    assert_eq!(count(one_inch, Paper::FIVE_INCH), 9);
    assert_eq!(count(two_inch, Paper::FIVE_INCH), 4);
    assert_eq!(count(two_inch, Paper::SIX_INCH), 8);
    assert_eq!(count(CARD, Paper::A4), 10 * 6);
}

#[test]
fn mixed_documents_share_a_sheet() {
    let items = [Item { copies: Copies::Exactly(4), ..PASSPORT }, CARD];
    let layout = lay_out(&items, &Setting::on(Paper::SIX_INCH)).unwrap();
    let of = |item: usize| layout.sheets[0].places.iter().filter(|place| place.item == item).count();
    assert_eq!((layout.sheets.len(), of(0)), (1, 4));
    assert!(of(1) >= 4, "{}", of(1));
}

#[test]
fn mend_58_a_ruler_of_fifty_millimetres_lies_beside_the_photos_where_there_is_room() {
    let layout = lay_out(&[Item { copies: Copies::Exactly(4), ..PASSPORT }], &Setting::on(Paper::SIX_INCH)).unwrap();
    let line = layout.sheets[0].ruler[0];
    let length = (line.to_mm.0 - line.from_mm.0).abs() + (line.to_mm.1 - line.from_mm.1).abs();
    assert!((length - RULER_MM).abs() < 1e-9, "{line:?}");
    for stroke in &layout.sheets[0].ruler {
        let (from, to) = (stroke.from_mm, stroke.to_mm);
        assert!((from.0 - to.0).abs() < 1e-9 || (from.1 - to.1).abs() < 1e-9, "it is drawn in pixels too: {stroke:?}");
        assert!([from, to].iter().all(|(x, y)| *x > 1.0 && *y > 1.0 && *x < layout.paper_mm.0 - 1.0 && *y < layout.paper_mm.1 - 1.0));
    }
    let photo = Rgb::filled(390, 567, [200; 3]);
    let page = drawn(&layout, &photo, 254);
    let (x, y) = ((line.from_mm.0 * 10.0) as u32, (line.from_mm.1 * 10.0) as u32);
    assert!(page.get_pixel(x, y)[0] < 180, "its line stands in the picture");
    let full = lay_out(&[CARD], &Setting { margin_mm: 1.0, gap_mm: 0.5, ..Setting::on(Paper { name: "", short_mm: 81.0, long_mm: 99.0 }) })
        .unwrap();
    assert!(full.sheets[0].ruler.is_empty(), "no room: {:?}", full.sheets[0].ruler.first());
}

#[test]
fn many_copies_take_several_sheets() {
    let layout = lay_out(&[Item { copies: Copies::Exactly(30), ..CARD }], &Setting::on(Paper::FIVE_INCH)).unwrap();
    let counts: Vec<usize> = layout.sheets.iter().map(|sheet| sheet.places.len()).collect();
    assert_eq!(counts.iter().sum::<usize>(), 30);
    assert!(counts.len() > 2);
}

#[test]
fn what_cannot_be_printed_is_said() {
    let on = |items: &[Item]| lay_out(items, &Setting::on(Paper::FIVE_INCH)).unwrap_err();
    assert_eq!(on(&[]), SheetError::Empty);
    assert_eq!(on(&[Item { copies: Copies::Exactly(0), ..CARD }]), SheetError::Empty);
    assert_eq!(on(&[Item { width_mm: 130.0, height_mm: 130.0, copies: Copies::Fill }]).code(), "sheet_photo_too_large");
    assert_eq!(on(&[Item { copies: Copies::Exactly(1_000), ..CARD }]), SheetError::TooMany);
    assert_eq!(on(&[Item { width_mm: f64::NAN, ..CARD }]).code(), "sheet_out_of_range");
    let layout = lay_out(&[CARD], &Setting::on(Paper::A4)).unwrap();
    let photo = Rgb::filled(358, 441, [9; 3]);
    let error = draw(&layout, &layout.sheets[0], &[photo], 1_200).unwrap_err();
    assert_eq!(error.code(), "sheet_too_many_pixels");
    assert!(!error.message().zh.is_empty());
}

fn drawn(layout: &Layout, photo: &Rgb, dpi: u32) -> image::RgbImage {
    let jpeg = draw(layout, &layout.sheets[0], std::slice::from_ref(photo), dpi).unwrap();
    assert_eq!(u16::from_be_bytes([jpeg[14], jpeg[15]]), dpi as u16);
    image::load_from_memory_with_format(&jpeg, ImageFormat::Jpeg).unwrap().into_rgb8()
}

#[test]
fn millimetres_on_paper_are_exact_at_any_resolution() {
    let layout = lay_out(&[CARD], &Setting::on(Paper::SIX_INCH)).unwrap();
    let photo = Rgb::filled(358, 441, [200, 30, 30]);
    for dpi in [150u32, 300, 350, 600] {
        let page = drawn(&layout, &photo, dpi);
        let px = |mm: f64| mm / 25.4 * f64::from(dpi);
        assert!((f64::from(page.width()) - px(layout.paper_mm.0)).abs() <= 0.5);
        let place = layout.sheets[0].places[1];
        let row = px(place.top_mm + 16.0) as u32;
        let red = |x: u32| page.get_pixel(x, row).0[1] < 128;
        let first = (px(place.left_mm - 0.9) as u32..).find(|&x| red(x)).unwrap();
        let last = (first..).find(|&x| !red(x)).unwrap();
        assert!((f64::from(first) - px(place.left_mm)).abs() <= 1.0, "{dpi}");
        assert!((f64::from(last - first) - px(26.0)).abs() <= 1.0, "{dpi}: {}", last - first);
    }
}

#[test]
fn at_its_own_resolution_the_photo_is_not_resampled() {
    // 358 pixels at 350 dpi are 25.98 mm, and the card is 26 mm wide.
    let stripes = Rgb::from_pixels(358, 441, (0..358 * 441).map(|i| if i % 358 % 2 == 0 { [0; 3] } else { [255; 3] }).collect()).unwrap();
    let layout = lay_out(&[CARD], &Setting::on(Paper::FIVE_INCH)).unwrap();
    let page = drawn(&layout, &stripes, 350);
    let place = layout.sheets[0].places[0];
    let px = |mm: f64| (mm / 25.4 * 350.0).round() as u32;
    let y = px(place.top_mm) + 200;
    let values: Vec<u8> = (100..120).map(|x| page.get_pixel(px(place.left_mm) + x, y).0[0]).collect();
    assert!(values.chunks(2).all(|pair| pair[0] < 40 && pair[1] > 215), "{values:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn photos_stay_on_the_paper_and_apart_and_marks_stay_off_them(
        sizes in prop::collection::vec((15.0f64..60.0, 15.0f64..60.0, 0u32..9), 1..4),
        gap_mm in 0.0f64..6.0, margin_mm in 0.0f64..6.0, paper in 0usize..3,
    ) {
        let items: Vec<Item> = sizes.iter().map(|&(width_mm, height_mm, copies)| {
            Item { width_mm, height_mm, copies: if copies == 8 { Copies::Fill } else { Copies::Exactly(copies) } }
        }).collect();
        let setting = Setting { gap_mm, margin_mm, ..Setting::on(Paper::ALL[paper]) };
        let Ok(layout) = lay_out(&items, &setting) else { return Ok(()) };
        for (index, item) in items.iter().enumerate() {
            let placed = layout.sheets.iter().flat_map(|s| &s.places).filter(|p| p.item == index).count();
            if let Copies::Exactly(count) = item.copies {
                prop_assert_eq!(placed, count as usize);
            }
        }
        for sheet in &layout.sheets {
            for (at, a) in sheet.places.iter().enumerate() {
                prop_assert!(a.left_mm >= margin_mm - 0.01 && a.top_mm >= margin_mm - 0.01);
                prop_assert!(a.left_mm + a.width_mm <= layout.paper_mm.0 - margin_mm + 0.01);
                prop_assert!(a.top_mm + a.height_mm <= layout.paper_mm.1 - margin_mm + 0.01);
                for b in &sheet.places[at + 1..] {
                    let beside = a.left_mm + a.width_mm + gap_mm <= b.left_mm + 0.01 || b.left_mm + b.width_mm + gap_mm <= a.left_mm + 0.01;
                    let below = a.top_mm + a.height_mm + gap_mm <= b.top_mm + 0.01 || b.top_mm + b.height_mm + gap_mm <= a.top_mm + 0.01;
                    prop_assert!(beside || below);
                }
                for mark in sheet.cut_marks.iter().chain(&sheet.ruler) {
                    for (x, y) in [mark.from_mm, mark.to_mm] {
                        let inside = x > a.left_mm && x < a.left_mm + a.width_mm && y > a.top_mm && y < a.top_mm + a.height_mm;
                        prop_assert!(!inside);
                    }
                }
            }
        }
    }
}
