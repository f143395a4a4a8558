//! How work that takes seconds is given up in the middle.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::image::Rgb;
use crate::plane::Plane;
use crate::vision::{Face, Iris, Mesh, Vision, VisionError};

/// Asked again and again while a picture is worked on: some hundred times while a large file is read, and before every model and stage.
pub trait Cancel: Sync + fmt::Debug {
    /// Nobody waits for the result any more. Once true, it stays so.
    fn is_cancelled(&self) -> bool;
}

impl Cancel for AtomicBool {
    fn is_cancelled(&self) -> bool {
        self.load(Ordering::Relaxed)
    }
}

/// Whether there is somebody to ask, and that one says so.
pub(crate) fn is_cancelled(cancel: Option<&dyn Cancel>) -> bool {
    cancel.is_some_and(Cancel::is_cancelled)
}

/// Models that are not run any more once the work is given up.
pub(crate) struct Watched<'a> {
    pub(crate) vision: &'a dyn Vision,
    pub(crate) cancel: Option<&'a dyn Cancel>,
}

impl Watched<'_> {
    fn go_on(&self) -> Result<(), VisionError> {
        if is_cancelled(self.cancel) { Err(VisionError::Failed("cancelled".into())) } else { Ok(()) }
    }
}

impl Vision for Watched<'_> {
    fn faces(&self, image: &Rgb) -> Result<Vec<Face>, VisionError> {
        self.go_on()?;
        self.vision.faces(image)
    }

    fn mesh(&self, image: &Rgb, face: &Face) -> Result<Mesh, VisionError> {
        self.go_on()?;
        self.vision.mesh(image, face)
    }

    fn irises(&self, image: &Rgb, mesh: &Mesh) -> Result<[Iris; 2], VisionError> {
        self.go_on()?;
        self.vision.irises(image, mesh)
    }

    fn person_mask(&self, image: &Rgb) -> Result<Plane, VisionError> {
        self.go_on()?;
        self.vision.person_mask(image)
    }

    fn name(&self) -> &str {
        self.vision.name()
    }
}
