//! ExpressionNeutrality, as far as geometry tells: how far the corners of the mouth are lifted (a smile) or drawn down.

use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "ExpressionNeutrality",
    title: ("表情自然", "Neutral expression"),
    low: (
        "嘴角下拉，表情不自然。请让被拍摄人放松面部后重拍，或由审核员判断。",
        "The corners of the mouth are drawn down. Ask the sitter to relax, or let the reviewer judge.",
    ),
    high: (
        "有明显笑容。请让被拍摄人表情自然后重拍，或由审核员判断。",
        "The sitter smiles. Ask for a neutral expression, or let the reviewer judge.",
    ),
    look: ("请人工确认表情自然。", "Look that the expression is neutral."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let Some(mesh) = &scene.seen.mesh else { return Measured::missing(Why::ModelAbsent) };
    let down = |index: usize| scene.on_head(mesh.at(index)).1;
    let lift = (down(13) + down(14) - down(61) - down(291)) / 2.0;
    Measured::value(lift).at(scene.area((-0.5, 0.5), (0.45 * scene.chin, 0.8 * scene.chin)))
}
