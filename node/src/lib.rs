//! Huizhi node.

pub mod print;
pub mod service;
pub mod store;
pub mod text;
