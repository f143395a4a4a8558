//! One check for each band of the spec: head size, eye line, hair top and so on.

use specs::{Band, Measure, Unit};

use super::entry::{Advice, Bounds, Measured, judge};
use super::{Check, Evidence, Verdict};
use crate::crop::Rival;
use crate::locate::{Head, Source};
use crate::text::Text;

pub(super) fn checks(evidence: &Evidence) -> Vec<Check> {
    let cropped = &evidence.composed.cropped;
    let head = &cropped.matted.located.head;
    let bands = evidence.spec.bands().iter().zip(&cropped.values);
    bands.map(|(band, &value)| one(evidence, band, value, head)).collect()
}

fn one(evidence: &Evidence, band: &Band, value: f64, head: &Head) -> Check {
    // What only ordinary proportions tell was not measured on this person.
    let chin = head.chin_source != Source::Anatomy;
    let known = match band.measure {
        Measure::ChinFromBottom => chin,
        Measure::FaceWidth => head.width_source != Source::Anatomy,
        Measure::HeadWidth => head.head_width_source != Source::Anatomy,
        Measure::HairTop => head.hair_source != Source::Anatomy,
        Measure::HeadHeightHair => chin && head.hair_source != Source::Anatomy,
        Measure::CrownTop => head.crown_source != Source::Anatomy,
        Measure::HeadHeight => chin && head.crown_source != Source::Anatomy,
        _ => true,
    };
    // The solver stops within a tenth of a pixel; the verdict must not hang on that.
    let slack = 0.1 / band.px_per_unit;
    let settled = match (band.min, band.max) {
        (Some(min), _) if value < min && value >= min - slack => min,
        (_, Some(max)) if value > max && value <= max + slack => max,
        _ => value,
    };
    let unit = match band.unit {
        Unit::Px => "px",
        Unit::Mm => "mm",
        Unit::ShareWidth | Unit::ShareHeight => "share",
    };
    let bounds = Bounds { unit, min: band.min, max: band.max, advisory: false };
    let measured = Measured::seen(known.then_some(settled)).code("crop_infeasible").at(evidence.scene_area());
    let off = advice(evidence, band, value);
    let look = Text::new("照片上无法测量，请人工确认。", "It could not be measured on this photo; confirm it by eye.");
    let mut check = judge(name(band.measure), title(band.measure), bounds, measured, Advice { low: off.clone(), high: off, look });
    if check.verdict == Verdict::Fail && yields(evidence, band, value) {
        check.verdict = Verdict::NotAssessed;
        check.code = Some("advisory");
        check.reason =
            Text::new("按规格的优先顺序，这一项让位于眼睛位置。", "By the spec's order of priority this gives way to the eye line.");
        check.next_step = Text::new("头发较高时可以裁切，请人工确认。", "Tall hair may be cut; confirm it by eye.");
    }
    check
}

/// The identity card's rule: when eye line and hair top cannot both hold, the eye line wins and the hair may be cut.
fn yields(evidence: &Evidence, band: &Band, value: f64) -> bool {
    let is_tall = band.min.is_some_and(|min| value < min);
    let gives_way =
        against(evidence, band).iter().any(|rival| matches!(rival, Rival::Band(Measure::EyesFromBottom | Measure::EyesFromTop)));
    let rank = |m: Measure| evidence.spec.priority().iter().position(|other| *other == m);
    let eyes = rank(Measure::EyesFromBottom).or(rank(Measure::EyesFromTop));
    is_tall
        && gives_way
        && matches!((band.measure, eyes, rank(Measure::HairTop)), (Measure::HairTop, Some(eyes), Some(hair)) if eyes < hair)
}

/// What stands against a band that is broken.
fn against<'a>(evidence: &'a Evidence, band: &Band) -> &'a [Rival] {
    let conflicts = &evidence.composed.cropped.conflicts;
    conflicts.iter().find(|conflict| conflict.band == *band).map_or(&[], |conflict| &conflict.against)
}

fn advice(evidence: &Evidence, band: &Band, value: f64) -> Text {
    let (zh_unit, en_unit) = match band.unit {
        Unit::Px => (" 像素", " px"),
        Unit::Mm => (" 毫米", " mm"),
        Unit::ShareWidth | Unit::ShareHeight => ("", " of the side"),
    };
    let by = band.min.filter(|min| value < *min).map_or_else(|| value - band.max.unwrap_or(value), |min| min - value);
    let by = if by.abs() < 1.0 { format!("{by:.2}") } else { format!("{by:.1}") };
    let missing = evidence.composed.cropped.missing;
    let (zh_do, en_do) = if missing.bottom_px > 1.0 {
        ("请后退或放低相机，让双肩入镜后重拍。", "Move back or lower the camera so that the shoulders are in the picture.")
    } else if matches!(band.measure, Measure::HairTop | Measure::CrownTop | Measure::HeadHeightHair) {
        ("请把头发压低或扎起、让被拍摄人平视镜头后重拍。", "Flatten or tie the hair and let the sitter look straight ahead.")
    } else {
        (
            "请核对双眼、下巴和头顶的标点；标点无误则交审核员判断。",
            "Check the marks of eyes, chin and crown; if they are right, leave it to the reviewer.",
        )
    };
    let rivals: Vec<Text> = against(evidence, band)
        .iter()
        .map(|rival| match rival {
            Rival::Band(measure) => title(*measure),
            Rival::PictureEnds => Text::new("画面边缘", "the edge of the picture"),
            Rival::BodyEnds => Text::new("画面下方的身体", "the body below"),
        })
        .collect();
    let zh_rivals = rivals.iter().map(|text| text.zh.as_str()).collect::<Vec<_>>().join("、");
    let en_rivals = rivals.iter().map(|text| text.en.as_str()).collect::<Vec<_>>().join(", ");
    let (zh_with, en_with) = if rivals.is_empty() {
        (String::new(), String::new())
    } else {
        (format!("（与{zh_rivals}冲突）"), format!(" (against: {en_rivals})"))
    };
    Text::new(
        format!("各项要求无法同时满足，此项差 {by}{zh_unit}{zh_with}。{zh_do}"),
        format!("Not all bounds can be met at once; this one is off by {by}{en_unit}{en_with}. {en_do}"),
    )
}

fn name(measure: Measure) -> &'static str {
    match measure {
        Measure::HairTop => "HairTop",
        Measure::CrownTop => "CrownTop",
        Measure::FaceWidth => "FaceWidth",
        Measure::HeadWidth => "HeadWidth",
        Measure::HeadHeight => "HeadSize",
        Measure::HeadHeightHair => "HeadSizeWithHair",
        Measure::EyesFromBottom => "EyesFromBottom",
        Measure::EyesFromTop => "EyesFromTop",
        Measure::ChinFromBottom => "ChinFromBottom",
        Measure::EyeMidX => "EyeMidX",
        Measure::EyeDistance => "EyeDistance",
    }
}

fn title(measure: Measure) -> Text {
    match measure {
        Measure::HairTop => Text::new("头发顶端到上边", "Hair top to upper edge"),
        Measure::CrownTop => Text::new("头顶到上边", "Crown to upper edge"),
        Measure::FaceWidth => Text::new("脸部宽度", "Width of the face"),
        Measure::HeadWidth => Text::new("头部宽度（含耳）", "Width of the head with ears"),
        Measure::HeadHeight => Text::new("头部高度（下巴到头顶）", "Head height, chin to crown"),
        Measure::HeadHeightHair => Text::new("头部高度（含头发）", "Head height with hair"),
        Measure::EyesFromBottom => Text::new("眼睛到下边", "Eye line to lower edge"),
        Measure::EyesFromTop => Text::new("眼睛到上边", "Eye line to upper edge"),
        Measure::ChinFromBottom => Text::new("下巴到下边", "Chin to lower edge"),
        Measure::EyeMidX => Text::new("双眼中点的左右位置", "Horizontal place of the eyes"),
        Measure::EyeDistance => Text::new("两眼间距", "Distance between the eyes"),
    }
}
