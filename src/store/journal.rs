//! The journal on disk.

pub mod line;
pub mod old_files;
pub mod read;
pub mod retention;
