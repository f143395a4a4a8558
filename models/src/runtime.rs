//! The inference engine: tract inside this program, or a native ONNX Runtime from a library file.
//!
//! Only the first choice of a process counts, because `ort` keeps its table of functions for good.

#![allow(unsafe_code, reason = "a native library is opened and its function table is read")]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ort::environment::Environment;
use ort::session::Session;

use crate::ModelsError;

/// Which engine runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// tract, compiled in.
    Embedded,
    /// ONNX Runtime from this library.
    Native(PathBuf),
}

struct Runtime {
    engine: Engine,
    environment: Environment,
}

static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();

/// Starts the engine, or returns the one that runs already.
pub(crate) fn start(library: Option<&Path>) -> Result<Engine, ModelsError> {
    runtime(library).map(|runtime| runtime.engine.clone())
}

fn runtime(library: Option<&Path>) -> Result<&'static Runtime, ModelsError> {
    RUNTIME
        .get_or_init(|| {
            let engine = match library {
                None => {
                    ort::set_api(ort_tract::api());
                    Engine::Embedded
                }
                Some(path) => {
                    ort::set_api(native(path)?);
                    Engine::Native(path.to_owned())
                }
            };
            let environment = ort::init().with_telemetry(false).build().map_err(|error| error.to_string())?;
            Ok(Runtime { engine, environment })
        })
        .as_ref()
        .map_err(|reason| ModelsError::Engine(reason.clone()))
}

/// Reads the function table of a native ONNX Runtime.
fn native(path: &Path) -> Result<ort::sys::OrtApi, String> {
    let failed = |reason: &dyn std::fmt::Display| format!("{}: {reason}", path.display());
    // SAFETY: the operator names this library as ONNX Runtime; its initializers run with the rights of this process.
    let library = unsafe { libloading::Library::new(path) }.map_err(|error| failed(&error))?;
    // SAFETY: `OrtGetApiBase` has had this signature since the first release of ONNX Runtime.
    let base = unsafe {
        let entry: libloading::Symbol<unsafe extern "C" fn() -> *const ort::sys::OrtApiBase> =
            library.get(b"OrtGetApiBase").map_err(|error| failed(&error))?;
        entry()
    };
    if base.is_null() {
        return Err(failed(&"OrtGetApiBase returned nothing"));
    }
    // SAFETY: `base` is not null and points to a static table of the library.
    let api = unsafe { ((*base).GetApi)(ort::sys::ORT_API_VERSION) };
    if api.is_null() {
        return Err(failed(&format!("is too old: version 1.{} or newer is needed", ort::sys::ORT_API_VERSION)));
    }
    // SAFETY: `api` is not null; the table has at least the size of this version and is plain function pointers.
    let table = unsafe { std::ptr::read(api) };
    // Invariant: the library stays loaded as long as the process, since the table points into it.
    std::mem::forget(library);
    Ok(table)
}

/// A session for one network.
pub(crate) fn session(bytes: &[u8]) -> Result<Session, ModelsError> {
    let engine = |error: &dyn std::fmt::Display| ModelsError::Engine(error.to_string());
    let runtime = runtime(None)?;
    let mut builder = Session::builder(&runtime.environment)
        .map_err(|error| engine(&error))?
        .with_intra_threads(1)
        .map_err(|error| engine(&error))?
        .with_optimization_level(ort::session::builder::GraphOptimizationLevel::Level3)
        .map_err(|error| engine(&error))?;
    builder.commit_from_memory(bytes).map_err(|error| engine(&error))
}

#[cfg(test)]
mod tests {
    //! A wrong library path is explained; the engine of the process is not touched.
    use super::*;

    #[test]
    fn a_path_that_is_no_library_is_named() {
        let Err(missing) = native(Path::new("/nowhere/libonnxruntime.so")) else { panic!("nothing is there") };
        assert!(missing.contains("/nowhere/libonnxruntime.so"), "{missing}");
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifest.toml");
        assert!(native(&manifest).is_err());
    }
}
