//! One test per way to be refused, and what holds for every shipped spec.
#![allow(clippy::unwrap_used, reason = "tests")]

mod bounds;

use proptest::prelude::*;

use crate::*;

fn id_card() -> &'static str {
    find("cn-id-card").unwrap().text()
}

/// The identity card's file with one replacement must be refused at `field` for a reason that contains `reason`.
#[track_caller]
fn check_refused(from: &str, to: &str, field: &str, reason: &str) {
    assert!(id_card().contains(from), "the file has no `{from}`");
    let error = Spec::parse("x.toml", &id_card().replacen(from, to, 1)).unwrap_err();
    assert_eq!(error.field, field, "{error}");
    assert!(error.reason.contains(reason), "{error}");
    assert_eq!(error.file, "x.toml");
}

#[test]
fn every_shipped_spec_is_a_draft_with_sources_and_its_own_id() {
    let mut ids: Vec<&str> = shipped().iter().map(Spec::id).collect();
    assert!(ids.len() >= 11);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), shipped().len());
    for spec in shipped() {
        assert_eq!(spec.status(), Status::Draft, "{}", spec.id());
        assert!(!spec.sources().is_empty() && spec.notes().is_some(), "{}", spec.id());
    }
}

#[test]
fn mend_59_staff_see_standard_and_authority_and_only_pages_of_authorities_and_schools() {
    for (id, standard, authority) in [
        ("cn-graduate", "教毕指〔2017〕99号", "学信网"),
        ("cn-id-card", "GA 461", "公安部"),
        ("cn-exit-entry", "照相指引", "国家移民管理局"),
    ] {
        let spec = find(id).unwrap();
        assert!(spec.standard().unwrap().contains(standard) && spec.authority().unwrap().contains(authority), "{id}");
    }
    for spec in shipped() {
        assert!(spec.authority().is_some(), "{}", spec.id());
        for source in spec.official_sources() {
            let foreign = ["gaitubao", "ceventa", "yahoo", "renrendoc", "gansulong", "photosoftware", "wwpfw"];
            assert!(!foreign.iter().any(|name| source.contains(name)), "{}: {source}", spec.id());
        }
    }
    let official = |id: &str| find(id).unwrap().official_sources().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(official("cn-social-card").len(), 1, "a school");
    assert_eq!(official("us-visa").len(), 1, "the authority, and not the agency that copied it");
    assert!(official("cn-graduate").is_empty(), "nobody read a page of the authority");
    for (source, is_official) in [
        ("http://travel.state.gov/visa", true),
        ("shidian.gov.cn 2016 (head width)", true),
        ("https://www.gov.cn/x", true),
        ("https://gov.cn@example.com/", false),
        ("https://example.com/gov.cn", false),
        ("https://notgov.cn", false),
        ("https://my.chsi.com.cn/a", true),
        ("https://notchsi.com.cn/a", false),
    ] {
        assert_eq!(sources::is_of_authority_or_school(source), is_official, "{source}");
    }
}

#[test]
fn guides_lie_inside_the_bands_they_are_made_from() {
    for spec in shipped() {
        let guide = spec.guide();
        assert!(guide.hair_top < guide.eye_line && guide.eye_line < guide.chin, "{} {guide:?}", spec.id());
        assert!(guide.chin < 1.0 && guide.face_width < 1.0, "{} {guide:?}", spec.id());
        let height = f64::from(spec.height_px());
        for band in spec.bands() {
            let value = match band.measure {
                Measure::EyesFromTop => guide.eye_line * height,
                Measure::EyesFromBottom => (1.0 - guide.eye_line) * height,
                Measure::FaceWidth if band.max.is_some() => guide.face_width * f64::from(spec.width_px()),
                _ => continue,
            };
            let inside = band.min_px().is_none_or(|min| value >= min - 1e-6) && band.max_px().is_none_or(|max| value <= max + 1e-6);
            assert!(inside, "{} {:?} {value}", spec.id(), band);
        }
    }
}

#[test]
fn identity_card_has_the_published_numbers() {
    let spec = find("cn-id-card").unwrap();
    assert_eq!((spec.width_px(), spec.height_px(), spec.dpi()), (358, 441, 350));
    let face = spec.bands().iter().find(|b| b.measure == Measure::FaceWidth).unwrap();
    assert_eq!((face.min, face.max, face.unit), (Some(193.0), Some(221.0), Unit::Px));
    assert_eq!(spec.file(), &FileRule { quality_min: 70, kb_min: Some(14), kb_max: Some(20) });
    assert_eq!(spec.priority()[0], Measure::EyesFromBottom);
    assert_eq!(spec.backgrounds(), [[255, 255, 255]]);
}

#[test]
fn hash_is_of_the_exact_text() {
    let spec = find("us-visa").unwrap();
    let other = Spec::parse("x", &format!("{}\n", spec.text())).unwrap();
    assert_ne!(spec.hash(), other.hash());
    assert_eq!(Spec::parse("x", spec.text()).unwrap().hash(), spec.hash());
    assert_eq!(spec.hash_hex().len(), 64);
}

#[test]
fn millimetres_and_shares_become_pixels() {
    let spec = find("cn-exit-entry").unwrap();
    let head = spec.bands().iter().find(|b| b.measure == Measure::HeadHeight).unwrap();
    // 28 mm of 40 mm on 472 px.
    assert!((head.min_px().unwrap() - 330.4).abs() < 1e-9);
    assert!((head.in_unit(330.4) - 28.0).abs() < 1e-9);
    let eyes = spec.bands().iter().find(|b| b.measure == Measure::EyeDistance).unwrap();
    assert!((eyes.max_px().unwrap() - 0.33 * 354.0).abs() < 1e-9);
}

#[test]
fn unknown_key_is_refused() {
    check_refused("dpi = 350", "dpi = 350\ncolour = 1", "size.colour", "unknown field");
}

#[test]
fn missing_key_is_refused() {
    let error = Spec::parse("x", &id_card().replacen("quality_min = 70\n", "", 1)).unwrap_err();
    assert!(error.reason.contains("quality_min"), "{error}");
}

#[test]
fn text_that_is_not_toml_is_refused() {
    assert!(Spec::parse("x", "width: 3").is_err());
    assert!(Spec::parse("x", "").is_err());
}

#[test]
fn minimum_above_maximum_is_refused() {
    check_refused("min = 193", "min = 230", "bands.face_width.px.min", "above maximum");
}

#[test]
fn band_outside_the_picture_is_refused() {
    check_refused("max = 221", "max = 400", "bands.face_width.px.max", "outside the width");
    check_refused("min = 7\n", "min = -7\n", "bands.hair_top.px.min", "outside the height");
    check_refused("max = 221", "max = nan", "bands.face_width.px.max", "outside");
    check_refused("max = 221", "max = inf", "bands.face_width.px.max", "outside");
}

#[test]
fn band_without_bounds_is_refused() {
    check_refused("min = 193\nmax = 221\n", "", "bands.face_width.px", "min, max or both");
}

#[test]
fn unknown_unit_and_measure_are_refused() {
    check_refused("unit = \"px\"", "unit = \"inch\"", "bands.face_width.unit", "unknown unit `inch`");
    check_refused("measure = \"face_width\"", "measure = \"nose\"", "bands.measure", "unknown measure `nose`");
}

#[test]
fn millimetres_without_a_print_size_are_refused() {
    let text = id_card().replace("width_mm = 26.0\nheight_mm = 32.0\n", "").replacen("unit = \"px\"", "unit = \"mm\"", 1);
    let error = Spec::parse("x", &text).unwrap_err();
    assert_eq!(error.field, "bands.face_width.unit");
}

#[test]
fn half_a_print_size_is_refused() {
    check_refused("width_mm = 26.0\n", "", "size.width_mm", "belong together");
    check_refused("width_mm = 26.0", "width_mm = 0.0", "size.width_mm", "1 to 500");
}

#[test]
fn band_stated_twice_is_refused() {
    check_refused("measure = \"hair_top\"", "measure = \"face_width\"", "bands.face_width.px", "twice");
}

#[test]
fn contradicting_units_of_one_measure_are_refused() {
    let text = format!("{}\n[[bands]]\nmeasure = \"face_width\"\nunit = \"mm\"\nmin = 20\nmax = 22\n", id_card());
    let error = Spec::parse("x", &text).unwrap_err();
    assert_eq!(error.field, "bands.face_width.mm");
    assert!(error.reason.contains("contradicts"));
}

#[test]
fn eye_lines_that_do_not_meet_are_refused() {
    let text = format!("{}\n[[bands]]\nmeasure = \"eyes_from_top\"\nunit = \"px\"\nmin = 300\n", id_card());
    assert_eq!(Spec::parse("x", &text).unwrap_err().field, "bands.eyes_from_bottom.px");
}

#[test]
fn head_that_does_not_fit_is_refused() {
    let spec = find("cn-exit-entry").unwrap();
    let text = spec.text().replacen("min = 28", "min = 32", 1);
    assert_eq!(Spec::parse("x", &text).unwrap_err().field, "bands.head_height.mm");
}

#[test]
fn sides_and_resolution_are_bounded() {
    check_refused("width_px = 358", "width_px = 0", "size.width_px", "1 to 5000");
    check_refused("height_px = 441", "height_px = 5001", "size.height_px", "1 to 5000");
    check_refused("dpi = 350", "dpi = 70000", "size.dpi", "dpi");
    check_refused("dpi = 350", "dpi = 350\nwidth_range_px = [400, 300]", "size.width_range_px", "above maximum");
    check_refused("dpi = 350", "dpi = 350\nheight_range_px = [500, 600]", "size.height_range_px", "outside");
}

#[test]
fn file_rules_are_checked() {
    check_refused("kb_min = 14", "kb_min = 21", "file.kb_min", "above maximum");
    check_refused("kb_max = 20", "kb_max = 0", "file.kb_max", "KB");
    check_refused("quality_min = 70", "quality_min = 0", "file.quality_min", "1 to 100");
    check_refused("quality_min = 70", "quality_min = 101", "file.quality_min", "1 to 100");
    check_refused("format = \"jpeg\"", "format = \"gif\"", "file.format", "unknown value `gif`");
}

#[test]
fn words_are_checked() {
    check_refused("status = \"draft\"", "status = \"final\"", "status", "unknown value");
    check_refused("confidence = \"M\"", "confidence = \"X\"", "confidence", "unknown value");
    check_refused("\"mirror\"", "\"makeup\"", "forbid.0", "unknown operation");
    check_refused("label = \"图像号\"", "label = \"number\"", "receipt.label", "unknown value");
    check_refused("validity_days = 180", "validity_days = 0", "receipt.validity_days", "days");
    check_refused("required = true", "required = true\nuses = \"twice\"", "receipt.uses", "repeated, single");
    check_refused("required = true", "required = true\nfour_eyes = \"two\"", "receipt.four_eyes", "people, offices, none");
    check_refused("required = true", "required = true\ndoubles = \"ask\"", "receipt.doubles", "tell, refuse");
    check_refused("required = true", "required = true\ntemplate = \"a3\"", "receipt.template", "a5, a6");
    check_refused("version = 1", "version = 1\noverlap_days = 400", "overlap_days", "at most 366");
    check_refused("version = 1", "version = 0", "version", "from 1");
    let stale = find("us-visa").unwrap().text().replacen("max_age_months = 6", "max_age_months = 0", 1);
    assert_eq!(Spec::parse("x", &stale).unwrap_err().field, "max_age_months");
    check_refused("id = \"cn-id-card\"", "id = \"../etc\"", "id", "a-z");
}

#[test]
fn priorities_are_checked() {
    check_refused("\"hair_top\"]", "\"nose\"]", "priority.2", "unknown measure");
    check_refused("\"hair_top\"]", "\"chin_from_bottom\"]", "priority.2", "no band");
    check_refused("\"hair_top\"]", "\"face_width\"]", "priority.2", "twice");
}

#[test]
fn texts_are_bounded_and_visible() {
    check_refused("zh = \"居民身份证\"", &format!("zh = \"{}\"", "证".repeat(81)), "name.zh", "at most 80");
    check_refused("zh = \"居民身份证\"", "zh = \" \"", "name.zh", "empty");
    check_refused("zh = \"居民身份证\"", "zh = \"a\u{202e}b\"", "name.zh", "control");
    check_refused("backgrounds = [[255, 255, 255]]", "backgrounds = []", "backgrounds", "1 to 8");
    let long = format!("{}# {}", id_card(), "x".repeat(limits::FILE_BYTES));
    assert_eq!(Spec::parse("x", &long).unwrap_err().field, "-");
}

#[test]
fn refusals_are_one_clear_sentence() {
    let error = Spec::parse("cn-x.toml", &id_card().replacen("kb_min = 14", "kb_min = 21", 1)).unwrap_err();
    assert_eq!(error.to_string(), "cn-x.toml: file.kb_min: minimum 21 KB is above maximum 20 KB");
}

#[test]
fn changes_name_the_field_with_both_values() {
    let old = find("cn-id-card").unwrap();
    let text = old.text().replacen("kb_max = 20", "kb_max = 30", 1).replacen("min = 193", "min = 195", 1);
    let new = Spec::parse("x", &text.replacen("version = 1", "version = 2", 1)).unwrap();
    let found = changes(Some(old), &new);
    let fields: Vec<&str> = found.iter().map(|c| c.field.as_str()).collect();
    assert_eq!(fields, ["bands.face_width.px.min", "file.kb_max", "version"]);
    assert_eq!((found[1].before.as_deref(), found[1].after.as_deref()), (Some("20"), Some("30")));
    assert!(changes(Some(old), old).is_empty());
    assert!(changes(None, old).iter().all(|c| c.before.is_none() && c.after.is_some()));
}

#[test]
fn a_removed_field_has_no_value_after() {
    let old = find("us-visa").unwrap();
    let new = Spec::parse("x", &old.text().replacen("max_age_months = 6\n", "", 1)).unwrap();
    let found = changes(Some(old), &new);
    assert_eq!(found, [Change { field: "max_age_months".into(), before: Some("6".into()), after: None }]);
}

#[test]
fn backgrounds_are_found_by_name_and_by_hex_and_only_where_they_are_allowed() {
    let graduate = find("cn-graduate").unwrap();
    for asked in ["light blue", "Light-Blue", "blue", "浅蓝色", "浅蓝", "蓝", "#64C5FF", "64c5ff", " light_blue "] {
        assert_eq!(graduate.background(asked), Some([100, 197, 255]), "{asked}");
    }
    assert_eq!(graduate.background("grey"), Some([240, 240, 240]));
    for asked in ["red", "#ff0000", "", "#", "色", "light", "e"] {
        assert_eq!(graduate.background(asked), None, "{asked}");
    }
    assert_eq!(find("cn-id-card").unwrap().background("blue"), None);
    let two_greys = graduate.text().replacen("[255, 255, 255]", "[220, 220, 220]", 1);
    let two_greys = Spec::parse("x", &two_greys).unwrap();
    assert_eq!(two_greys.background("light grey"), None, "nobody knows which");
    assert_eq!(two_greys.background("#dcdcdc"), Some([220, 220, 220]));
}

#[test]
fn every_background_that_ships_has_a_name() {
    for colour in crate::shipped().iter().flat_map(Spec::backgrounds) {
        assert!(!crate::colour_name(*colour).en.starts_with('#'), "{colour:?}");
    }
    assert_eq!(crate::colour_name([255, 0, 0]).en, "red");
    assert_eq!(crate::colour_name([67, 142, 219]).zh, "蓝色");
    assert_eq!(crate::colour_name([0, 128, 0]).en, "#008000");
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in ".{0,400}") {
        let _ = Spec::parse("x", &text);
    }

    #[test]
    fn a_damaged_file_is_refused_or_still_consistent(at in 0usize..1_500, byte in any::<u8>()) {
        let mut bytes = id_card().as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(text) = String::from_utf8(bytes)
            && let Ok(spec) = Spec::parse("x", &text)
        {
            prop_assert_eq!(spec.text(), text.as_str());
            prop_assert!((1..=limits::SIDE_PX).contains(&spec.width_px()));
            for band in spec.bands() {
                prop_assert!(band.min_px().unwrap_or(0.0) <= band.max_px().unwrap_or(f64::MAX));
            }
            let guide = spec.guide();
            prop_assert!((0.0..=1.0).contains(&guide.chin) && (0.0..=1.0).contains(&guide.hair_top));
        }
    }
}
