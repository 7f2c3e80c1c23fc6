//! Well-known annotations and labels: OCI image-spec `annotations.md`, and the label-schema names before it.

use std::collections::BTreeMap;

/// The well-known keys: the name on the screen, the OCI name after `org.opencontainers.image.`, and the older name
/// after `org.label-schema.`.
const WELL_KNOWN: &[(&str, &str, &str)] = &[
    ("title", "title", "name"),
    ("version", "version", "version"),
    ("description", "description", "description"),
    ("source", "source", "vcs-url"),
    ("revision", "revision", "vcs-ref"),
    ("url", "url", "url"),
    ("documentation", "documentation", "usage"),
    ("vendor", "vendor", "vendor"),
    ("licenses", "licenses", "license"),
    ("base image", "base.name", ""),
];

/// The annotation with the build date of an image.
pub(crate) const CREATED: &str = "org.opencontainers.image.created";

/// Returns the value of an annotation or label. A blank value says nothing: buildah writes an empty name of the base if
/// an image has none.
pub(crate) fn value<'a>(texts: &'a BTreeMap<String, String>, key: &str) -> Option<&'a str> {
    texts.get(key).map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// Returns the well-known fields that are set, in a fixed order, as the name on the screen and the untrusted value. The
/// first of `sources` that has a field wins: manifest annotations, index annotations, labels.
pub(crate) fn well_known<'a>(sources: &[&'a BTreeMap<String, String>]) -> Vec<(&'static str, &'a str)> {
    let find = |key: &str| sources.iter().find_map(|source| value(source, key));
    let field = |(name, oci, old): &(&'static str, &str, &str)| {
        let value = find(&format!("org.opencontainers.image.{oci}"))
            .or_else(|| if old.is_empty() { None } else { find(&format!("org.label-schema.{old}")) })?;
        Some((*name, value))
    };
    WELL_KNOWN.iter().filter_map(field).collect()
}

/// Returns whether [`well_known`] would show this key.
pub(crate) fn is_well_known(key: &str) -> bool {
    let oci = key.strip_prefix("org.opencontainers.image.");
    let old = key.strip_prefix("org.label-schema.");
    WELL_KNOWN.iter().any(|(_, name, older)| oci == Some(name) || (!older.is_empty() && old == Some(older)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_win_over_labels_and_new_names_over_old_ones_unless_they_are_blank() {
        let map =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        let annotations: BTreeMap<_, _> =
            map(&[("org.opencontainers.image.version", "2"), ("org.opencontainers.image.base.name", " ")]);
        let labels = map(&[
            ("org.opencontainers.image.version", "1"),
            ("org.label-schema.vcs-url", "https://example.com/app"),
            ("org.opencontainers.image.title", ""),
            ("org.opencontainers.image.base.name", "debian:12"),
        ]);
        let found = well_known(&[&annotations, &labels]);
        assert_eq!(
            found,
            [("version", "2"), ("source", "https://example.com/app"), ("base image", "debian:12")]
        );
        assert!(is_well_known("org.label-schema.vcs-url") && !is_well_known("maintainer"));
    }
}
