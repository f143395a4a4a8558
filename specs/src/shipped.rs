//! The specs that ship with the program, as drafts for an administrator to confirm.

use std::sync::OnceLock;

use crate::Spec;

macro_rules! embedded {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../data/", $name)))),+]
    };
}

const FILES: &[(&str, &str)] = embedded![
    "cn-id-card.toml",
    "cn-social-card.toml",
    "cn-exit-entry.toml",
    "cn-graduate.toml",
    "cn-adult-exam.toml",
    "cn-driving.toml",
    "cn-residence.toml",
    "cn-visa-cova.toml",
    "us-visa.toml",
    "schengen.toml",
    "jp-passport.toml",
];

/// All specs that ship with the program, in the order in which a counter should list them.
pub fn shipped() -> &'static [Spec] {
    static SHIPPED: OnceLock<Vec<Spec>> = OnceLock::new();
    SHIPPED.get_or_init(|| FILES.iter().map(|(name, text)| Spec::parse(name, text).expect("a test parses every shipped file")).collect())
}

/// The shipped spec with this id.
pub fn find(id: &str) -> Option<&'static Spec> {
    shipped().iter().find(|spec| spec.id() == id)
}
