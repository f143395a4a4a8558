//! The models: which there are, which are present, and running them.
//!
//! The only crate that knows an inference engine.
//! A model is an ability, never a condition: without any, the staff marks the points by hand and the rest works.

mod boxes;
mod detect;
mod fetch;
mod manifest;
mod mask;
mod mesh;
mod mtcnn;
mod network;
mod patch;
mod pnet;
mod runtime;
mod store;
mod weights;
mod yunet;

#[cfg(test)]
mod tests;

use std::path::Path;

use photo::{Face, Iris, Mesh, Plane, Rgb, Vision, VisionError};

pub use fetch::fetch;
pub use manifest::{Model, Origin, manifest};
pub use runtime::Engine;
pub use store::{ModelState, Presence, Report, import, list};

use detect::{COARSE_SIDE_PX, Detector, FINE_SIDE_PX};
use mask::{Kind, Mask};
use mesh::FaceMesh;
use mtcnn::Mtcnn;
use yunet::YuNet;

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
    detector: Detector,
    mesh: Option<FaceMesh>,
    mask: Option<Mask>,
    name: String,
}

impl std::fmt::Debug for Models {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Models").field("engine", &self.engine).field("name", &self.name).finish()
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
        let yunet = |name, side| part(name)?.map(|bytes| YuNet::load(&bytes, side)).transpose();
        let detector = Detector { mtcnn, yunet_coarse: yunet("yunet-320", COARSE_SIDE_PX)?, yunet_fine: yunet("yunet-640", FINE_SIDE_PX)? };
        let iris = part("iris")?;
        let mesh = part("face-mesh")?.map(|bytes| FaceMesh::load(&bytes, iris.as_deref())).transpose()?;
        let mut mask = None;
        for kind in Kind::ALL {
            if mask.is_none() {
                mask = part(kind.name())?.map(|bytes| Mask::load(kind, &bytes)).transpose()?;
            }
        }
        let name = name(&detector, mesh.as_ref(), mask.as_ref());
        Ok(Models { engine, detector, mesh, mask, name })
    }

    /// Whether faces are found without marks.
    pub fn finds_faces(&self) -> bool {
        self.detector.is_present()
    }

    /// What runs the networks.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// The present models in words, for example `yunet+face-mesh+iris`; `none` without any.
fn name(detector: &Detector, mesh: Option<&FaceMesh>, mask: Option<&Mask>) -> String {
    let finder = if detector.has_yunet() { "yunet" } else { "mtcnn" };
    let parts = [
        detector.is_present().then_some(finder),
        mesh.map(|_| "face-mesh"),
        mesh.filter(|mesh| mesh.has_iris()).map(|_| "iris"),
        mask.map(Mask::name),
    ];
    let present: Vec<&str> = parts.into_iter().flatten().collect();
    if present.is_empty() { "none".into() } else { present.join("+") }
}

/// An engine's failure is a failure, an empty answer or a missing model is an absence.
fn answer<T>(result: Result<Option<T>, ModelsError>) -> Result<T, VisionError> {
    result.map_err(|error| VisionError::Failed(error.to_string()))?.ok_or(VisionError::Absent)
}

impl Vision for Models {
    fn faces(&self, image: &Rgb) -> Result<Vec<Face>, VisionError> {
        if !self.detector.is_present() {
            return Err(VisionError::Absent);
        }
        self.detector.faces(image).map_err(|error| VisionError::Failed(error.to_string()))
    }

    fn mesh(&self, image: &Rgb, face: &Face) -> Result<Mesh, VisionError> {
        answer(self.mesh.as_ref().map_or(Ok(None), |mesh| mesh.mesh(image, face)))
    }

    fn irises(&self, image: &Rgb, mesh: &Mesh) -> Result<[Iris; 2], VisionError> {
        answer(self.mesh.as_ref().map_or(Ok(None), |networks| networks.irises(image, mesh)))
    }

    fn person_mask(&self, image: &Rgb) -> Result<Plane, VisionError> {
        answer(self.mask.as_ref().map_or(Ok(None), |mask| mask.person(image)))
    }

    fn name(&self) -> &str {
        &self.name
    }
}
