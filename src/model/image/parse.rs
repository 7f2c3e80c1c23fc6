//! Parsing of bytes into an [`ImageConfig`].

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;

use super::{HistoryEntry, ImageConfig};
use crate::model::capped::Capped;
use crate::model::digest::Digest;
use crate::model::lenient;
use crate::model::platform::RawPlatform;

/// The error for bytes that are not an image config.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the image config is not a JSON object")]
pub struct BadConfig;

#[derive(Deserialize)]
struct RawConfig {
    #[serde(default, deserialize_with = "lenient::date")]
    created: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient::text")]
    author: Option<String>,
    #[serde(default, deserialize_with = "lenient::value")]
    config: Runtime,
    #[serde(default, deserialize_with = "lenient::value")]
    rootfs: RawRootFs,
    #[serde(default, deserialize_with = "lenient::list")]
    history: Capped<Vec<RawStep>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Runtime {
    #[serde(deserialize_with = "lenient::list")]
    env: Capped<Vec<String>>,
    #[serde(deserialize_with = "lenient::words")]
    entrypoint: Capped<Vec<String>>,
    #[serde(deserialize_with = "lenient::words")]
    cmd: Capped<Vec<String>>,
    #[serde(deserialize_with = "lenient::text")]
    working_dir: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    user: Option<String>,
    #[serde(deserialize_with = "lenient::names")]
    exposed_ports: Capped<Vec<String>>,
    #[serde(deserialize_with = "lenient::names")]
    volumes: Capped<Vec<String>>,
    #[serde(deserialize_with = "lenient::texts")]
    labels: Capped<BTreeMap<String, String>>,
    #[serde(deserialize_with = "lenient::text")]
    stop_signal: Option<String>,
    #[serde(deserialize_with = "lenient::value")]
    healthcheck: Healthcheck,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Healthcheck {
    #[serde(deserialize_with = "lenient::words")]
    test: Capped<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawRootFs {
    #[serde(deserialize_with = "lenient::list")]
    diff_ids: Capped<Vec<Digest>>,
}

#[derive(Deserialize)]
struct RawStep {
    #[serde(default, deserialize_with = "lenient::date")]
    created: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient::text")]
    created_by: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    comment: Option<String>,
    #[serde(default, deserialize_with = "lenient::value")]
    empty_layer: bool,
}

impl ImageConfig {
    /// Parses an image config.
    pub fn parse(raw: Bytes) -> Result<ImageConfig, BadConfig> {
        let fields: RawConfig = lenient::object(&raw).ok_or(BadConfig)?;
        let platform: RawPlatform = lenient::object(&raw).ok_or(BadConfig)?;
        let runtime = fields.config;
        Ok(ImageConfig {
            created: fields.created,
            author: fields.author,
            platform: platform.into_platform(),
            env: runtime.env,
            entrypoint: runtime.entrypoint,
            cmd: runtime.cmd,
            working_dir: runtime.working_dir,
            user: runtime.user,
            exposed_ports: runtime.exposed_ports,
            volumes: runtime.volumes,
            labels: runtime.labels,
            stop_signal: runtime.stop_signal,
            healthcheck: runtime.healthcheck.test,
            diff_ids: fields.rootfs.diff_ids,
            history: fields.history.map(HistoryEntry::from),
            raw,
            outline: Default::default(),
        })
    }
}

impl From<RawStep> for HistoryEntry {
    fn from(step: RawStep) -> HistoryEntry {
        let RawStep { created, created_by, comment, empty_layer } = step;
        HistoryEntry { created, created_by, comment, empty_layer }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ImageConfig, BadConfig> {
        ImageConfig::parse(Bytes::copy_from_slice(text.as_bytes()))
    }

    /// docs/REGISTRIES.md §6.1, §10 row 25.
    #[test]
    fn every_field_may_be_null_and_the_rest_is_read() {
        let config = parse(
            r#"{"created":null,"architecture":"arm64","os":"linux","variant":"v8","history":null,"rootfs":null,
            "config":{"Env":null,"Entrypoint":null,"Cmd":"one word","ExposedPorts":null,"Volumes":{"/data":{}},"Labels":{"a":"1","b":2},
            "User":"","Healthcheck":{"Test":["CMD","true"]}}}"#,
        )
        .expect("a config");
        assert_eq!(config.platform.map(|platform| platform.to_string()).as_deref(), Some("linux/arm64"));
        assert_eq!(
            (config.cmd, config.volumes, config.user),
            (vec!["one word".into()].into(), vec!["/data".into()].into(), None)
        );
        assert_eq!((config.labels.len(), config.healthcheck.len()), (1, 2));
        assert!(config.env.is_empty() && config.exposed_ports.is_empty() && config.created.is_none());
    }

    #[test]
    fn dates_of_any_zone_are_read_and_bad_ones_hidden() {
        let created =
            |text: &str| parse(&format!(r#"{{"created":"{text}"}}"#)).ok().and_then(|config| config.created);
        assert_eq!(
            created("2024-05-01T12:00:00.123456789+02:00").map(|at| at.as_second()),
            Some(1_714_557_600)
        );
        assert_eq!(created("0001-01-01T00:00:00Z").map(|at| at.as_second()), Some(-62_135_596_800));
        assert_eq!(created("yesterday"), None);
    }

    #[test]
    fn an_empty_object_is_a_config_and_other_json_is_not() {
        assert!(parse("{}").is_ok_and(|config| config.platform.is_none() && config.history.is_empty()));
        for text in ["", "[]", "null", "<html>", "{\"os\":1,\"os\":2}"] {
            assert_eq!(parse(text).err(), Some(BadConfig), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            ImageConfig::parse(bytes.into()).ok();
        }
    }
}
