//! Why a spec file is refused.

/// One refusal: which file, which field, why. Its text is shown to the administrator who publishes specs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {field}: {reason}")]
pub struct SpecError {
    /// Name of the file as given by the caller.
    pub file: String,
    /// Dotted path of the field, for example `file.kb_max`; `-` when the text as a whole is wrong.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

impl SpecError {
    pub(crate) fn new(file: &str, field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { file: file.to_owned(), field: field.into(), reason: reason.into() }
    }
}
