//! The sample images: what `regtui --demo` shows, and one of each case that registries hold.
//!
//! Everything is made up and the same at every start: no clock, no chance. Small layers and configs are real, large
//! layers are real too (see [`super::layer`]); manifests name nothing that is missing unless they are there to show
//! just that (`odd/index`, `legacy/billing`, `windows/agent`).

mod base;
mod charts;
mod legacy;
mod odd;
mod platform;
mod releases;
mod team;

use std::borrow::Cow;

use super::image::ImageBuilder;
use super::layer::DemoLayer;
use super::store::Store;

pub use releases::push_releases;

/// A store with all samples.
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
    odd::push(store);
    platform::push(store);
    team::push(store);
}

/// What buildkit writes as the comment of its steps.
const BUILDKIT: &str = "buildkit.dockerfile.v0";

impl ImageBuilder<'_> {
    /// A Dockerfile instruction of buildkit that made a layer.
    fn built(self, instruction: &str, layer: DemoLayer) -> Self {
        self.layer(format!("{instruction} # buildkit"), layer).comment(BUILDKIT)
    }

    /// A Dockerfile instruction of buildkit that made none.
    fn noted(self, instruction: impl Into<Cow<'static, str>>) -> Self {
        self.step(instruction).comment(BUILDKIT)
    }
}

/// A small layer with one file.
fn file(path: &str, content: &str) -> DemoLayer {
    DemoLayer::of(&[(path, content)])
}
