//! The models: which there are, which are present, and running them.
//!
//! The only crate that knows an inference engine.
//! A model is an ability, never a condition: without any, the staff marks the points by hand and the rest works.

mod boxes;
mod fetch;
mod manifest;
mod mtcnn;
mod runtime;
mod store;

#[cfg(test)]
mod tests;

use std::path::Path;

use photo::{Face, Rgb, Vision, VisionError};

pub use fetch::fetch;
pub use manifest::{Model, Origin, manifest};
pub use runtime::Engine;
pub use store::{ModelState, Presence, Report, import, list};

use mtcnn::Mtcnn;

/// Environment variable with the path of a native ONNX Runtime library.
pub const ONNXRUNTIME_VARIABLE: &str = "HUIZHI_ONNXRUNTIME";

/// Why models could not be loaded, taken in or run.
#[derive(Debug, thiserror::Error)]
pub enum ModelsError {
    /// A file could not be read or written.
    #[error("{path}: {reason}")]
    File {
        /// Which file.
        path: String,
        /// What went wrong.
        reason: String,
    },
    /// A file is not the one that the manifest names.
    #[error("{file} has SHA-256 {found}, but {expected} is expected; it is not used")]
    WrongHash {
        /// Which file.
        file: String,
        /// By the manifest.
        expected: String,
        /// Of the file.
        found: String,
    },
    /// A download failed.
    #[error(
        "{model} could not be downloaded ({reason}); everything else works without it. \
         To bring it by hand, put {file} into a folder and run `huizhi models import FOLDER`"
    )]
    Unreachable {
        /// Which model.
        model: String,
        /// Its file name.
        file: String,
        /// What went wrong.
        reason: String,
    },
    /// The inference engine did not start or did not run.
    #[error("inference engine: {0}")]
    Engine(String),
}

impl ModelsError {
    pub(crate) fn file(path: &Path, reason: &dyn std::fmt::Display) -> Self {
        ModelsError::File { path: path.display().to_string(), reason: reason.to_string() }
    }
}

/// The loaded models. Cheap to share between threads; each network runs one picture at a time.
pub struct Models {
    engine: Engine,
    mtcnn: Option<Mtcnn>,
}

impl std::fmt::Debug for Models {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Models").field("engine", &self.engine).field("faces", &self.mtcnn.is_some()).finish()
    }
}

impl Models {
    /// Loads what is embedded or lies in `dir`; with the path of a native ONNX Runtime, runs on that.
    ///
    /// The first call of a process decides about the engine.
    /// A missing model is no error; a damaged one is, because somebody meant it to be used.
    pub fn load(dir: &Path, onnxruntime: Option<&Path>) -> Result<Models, ModelsError> {
        let engine = runtime::start(onnxruntime)?;
        let part = |name| store::bytes(name, dir);
        let mtcnn = match (part("mtcnn-pnet")?, part("mtcnn-rnet")?, part("mtcnn-onet")?) {
            (Some(pnet), Some(rnet), Some(onet)) => Some(Mtcnn::load(&pnet, &rnet, &onet)?),
            _ => None,
        };
        Ok(Models { engine, mtcnn })
    }

    /// Whether faces are found without marks.
    pub fn finds_faces(&self) -> bool {
        self.mtcnn.is_some()
    }

    /// What runs the networks.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl Vision for Models {
    fn faces(&self, image: &Rgb) -> Result<Vec<Face>, VisionError> {
        let mtcnn = self.mtcnn.as_ref().ok_or(VisionError::Absent)?;
        mtcnn.faces(image).map_err(|error| VisionError::Failed(error.to_string()))
    }

    fn name(&self) -> &str {
        if self.mtcnn.is_some() { "mtcnn" } else { "none" }
    }
}
