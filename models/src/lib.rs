//! The models: which there are, which are present, and running them.
//!
//! The only crate that knows an inference engine.

use std::path::Path;

use photo::{Face, Rgb, Vision, VisionError};

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
}

/// The loaded models.
#[derive(Debug)]
pub struct Models {}

impl Models {
    /// Loads what is embedded or lies in `dir`; with a path of a native ONNX Runtime, runs on that.
    pub fn load(_dir: &Path, _onnxruntime: Option<&Path>) -> Result<Models, ModelsError> {
        Ok(Models {})
    }

    /// Whether faces are found without marks.
    pub fn finds_faces(&self) -> bool {
        false
    }
}

impl Vision for Models {
    fn faces(&self, _image: &Rgb) -> Result<Vec<Face>, VisionError> {
        Err(VisionError::Absent)
    }

    fn name(&self) -> &str {
        "none"
    }
}
