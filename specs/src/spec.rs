//! A checked specification: once it exists, its values are within bounds and do not contradict each other.

use crate::sources;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::check::Checker;
use crate::colour;
use crate::raw;
use crate::{Band, Measure, Policy, SpecError};

/// Bounds on a spec file. A file arrives from another office, so each length is bounded before it is kept or shown.
pub mod limits {
    /// Whole file.
    pub const FILE_BYTES: usize = 32 * 1024;
    /// `id`.
    pub const ID_CHARS: usize = 40;
    /// Each name.
    pub const NAME_CHARS: usize = 80;
    /// `standard`.
    pub const STANDARD_CHARS: usize = 200;
    /// Number of sources.
    pub const SOURCES: usize = 16;
    /// Each source.
    pub const SOURCE_CHARS: usize = 300;
    /// `notes`.
    pub const NOTES_CHARS: usize = 4_000;
    /// Side of the finished photo.
    pub const SIDE_PX: u32 = 5_000;
    /// Number of backgrounds.
    pub const BACKGROUNDS: usize = 8;
    /// Resolution written in the file; JFIF keeps it in 16 bits.
    pub const DPI: std::ops::RangeInclusive<u32> = 72..=2_400;
    /// Largest file that a spec may ask for.
    pub const KB: u32 = 20 * 1024;
    /// Longest validity of a receipt.
    pub const VALIDITY_DAYS: u32 = 3_650;
    /// Longest overlap with the version before, in days.
    pub const OVERLAP_DAYS: u32 = 366;
    /// Overlap where a spec says nothing, in days.
    pub const OVERLAP_DAYS_DEFAULT: u32 = 7;
}

/// An RGB colour.
pub type Rgb = [u8; 3];

/// Whether an administrator has confirmed the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// From public pages, not confirmed.
    Draft,
    /// Confirmed by an administrator of the federation.
    Official,
}

impl Status {
    /// The word in spec files.
    pub fn key(self) -> &'static str {
        match self {
            Status::Draft => "draft",
            Status::Official => "official",
        }
    }
}

/// How far to trust the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Confidence {
    /// Text of the standard or of the authority read.
    H,
    /// Several independent copies agree and name a standard.
    M,
    /// One secondary page.
    L,
    /// Derived by arithmetic.
    D,
}

impl Confidence {
    /// The letter in spec files.
    pub fn key(self) -> &'static str {
        match self {
            Confidence::H => "H",
            Confidence::M => "M",
            Confidence::L => "L",
            Confidence::D => "D",
        }
    }
}

/// What must not be done to a photo for this document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Forbidden {
    /// The background must be the one in front of the camera.
    BackgroundReplacement,
    /// Not even a small correction of a tilted head.
    Rotation,
    /// No flipping left to right.
    Mirror,
    /// No change of skin, hair or features. This program never does it.
    Retouch,
}

impl Forbidden {
    /// The word in spec files.
    pub fn key(self) -> &'static str {
        match self {
            Forbidden::BackgroundReplacement => "background_replacement",
            Forbidden::Rotation => "rotation",
            Forbidden::Mirror => "mirror",
            Forbidden::Retouch => "retouch",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::BackgroundReplacement, Self::Rotation, Self::Mirror, Self::Retouch].into_iter().find(|f| f.key() == word)
    }
}

/// Name of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Name {
    /// Simplified Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// Limits of the finished JPEG file; 1 KB is 1024 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FileRule {
    /// Lowest allowed JPEG quality, 1 to 100.
    pub quality_min: u8,
    /// Smallest allowed file.
    pub kb_min: Option<u32>,
    /// Largest allowed file.
    pub kb_max: Option<u32>,
}

/// The receipt that goes with the photo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptRule {
    /// What its number is called: `回执号` or `图像号`.
    pub label: String,
    /// How long the receipt is valid.
    pub validity_days: u32,
    /// Whether the authority asks for a receipt at all.
    pub required: bool,
    /// How often documents may be made from it. `uses` in the file: `repeated` unless told.
    pub uses: Uses,
    /// Who may decide on what somebody submitted. `four_eyes` in the file: `people` unless told.
    pub four_eyes: FourEyes,
    /// What becomes of a submission whose number stands for another name here, or whose picture for another person. `doubles` in the file:
    /// `tell` unless told.
    pub doubles: Doubles,
    /// The paper that it is printed on. `template` in the file: `a5` unless told.
    pub template: Template,
}

/// How often documents may be made from a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Uses {
    /// One document.
    Single,
    /// Any number, while it is valid.
    Repeated,
}

/// Who may decide on what somebody submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FourEyes {
    /// Another person, of the same office or of another.
    People,
    /// Another office.
    Offices,
    /// Anybody who may decide.
    None,
}

/// What becomes of a number with two names, or of a picture of two people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubles {
    /// Counter and reviewer see the other case.
    Tell,
    /// It cannot be submitted either.
    Refuse,
}

/// The paper of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Template {
    /// ISO 216 A5, 148 × 210 mm.
    A5,
    /// ISO 216 A6, 105 × 148 mm, to be stapled to an application.
    A6,
}

/// A checked specification together with the exact text it was read from.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    pub(crate) text: String,
    pub(crate) id: String,
    pub(crate) version: u32,
    pub(crate) status: Status,
    pub(crate) confidence: Confidence,
    pub(crate) standard: Option<String>,
    pub(crate) authority: Option<String>,
    pub(crate) sources: Vec<String>,
    pub(crate) notes: Option<String>,
    pub(crate) max_age_months: Option<u32>,
    pub(crate) forbid: Vec<Forbidden>,
    pub(crate) backgrounds: Vec<Rgb>,
    pub(crate) priority: Vec<Measure>,
    pub(crate) name: Name,
    pub(crate) width_px: u32,
    pub(crate) height_px: u32,
    pub(crate) dpi: u32,
    pub(crate) print_mm: Option<(f64, f64)>,
    pub(crate) bands: Vec<Band>,
    pub(crate) file: FileRule,
    pub(crate) receipt: ReceiptRule,
    pub(crate) overlap_days: u32,
    pub(crate) policy: Policy,
}

impl Spec {
    /// Reads and checks a spec file. `file_name` is only used in the refusal.
    pub fn parse(file_name: &str, text: &str) -> Result<Spec, SpecError> {
        if text.len() > limits::FILE_BYTES {
            let reason = format!("{} bytes, but a spec file may have at most {}", text.len(), limits::FILE_BYTES);
            return Err(SpecError::new(file_name, "-", reason));
        }
        let raw = raw::read(file_name, text)?;
        Checker { file: file_name }.check(raw, text)
    }

    /// The text exactly as read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of [`Spec::text`]; a receipt names the spec by it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// [`Spec::hash`] in lower-case hex.
    pub fn hash_hex(&self) -> String {
        hex::encode(self.hash())
    }

    /// For example `cn-id-card`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Counts up with each publication.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Whether an administrator has confirmed it.
    pub fn status(&self) -> Status {
        self.status
    }

    /// How far to trust the numbers.
    pub fn confidence(&self) -> Confidence {
        self.confidence
    }

    /// The standard that the numbers are said to come from.
    pub fn standard(&self) -> Option<&str> {
        self.standard.as_deref()
    }

    /// Whose rule it is.
    pub fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// Where the numbers were read.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// Those of the sources that are pages of authorities and schools. The others are for who keeps the spec.
    pub fn official_sources(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(String::as_str).filter(|source| sources::is_of_authority_or_school(source))
    }

    /// Contradictions between sources, and what was derived.
    pub fn notes(&self) -> Option<&str> {
        self.notes.as_deref()
    }

    /// How old a photo may be. Cannot be measured; the clerk asks.
    pub fn max_age_months(&self) -> Option<u32> {
        self.max_age_months
    }

    /// Whether this must not be done to a photo.
    pub fn forbids(&self, what: Forbidden) -> bool {
        self.forbid.contains(&what)
    }

    /// All that must not be done.
    pub fn forbid(&self) -> &[Forbidden] {
        &self.forbid
    }

    /// Allowed backgrounds; the first is the default, and there is at least one.
    pub fn backgrounds(&self) -> &[Rgb] {
        &self.backgrounds
    }

    /// The allowed background that is meant by a name (`white`, `浅蓝色`, see [`crate::colour_name`]) or by `#rrggbb`.
    pub fn background(&self, asked: &str) -> Option<Rgb> {
        colour::find(&self.backgrounds, asked)
    }

    /// Bands that win over each other when not all can hold, the most important first.
    pub fn priority(&self) -> &[Measure] {
        &self.priority
    }

    /// Name of the document.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Width of the finished file.
    pub fn width_px(&self) -> u32 {
        self.width_px
    }

    /// Height of the finished file.
    pub fn height_px(&self) -> u32 {
        self.height_px
    }

    /// Pixels per inch written in the file.
    pub fn dpi(&self) -> u32 {
        self.dpi
    }

    /// Width and height of the print.
    pub fn print_mm(&self) -> Option<(f64, f64)> {
        self.print_mm
    }

    /// Bounds for head and eyes.
    pub fn bands(&self) -> &[Band] {
        &self.bands
    }

    /// Limits of the file.
    pub fn file(&self) -> &FileRule {
        &self.file
    }

    /// The receipt that goes with the photo.
    pub fn receipt(&self) -> &ReceiptRule {
        &self.receipt
    }

    /// Days for which a capture that began under the version before may still be submitted once this one is in force.
    /// `overlap_days` in the file: [`limits::OVERLAP_DAYS_DEFAULT`] unless told.
    pub fn overlap_days(&self) -> u32 {
        self.overlap_days
    }

    /// Bounds of the checks for this document: the shipped policy with what the document changes.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
}
