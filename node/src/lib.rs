//! Placeholder.

pub mod print;
