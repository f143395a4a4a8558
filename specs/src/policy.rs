//! Bounds of the compliance checks as data: the policy that ships with the program, and what one document changes in it.
//!
//! Bounds for head and eyes are bands of the spec, and bounds of the file are in its `[file]` table; everything else that a
//! check compares with lives here. A spec may change bounds or severity for its document in a table `[checks.<Name>]`:
//!
//! ```toml
//! [checks.EyesOpen]
//! severity = "off"
//!
//! [checks.HeadPoseYaw]
//! min = -5
//! max = 5
//! ```

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::raw::{self, RawOverride};
use crate::{Confidence, SpecError};

/// The shipped policy file, exactly as compiled in.
const SHIPPED: &str = include_str!("../data/checks.toml");
/// Bound: a policy arrives as a file, like a spec.
const FILE_BYTES: usize = 32 * 1024;
const SOURCE_CHARS: usize = 300;

/// What a measurement out of bounds means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The photo fails.
    Required,
    /// The reviewer is shown the measurement and judges.
    Advisory,
    /// The check is not made for this document.
    Off,
}

impl Severity {
    /// Every severity, the strictest first.
    pub const ALL: [Severity; 3] = [Severity::Required, Severity::Advisory, Severity::Off];

    /// The word in policy and spec files.
    pub fn key(self) -> &'static str {
        match self {
            Severity::Required => "required",
            Severity::Advisory => "advisory",
            Severity::Off => "off",
        }
    }
}

/// Units of measurements. `person` marks what no measurement can decide: it has no bounds.
const UNITS: [&str; 11] = ["px", "mm", "deg", "share", "ratio", "times", "delta_e", "bits", "KB", "level", "person"];

/// Bounds of one check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rule {
    /// Unit of the bounds; `person` when only a person can judge.
    pub unit: &'static str,
    /// Lower bound, inclusive.
    pub min: Option<f64>,
    /// Upper bound, inclusive.
    pub max: Option<f64>,
    /// What a measurement out of bounds means.
    pub severity: Severity,
    /// Where the bounds come from.
    pub source: String,
    /// How far to trust them.
    pub confidence: Confidence,
}

/// Checked bounds of all checks by name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Policy {
    rules: BTreeMap<String, Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    checks: BTreeMap<String, RawRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    unit: String,
    min: Option<f64>,
    max: Option<f64>,
    severity: String,
    source: String,
    confidence: String,
}

impl Policy {
    /// The policy that ships with the program.
    pub fn shipped() -> &'static Policy {
        static POLICY: OnceLock<Policy> = OnceLock::new();
        POLICY.get_or_init(|| Policy::parse("checks.toml", SHIPPED).expect("a test parses the shipped policy"))
    }

    /// Reads and checks a policy file. `file_name` is only used in the refusal.
    pub fn parse(file_name: &str, text: &str) -> Result<Policy, SpecError> {
        let refuse = |field: String, reason: String| SpecError::new(file_name, field, reason);
        if text.len() > FILE_BYTES {
            return Err(refuse("-".into(), format!("{} bytes, but a policy file may have at most {FILE_BYTES}", text.len())));
        }
        let raw: RawPolicy = raw::parse(file_name, text)?;
        let mut rules = BTreeMap::new();
        for (name, rule) in raw.checks {
            let field = |part: &str| format!("checks.{name}.{part}");
            if !name.chars().next().is_some_and(|c| c.is_ascii_uppercase()) || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
                return Err(refuse(format!("checks.{name}"), "a check is named in CamelCase".into()));
            }
            let unit = UNITS.into_iter().find(|unit| *unit == rule.unit);
            let unit =
                unit.ok_or_else(|| refuse(field("unit"), format!("unknown unit `{}`, expected one of {}", rule.unit, UNITS.join(", "))))?;
            let severity = severity(&rule.severity).map_err(|reason| refuse(field("severity"), reason))?;
            let confidence = [Confidence::H, Confidence::M, Confidence::L, Confidence::D].into_iter().find(|c| c.key() == rule.confidence);
            let confidence = confidence
                .ok_or_else(|| refuse(field("confidence"), format!("unknown value `{}`, expected H, M, L or D", rule.confidence)))?;
            if rule.source.trim().is_empty() || rule.source.chars().count() > SOURCE_CHARS {
                return Err(refuse(field("source"), format!("1 to {SOURCE_CHARS} characters are needed")));
            }
            let rule = Rule { unit, min: rule.min, max: rule.max, severity, source: rule.source, confidence };
            if unit != "person" && rule.min.is_none() && rule.max.is_none() {
                return Err(refuse(format!("checks.{name}"), "needs min, max or both".into()));
            }
            bounds(&rule).map_err(|(part, reason)| refuse(field(part), reason))?;
            rules.insert(name, rule);
        }
        Ok(Policy { rules })
    }

    /// Bounds of the check of this name.
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.get(name)
    }

    /// All bounds, sorted by name.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &Rule)> {
        self.rules.iter().map(|(name, rule)| (name.as_str(), rule))
    }

    /// This policy with what one document changes.
    pub(crate) fn with(&self, file: &str, overrides: &BTreeMap<String, RawOverride>) -> Result<Policy, SpecError> {
        let mut policy = self.clone();
        for (name, change) in overrides {
            let refuse = |part: &str, reason: String| SpecError::new(file, format!("checks.{name}{part}"), reason);
            let rule = policy.rules.get_mut(name).ok_or_else(|| refuse("", format!("unknown check `{name}`")))?;
            if change.min.is_none() && change.max.is_none() && change.severity.is_none() {
                return Err(refuse("", "changes nothing".into()));
            }
            if let Some(word) = &change.severity {
                rule.severity = severity(word).map_err(|reason| refuse(".severity", reason))?;
            }
            rule.min = change.min.or(rule.min);
            rule.max = change.max.or(rule.max);
            bounds(rule).map_err(|(part, reason)| refuse(&format!(".{part}"), reason))?;
        }
        Ok(policy)
    }
}

fn severity(word: &str) -> Result<Severity, String> {
    let found = Severity::ALL.into_iter().find(|severity| severity.key() == word);
    found.ok_or_else(|| format!("unknown value `{word}`, expected one of {}", Severity::ALL.map(Severity::key).join(", ")))
}

fn bounds(rule: &Rule) -> Result<(), (&'static str, String)> {
    for (part, bound) in [("min", rule.min), ("max", rule.max)] {
        if let Some(value) = bound {
            if rule.unit == "person" {
                return Err((part, "only a person can judge this check: it has no bounds".into()));
            }
            if !value.is_finite() {
                return Err((part, format!("{value} is not a number to compare with")));
            }
        }
    }
    match (rule.min, rule.max) {
        (Some(min), Some(max)) if min > max => Err(("min", format!("minimum {min} is above maximum {max}"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    //! One test per way to be refused, and what a document may change.
    use super::*;
    use crate::{Spec, find};

    #[track_caller]
    fn check_refused(from: &str, to: &str, field: &str, reason: &str) {
        assert!(SHIPPED.contains(from), "the file has no `{from}`");
        let error = Policy::parse("x.toml", &SHIPPED.replacen(from, to, 1)).unwrap_err();
        assert_eq!(error.field, field, "{error}");
        assert!(error.reason.contains(reason), "{error}");
    }

    #[track_caller]
    fn check_override_refused(table: &str, field: &str, reason: &str) {
        let text = format!("{}\n{table}\n", find("cn-id-card").unwrap().text());
        let error = Spec::parse("x.toml", &text).unwrap_err();
        assert_eq!(error.field, field, "{error}");
        assert!(error.reason.contains(reason), "{error}");
    }

    #[test]
    fn the_shipped_policy_is_read_and_states_its_sources() {
        let policy = Policy::shipped();
        assert!(policy.rules().count() >= 40);
        assert!(policy.rules().all(|(_, rule)| !rule.source.is_empty()));
        assert_eq!(policy.rule("HeadPoseRoll").unwrap().max, Some(8.0));
        assert_eq!(policy.rule("NoSuchCheck"), None);
    }

    #[test]
    fn a_wrong_policy_is_refused_with_the_field() {
        check_refused(
            "[checks.Sharpness]\nunit = \"ratio\"",
            "[checks.Sharpness]\nunit = \"inch\"",
            "checks.Sharpness.unit",
            "unknown unit",
        );
        check_refused(
            "[checks.HeadPoseRoll]\nunit = \"deg\"\nmin = -8",
            "[checks.HeadPoseRoll]\nunit = \"deg\"\nmin = 9",
            "checks.HeadPoseRoll.min",
            "above",
        );
        check_refused(
            "[checks.HeadPoseRoll]\nunit = \"deg\"\nmin = -8",
            "[checks.HeadPoseRoll]\nunit = \"deg\"\nmin = nan",
            "checks.HeadPoseRoll.min",
            "number",
        );
        check_refused("severity = \"required\"", "severity = \"maybe\"", "checks.BackgroundColour.severity", "required, advisory, off");
        check_refused(
            "[checks.Glasses]\nunit = \"person\"",
            "[checks.Glasses]\nunit = \"person\"\nmin = 1",
            "checks.Glasses.min",
            "person",
        );
        check_refused("[checks.Glasses]", "[checks.glasses]", "checks.glasses", "CamelCase");
        assert!(Policy::parse("x", "[checks.A]\nunit = \"px\"\nseverity = \"off\"\nsource = \"s\"\nconfidence = \"D\"").is_err());
        assert!(Policy::parse("x", &"#".repeat(FILE_BYTES + 1)).is_err());
        assert_eq!(Policy::parse("x", "[other]\n").unwrap_err().field, "other");
    }

    #[test]
    fn a_document_changes_bounds_and_severity_of_its_own_checks_only() {
        let text = format!(
            "{}\n[checks.EyesOpen]\nseverity = \"off\"\n[checks.HeadPoseYaw]\nmin = -5\nmax = 5\n",
            find("cn-id-card").unwrap().text()
        );
        let spec = Spec::parse("x.toml", &text).unwrap();
        assert_eq!(spec.policy().rule("EyesOpen").unwrap().severity, Severity::Off);
        assert_eq!(spec.policy().rule("HeadPoseYaw").unwrap().max, Some(5.0));
        assert_eq!(spec.policy().rule("HeadPosePitch"), Policy::shipped().rule("HeadPosePitch"));
        assert_eq!(find("cn-id-card").unwrap().policy(), Policy::shipped());
    }

    #[test]
    fn a_wrong_change_is_refused_with_the_field() {
        check_override_refused("[checks.NoseLength]\nmax = 3", "checks.NoseLength", "unknown check");
        check_override_refused("[checks.HeadPoseYaw]", "checks.HeadPoseYaw", "changes nothing");
        check_override_refused("[checks.HeadPoseYaw]\nmin = 30", "checks.HeadPoseYaw.min", "above maximum");
        check_override_refused("[checks.HeadPoseYaw]\nmax = inf", "checks.HeadPoseYaw.max", "number");
        check_override_refused("[checks.HeadPoseYaw]\nseverity = \"hard\"", "checks.HeadPoseYaw.severity", "unknown value");
        check_override_refused("[checks.Glasses]\nmax = 1", "checks.Glasses.max", "person");
        check_override_refused("[checks.HeadPoseYaw]\ncolour = 1", "checks.HeadPoseYaw.colour", "unknown field");
    }
}
