//! Finding faces: first on a small picture, which is enough for the large face of a counter photo, and again on a larger one
//! only when a face that matters could have been missed.

use photo::locate::SECOND_FACE_SHARE;
use photo::{Face, Rgb};

use crate::ModelsError;
use crate::mtcnn::Mtcnn;
use crate::yunet::YuNet;

/// Sides of the two pictures searched.
pub(crate) const COARSE_SIDE_PX: usize = 320;
pub(crate) const FINE_SIDE_PX: usize = 640;
/// Narrowest face sought on the smaller picture, and on the larger one, where a narrower one could not be worked on.
const SURE_WIDTH_PX: f64 = 18.0;
const FINE_WIDTH_PX: f64 = 36.0;
/// Faces from this width on are looked for first.
const LARGE_WIDTH_PX: f64 = 42.0;

/// The networks that find faces; each may be missing.
#[derive(Default)]
pub(crate) struct Detector {
    pub(crate) mtcnn: Option<Mtcnn>,
    pub(crate) yunet_coarse: Option<YuNet>,
    pub(crate) yunet_fine: Option<YuNet>,
}

impl Detector {
    pub(crate) fn is_present(&self) -> bool {
        self.mtcnn.is_some() || self.has_yunet()
    }

    pub(crate) fn has_yunet(&self) -> bool {
        self.yunet_coarse.is_some() || self.yunet_fine.is_some()
    }

    /// All faces in pixels of `image`: by YuNet where it is present, else, or where that sees nothing, by MTCNN.
    pub(crate) fn faces(&self, image: &Rgb) -> Result<Vec<Face>, ModelsError> {
        let mut faces = Vec::new();
        if let Some(yunet) = &self.yunet_coarse {
            faces = searched(image, COARSE_SIDE_PX, |small| yunet.faces(small))?;
        }
        if let Some(yunet) = &self.yunet_fine
            && !(self.yunet_coarse.is_some() && is_enough(&faces, image))
        {
            faces = searched(image, FINE_SIDE_PX, |small| yunet.faces(small))?;
        }
        if let Some(mtcnn) = &self.mtcnn
            && faces.is_empty()
        {
            faces = searched(image, COARSE_SIDE_PX, |small| downwards(mtcnn, small, SURE_WIDTH_PX))?;
            if !is_enough(&faces, image) {
                faces = searched(image, FINE_SIDE_PX, |small| downwards(mtcnn, small, FINE_WIDTH_PX))?;
            }
        }
        Ok(faces)
    }
}

/// Large faces first: only second faces that would count beside them are then looked for, and small faces cost the most.
fn downwards(mtcnn: &Mtcnn, image: &Rgb, least_px: f64) -> Result<Vec<Face>, ModelsError> {
    let mut faces = mtcnn.faces(image, LARGE_WIDTH_PX..f64::INFINITY, &[])?;
    let least_px = (widest(&faces) * SECOND_FACE_SHARE.sqrt()).max(least_px);
    if least_px < LARGE_WIDTH_PX {
        for face in mtcnn.faces(image, least_px..LARGE_WIDTH_PX, &faces)? {
            let is_new = |other: &Face| {
                other.left_eye.middle(other.right_eye).distance(face.left_eye.middle(face.right_eye)) > 0.3 * other.bounds.width()
            };
            if faces.iter().all(is_new) {
                faces.push(face);
            }
        }
    }
    Ok(faces)
}

fn widest(faces: &[Face]) -> f64 {
    faces.iter().map(|face| face.bounds.width()).fold(0.0, f64::max)
}

fn searched(image: &Rgb, side_px: usize, search: impl Fn(&Rgb) -> Result<Vec<Face>, ModelsError>) -> Result<Vec<Face>, ModelsError> {
    let (small, factor) = image.reduced(side_px);
    Ok(search(&small)?.iter().map(|face| face.scaled(1.0 / factor)).collect())
}

/// A second face counts from a share of the first one's area; that share must have been wide enough to be seen.
fn is_enough(faces: &[Face], image: &Rgb) -> bool {
    let reduction = (image.width().max(image.height()) as f64 / COARSE_SIDE_PX as f64).max(1.0);
    widest(faces) * SECOND_FACE_SHARE.sqrt() / reduction >= SURE_WIDTH_PX
}
