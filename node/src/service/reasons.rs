//! Coded reasons for returning a photo, with the sentence that the counter sees.

use crate::text::Text;

/// Code, Chinese, English.
const REASONS: [(&str, &str, &str); 14] = [
    ("not_frontal", "头部未正对镜头，请正视镜头重拍。", "The head is not facing the camera; face it and take another."),
    ("head_tilted", "头部倾斜，请摆正后重拍。", "The head is tilted; straighten it and take another."),
    ("eyes_closed", "眼睛未睁开或被遮挡，请睁眼重拍。", "The eyes are closed or covered; open them and take another."),
    ("expression", "表情不自然或嘴唇未闭合，请自然闭唇重拍。", "The expression is not neutral; close the lips and take another."),
    ("hair_covers", "头发遮挡眉毛、眼睛或耳朵，请整理后重拍。", "Hair covers brows, eyes or ears; arrange it and take another."),
    ("glasses", "眼镜反光或有色，请摘下或调整后重拍。", "The glasses reflect or are tinted; take them off or turn them."),
    ("ornaments", "佩戴了帽子、耳环、项链或发卡，请取下后重拍。", "Hat, earrings, necklace or hair clip: take them off."),
    (
        "clothing",
        "服装不符合要求（制服、白色或与背景同色），请更换。",
        "The clothes do not suit (uniform, white, or the background's colour).",
    ),
    ("face_shadow", "脸部有阴影或阴阳脸，请调整灯光重拍。", "Shadow on the face; adjust the light and take another."),
    ("exposure", "照片过亮或过暗，请调整灯光重拍。", "The photo is too bright or too dark; adjust the light."),
    ("blurred", "照片模糊，请稳定相机后重拍。", "The photo is blurred; hold the camera still."),
    ("background", "背景不干净或抠图有残留，请在纯色墙前重拍。", "The background is not clean; use a plain wall."),
    ("retouched", "照片有美颜或修图痕迹，请使用原始照片。", "The photo was retouched; use the untouched one."),
    ("wrong_person", "照片与申请人不符，请核对身份后重拍。", "The photo is not of the applicant; check who it is."),
];

/// Every reason, in the order of the palette.
pub fn all() -> impl Iterator<Item = (&'static str, Text)> {
    REASONS.iter().map(|(code, zh, en)| (*code, Text::new(*zh, *en)))
}

/// The sentence of a code; a code of a later version is shown as it is.
pub fn text(code: &str) -> Text {
    all().find(|(known, _)| *known == code).map_or_else(|| Text::new(code, code), |(_, text)| text)
}
