//! The program of an office. `main.rs` parses arguments; everything else is here, in reading order:
//! [`store`] (disk), [`service`] (decisions), [`audit`] (export and verification), [`bundle`] (sticks), [`recovery`] (backup and restore), [`print`] (PDF), [`net`] (libp2p), [`jobs`], [`api`] (HTTP),
//! [`roster`] (lists of people), [`batch`] (many pictures), [`config`], [`runtime`] (starts and stops it all), [`cli`].

pub mod api;
pub mod audit;
pub mod batch;
pub mod bundle;
pub mod cli;
pub mod config;
pub mod enrolment;
pub mod invitation;
pub mod jobs;
pub mod net;
mod panics;
pub mod print;
pub mod recovery;
pub mod roster;
pub mod runtime;
pub mod service;
pub mod store;
pub mod succession;
pub mod text;
