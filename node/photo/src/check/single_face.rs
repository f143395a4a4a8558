//! SingleFacePresent: how large a second face is.

use super::{Check, Evidence, Finding};
use crate::locate::SECOND_FACE_SHARE;
use crate::text::Text;

pub(super) fn check(evidence: &Evidence) -> Check {
    Finding {
        name: "SingleFacePresent",
        title: Text::new("只有一张人脸", "A single face"),
        measured: evidence.composed.cropped.matted.located.second_face,
        unit: "share",
        min: None,
        max: Some(SECOND_FACE_SHARE),
    }
    .judge(Text::new(
        "没有由模型确认只有一张人脸，请人工确认画面中只有本人。",
        "No model has confirmed that there is one face. Look that only the sitter is in the picture.",
    ))
}
