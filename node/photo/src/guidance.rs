//! Live guidance: the checks on a preview frame, and one instruction at a time for whoever holds the camera.
//!
//! [`Frame::assess`] looks at one frame; [`Coach`] is a pure state machine that turns a stream of reports into one
//! steady instruction. Neither knows a clock: the time comes in as an argument.

mod coach;
mod frame;
mod words;

pub use coach::{Coach, Instruction};
pub use frame::{Frame, FrameReport};
pub use words::Code;
