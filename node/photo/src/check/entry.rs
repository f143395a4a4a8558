//! What one check is: its name, its words, how it measures; and how a measurement is judged by the policy.

use specs::{Policy, Rule, Severity};

use super::scene::Scene;
use super::{Area, Check, Evidence, Verdict};
use crate::text::Text;

/// The same words in Simplified Chinese and in English.
pub(crate) type Words = (&'static str, &'static str);

/// One check of the registry.
pub(crate) struct Entry {
    /// Stable name, also the name of its bounds in the policy.
    pub(crate) name: &'static str,
    /// The name in words.
    pub(crate) title: Words,
    /// Next step when the measurement is below the minimum.
    pub(crate) low: Words,
    /// Next step when the measurement is above the maximum.
    pub(crate) high: Words,
    /// What the reviewer looks at when nothing was measured.
    pub(crate) look: Words,
    /// How it measures.
    pub(crate) measure: Measure,
}

/// On what a check measures.
pub(crate) enum Measure {
    /// On the face alone: the same on a photo and on a preview frame.
    Face(fn(&Scene) -> Measured),
    /// On the finished photo and what it was made from.
    Photo(fn(&Evidence) -> Measured),
}

/// Why something was not assessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// No model that tells this is installed.
    ModelAbsent,
    /// This picture does not show enough to measure it.
    NotMeasurable,
    /// No measurement decides this.
    PersonJudges,
}

impl Why {
    fn code(self) -> &'static str {
        match self {
            Why::ModelAbsent => "model_absent",
            Why::NotMeasurable => "not_measurable",
            Why::PersonJudges => "person_judges",
        }
    }

    fn text(self) -> Text {
        match self {
            Why::ModelAbsent => Text::new("没有安装能判断此项的模型。", "No model that can tell this is installed."),
            Why::NotMeasurable => Text::new("这张照片上无法测量此项。", "It could not be measured on this picture."),
            Why::PersonJudges => Text::new("此项只能由人判断。", "Only a person can judge this."),
        }
    }
}

/// What a check found, before it is judged.
#[derive(Clone)]
pub(crate) struct Measured {
    pub(crate) value: Result<f64, Why>,
    /// Bounds of another name, when how it was measured asks for other bounds.
    pub(crate) rule: Option<&'static str>,
    /// Where, in pixels of the scene's picture (face checks) or of the finished photo.
    pub(crate) place: Option<Area>,
    /// Component value of ISO/IEC 29794-5, where the value is its native measure.
    pub(crate) scalar: Option<u8>,
    /// Stable reason to report when it fails.
    pub(crate) code: Option<&'static str>,
    /// A value within bounds proves nothing, and a person judges all the same.
    pub(crate) proves_nothing: bool,
}

impl Measured {
    pub(crate) fn value(value: f64) -> Measured {
        let value = if value.is_finite() { Ok(value) } else { Err(Why::NotMeasurable) };
        Measured { value, rule: None, place: None, scalar: None, code: None, proves_nothing: false }
    }

    pub(crate) fn missing(why: Why) -> Measured {
        Measured { value: Err(why), ..Measured::value(0.0) }
    }

    /// A value, or that this picture does not show enough.
    pub(crate) fn seen(value: Option<f64>) -> Measured {
        value.map_or_else(|| Measured::missing(Why::NotMeasurable), Measured::value)
    }

    pub(crate) fn at(self, place: Option<Area>) -> Measured {
        Measured { place, ..self }
    }

    pub(crate) fn scalar(self, component: super::Component) -> Measured {
        let scalar = self.value.ok().and_then(|value| component.scalar(value));
        Measured { scalar, ..self }
    }

    pub(crate) fn by(self, rule: &'static str) -> Measured {
        Measured { rule: Some(rule), ..self }
    }

    pub(crate) fn code(self, code: &'static str) -> Measured {
        Measured { code: Some(code), ..self }
    }
}

/// Bounds to judge by, from the policy or from the spec's own tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) unit: &'static str,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) advisory: bool,
}

impl Bounds {
    pub(crate) fn of(rule: &Rule) -> Bounds {
        Bounds { unit: rule.unit, min: rule.min, max: rule.max, advisory: rule.severity != Severity::Required }
    }
}

/// Next steps, as the words of an [`Entry`].
pub(crate) struct Advice {
    pub(crate) low: Text,
    pub(crate) high: Text,
    pub(crate) look: Text,
}

impl Entry {
    /// Judges what was found by the bounds of the policy; `None` when the document switches the check off.
    pub(crate) fn judge(&self, policy: &Policy, measured: Measured) -> Option<Check> {
        let own = policy.rule(self.name);
        if own.is_some_and(|rule| rule.severity == Severity::Off) {
            return None;
        }
        let rule = measured.rule.map_or(own, |name| policy.rule(name));
        if rule.is_some_and(|rule| rule.severity == Severity::Off) {
            return None;
        }
        // A check without bounds never passes silently; a test holds the policy complete.
        let measured = if rule.is_some() { measured } else { Measured::missing(Why::PersonJudges) };
        let nobody = Bounds { unit: "person", min: None, max: None, advisory: true };
        let bounds = rule.map_or(nobody, Bounds::of);
        // Measured less exactly, by wider bounds: what only the check's own bounds object to is for the reviewer.
        let doubted = own.filter(|own| measured.rule.is_some() && own.unit == bounds.unit && own.severity == Severity::Required);
        let check = judge(self.name, text(self.title), bounds, measured.clone(), self.advice());
        match doubted {
            Some(own) if check.verdict == Verdict::Pass => {
                Some(judge(self.name, text(self.title), Bounds { advisory: true, ..Bounds::of(own) }, measured, self.advice()))
            }
            _ => Some(check),
        }
    }

    fn advice(&self) -> Advice {
        // Where one step helps against both, the other is left empty.
        let other = |words: Words, instead: Words| text(if words.0.is_empty() { instead } else { words });
        Advice { low: other(self.low, self.high), high: other(self.high, self.low), look: text(self.look) }
    }
}

/// Within the bounds or not. What was not measured, and what an advisory bound only doubts, goes to the reviewer.
pub(crate) fn judge(name: &'static str, title: Text, bounds: Bounds, measured: Measured, advice: Advice) -> Check {
    let mut check = Check {
        name,
        title,
        verdict: Verdict::Pass,
        measured: measured.value.ok().map(rounded),
        unit: bounds.unit,
        min: bounds.min.map(rounded),
        max: bounds.max.map(rounded),
        code: None,
        next_step: Text::default(),
        reason: Text::default(),
        place: measured.place,
        scalar: measured.scalar,
    };
    let not_assessed = |check: &mut Check, code, reason, next_step: Text| {
        check.verdict = Verdict::NotAssessed;
        check.code = Some(code);
        check.next_step = next_step;
        check.reason = reason;
    };
    let value = match measured.value {
        Ok(value) => value,
        Err(why) => {
            not_assessed(&mut check, why.code(), why.text(), advice.look);
            return check;
        }
    };
    let low = bounds.min.is_some_and(|min| value < min);
    let high = bounds.max.is_some_and(|max| value > max);
    if low || high {
        let step = if low { advice.low } else { advice.high };
        if bounds.advisory {
            let reason =
                Text::new("测量值超出建议范围，由审核员判断。", "The measurement is outside of the advised range; the reviewer judges.");
            not_assessed(&mut check, "advisory", reason, step);
        } else {
            check.verdict = Verdict::Fail;
            check.code = measured.code;
            check.next_step = step;
        }
    } else if measured.proves_nothing {
        not_assessed(&mut check, Why::PersonJudges.code(), Why::PersonJudges.text(), advice.look);
    }
    check
}

pub(crate) fn text((zh, en): Words) -> Text {
    Text::new(zh, en)
}

/// Three decimals: more would pretend a precision that no check has, and would differ between machines.
fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}
