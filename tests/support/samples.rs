//! The sample content of the demo registry, made once for all tests.

use std::sync::{Arc, LazyLock};

use regtui::demo;
use regtui::demo::Store;
use regtui::demo::store::StoredRepository;

/// Returns a store of its own with the samples. Making them takes a third of a second in a debug build, and their
/// bytes are shared.
pub fn sample() -> Store {
    static SAMPLES: LazyLock<Vec<(String, Arc<StoredRepository>)>> = LazyLock::new(|| {
        let store = demo::content::sample();
        let of = |name: String| store.repository(&name).map(|repository| (name, repository));
        store.repositories().into_iter().filter_map(of).collect()
    });
    let store = Store::new();
    for (name, repository) in SAMPLES.iter() {
        store.change(name, |empty| empty.clone_from(repository));
    }
    store
}
