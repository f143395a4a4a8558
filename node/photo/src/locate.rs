//! Where eyes, chin and crown are, and how that is known.

use serde::{Deserialize, Serialize};

use crate::image::Point;
use crate::text::Text;

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
                format!(
                    "There are {count} faces in the picture. Take a new photo with the sitter alone."
                ),
            ),
            LocateError::FaceTooSmall {
                eye_distance_px,
                needed_px,
            } => Text::new(
                format!(
                    "人脸太小：两眼相距 {eye_distance_px:.0} 像素，至少需要 {needed_px:.0} 像素。请走近或提高相机分辨率后重拍。"
                ),
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
