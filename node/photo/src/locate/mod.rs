//! Where eyes, chin and crown are, and how that is known.

use serde::{Deserialize, Serialize};

mod anatomy;
mod skin;

use crate::image::Point;
use crate::text::Text;
use crate::upright::Upright;
use crate::vision::{Face, Iris, Mesh, Vision, VisionError};

pub use anatomy::{Frame, Head, Landmark, Source};

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
/// Area of the box that models draw around a face, in squares of the width between the cheeks.
const FACE_BOX_PER_WIDTH: f64 = 1.35;
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
    /// The face as the model gave it, in pixels of the upright original; `None` when no model looked.
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
    let seen = look(&upright, vision).map_err(|error| match error {
        VisionError::Absent => LocateError::NoModel,
        VisionError::Failed(reason) => LocateError::ModelFailed(reason),
    })?;
    let face = seen.faces.first().ok_or(LocateError::NoFace)?;
    let second = seen.second_face();
    if second >= SECOND_FACE_SHARE {
        let count = seen.faces.iter().filter(|f| f.bounds.area() >= SECOND_FACE_SHARE * face.bounds.area()).count();
        return Err(LocateError::TwoFaces { count });
    }
    let distance = face.left_eye.distance(face.right_eye);
    if distance < MIN_EYE_DISTANCE_PX {
        return Err(LocateError::FaceTooSmall { eye_distance_px: distance, needed_px: MIN_EYE_DISTANCE_PX });
    }
    let head = match &seen.mesh {
        Some(mesh) => Head::from_mesh(mesh, seen.irises.as_ref()),
        None => Head::from_face(face, &upright.image),
    };
    Ok(Located { head, by: LocatedBy::Model, second_face: Some(second), face: Some(*face), mesh: seen.mesh, irises: seen.irises, upright })
}

fn by_marks(upright: Upright, vision: &dyn Vision, marks: Marks) -> Result<Located, LocateError> {
    let head = Head::from_marks(marks, &upright.image)?;
    // A model that is there still counts the faces and measures what nobody marks, but a model that sees none does not
    // overrule the staff, and one that sees another face says nothing about this one.
    let seen = look(&upright, vision).unwrap_or_default();
    let eyes = head.frame();
    let same = |face: &Face| face.left_eye.middle(face.right_eye).distance(eyes.origin()) < 0.35 * eyes.eye_distance_px;
    let own = seen.faces.iter().copied().find(&same);
    // The marked face counts as one of its size even where the model does not see it.
    let own_area = own.map_or(FACE_BOX_PER_WIDTH * head.face_width_px.powi(2), |face| face.bounds.area()).max(1.0);
    let others = seen.faces.iter().filter(|face| !same(face)).map(|face| face.bounds.area());
    let second_face = (!seen.faces.is_empty()).then(|| others.fold(0.0, f64::max) / own_area);
    // Mesh and irises are of the largest face.
    let face = seen.faces.first().copied().filter(same);
    let (mesh, irises) = if face.is_some() { (seen.mesh, seen.irises) } else { (None, None) };
    Ok(Located { upright, head, by: LocatedBy::Marks, second_face, face: face.or(own), mesh, irises })
}

/// What the models see, in pixels of the upright picture.
#[derive(Default)]
struct Seen {
    /// The largest first.
    faces: Vec<Face>,
    /// Of the largest face.
    mesh: Option<Mesh>,
    irises: Option<[Iris; 2]>,
}

impl Seen {
    /// Area of the second face as a share of the first one's.
    fn second_face(&self) -> f64 {
        match self.faces.as_slice() {
            [first, second, ..] => second.bounds.area() / first.bounds.area().max(1.0),
            _ => 0.0,
        }
    }
}

fn look(upright: &Upright, vision: &dyn Vision) -> Result<Seen, VisionError> {
    let (small, factor) = upright.image.reduced(SEARCH_SIDE_PX);
    let back = 1.0 / factor;
    let mut faces: Vec<Face> = vision.faces(&small)?.into_iter().filter(plausible).collect();
    faces.sort_by(|a, b| b.bounds.area().total_cmp(&a.bounds.area()));
    // A mesh that cannot be had leaves the five points, with which everything works.
    let mesh = faces.first().and_then(|face| vision.mesh(&small, face).ok().filter(|mesh| fits(mesh, face)));
    let irises = mesh.as_ref().and_then(|mesh| vision.irises(&small, mesh).ok().filter(|irises| lies_in_eyes(irises, mesh)));
    Ok(Seen {
        faces: faces.iter().map(|face| face.scaled(back)).collect(),
        mesh: mesh.map(|mesh| mesh.scaled(back)),
        irises: irises.map(|irises| irises.map(|iris| iris.scaled(back))),
    })
}

/// The mesh is of this face and not of something beside it.
pub(crate) fn fits(mesh: &Mesh, face: &Face) -> bool {
    let head = Head::from_mesh(mesh, None);
    let size = face.left_eye.distance(face.right_eye);
    let near = |a: Point, b: Point| a.distance(b) < 0.4 * size;
    near(head.left_eye, face.left_eye)
        && near(head.right_eye, face.right_eye)
        && (0.8..=3.5).contains(&(head.chin_px() / head.frame().eye_distance_px))
        && head.face_width_px > 0.0
}

/// The irises lie where the mesh has its eyes.
pub(crate) fn lies_in_eyes(irises: &[Iris; 2], mesh: &Mesh) -> bool {
    let head = Head::from_mesh(mesh, None);
    let reach = 0.25 * head.frame().eye_distance_px;
    let inside = |iris: &Iris, eye: Point| iris.centre.distance(eye) < reach && iris.radius_px > 0.0 && iris.radius_px < reach;
    inside(&irises[0], head.left_eye) && inside(&irises[1], head.right_eye)
}

/// A model may answer with anything; only a face with eyes apart and a mouth below is worked on.
pub(crate) fn plausible(face: &Face) -> bool {
    let points = [face.left_eye, face.right_eye, face.nose, face.mouth_left, face.mouth_right];
    points.iter().all(|p| p.x.is_finite() && p.y.is_finite())
        && face.bounds.area().is_finite()
        && face.bounds.area() > 0.0
        && face.right_eye.x - face.left_eye.x > 1.0
        && face.mouth_left.middle(face.mouth_right).y > face.left_eye.middle(face.right_eye).y
}
