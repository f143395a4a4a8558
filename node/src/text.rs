//! A sentence in both languages of the product.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A sentence in both languages of the product.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Text {
    /// Simplified Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Text {
    /// Both at once.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

impl From<photo::Text> for Text {
    fn from(text: photo::Text) -> Self {
        Self { zh: text.zh, en: text.en }
    }
}

impl From<&specs::Name> for Text {
    fn from(name: &specs::Name) -> Self {
        Self { zh: name.zh.clone(), en: name.en.clone() }
    }
}
