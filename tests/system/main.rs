//! System tests: what a user of the whole product sees, with real processes, sockets and disks.

mod audit;
mod bad_input;
mod batch;
mod bundle;
mod cli;
mod crash;
mod desk;
mod epochs;
mod membership;
mod namespaces;
mod offline;
mod recovery;
mod specs;
mod status;
mod succession;
mod transit;
mod trust;
mod way;
