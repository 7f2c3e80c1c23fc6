//! regtui: a terminal UI for browsing and managing container image registries.

pub mod app;
pub mod demo;
pub mod model;
