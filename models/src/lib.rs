//! The models: which there are, which are present, and running them.
//!
//! The only crate that knows an inference engine.

mod boxes;
mod mtcnn;
mod runtime;

use std::path::Path;

use photo::{Face, Rgb, Vision, VisionError};

pub use runtime::Engine;

use mtcnn::Mtcnn;

/// Why models could not be loaded.
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
    /// The inference engine did not start or did not run.
    #[error("inference engine: {0}")]
    Engine(String),
}

/// The loaded models.
pub struct Models {
    mtcnn: Option<Mtcnn>,
}

impl Models {
    /// Loads what is embedded or lies in `dir`; with a path of a native ONNX Runtime, runs on that.
    pub fn load(dir: &Path, onnxruntime: Option<&Path>) -> Result<Models, ModelsError> {
        runtime::start(onnxruntime)?;
        let read = |name: &str| std::fs::read(dir.join(name)).map_err(|e| ModelsError::File { path: name.into(), reason: e.to_string() });
        Ok(Models { mtcnn: Some(Mtcnn::load(&read("pnet.onnx")?, &read("rnet.onnx")?, &read("onet.onnx")?)?) })
    }

    /// Whether faces are found without marks.
    pub fn finds_faces(&self) -> bool {
        self.mtcnn.is_some()
    }
}

impl Vision for Models {
    fn faces(&self, image: &Rgb) -> Result<Vec<Face>, VisionError> {
        self.mtcnn.as_ref().ok_or(VisionError::Absent)?.faces(image).map_err(|error| VisionError::Failed(error.to_string()))
    }

    fn name(&self) -> &str {
        "mtcnn"
    }
}
