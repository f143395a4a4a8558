//! What can be said on the capture screen, in order of importance.

use serde::Serialize;

use crate::text::Text;

/// One instruction. The order is the order of importance: what comes first is said first, because what comes later
/// cannot be judged before it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// No face model is installed: nothing can be guided.
    NoModel,
    /// Nobody is seen.
    NoFace,
    /// Somebody else is in the picture.
    SecondFace,
    /// The face is too small.
    ComeCloser,
    /// The face is too large.
    GoBack,
    /// The head is too far to the left of the frame.
    MoveRight,
    /// The head is too far to the right of the frame.
    MoveLeft,
    /// The head is too low in the frame.
    AimLower,
    /// The head is too high in the frame.
    AimHigher,
    /// Too little light.
    MoreLight,
    /// Too much light.
    LessLight,
    /// One side of the face is in shade.
    EvenLight,
    /// The head is tilted.
    HoldUpright,
    /// The head is turned sideways.
    FaceCamera,
    /// The head is raised.
    ChinDown,
    /// The head is lowered.
    ChinUp,
    /// The eyes are closed.
    OpenEyes,
    /// The mouth is open.
    CloseMouth,
    /// Something reflects before the eyes.
    AvoidGlare,
    /// The wall is uneven or busy.
    PlainWall,
    /// The picture is blurred.
    HoldStill,
    /// Everything holds.
    Ready,
}

impl Code {
    /// Every instruction, the most important first.
    pub const ALL: [Code; 22] = [
        Code::NoModel,
        Code::NoFace,
        Code::SecondFace,
        Code::ComeCloser,
        Code::GoBack,
        Code::MoveRight,
        Code::MoveLeft,
        Code::AimLower,
        Code::AimHigher,
        Code::MoreLight,
        Code::LessLight,
        Code::EvenLight,
        Code::HoldUpright,
        Code::FaceCamera,
        Code::ChinDown,
        Code::ChinUp,
        Code::OpenEyes,
        Code::CloseMouth,
        Code::AvoidGlare,
        Code::PlainWall,
        Code::HoldStill,
        Code::Ready,
    ];

    /// The words on the screen.
    pub fn text(self) -> Text {
        let (zh, en) = match self {
            Code::NoModel => ("没有人脸模型，请对照取景框拍摄", "No face model: follow the frame on the screen"),
            Code::NoFace => ("没有看到人脸，请正对镜头", "No face in sight: face the camera"),
            Code::SecondFace => ("画面中只能有一个人", "Only one person in the picture"),
            Code::ComeCloser => ("请靠近一些", "Come closer"),
            Code::GoBack => ("请离远一些", "Move back"),
            Code::MoveRight => ("请把人移到画面右边一些", "Move the head to the right of the screen"),
            Code::MoveLeft => ("请把人移到画面左边一些", "Move the head to the left of the screen"),
            Code::AimLower => ("头部偏低，请把镜头放低一些", "The head is too low: aim the camera lower"),
            Code::AimHigher => ("头部偏高，请把镜头抬高一些", "The head is too high: aim the camera higher"),
            Code::MoreLight => ("光线太暗，请增加正面光", "Too dark: add light from the front"),
            Code::LessLight => ("光线太强，请减弱灯光", "Too bright: reduce the light"),
            Code::EvenLight => ("面部一侧偏暗，请面向光源", "One side of the face is in shade: face the light"),
            Code::HoldUpright => ("头歪了，请把头放正", "The head is tilted: hold it upright"),
            Code::FaceCamera => ("请把脸转正，正对镜头", "Turn the face to the camera"),
            Code::ChinDown => ("请收一点下巴", "Lower the chin a little"),
            Code::ChinUp => ("请抬一点下巴", "Raise the chin a little"),
            Code::OpenEyes => ("请睁开双眼", "Open both eyes"),
            Code::CloseMouth => ("请闭上嘴唇", "Close the lips"),
            Code::AvoidGlare => ("眼镜反光，请摘下或调整灯光", "Glare on the glasses: take them off or move the lamps"),
            Code::PlainWall => ("背景不均匀，请换到纯色墙前", "The wall is uneven: use a plain wall"),
            Code::HoldStill => ("画面模糊，请保持不动", "Blurred: hold still"),
            Code::Ready => ("很好，请保持", "Good: hold it"),
        };
        Text::new(zh, en)
    }
}
