//! Which models there are: names, hashes, licences, origins.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

const TEXT: &str = include_str!("../manifest.toml");

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// How a model file comes to a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Out of a Python wheel while the program is built.
    Package,
    /// Downloaded from its repository.
    Fetch,
    /// Brought by hand.
    Import,
}

/// One model of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Short name.
    pub name: String,
    /// File name.
    pub file: String,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// Size of the file.
    pub bytes: u64,
    /// Licence as far as it is known.
    pub licence: String,
    /// How it comes here.
    pub origin: Origin,
    /// Upstream repository or package.
    pub repository: String,
    /// Upstream commit.
    #[serde(default)]
    pub commit: String,
    /// Path within the repository or package.
    pub path: String,
    /// What the network takes.
    pub input: String,
    /// What it gives.
    pub output: String,
    /// Points of the head, or checks by their names, that the program knows only or better because of it.
    pub measures: Vec<String>,
    /// Whether this version of the program uses it.
    pub used: bool,
}

#[derive(Deserialize)]
struct Manifest {
    model: Vec<Model>,
}

/// All models that this program knows.
pub fn manifest() -> &'static [Model] {
    static MODELS: OnceLock<Vec<Model>> = OnceLock::new();
    MODELS.get_or_init(|| toml::from_str::<Manifest>(TEXT).expect("a test reads the manifest").model)
}

/// Bytes that are part of this program, if its build found them and they are the ones of the manifest.
pub(crate) fn embedded(model: &Model) -> Option<&'static [u8]> {
    let bytes = EMBEDDED.iter().find(|(name, _)| *name == model.file).map(|(_, bytes)| *bytes)?;
    (sha256(bytes) == model.sha256).then_some(bytes)
}

/// SHA-256 in lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    hex::encode(sha2::Sha256::digest(bytes))
}
