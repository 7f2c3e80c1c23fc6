//! Builders of manifests for the unit tests of copies. Every manifest has the digest of its name and not that of its
//! bytes, so that an index may list itself.

use std::sync::Arc;

use crate::model::change::builders::digest;
use crate::model::digest::Digest;
use crate::model::manifest::Manifest;

/// Returns a manifest with that name and that body.
pub(super) fn manifest(name: &str, body: String) -> Arc<Manifest> {
    let mut manifest = Manifest::parse(body.into(), None).expect("a manifest");
    manifest.digest = digest(name);
    Arc::new(manifest)
}

/// Returns the JSON of a descriptor of a name.
pub(super) fn descriptor(name: &str) -> String {
    format!(r#"{{"mediaType":"a/b","size":7,"digest":"{}"}}"#, digest(name))
}

/// Returns an image with a config of its own and no layers.
pub(super) fn image(name: &str) -> Arc<Manifest> {
    manifest(name, format!(r#"{{"config":{},"layers":[]}}"#, descriptor(&format!("config of {name}"))))
}

/// Returns a manifest that refers to a subject.
pub(super) fn referrer(name: &str, subject: &str) -> Arc<Manifest> {
    let config = descriptor(&format!("config of {name}"));
    manifest(name, format!(r#"{{"config":{config},"layers":[],"subject":{}}}"#, descriptor(subject)))
}

/// Returns an index. Each letter of `children` is the name of one.
pub(super) fn index(name: &str, children: &str) -> Arc<Manifest> {
    let children: Vec<String> = children.chars().map(|child| descriptor(&child.to_string())).collect();
    manifest(name, format!(r#"{{"manifests":[{}]}}"#, children.join(",")))
}

/// Returns the digests of names, each of which is one letter.
pub(super) fn digests(names: &str) -> Vec<Digest> {
    names.chars().map(|name| digest(&name.to_string())).collect()
}
