//! Huizhi node.
pub mod store;
