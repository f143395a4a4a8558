//! Where eyes, chin and crown are, and how that is known.

use serde::{Deserialize, Serialize};

mod anatomy;
mod skin;

use crate::image::Point;
use crate::text::Text;
use crate::upright::Upright;
use crate::vision::{Face, Iris, Mesh, Vision, VisionError};

pub use anatomy::{Frame, Head, Source};

/// The four points that the staff sets by hand, and that every finished photo reports.
/// Pixels of the upright original; left and right as seen in the picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Marks {
    /// Centre of the eye on the left of the picture.
    pub left_eye: Point,
    /// Centre of the eye on the right of the picture.
    pub right_eye: Point,
    /// Lowest point of the chin.
    pub chin: Point,
    /// Top of the head, hair included.
    pub crown: Point,
}

/// Where the points came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LocatedBy {
    /// A face model.
    Model,
    /// The staff.
    Marks,
}

impl LocatedBy {
    /// The stable word.
    pub fn key(self) -> &'static str {
        match self {
            LocatedBy::Model => "model",
            LocatedBy::Marks => "marks",
        }
    }
}

/// Why no head was located.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LocateError {
    /// No model is installed and nothing was marked.
    #[error("no face model is installed and no points were marked")]
    NoModel,
    /// The model did not run.
    #[error("the face model failed: {0}")]
    ModelFailed(String),
    /// The model saw no face.
    #[error("no face was found")]
    NoFace,
    /// More than one face.
    #[error("{count} faces were found")]
    TwoFaces {
        /// How many.
        count: usize,
    },
    /// The face has too few pixels to make this photo.
    #[error("the eyes are {eye_distance_px:.0} px apart, {needed_px:.0} px are needed")]
    FaceTooSmall {
        /// Measured in the upright original.
        eye_distance_px: f64,
        /// Needed.
        needed_px: f64,
    },
    /// The marks cannot belong to one head.
    #[error("the marks are implausible: {0}")]
    ImplausibleMarks(&'static str),
}

impl LocateError {
    /// Stable identifier.
    pub fn code(&self) -> &'static str {
        match self {
            LocateError::NoModel => "no_face_model",
            LocateError::ModelFailed(_) => "face_model_failed",
            LocateError::NoFace => "no_face",
            LocateError::TwoFaces { .. } => "two_faces",
            LocateError::FaceTooSmall { .. } => "face_too_small",
            LocateError::ImplausibleMarks(_) => "marks_implausible",
        }
    }

    /// What happened and what to do next.
    pub fn message(&self) -> Text {
        match self {
            LocateError::NoModel => Text::new(
                "本机没有安装人脸模型。请在照片上手工标出双眼、下巴和头顶。",
                "No face model is installed on this machine. Mark the eyes, the chin and the top of the head on the photo by hand.",
            ),
            LocateError::ModelFailed(_) => Text::new(
                "人脸模型运行失败。请手工标出双眼、下巴和头顶，并把情况告诉管理员。",
                "The face model failed. Mark the eyes, the chin and the top of the head by hand, and tell the administrator.",
            ),
            LocateError::NoFace => Text::new(
                "没有找到人脸。请让被拍摄人正对镜头、露出五官后重拍；如果照片确实合格，可手工标点。",
                "No face was found. Let the sitter face the camera with nothing covering the face and take a new photo; if the photo is good, mark the points by hand.",
            ),
            LocateError::TwoFaces { count } => Text::new(
                format!("画面中有 {count} 张人脸。请只留被拍摄人一人后重拍。"),
                format!("There are {count} faces in the picture. Take a new photo with the sitter alone."),
            ),
            LocateError::FaceTooSmall { eye_distance_px, needed_px } => Text::new(
                format!("人脸太小：两眼相距 {eye_distance_px:.0} 像素，至少需要 {needed_px:.0} 像素。请走近或提高相机分辨率后重拍。"),
                format!(
                    "The face is too small: the eyes are {eye_distance_px:.0} px apart, at least {needed_px:.0} px are needed. Move closer or raise the camera's resolution."
                ),
            ),
            LocateError::ImplausibleMarks(_) => Text::new(
                "标点位置不合理：头顶应在双眼上方，下巴应在双眼下方，双眼应左右分开。请重新标点。",
                "The marks cannot be right: the top of the head lies above the eyes, the chin below, and the eyes apart. Set them again.",
            ),
        }
    }
}

/// A second face below this share of the first one's area is taken for a picture on the wall.
pub const SECOND_FACE_SHARE: f64 = 0.15;
/// Below this distance of the eyes nothing useful can be enlarged from the picture.
pub const MIN_EYE_DISTANCE_PX: f64 = 24.0;
/// The face is searched on a picture of at most this side: models were trained on small faces, and it saves time.
const SEARCH_SIDE_PX: usize = 1_024;

/// A picture and the one head in it.
#[derive(Debug, Clone)]
pub struct Located {
    /// The picture.
    pub upright: Upright,
    /// The head.
    pub head: Head,
    /// Where the points came from.
    pub by: LocatedBy,
    /// Area of the second largest face as a share of the largest; `None` when no model looked.
    pub second_face: Option<f64>,
    /// The five points of the face detector in pixels of the upright original, when a model gave them.
    pub face: Option<Face>,
    /// The surface of the face in pixels of the upright original, when a model gave it.
    pub mesh: Option<Mesh>,
    /// Irises in pixels of the upright original, left in the picture first, when a model gave them.
    pub irises: Option<[Iris; 2]>,
}

/// Locates the head with a model, or takes the marks.
pub fn locate(upright: Upright, vision: &dyn Vision, marks: Option<Marks>) -> Result<Located, LocateError> {
    match marks {
        Some(marks) => by_marks(upright, vision, marks),
        None => by_model(upright, vision),
    }
}

fn by_model(upright: Upright, vision: &dyn Vision) -> Result<Located, LocateError> {
    let faces = search(&upright, vision).map_err(|error| match error {
        VisionError::Absent => LocateError::NoModel,
        VisionError::Failed(reason) => LocateError::ModelFailed(reason),
    })?;
    let face = faces.first().ok_or(LocateError::NoFace)?;
    let second = faces.get(1).map_or(0.0, |second| second.bounds.area() / face.bounds.area().max(1.0));
    if second >= SECOND_FACE_SHARE {
        let count = faces.iter().filter(|f| f.bounds.area() >= SECOND_FACE_SHARE * face.bounds.area()).count();
        return Err(LocateError::TwoFaces { count });
    }
    let face = *face;
    let distance = face.left_eye.distance(face.right_eye);
    if distance < MIN_EYE_DISTANCE_PX {
        return Err(LocateError::FaceTooSmall { eye_distance_px: distance, needed_px: MIN_EYE_DISTANCE_PX });
    }
    let head = Head::from_face(&face, &upright.image);
    Ok(Located { upright, head, by: LocatedBy::Model, second_face: Some(second), face: Some(face), mesh: None, irises: None })
}

fn by_marks(upright: Upright, vision: &dyn Vision, marks: Marks) -> Result<Located, LocateError> {
    let head = Head::from_marks(marks, &upright.image)?;
    // A model that is there still counts the faces, but a model that sees none does not overrule the staff.
    let second_face = search(&upright, vision)
        .ok()
        .filter(|faces| !faces.is_empty())
        .map(|faces| faces.get(1).map_or(0.0, |second| second.bounds.area() / faces[0].bounds.area().max(1.0)));
    Ok(Located { upright, head, by: LocatedBy::Marks, second_face, face: None, mesh: None, irises: None })
}

/// All faces in pixels of the upright picture, the largest first.
fn search(upright: &Upright, vision: &dyn Vision) -> Result<Vec<Face>, VisionError> {
    let (small, factor) = upright.image.reduced(SEARCH_SIDE_PX);
    let mut faces: Vec<Face> = vision.faces(&small)?.into_iter().filter(plausible).collect();
    let back = 1.0 / factor;
    for face in &mut faces {
        let b = &mut face.bounds;
        (b.left, b.top, b.right, b.bottom) = (b.left * back, b.top * back, b.right * back, b.bottom * back);
        for point in [&mut face.left_eye, &mut face.right_eye, &mut face.nose, &mut face.mouth_left, &mut face.mouth_right] {
            *point = point.scaled(back);
        }
    }
    faces.sort_by(|a, b| b.bounds.area().total_cmp(&a.bounds.area()));
    Ok(faces)
}

/// A model may answer with anything; only a face with eyes apart and a mouth below is worked on.
fn plausible(face: &Face) -> bool {
    let points = [face.left_eye, face.right_eye, face.nose, face.mouth_left, face.mouth_right];
    points.iter().all(|p| p.x.is_finite() && p.y.is_finite())
        && face.bounds.area().is_finite()
        && face.bounds.area() > 0.0
        && face.right_eye.x - face.left_eye.x > 1.0
        && face.mouth_left.middle(face.mouth_right).y > face.left_eye.middle(face.right_eye).y
}
