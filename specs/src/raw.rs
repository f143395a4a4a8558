//! Serde mirror of a spec file: the shape only, no rules.
//!
//! Unknown keys are refused here, because a misspelt limit that is silently ignored is a limit that is not applied.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::SpecError;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSpec {
    pub(crate) id: String,
    pub(crate) version: u32,
    pub(crate) status: String,
    pub(crate) confidence: String,
    pub(crate) standard: Option<String>,
    pub(crate) authority: Option<String>,
    pub(crate) sources: Vec<String>,
    pub(crate) notes: Option<String>,
    pub(crate) max_age_months: Option<u32>,
    pub(crate) overlap_days: Option<u32>,
    #[serde(default)]
    pub(crate) forbid: Vec<String>,
    pub(crate) backgrounds: Vec<[u8; 3]>,
    #[serde(default)]
    pub(crate) priority: Vec<String>,
    pub(crate) name: RawName,
    pub(crate) size: RawSize,
    #[serde(default)]
    pub(crate) bands: Vec<RawBand>,
    pub(crate) file: RawFile,
    pub(crate) receipt: RawReceipt,
    #[serde(default)]
    pub(crate) checks: BTreeMap<String, RawOverride>,
}

/// What a document changes in the bounds of one check.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawOverride {
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) severity: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawName {
    pub(crate) zh: String,
    pub(crate) en: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSize {
    pub(crate) width_px: u32,
    pub(crate) height_px: u32,
    pub(crate) dpi: u32,
    pub(crate) width_range_px: Option<[u32; 2]>,
    pub(crate) height_range_px: Option<[u32; 2]>,
    pub(crate) width_mm: Option<f64>,
    pub(crate) height_mm: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawBand {
    pub(crate) measure: String,
    pub(crate) unit: String,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFile {
    pub(crate) format: String,
    pub(crate) quality_min: u8,
    pub(crate) kb_min: Option<u32>,
    pub(crate) kb_max: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawReceipt {
    pub(crate) label: String,
    pub(crate) validity_days: u32,
    pub(crate) required: bool,
    pub(crate) uses: Option<String>,
    pub(crate) four_eyes: Option<String>,
    pub(crate) doubles: Option<String>,
    pub(crate) template: Option<String>,
}

pub(crate) fn read(file: &str, text: &str) -> Result<RawSpec, SpecError> {
    parse(file, text)
}

/// TOML of any shape; a refusal names the field.
pub(crate) fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, SpecError> {
    toml::from_str(text).map_err(|error| {
        let field = error.span().map_or_else(|| "-".to_owned(), |span| field_at(text, span.start));
        SpecError::new(file, field, error.message().to_owned())
    })
}

/// Dotted path of the line at a byte offset: the table header above it and the key on it.
/// The TOML reader itself tells only where it stopped.
fn field_at(text: &str, offset: usize) -> String {
    let mut table = String::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim();
        if content.starts_with('[') {
            table = content.trim_matches(['[', ']']).to_owned();
        }
        start += line.len();
        if offset < start {
            let key = content.split_once('=').map_or("", |(key, _)| key.trim());
            return match (table.as_str(), key) {
                ("", "") => "-".to_owned(),
                ("", key) => key.to_owned(),
                (table, "") => table.to_owned(),
                (table, key) => format!("{table}.{key}"),
            };
        }
    }
    "-".to_owned()
}
