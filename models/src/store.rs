//! The model folder of a machine: what is present, and taking files in from a stick.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde::Serialize;

use crate::ModelsError;
use crate::manifest::{Model, embedded, manifest, sha256};

/// Bound: largest model file that is read.
pub(crate) const MAX_MODEL_BYTES: u64 = 512 * 1024 * 1024;

/// Where a model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Part of this program.
    Embedded,
    /// In the model folder, hash verified.
    File,
    /// A file of this name is there, but it is another one; it is not used.
    WrongHash,
    /// Nowhere.
    Absent,
}

/// One model and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelState {
    /// Short name.
    pub name: String,
    /// File name.
    pub file: String,
    /// Where it is.
    pub present: Presence,
    /// Points of the head, or checks by their names, that the program knows only or better because of it.
    pub measures: Vec<String>,
    /// Whether this version of the program uses it.
    pub used: bool,
    /// Licence as far as it is known.
    pub licence: String,
    /// SHA-256 by the manifest.
    pub sha256: String,
}

/// The state of every model of the manifest.
pub fn list(dir: &Path) -> Vec<ModelState> {
    manifest()
        .iter()
        .map(|model| ModelState {
            name: model.name.clone(),
            file: model.file.clone(),
            present: presence(model, dir),
            measures: model.measures.clone(),
            used: model.used,
            licence: model.licence.clone(),
            sha256: model.sha256.clone(),
        })
        .collect()
}

fn presence(model: &Model, dir: &Path) -> Presence {
    if embedded(model).is_some() {
        return Presence::Embedded;
    }
    in_folder(model, dir)
}

fn in_folder(model: &Model, dir: &Path) -> Presence {
    match read(&dir.join(&model.file)) {
        Ok(bytes) if sha256(&bytes) == model.sha256 => Presence::File,
        Ok(_) => Presence::WrongHash,
        Err(_) => Presence::Absent,
    }
}

/// Verified bytes of a model, embedded or from the folder.
pub(crate) fn bytes(name: &str, dir: &Path) -> Result<Option<Vec<u8>>, ModelsError> {
    let model = manifest().iter().find(|model| model.name == name).expect("the caller names a model of the manifest");
    if let Some(bytes) = embedded(model) {
        return Ok(Some(bytes.to_vec()));
    }
    let path = dir.join(&model.file);
    if !path.is_file() {
        return Ok(None);
    }
    let bytes = read(&path)?;
    verify(model, &bytes)?;
    Ok(Some(bytes))
}

/// What an import or a download did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Models taken in.
    pub taken: Vec<String>,
    /// Models that were there already.
    pub kept: Vec<String>,
    /// Models that could not be taken, with the reason.
    pub refused: Vec<(String, String)>,
}

/// Takes every model of the manifest that lies in `from` into `to`, verified by SHA-256.
/// Other files in `from` are not looked at.
pub fn import(from: &Path, to: &Path) -> Result<Report, ModelsError> {
    let mut report = Report::default();
    for model in manifest() {
        let source = from.join(&model.file);
        if !source.is_file() {
            continue;
        }
        if in_folder(model, to) == Presence::File {
            report.kept.push(model.name.clone());
            continue;
        }
        match read(&source).and_then(|bytes| verify(model, &bytes).map(|()| bytes)) {
            Ok(bytes) => {
                place(&to.join(&model.file), &bytes)?;
                report.taken.push(model.name.clone());
            }
            Err(error) => report.refused.push((model.name.clone(), error.to_string())),
        }
    }
    Ok(report)
}

pub(crate) fn verify(model: &Model, bytes: &[u8]) -> Result<(), ModelsError> {
    let found = sha256(bytes);
    if found == model.sha256 {
        return Ok(());
    }
    Err(ModelsError::WrongHash { file: model.file.clone(), expected: model.sha256.clone(), found })
}

fn read(path: &Path) -> Result<Vec<u8>, ModelsError> {
    let length = fs::metadata(path).map_err(|error| ModelsError::file(path, &error))?.len();
    if length > MAX_MODEL_BYTES {
        return Err(ModelsError::file(path, &"larger than any model"));
    }
    fs::read(path).map_err(|error| ModelsError::file(path, &error))
}

/// Writes beside the target and renames, so that a cut connection or power never leaves half a model under its name.
pub(crate) fn place(target: &Path, bytes: &[u8]) -> Result<(), ModelsError> {
    let failed = |error: std::io::Error| ModelsError::file(target, &error);
    let folder = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let part = target.with_extension("part");
    let mut file = fs::File::create(&part).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&part, target).map_err(failed)
}
