//! What is asked of a photo: the document, and the choice that the document leaves.

use specs::{Rgb, Spec, colour_name, hex};

use crate::text::Text;

/// A document and the backgrounds that its photo may have: all that the document allows, or the one that was chosen of them.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    spec: &'a Spec,
    backgrounds: &'a [Rgb],
}

impl<'a> From<&'a Spec> for Wanted<'a> {
    fn from(spec: &'a Spec) -> Self {
        Wanted { spec, backgrounds: spec.backgrounds() }
    }
}

impl<'a> Wanted<'a> {
    /// With one of the document's backgrounds, by its colour.
    ///
    /// # Errors
    /// The document does not allow this background.
    pub fn on(spec: &'a Spec, background: Rgb) -> Result<Self, NotOffered> {
        let at = spec.backgrounds().iter().position(|offered| *offered == background);
        let at = at.ok_or_else(|| NotOffered::new(spec, &hex(background)))?;
        Ok(Wanted { spec, backgrounds: &spec.backgrounds()[at..=at] })
    }

    /// With one of the document's backgrounds, by a name or by `#rrggbb`.
    ///
    /// # Errors
    /// The document does not allow this background, or several of its backgrounds have this name.
    pub fn named(spec: &'a Spec, background: &str) -> Result<Self, NotOffered> {
        Self::on(spec, spec.background(background).ok_or_else(|| NotOffered::new(spec, background))?)
    }

    /// The document.
    pub fn spec(&self) -> &'a Spec {
        self.spec
    }

    /// Backgrounds that the photo may have. Where the wall is replaced, it becomes the first; there is at least one.
    pub fn backgrounds(&self) -> &'a [Rgb] {
        self.backgrounds
    }
}

/// A background that the document does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .message.en)]
pub struct NotOffered {
    message: Text,
}

impl NotOffered {
    fn new(spec: &Spec, asked: &str) -> Self {
        // Bound: what was asked comes from outside and is shown.
        let asked: String = asked.chars().take(40).collect();
        let zh: Vec<String> = spec.backgrounds().iter().map(|colour| format!("{} {}", colour_name(*colour).zh, hex(*colour))).collect();
        let en: Vec<String> = spec.backgrounds().iter().map(|colour| format!("{} {}", colour_name(*colour).en, hex(*colour))).collect();
        let (name, id) = (spec.name(), spec.id());
        let message = Text::new(
            format!("{}（{id}）没有背景“{asked}”可选。可选背景：{}。", name.zh, zh.join("、")),
            format!("{} ({id}) offers no background '{asked}'; it offers {}", name.en, en.join(", ")),
        );
        Self { message }
    }

    /// Stable identifier.
    pub fn code(&self) -> &'static str {
        "background_not_offered"
    }

    /// What can be chosen instead.
    pub fn message(&self) -> Text {
        self.message.clone()
    }
}
