//! Whole runs on a drawn portrait, of which every point is known.

use image::ImageFormat;
use photo::{LocatedBy, Marks, NoVision, PhotoError, Point, Shot, Stage, Standardized, Verdict, Wanted, prepare, preview, standardize};
use specs::{Spec, find};

use studio::{ORDINARY, Portrait, Scripted, bytes};

fn seeing(portrait: &Portrait) -> Scripted {
    Scripted { width: portrait.width, faces: vec![portrait.face()] }
}

fn run(portrait: &Portrait, spec: &Spec) -> Standardized {
    standardize(&portrait.bytes(ImageFormat::Jpeg), spec, &seeing(portrait), None, &mut |_| {}).unwrap()
}

fn code(result: Result<Standardized, PhotoError>) -> &'static str {
    result.unwrap_err().code()
}

#[track_caller]
fn check_verdict(made: &Standardized, name: &str, verdict: Verdict) {
    let check = made.report.get(name).unwrap_or_else(|| panic!("no check {name}"));
    assert_eq!(check.verdict, verdict, "{check:#?}");
    assert_eq!(check.next_step.is_empty(), verdict == Verdict::Pass, "{check:#?}");
}

#[test]
fn an_ordinary_portrait_passes_every_check_of_the_identity_card() {
    let made = run(&ORDINARY, find("cn-id-card").unwrap());
    let failed: Vec<_> = made.report.checks.iter().filter(|c| c.verdict == Verdict::Fail).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    // What was not assessed says why: a model is missing, or only a person can judge. No measurement is in doubt.
    for check in made.report.checks.iter().filter(|c| c.verdict == Verdict::NotAssessed) {
        assert!(!check.reason.is_empty() && matches!(check.code, Some("model_absent" | "person_judges")), "{check:#?}");
    }
    assert!(made.report.passed());
    assert_eq!(made.located_by, LocatedBy::Model);
    let truth = ORDINARY.marks();
    assert!(made.marks.chin.distance(truth.chin) < 10.0, "{:?} {:?}", made.marks, truth);
    assert!((made.marks.crown.y - truth.crown.y).abs() < 6.0, "{:?} {:?}", made.marks, truth);
}

#[test]
fn the_file_has_exact_pixels_resolution_and_no_metadata() {
    let made = run(&ORDINARY, find("cn-id-card").unwrap());
    let jpeg = &made.jpeg;
    assert_eq!(&jpeg[..4], [0xff, 0xd8, 0xff, 0xe0]);
    assert_eq!(&jpeg[6..11], b"JFIF\0");
    // Unit 1 is dots per inch, then both densities.
    assert_eq!(jpeg[13], 1);
    assert_eq!(u16::from_be_bytes([jpeg[14], jpeg[15]]), 350);
    assert_eq!(u16::from_be_bytes([jpeg[16], jpeg[17]]), 350);
    assert!(!jpeg.windows(4).any(|w| w == b"Exif"));
    let read = image::load_from_memory(jpeg).unwrap();
    assert_eq!((read.width(), read.height(), read.color()), (358, 441, image::ColorType::Rgb8));
    assert!((14 * 1024..=20 * 1024).contains(&jpeg.len()), "{}", jpeg.len());
    assert!(made.quality >= 70);
}

#[test]
fn nothing_of_the_cameras_metadata_reaches_the_file() {
    let plain = ORDINARY.bytes(ImageFormat::Jpeg);
    // EXIF with a place and a thumbnail, XMP, a comment, and bytes behind the end, each with words to look for.
    let segment = |marker: u8, text: &[u8]| [&[0xff, marker][..], &(text.len() as u16 + 2).to_be_bytes(), text].concat();
    let secrets: [&[u8]; 4] = [
        b"Exif\0\0SECRET-GPS 39.9N 116.4E \xff\xd8\xff\xd9",
        b"http://ns.adobe.com/xap/1.0/\0SECRET-XMP",
        b"SECRET-COMMENT",
        b"SECRET-TAIL",
    ];
    let mut file = plain[..2].to_vec();
    for (marker, text) in [(0xe1, secrets[0]), (0xe1, secrets[1]), (0xfe, secrets[2])] {
        file.extend(segment(marker, text));
    }
    file.extend_from_slice(&plain[2..]);
    file.extend_from_slice(secrets[3]);
    assert!(!photo::encode::extra_segments(&file).is_empty());
    for spec in specs::shipped() {
        let made = standardize(&file, spec, &seeing(&ORDINARY), None, &mut |_| {}).unwrap();
        assert!(!made.jpeg.windows(6).any(|window| window == b"SECRET"), "{}", spec.id());
        assert!(photo::encode::extra_segments(&made.jpeg).is_empty(), "{}", spec.id());
    }
    assert!(!preview(&file).unwrap().jpeg.windows(6).any(|window| window == b"SECRET"));
}

#[test]
fn what_another_decoder_reads_is_what_was_composed() {
    let made = run(&ORDINARY, find("cn-graduate").unwrap());
    let read = image::load_from_memory(&made.jpeg).unwrap().into_rgb8();
    let near = |x: u32, y: u32, colour: [u8; 3]| {
        let pixel = read.get_pixel(x, y).0;
        assert!(pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) <= 6), "{x},{y}: {pixel:?}");
    };
    // The wall is the spec's light blue, the cheek is skin.
    near(5, 5, [100, 197, 255]);
    near(474, 5, [100, 197, 255]);
    let cheek = read.get_pixel(180, 350).0;
    assert!(cheek[0] > 180 && cheek[2] < cheek[0], "{cheek:?}");
}

#[test]
fn one_cut_gives_the_photo_on_each_background_that_the_document_allows_and_on_no_other() {
    let spec = find("cn-graduate").unwrap();
    let file = ORDINARY.bytes(ImageFormat::Jpeg);
    let prepared = prepare(&Shot { bytes: &file, ..Shot::default() }, &[spec], &seeing(&ORDINARY), &mut |_| {}).unwrap();
    for (name, colour) in [("浅蓝色", [100, 197, 255]), ("white", [255, 255, 255]), ("#f0f0f0", [240, 240, 240])] {
        let made = prepared.photo(Wanted::named(spec, name).unwrap(), &mut |_| {}).unwrap();
        let corner = image::load_from_memory(&made.jpeg).unwrap().into_rgb8().get_pixel(5, 5).0;
        assert!(corner.iter().zip(colour).all(|(a, b)| a.abs_diff(b) <= 6), "{name}: {corner:?}");
        assert!(made.operations.iter().any(|operation| operation.to_string() == format!("background_replaced {}", specs::hex(colour))));
        check_verdict(&made, "BackgroundColour", Verdict::Pass);
    }
    // The clothes are dark: the lighter the chosen wall, the more they stand out, whatever the document names first.
    let contrast =
        |name| prepared.photo(Wanted::named(spec, name).unwrap(), &mut |_| {}).unwrap().report.get("ClothesContrast").unwrap().measured;
    assert!(contrast("white") > contrast("light grey"), "{:?} {:?}", contrast("white"), contrast("light grey"));
    let refused = Wanted::on(spec, [255, 0, 0]).unwrap_err();
    assert_eq!(refused.code(), "background_not_offered");
    let text = refused.message();
    assert!(text.zh.contains("浅蓝色 #64c5ff") && text.en.contains("white #ffffff") && text.en.contains("cn-graduate"), "{text:?}");
}

#[test]
fn where_the_wall_must_stay_only_the_chosen_background_will_do() {
    let spec = find("cn-exit-entry").unwrap();
    let white_wall = Portrait { wall: [252, 252, 252], ..ORDINARY };
    let file = white_wall.bytes(ImageFormat::Png);
    let prepared = prepare(&Shot { bytes: &file, ..Shot::default() }, &[spec], &seeing(&white_wall), &mut |_| {}).unwrap();
    let colour = |wanted: Wanted<'_>| prepared.photo(wanted, &mut |_| {}).unwrap().report.get("BackgroundColour").unwrap().verdict;
    assert_eq!(colour(spec.into()), Verdict::Pass);
    assert_eq!(colour(Wanted::named(spec, "white").unwrap()), Verdict::Pass);
    assert_eq!(colour(Wanted::named(spec, "blue").unwrap()), Verdict::Fail);
}

#[test]
fn no_fringe_of_the_old_wall_remains() {
    let dark_wall = Portrait { wall: [70, 120, 80], ..ORDINARY };
    let made = run(&dark_wall, find("cn-id-card").unwrap());
    check_verdict(&made, "BackgroundUniformity", Verdict::Pass);
    let read = image::load_from_memory(&made.jpeg).unwrap().into_rgb8();
    let greenish = read.pixels().filter(|p| i16::from(p[1]) > i16::from(p[0]) + 25 && i16::from(p[1]) > i16::from(p[2]) + 25);
    assert!(greenish.count() < 20);
}

#[test]
fn every_shipped_spec_makes_its_photo() {
    for spec in specs::shipped() {
        let made = run(&ORDINARY, spec);
        let read = image::load_from_memory(&made.jpeg).unwrap();
        assert_eq!((read.width(), read.height()), (spec.width_px(), spec.height_px()), "{}", spec.id());
        assert_eq!(made.dpi, spec.dpi());
        let kb = made.jpeg.len() as f64 / 1024.0;
        let file = spec.file();
        let inside = file.kb_min.is_none_or(|m| kb >= f64::from(m)) && file.kb_max.is_none_or(|m| kb <= f64::from(m));
        let verdict = made.report.get("FileSize").unwrap().verdict;
        assert_eq!(verdict == Verdict::Pass, inside, "{} {kb}", spec.id());
        for band in spec.bands() {
            let unfit: Vec<_> = made.report.checks.iter().filter(|c| c.code == Some("crop_infeasible")).collect();
            assert!(unfit.is_empty(), "{} {:?} {unfit:#?}", spec.id(), band.measure);
        }
    }
}

#[test]
fn marks_by_hand_make_the_photo_without_any_model() {
    let file = ORDINARY.bytes(ImageFormat::Jpeg);
    let marks = ORDINARY.marks();
    let mut stages = Vec::new();
    let spec = find("cn-id-card").unwrap();
    let made = standardize(&file, spec, &NoVision, Some(marks), &mut |stage| stages.push(stage)).unwrap();
    assert_eq!(stages, Stage::ALL);
    assert_eq!(made.located_by, LocatedBy::Marks);
    assert_eq!(made.marks, marks);
    // Nobody counted the faces, and that is said.
    check_verdict(&made, "SingleFacePresent", Verdict::NotAssessed);
    check_verdict(&made, "EyesFromBottom", Verdict::Pass);
    check_verdict(&made, "HairTop", Verdict::Pass);
    assert!(made.report.passed());
}

#[test]
fn without_model_and_marks_the_clerk_is_asked_to_mark() {
    let file = ORDINARY.bytes(ImageFormat::Jpeg);
    let error = standardize(&file, find("cn-id-card").unwrap(), &NoVision, None, &mut |_| {}).unwrap_err();
    assert_eq!(error.code(), "no_face_model");
    assert!(error.message().zh.contains("手工"), "{:?}", error.message());
}

#[test]
fn no_face_two_faces_and_a_tiny_face_are_refused() {
    let file = ORDINARY.bytes(ImageFormat::Jpeg);
    let spec = find("cn-id-card").unwrap();
    let with = |faces| standardize(&file, spec, &Scripted { width: 900, faces }, None, &mut |_| {});
    assert_eq!(code(with(vec![])), "no_face");
    let beside = Portrait { eyes: (700.0, 480.0), eye_distance: 90.0, ..ORDINARY }.face();
    assert_eq!(code(with(vec![ORDINARY.face(), beside])), "two_faces");
    let tiny = Portrait { eye_distance: 15.0, ..ORDINARY }.face();
    assert_eq!(code(with(vec![tiny])), "face_too_small");
    let mut nonsense = ORDINARY.face();
    nonsense.left_eye = Point::new(f64::NAN, 0.0);
    assert_eq!(code(with(vec![nonsense])), "no_face");
    // A small picture on the wall is no second person.
    let picture = Portrait { eye_distance: 40.0, eyes: (100.0, 100.0), ..ORDINARY }.face();
    assert!(with(vec![picture, ORDINARY.face()]).is_ok());
}

#[test]
fn implausible_marks_are_refused() {
    let file = ORDINARY.bytes(ImageFormat::Jpeg);
    let good = ORDINARY.marks();
    let bad = [
        Marks { left_eye: good.right_eye, right_eye: good.left_eye, ..good },
        Marks { chin: good.crown, crown: good.chin, ..good },
        Marks { chin: Point::new(450.0, 5_000.0), ..good },
        Marks { crown: Point::new(450.0, f64::NAN), ..good },
        Marks { left_eye: good.right_eye, ..good },
    ];
    for marks in bad {
        let result = standardize(&file, find("cn-id-card").unwrap(), &NoVision, Some(marks), &mut |_| {});
        assert_eq!(code(result), "marks_implausible", "{marks:?}");
    }
}

#[test]
fn a_tilted_head_is_turned_upright_only_where_the_spec_allows_it() {
    let mut face = ORDINARY.face();
    face.left_eye.y -= 4.0;
    face.right_eye.y += 4.0;
    let vision = Scripted { width: 900, faces: vec![face] };
    let file = ORDINARY.bytes(ImageFormat::Jpeg);
    let words = |id: &str| {
        let made = standardize(&file, find(id).unwrap(), &vision, None, &mut |_| {}).unwrap();
        made.operations.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert!(words("cn-id-card").iter().any(|w| w == "roll_corrected -3.5 deg"), "{:?}", words("cn-id-card"));
    assert!(!words("cn-graduate").iter().any(|w| w.starts_with("roll_corrected")));
}

#[test]
fn a_wall_that_must_stay_stays_and_is_judged() {
    let text = find("jp-passport").unwrap().text().replacen("\"retouch\"", "\"retouch\", \"background_replacement\"", 1);
    let spec = &Spec::parse("x", &text).unwrap();
    let made = run(&Portrait { wall: [250, 250, 250], ..ORDINARY }, spec);
    assert!(!made.operations.iter().any(|o| o.to_string().starts_with("background_replaced")));
    check_verdict(&made, "BackgroundUniformity", Verdict::Pass);
    let green = run(&Portrait { wall: [40, 150, 60], ..ORDINARY }, spec);
    check_verdict(&green, "BackgroundColour", Verdict::Fail);
}

#[test]
fn a_missing_body_is_said_with_what_to_do() {
    let cut = Portrait { height: 740, ..ORDINARY };
    let made = run(&cut, find("us-visa").unwrap());
    assert!(!made.report.passed());
    let check = made.report.get("CropMargins").unwrap();
    assert_eq!((check.verdict, check.code), (Verdict::Fail, Some("crop_infeasible")));
    assert!(check.next_step.zh.contains("后退"), "{check:?}");
}

#[test]
fn little_room_above_is_filled_with_wall() {
    let tight = Portrait { eyes: (450.0, 275.0), ..ORDINARY };
    let made = run(&tight, find("cn-graduate").unwrap());
    assert!(made.operations.iter().any(|o| o.to_string() == "background_extended"), "{:?}", made.operations);
    check_verdict(&made, "HairTop", Verdict::Pass);
    let read = image::load_from_memory(&made.jpeg).unwrap().into_rgb8();
    let top = read.get_pixel(240, 3).0;
    assert!(top[2] > 235 && top[0] < 120, "{top:?}");
}

#[test]
fn a_file_band_that_cannot_be_kept_is_explained_and_the_file_still_made() {
    let shipped = find("cn-id-card").unwrap();
    for (change, words) in [(("kb_max = 20", "kb_max = 2000"), "不允许填充"), (("kb_min = 14\nkb_max = 20", "kb_max = 2"), "超出上限")]
    {
        let mut text = shipped.text().replacen(change.0, change.1, 1);
        if change.1.contains("2000") {
            text = text.replacen("kb_min = 14", "kb_min = 1900", 1);
        }
        let made = run(&ORDINARY, &Spec::parse("x", &text).unwrap());
        let check = made.report.get("FileSize").unwrap();
        assert_eq!((check.verdict, check.code), (Verdict::Fail, Some("file_band_infeasible")));
        assert!(check.next_step.zh.contains(words), "{check:?}");
        assert!(image::load_from_memory(&made.jpeg).is_ok());
    }
}

#[test]
fn blur_and_bad_light_are_seen() {
    // A document whose wall stays: what is too dark to be cut out is refused before it is checked.
    let spec = find("cn-exit-entry").unwrap();
    let with = |image: image::RgbImage| standardize(&bytes(&image, ImageFormat::Png), spec, &seeing(&ORDINARY), None, &mut |_| {}).unwrap();
    let sharp = with(ORDINARY.draw());
    let soft = with(image::imageops::blur(&ORDINARY.draw(), 6.0));
    let value = |made: &Standardized| made.report.get("Sharpness").unwrap().measured.unwrap();
    assert!(value(&sharp) > 1.8 * value(&soft), "{} {}", value(&sharp), value(&soft));
    check_verdict(&soft, "Sharpness", Verdict::Fail);
    let scaled = |factor: f32| {
        let mut image = ORDINARY.draw();
        image.pixels_mut().for_each(|p| p.0 = p.0.map(|v| (f32::from(v) * factor).min(255.0) as u8));
        image
    };
    // Nobody can be cut out of such light, so it is judged where the wall stays.
    let text = find("jp-passport").unwrap().text().replacen("\"retouch\"", "\"retouch\", \"background_replacement\"", 1);
    let keeps = &Spec::parse("x", &text).unwrap();
    let in_light = |factor| standardize(&bytes(&scaled(factor), ImageFormat::Png), keeps, &seeing(&ORDINARY), None, &mut |_| {}).unwrap();
    check_verdict(&in_light(0.1), "UnderExposurePrevention", Verdict::Fail);
    check_verdict(&in_light(1.7), "OverExposurePrevention", Verdict::Fail);
}

#[test]
fn a_busy_room_is_not_trusted() {
    let mut image = ORDINARY.draw();
    let wall = ORDINARY.wall;
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        let is_wall = pixel.0.iter().zip(wall).all(|(a, b)| a.abs_diff(b) < 20);
        if is_wall {
            let cell = (x / 40 * 7 + y / 40 * 13) % 5;
            pixel.0 = [[30, 30, 32], [200, 60, 50], [240, 240, 235], [60, 140, 70], [222, 180, 156]][cell as usize];
        }
    }
    let refused = standardize(&bytes(&image, ImageFormat::Png), find("cn-id-card").unwrap(), &seeing(&ORDINARY), None, &mut |_| {});
    assert_eq!(code(refused), "background_not_separable");
}

#[test]
fn failed_checks_come_first_and_the_same_photo_gives_the_same_file() {
    let cut = Portrait { height: 740, ..ORDINARY };
    let spec = find("us-visa").unwrap();
    let (one, two) = (run(&cut, spec), run(&cut, spec));
    assert_eq!(one.jpeg, two.jpeg);
    assert_eq!(one.report, two.report);
    let order: Vec<Verdict> = one.report.checks.iter().map(|c| c.verdict).collect();
    assert!(order.is_sorted());
}
