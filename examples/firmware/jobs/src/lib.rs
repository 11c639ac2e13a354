//! What the firmwares do, as functions over memory that is lent to them: the same source for a desktop, a microcontroller and
//! WebAssembly.
//!
//! Contract: no allocation, no panic, no unsafe; `f32` with the portable backend, so the same bits everywhere. Every job has a
//! memory type with a `NEW`, zeros, whose size is all that the job needs beside a stack of 2 KiB.

#![no_std]
#![forbid(unsafe_code)]

pub mod adapt;
pub mod calibrate;
pub mod digest;
pub mod peaks;
pub mod train;

/// The classifier of bearing faults, and rows that it has not seen. Written by the desktop's part, see `.ci/firmware`.
#[allow(clippy::approx_constant, clippy::excessive_precision, clippy::unreadable_literal, missing_docs)]
pub mod bearing {
    include!(concat!(env!("FIRMWARE_DATA"), "/bearing.rs"));
}
