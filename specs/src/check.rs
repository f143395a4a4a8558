//! The rules that turn the shape of a spec file into a [`Spec`], or refuse it.

use crate::raw::{RawBand, RawSpec};
use crate::spec::limits;
use crate::{
    Band, Confidence, Doubles, FileRule, Forbidden, FourEyes, Measure, Name, Policy, ReceiptRule, Spec, SpecError, Status, Template, Unit,
    Uses,
};

/// Two numbers that a source rounded differently may contradict each other by this much.
const ROUNDING_PX: f64 = 1.0;

pub(crate) struct Checker<'a> {
    pub(crate) file: &'a str,
}

type Checked<T> = Result<T, SpecError>;

impl Checker<'_> {
    pub(crate) fn check(&self, raw: RawSpec, text: &str) -> Checked<Spec> {
        self.identifier(&raw.id)?;
        self.length("name.zh", &raw.name.zh, limits::NAME_CHARS)?;
        self.length("name.en", &raw.name.en, limits::NAME_CHARS)?;
        if let Some(standard) = &raw.standard {
            self.length("standard", standard, limits::STANDARD_CHARS)?;
        }
        if let Some(authority) = &raw.authority {
            self.length("authority", authority, limits::STANDARD_CHARS)?;
        }
        if let Some(notes) = &raw.notes {
            self.length("notes", notes, limits::NOTES_CHARS)?;
        }
        if raw.version == 0 {
            return Err(self.refuse("version", "versions count from 1"));
        }
        self.count("sources", raw.sources.len(), limits::SOURCES)?;
        for (index, source) in raw.sources.iter().enumerate() {
            self.length(&format!("sources.{index}"), source, limits::SOURCE_CHARS)?;
        }
        self.count("backgrounds", raw.backgrounds.len(), limits::BACKGROUNDS)?;
        if raw.max_age_months == Some(0) {
            return Err(self.refuse("max_age_months", "must be at least 1"));
        }
        let print_mm = self.size(&raw)?;
        let bands = self.bands(&raw, print_mm)?;
        self.agree(&bands, &raw)?;
        let priority = self.priority(&raw.priority, &bands)?;
        let policy = Policy::shipped().with(self.file, &raw.checks)?;
        Ok(Spec {
            text: text.to_owned(),
            status: self.word("status", &raw.status, &[("draft", Status::Draft), ("official", Status::Official)])?,
            confidence: self.confidence(&raw.confidence)?,
            forbid: self.forbid(&raw.forbid)?,
            file: self.file_rule(&raw)?,
            receipt: self.receipt(&raw)?,
            overlap_days: self.overlap_days(&raw)?,
            id: raw.id,
            version: raw.version,
            standard: raw.standard,
            authority: raw.authority,
            sources: raw.sources,
            notes: raw.notes,
            max_age_months: raw.max_age_months,
            backgrounds: raw.backgrounds,
            priority,
            name: Name { zh: raw.name.zh, en: raw.name.en },
            width_px: raw.size.width_px,
            height_px: raw.size.height_px,
            dpi: raw.size.dpi,
            print_mm,
            bands,
            policy,
        })
    }

    fn refuse(&self, field: impl Into<String>, reason: impl Into<String>) -> SpecError {
        SpecError::new(self.file, field, reason)
    }

    fn identifier(&self, id: &str) -> Checked<()> {
        self.length("id", id, limits::ID_CHARS)?;
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.chars().all(allowed) && !id.starts_with('-') && !id.ends_with('-') {
            Ok(())
        } else {
            Err(self.refuse("id", "only a-z, 0-9 and inner hyphens are allowed"))
        }
    }

    fn length(&self, field: &str, text: &str, most: usize) -> Checked<()> {
        let chars = text.chars().count();
        if text.trim().is_empty() {
            return Err(self.refuse(field, "must not be empty"));
        }
        if chars > most {
            return Err(self.refuse(field, format!("{chars} characters, but at most {most} are allowed")));
        }
        // Attack: a control or direction-changing character could disguise what an administrator signs.
        let hidden = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if text.chars().any(hidden) {
            return Err(self.refuse(field, "contains a control character"));
        }
        Ok(())
    }

    fn count(&self, field: &str, count: usize, most: usize) -> Checked<()> {
        if (1..=most).contains(&count) { Ok(()) } else { Err(self.refuse(field, format!("{count} entries, but 1 to {most} are needed"))) }
    }

    fn word<T: Copy>(&self, field: &str, word: &str, known: &[(&str, T)]) -> Checked<T> {
        known.iter().find(|(name, _)| *name == word).map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            self.refuse(field, format!("unknown value `{word}`, expected one of {}", names.join(", ")))
        })
    }

    fn confidence(&self, letter: &str) -> Checked<Confidence> {
        use Confidence::{D, H, L, M};
        self.word("confidence", letter, &[("H", H), ("M", M), ("L", L), ("D", D)])
    }

    fn forbid(&self, words: &[String]) -> Checked<Vec<Forbidden>> {
        words
            .iter()
            .enumerate()
            .map(|(index, word)| {
                Forbidden::parse(word).ok_or_else(|| self.refuse(format!("forbid.{index}"), format!("unknown operation `{word}`")))
            })
            .collect()
    }

    /// Checks the size and returns width and height of the print, if stated.
    fn size(&self, raw: &RawSpec) -> Checked<Option<(f64, f64)>> {
        let size = &raw.size;
        let sides = [("width", size.width_px, size.width_range_px), ("height", size.height_px, size.height_range_px)];
        for (side, px, range) in sides {
            if !(1..=limits::SIDE_PX).contains(&px) {
                let reason = format!("{px} px, but a side has 1 to {} px", limits::SIDE_PX);
                return Err(self.refuse(format!("size.{side}_px"), reason));
            }
            if let Some([min, max]) = range {
                let field = format!("size.{side}_range_px");
                if min > max {
                    return Err(self.refuse(field, format!("minimum {min} is above maximum {max}")));
                }
                if !(min..=max).contains(&px) {
                    return Err(self.refuse(field, format!("{side}_px = {px} lies outside {min} to {max}")));
                }
            }
        }
        if !limits::DPI.contains(&size.dpi) {
            let reason = format!("{} dpi, but {} to {} are allowed", size.dpi, limits::DPI.start(), limits::DPI.end());
            return Err(self.refuse("size.dpi", reason));
        }
        match (size.width_mm, size.height_mm) {
            (None, None) => Ok(None),
            (Some(width), Some(height)) => {
                for (field, mm) in [("size.width_mm", width), ("size.height_mm", height)] {
                    if !(mm.is_finite() && (1.0..=500.0).contains(&mm)) {
                        return Err(self.refuse(field, format!("{mm} mm, but 1 to 500 are allowed")));
                    }
                }
                Ok(Some((width, height)))
            }
            _ => Err(self.refuse("size.width_mm", "width_mm and height_mm belong together")),
        }
    }

    fn bands(&self, raw: &RawSpec, print_mm: Option<(f64, f64)>) -> Checked<Vec<Band>> {
        let mut bands: Vec<Band> = Vec::new();
        for item in &raw.bands {
            let band = self.band(item, raw, print_mm)?;
            if bands.iter().any(|other| other.measure == band.measure && other.unit == band.unit) {
                return Err(self.refuse(path(&band), "stated twice"));
            }
            bands.push(band);
        }
        Ok(bands)
    }

    fn band(&self, item: &RawBand, raw: &RawSpec, print_mm: Option<(f64, f64)>) -> Checked<Band> {
        let measure =
            Measure::parse(&item.measure).ok_or_else(|| self.refuse("bands.measure", format!("unknown measure `{}`", item.measure)))?;
        let unit = Unit::parse(&item.unit)
            .ok_or_else(|| self.refuse(format!("bands.{}.unit", measure.key()), format!("unknown unit `{}`", item.unit)))?;
        let (width_px, height_px) = (f64::from(raw.size.width_px), f64::from(raw.size.height_px));
        let px_per_unit = match unit {
            Unit::Px => 1.0,
            Unit::ShareWidth => width_px,
            Unit::ShareHeight => height_px,
            Unit::Mm => {
                let (width_mm, height_mm) = print_mm.ok_or_else(|| {
                    let field = format!("bands.{}.unit", measure.key());
                    self.refuse(field, "millimetres need size.width_mm and size.height_mm")
                })?;
                if measure.is_horizontal() { width_px / width_mm } else { height_px / height_mm }
            }
        };
        let band = Band { measure, unit, min: item.min, max: item.max, px_per_unit };
        let field = path(&band);
        if band.min.is_none() && band.max.is_none() {
            return Err(self.refuse(field, "needs min, max or both"));
        }
        let (side_px, side) = if measure.is_horizontal() { (width_px, "width") } else { (height_px, "height") };
        for (name, value, px) in [("min", band.min, band.min_px()), ("max", band.max, band.max_px())] {
            if let (Some(value), Some(px)) = (value, px)
                && !(px >= 0.0 && px <= side_px + 1e-6)
            {
                let reason = format!("{value} {} lies outside the {side} of the picture", unit.key());
                return Err(self.refuse(format!("{field}.{name}"), reason));
            }
        }
        if let (Some(min), Some(max)) = (band.min, band.max)
            && min > max
        {
            return Err(self.refuse(format!("{field}.min"), format!("minimum {min} is above maximum {max}")));
        }
        Ok(band)
    }

    /// Bands that no photo could satisfy together are a mistake of the file, not of the sitter.
    fn agree(&self, bands: &[Band], raw: &RawSpec) -> Checked<()> {
        let height = f64::from(raw.size.height_px);
        for (index, band) in bands.iter().enumerate() {
            for other in bands[..index].iter().filter(|other| other.measure == band.measure) {
                let min = low(band).max(low(other));
                let max = high(band, height).min(high(other, height));
                if min > max + ROUNDING_PX {
                    let reason = format!("contradicts the same measure in {}", other.unit.key());
                    return Err(self.refuse(path(band), reason));
                }
            }
        }
        let find = |measure| bands.iter().find(|band| band.measure == measure);
        if let (Some(top), Some(bottom)) = (find(Measure::EyesFromTop), find(Measure::EyesFromBottom)) {
            let (least, most) = (low(top) + low(bottom), high(top, height) + high(bottom, height));
            if least > height + ROUNDING_PX || most < height - ROUNDING_PX {
                return Err(self.refuse(path(bottom), "contradicts eyes_from_top: together they do not make the height"));
            }
        }
        let head = find(Measure::HeadHeight).or(find(Measure::HeadHeightHair));
        let above = find(Measure::CrownTop).or(find(Measure::HairTop));
        let least = [above, head, find(Measure::ChinFromBottom)].into_iter().flatten().map(low).sum::<f64>();
        if let Some(head) = head
            && least > height + ROUNDING_PX
        {
            let reason = format!("with the space above and below it needs {least:.0} px of {height:.0} px height");
            return Err(self.refuse(path(head), reason));
        }
        Ok(())
    }

    fn priority(&self, words: &[String], bands: &[Band]) -> Checked<Vec<Measure>> {
        let mut priority = Vec::new();
        for (index, word) in words.iter().enumerate() {
            let field = format!("priority.{index}");
            let measure = Measure::parse(word).ok_or_else(|| self.refuse(&field, format!("unknown measure `{word}`")))?;
            if !bands.iter().any(|band| band.measure == measure) {
                return Err(self.refuse(&field, format!("there is no band for `{word}`")));
            }
            if priority.contains(&measure) {
                return Err(self.refuse(&field, "stated twice"));
            }
            priority.push(measure);
        }
        Ok(priority)
    }

    fn file_rule(&self, raw: &RawSpec) -> Checked<FileRule> {
        let file = &raw.file;
        self.word("file.format", &file.format, &[("jpeg", ())])?;
        if !(1..=100).contains(&file.quality_min) {
            let reason = format!("{}, but JPEG quality runs from 1 to 100", file.quality_min);
            return Err(self.refuse("file.quality_min", reason));
        }
        for (field, kb) in [("file.kb_min", file.kb_min), ("file.kb_max", file.kb_max)] {
            if let Some(kb) = kb
                && !(1..=limits::KB).contains(&kb)
            {
                return Err(self.refuse(field, format!("{kb} KB, but 1 to {} are allowed", limits::KB)));
            }
        }
        if let (Some(min), Some(max)) = (file.kb_min, file.kb_max)
            && min > max
        {
            return Err(self.refuse("file.kb_min", format!("minimum {min} KB is above maximum {max} KB")));
        }
        Ok(FileRule { quality_min: file.quality_min, kb_min: file.kb_min, kb_max: file.kb_max })
    }

    fn receipt(&self, raw: &RawSpec) -> Checked<ReceiptRule> {
        let receipt = &raw.receipt;
        self.word("receipt.label", &receipt.label, &[("回执号", ()), ("图像号", ())])?;
        if !(1..=limits::VALIDITY_DAYS).contains(&receipt.validity_days) {
            let reason = format!("{} days, but 1 to {} are allowed", receipt.validity_days, limits::VALIDITY_DAYS);
            return Err(self.refuse("receipt.validity_days", reason));
        }
        let uses = [("repeated", Uses::Repeated), ("single", Uses::Single)];
        let eyes = [("people", FourEyes::People), ("offices", FourEyes::Offices), ("none", FourEyes::None)];
        let doubles = [("tell", Doubles::Tell), ("refuse", Doubles::Refuse)];
        let template = [("a5", Template::A5), ("a6", Template::A6)];
        Ok(ReceiptRule {
            label: receipt.label.clone(),
            validity_days: receipt.validity_days,
            required: receipt.required,
            uses: self.word("receipt.uses", receipt.uses.as_deref().unwrap_or(uses[0].0), &uses)?,
            four_eyes: self.word("receipt.four_eyes", receipt.four_eyes.as_deref().unwrap_or(eyes[0].0), &eyes)?,
            doubles: self.word("receipt.doubles", receipt.doubles.as_deref().unwrap_or(doubles[0].0), &doubles)?,
            template: self.word("receipt.template", receipt.template.as_deref().unwrap_or(template[0].0), &template)?,
        })
    }

    fn overlap_days(&self, raw: &RawSpec) -> Checked<u32> {
        let days = raw.overlap_days.unwrap_or(limits::OVERLAP_DAYS_DEFAULT);
        if days > limits::OVERLAP_DAYS {
            return Err(self.refuse("overlap_days", format!("{days} days, but at most {} are allowed", limits::OVERLAP_DAYS)));
        }
        Ok(days)
    }
}

fn path(band: &Band) -> String {
    format!("bands.{}.{}", band.measure.key(), band.unit.key())
}

fn low(band: &Band) -> f64 {
    band.min_px().unwrap_or(0.0)
}

fn high(band: &Band, side_px: f64) -> f64 {
    band.max_px().unwrap_or(side_px)
}
