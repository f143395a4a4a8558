//! Both sides of every bound of a spec file, and every unit on its own axis.

use super::*;

/// The identity card's file with bands added: the field that is refused, if any.
fn refused_with(bands: &[(&str, &str, &str)]) -> Option<String> {
    let added: String = bands
        .iter()
        .map(|(measure, unit, bounds)| format!("\n[[bands]]\nmeasure = \"{measure}\"\nunit = \"{unit}\"\n{bounds}\n"))
        .collect();
    let text = id_card().replacen("[[bands]]\nmeasure = \"eyes_from_bottom\"\nunit = \"px\"\nmin = 207\n", "", 1);
    let text = text.replacen("priority = [\"eyes_from_bottom\", ", "priority = [", 1);
    Spec::parse("x", &format!("{text}{added}")).err().map(|error| error.field)
}

#[test]
fn mend_61_eye_lines_that_cannot_make_the_height_are_refused_on_both_sides() {
    let eyes = |top: &str, bottom: &str| refused_with(&[("eyes_from_top", "px", top), ("eyes_from_bottom", "px", bottom)]);
    let refused = Some("bands.eyes_from_bottom.px".to_owned());
    // 441 px of height, and one of rounding.
    assert_eq!(eyes("min = 200", "min = 242"), None);
    assert_eq!(eyes("min = 200", "min = 243"), refused, "too much together");
    assert_eq!(eyes("max = 200", "max = 240"), None);
    assert_eq!(eyes("max = 200", "max = 239"), refused, "too little together");
    assert_eq!(eyes("min = 10", "max = 20"), None, "one may make up for the other");
}

#[test]
fn mend_61_two_units_of_one_measure_may_differ_by_one_pixel() {
    let head = |mm: &str, px: &str| refused_with(&[("head_height", "px", px), ("head_height", "share_height", mm)]);
    let refused = Some("bands.head_height.share_height".to_owned());
    // 0.5 of 441 px are 220.5 px.
    assert_eq!(head("min = 0.5", "max = 219.5"), None);
    assert_eq!(head("min = 0.5", "max = 219.4"), refused);
    assert_eq!(head("max = 0.5", "min = 221.5"), None);
    assert_eq!(head("max = 0.5", "min = 221.6"), refused);
}

#[test]
fn mend_61_every_unit_is_of_its_own_axis() {
    let text = id_card().replacen("width_mm = 26.0\nheight_mm = 32.0", "width_mm = 35.8\nheight_mm = 22.05", 1);
    let px = |measure: &str, unit: &str| {
        let text = format!("{text}\n[[bands]]\nmeasure = \"{measure}\"\nunit = \"{unit}\"\nmin = 0.1\n");
        let spec = Spec::parse("x", &text).unwrap();
        spec.bands().iter().find(|band| band.unit.key() == unit && band.measure.key() == measure).unwrap().min_px().unwrap()
    };
    // 10 px a millimetre across, 20 down; 358 px across, 441 down.
    for (measure, unit, expected) in [
        ("face_width", "mm", 1.0),
        ("eye_distance", "mm", 1.0),
        ("head_height", "mm", 2.0),
        ("eyes_from_top", "mm", 2.0),
        ("hair_top", "mm", 2.0),
        ("face_width", "share_width", 35.8),
        ("head_height", "share_width", 35.8),
        ("face_width", "share_height", 44.1),
        ("head_height", "share_height", 44.1),
    ] {
        assert!((px(measure, unit) - expected).abs() < 1e-9, "{measure} {unit}: {}", px(measure, unit));
    }
}

#[test]
fn mend_61_both_sides_of_every_bound_of_a_spec() {
    let reads = |from: &str, to: &str| {
        assert!(id_card().contains(from), "{from}");
        Spec::parse("x", &id_card().replacen(from, to, 1)).is_ok()
    };
    let sides: [(&str, &str, &str, &str); 22] = [
        ("dpi = 350", "dpi = {}", "72", "71"),
        ("version = 1", "version = 1\noverlap_days = {}", "366", "367"),
        ("validity_days = 180", "validity_days = {}", "1", "0"),
        ("quality_min = 70", "quality_min = {}", "100", "101"),
        ("quality_min = 70", "quality_min = {}", "1", "0"),
        ("kb_min = 14", "kb_min = {}", "1", "0"),
        ("kb_min = 14", "kb_min = {}", "20", "21"),
        ("kb_max = 20", "kb_max = {}", "14", "13"),
        ("width_mm = 26.0", "width_mm = {}", "1.0", "0.9"),
        ("width_mm = 26.0", "width_mm = {}", "500.0", "500.1"),
        ("height_mm = 32.0", "height_mm = {}", "1.0", "0.9"),
        ("height_mm = 32.0", "height_mm = {}", "500.0", "500.1"),
        ("dpi = 350", "dpi = 350\nwidth_range_px = [{}, 400]", "358", "359"),
        ("dpi = 350", "dpi = 350\nwidth_range_px = [300, {}]", "358", "357"),
        ("dpi = 350", "dpi = 350\nheight_range_px = [{}, 500]", "441", "442"),
        ("dpi = 350", "dpi = 350\nheight_range_px = [400, {}]", "441", "440"),
        ("min = 193", "min = {}", "221", "222"),
        ("max = 221", "max = {}", "358", "359"),
        ("max = 221", "max = {}", "193", "192"),
        ("max = 21\n", "max = {}\n", "441", "442"),
        ("min = 207", "min = {}", "441", "442"),
        ("min = 7\n", "min = {}\n", "0", "-1"),
    ];
    for (from, to, inside, outside) in sides {
        assert!(reads(from, &to.replace("{}", inside)), "{to} with {inside}");
        assert!(!reads(from, &to.replace("{}", outside)), "{to} with {outside}");
    }
    let name = |from: &str, to: &str, most: usize| {
        assert!(reads(from, &to.replace("{}", &"a".repeat(most))), "{to} with {most} characters");
        assert!(!reads(from, &to.replace("{}", &"a".repeat(most + 1))), "{to} with one more than {most}");
    };
    name("en = \"Resident identity card\"", "en = \"{}\"", limits::NAME_CHARS);
    name("zh = \"居民身份证\"", "zh = \"{}\"", limits::NAME_CHARS);
    name("id = \"cn-id-card\"", "id = \"{}\"", limits::ID_CHARS);
    name("authority = \"公安部\"", "authority = \"{}\"", limits::STANDARD_CHARS);
    name("\"http://www.wwpfw.com/waihuikaihu/91836.html\"", "\"{}\"", limits::SOURCE_CHARS);
    for (from, to) in
        [("id = \"cn-id-card\"", "id = \"-cn\""), ("id = \"cn-id-card\"", "id = \"cn-\""), ("authority = \"公安部\"", "authority = \"\"")]
    {
        assert!(!reads(from, to), "{to}");
    }
    for hidden in ["\\u0000", "\\u001b", "\\u202a", "\\u202e", "\\u2066", "\\u2069"] {
        assert!(!reads("en = \"Resident identity card\"", &format!("en = \"a{hidden}b\"")), "{hidden}");
    }
}
