//! Paper: the receipt as a PDF.
//!
//! Pure functions of their arguments; only [`Font::find`] reads a file.
//! Knows nothing of records, stores or HTTP, so the same data always gives the same bytes.

mod barcode;
mod canvas;
mod font;
mod receipt;
mod scaling;
mod sheet;

pub use font::{Font, FontError};
pub use receipt::{PrintError, ReceiptSheet, render};
pub use sheet::sheets;
