//! The program `huizhi`.
fn main() {}
