//! The sample images of `regtui --demo`: one of each case that registries hold.
//!
//! They are made up, and the same at every start: nothing depends on the clock or on chance. Layers and configs are
//! real, large layers too (see [`large`]). All that a manifest names exists, except in the examples of missing
//! content (`odd/index`, `legacy/billing`, `windows/agent`).

mod alpine_files;
mod app_files;
mod attached;
mod base;
mod charts;
mod debian_files;
mod language_files;
mod large;
mod legacy;
mod models;
mod odd;
mod packages;
mod platform;
mod releases;
mod team;

use std::borrow::Cow;

use super::image::ImageBuilder;
use super::layer::DemoLayer;
use super::store::Store;

/// Returns a store with all samples.
pub fn sample() -> Store {
    let store = Store::new();
    push(&store);
    store
}

/// Pushes all samples into a store.
pub fn push(store: &Store) {
    base::push(store);
    charts::push(store);
    legacy::push(store);
    models::push(store);
    odd::push(store);
    platform::push(store);
    team::push(store);
}

/// The comment that buildkit writes on its steps.
const BUILDKIT: &str = "buildkit.dockerfile.v0";

impl ImageBuilder<'_> {
    /// Adds a Dockerfile instruction of buildkit that made a layer.
    fn built(self, instruction: &str, layer: DemoLayer) -> Self {
        self.layer(format!("{instruction} # buildkit"), layer).comment(BUILDKIT)
    }

    /// Adds a Dockerfile instruction of buildkit that made no layer.
    fn noted(self, instruction: impl Into<Cow<'static, str>>) -> Self {
        self.step(instruction).comment(BUILDKIT)
    }
}

/// Returns a small layer with one file.
fn file(path: &str, content: &str) -> DemoLayer {
    DemoLayer::of(&[(path, content)])
}
