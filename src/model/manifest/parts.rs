//! The parts of a manifest.

use super::{Body, Descriptor, Manifest};
use crate::model::digest::Digest;

impl Manifest {
    /// Returns the blobs that a manifest names: its config, then its layers, bottom first.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        let config = match &self.body {
            Body::Image(image) => image.config.as_ref(),
            _ => None,
        };
        config.into_iter().chain(self.layers())
    }

    /// Returns the manifests that an index lists.
    pub(crate) fn children(&self) -> &[Descriptor] {
        match &self.body {
            Body::Index(index) => &index.manifests,
            _ => &[],
        }
    }

    /// Returns the digests of everything that must be at the destination before this manifest may be put there.
    pub(crate) fn needs(&self) -> impl Iterator<Item = Digest> {
        let named = self.blobs().chain(self.children()).chain(self.subject());
        named.filter_map(|descriptor| descriptor.digest)
    }
}

impl Descriptor {
    /// Returns whether the bytes of a layer may be meant to come from elsewhere, so that registries need not hold them.
    pub(crate) fn is_foreign(&self) -> bool {
        !self.urls.is_empty() || self.media_type.is_foreign_layer()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::media_type::DOCKER_LIST;

    const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

    /// A manifest, and the names of its blobs, its children and its needs. No name stands for an unknown digest.
    type Case<'a> = (&'a str, &'a [&'a str], &'a [&'a str], &'a [&'a str]);

    fn digest(name: &str) -> Digest {
        Digest::sha256(name.as_bytes())
    }

    /// Parses a manifest. Every `<name>` in the text stands for the descriptor of that name.
    fn manifest(text: &str) -> Manifest {
        let mut text = text.to_string();
        for name in ["config", "one", "two", "subject"] {
            let descriptor = format!(r#"{{"mediaType":"{OCI_LAYER}","size":7,"digest":"{}"}}"#, digest(name));
            text = text.replace(&format!("<{name}>"), &descriptor);
        }
        Manifest::parse(text.into(), None).expect("a manifest")
    }

    #[test]
    fn the_parts_of_each_kind_are_told_in_their_order() {
        let unknown = r#"{"digest":"sha256:xx","size":7}"#;
        let image =
            format!(r#"{{"config":<config>,"layers":[<two>,{unknown},<one>,<two>],"subject":<subject>}}"#);
        let table: [Case; 7] = [
            (&image, &["config", "two", "", "one", "two"], &[], &["config", "two", "one", "two", "subject"]),
            (r#"{"layers":[<one>]}"#, &["one"], &[], &["one"]),
            (r#"{"layers":[null],"config":7}"#, &[], &[], &[]),
            (
                r#"{"manifests":[<one>,<two>,<one>],"subject":<subject>}"#,
                &[],
                &["one", "two", "one"],
                &["one", "two", "one", "subject"],
            ),
            (r#"{"blobs":[<one>],"subject":<subject>}"#, &["one"], &[], &["one", "subject"]),
            (r#"{"schemaVersion":1,"fsLayers":[]}"#, &[], &[], &[]),
            (r#"{"config":1,"a":<one>}"#, &[], &[], &[]),
        ];
        for (text, blobs, children, needs) in table {
            let manifest = manifest(text);
            let digests = |names: &[&str]| -> Vec<Option<Digest>> {
                names.iter().map(|name| (!name.is_empty()).then(|| digest(name))).collect()
            };
            let found: Vec<_> = manifest.blobs().map(|blob| blob.digest).collect();
            assert_eq!(found, digests(blobs), "{text}");
            let found: Vec<_> = manifest.children().iter().map(|child| child.digest).collect();
            assert_eq!(found, digests(children), "{text}");
            assert_eq!(manifest.needs().map(Some).collect::<Vec<_>>(), digests(needs), "{text}");
        }
    }

    #[test]
    fn layers_that_may_come_from_elsewhere_are_foreign() {
        let docker = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
        let oci = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
        let table = [
            (OCI_LAYER, "[]", false),
            (OCI_LAYER, "null", false),
            (OCI_LAYER, r#"["https://example.com/layer"]"#, true),
            (docker, "[]", true),
            (oci, "[]", true),
            (DOCKER_LIST, "[]", false),
        ];
        for (media_type, urls, is_foreign) in table {
            let manifest =
                manifest(&format!(r#"{{"layers":[{{"mediaType":"{media_type}","urls":{urls}}}]}}"#));
            assert_eq!(manifest.layers()[0].is_foreign(), is_foreign, "{media_type} {urls}");
        }
    }
}
