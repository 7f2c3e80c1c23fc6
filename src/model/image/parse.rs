//! Parsing of bytes into an [`ImageConfig`].

use std::borrow::Cow;

use bytes::Bytes;

use super::{HistoryEntry, ImageConfig};
use crate::model::lenient::{self, Members};
use crate::model::manifest::Schema1;
use crate::model::platform::{Platform, RawPlatform};

/// The error for bytes that are not an image config.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the image config is not a JSON object")]
pub struct BadConfig;

/// The members of a config.
const CONFIG: &[&str] =
    &["created", "author", "config", "rootfs", "history", "os", "architecture", "variant", "os.version"];
/// The members of its `config`.
const RUNTIME: &[&str] = &[
    "env",
    "entrypoint",
    "cmd",
    "workingdir",
    "user",
    "exposedports",
    "volumes",
    "labels",
    "stopsignal",
    "healthcheck",
];
/// The members of an entry of its `history`.
const STEP: &[&str] = &["created", "created_by", "comment", "empty_layer"];

impl ImageConfig {
    /// Parses an image config. It is read as Go programs read it, so that a config which runs is not refused.
    pub fn parse(raw: Bytes) -> Result<ImageConfig, BadConfig> {
        let text = lenient::decode(&raw);
        let fields = Members::of(&text, CONFIG).ok_or(BadConfig)?;
        let runtime = fields.object("config", RUNTIME);
        let healthcheck = runtime.object("healthcheck", &["test"]);
        let rootfs = fields.object("rootfs", &["diff_ids"]);
        let mut config = ImageConfig {
            raw: Bytes::new(),
            created: fields.read("created", lenient::date),
            author: fields.read("author", lenient::text),
            platform: RawPlatform::of(&fields).into_platform(),
            env: runtime.read("env", lenient::strings),
            entrypoint: runtime.read("entrypoint", lenient::words),
            cmd: runtime.read("cmd", lenient::words),
            working_dir: runtime.read("workingdir", lenient::text),
            user: runtime.read("user", lenient::text),
            exposed_ports: runtime.read("exposedports", lenient::names),
            volumes: runtime.read("volumes", lenient::names),
            labels: runtime.read("labels", lenient::texts),
            stop_signal: runtime.read("stopsignal", lenient::text),
            healthcheck: healthcheck.read("test", lenient::words),
            diff_ids: rootfs.read("diff_ids", lenient::list),
            history: fields.objects("history", STEP, HistoryEntry::of),
            outline: Default::default(),
        };
        let decoded = match text {
            Cow::Borrowed(text) if text.len() == raw.len() => None,
            text => Some(Bytes::from(text.into_owned())),
        };
        config.raw = decoded.unwrap_or(raw);
        Ok(config)
    }

    /// Returns the config of a schema 1 image: the newest entry of its history, which has the fields of a config. Returns
    /// `None` if there is none that can be read.
    pub(crate) fn of_schema1(manifest: &Schema1) -> Option<ImageConfig> {
        let newest = manifest.history.last()?;
        let mut config = ImageConfig::parse(Bytes::copy_from_slice(newest.as_bytes())).ok()?;
        let machine = config.platform.as_ref().map(|platform| (&platform.os, &platform.architecture));
        let named = |part: Option<&str>| part.filter(|part| *part != "unknown").map(str::to_owned);
        let os = named(machine.map(|(os, _)| os.as_str())).unwrap_or_else(|| "linux".into());
        let architecture =
            named(machine.map(|(_, architecture)| architecture.as_str())).or(manifest.architecture.clone());
        if let Some(architecture) = architecture
            && machine.is_none_or(|machine| machine != (&os, &architecture))
        {
            config.platform = Platform::parse(&format!("{os}/{architecture}"));
        }
        Some(config)
    }
}

impl HistoryEntry {
    fn of(step: &Members<'_>) -> HistoryEntry {
        HistoryEntry {
            created: step.read("created", lenient::date),
            created_by: step.read("created_by", lenient::text),
            comment: step.read("comment", lenient::text),
            empty_layer: step.read("empty_layer", lenient::value),
        }
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

    /// docs/REGISTRIES.md §6.1.
    #[test]
    fn members_are_read_whatever_their_case_and_the_last_of_a_name_counts() {
        let table = [
            r#"{"os":"linux","architecture":"amd64","config":{"Env":["A=1"],"env":["B=2"]},"history":[{"created_by":"x"}]}"#,
            r#"{"OS":"linux","Architecture":"amd64","Config":{"ENV":["B=2"]},"History":[{"Created_By":"x"}]}"#,
            r#"{"os":"windows","os":"linux","architecture":"amd64","config":[],"config":{"env":["B=2"]},"history":null,"history":[{"created_by":"y","created_by":"x"}]}"#,
        ];
        for text in table {
            let config = parse(text).expect("a config");
            assert_eq!(config.platform.map(|platform| platform.to_string()).as_deref(), Some("linux/amd64"));
            assert_eq!(config.env, vec!["B=2".to_owned()].into(), "{text}");
            let steps: Vec<_> = config.history.iter().map(|step| step.created_by.as_deref()).collect();
            assert_eq!(steps, [Some("x")], "{text}");
        }
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_replaced_and_the_rest_is_read() {
        let text =
            r#"{"os":"linux","author":"Müller","config":{"Env":["NAME=Müller","B=2"],"Labels":{"ü":"ü"}}}"#;
        let latin1: Vec<u8> = text.chars().map(|character| character as u8).collect();
        let config = ImageConfig::parse(latin1.into()).expect("a config");
        assert_eq!(config.env, vec!["NAME=M\u{fffd}ller".to_owned(), "B=2".into()].into());
        assert_eq!((config.author.as_deref(), config.labels.len()), (Some("M\u{fffd}ller"), 1));
        let halves = parse(r#"{"config":{"Env":["A=\ud800","B=2"],"\udfff":1,"Labels":{"x":"\udfff"}}}"#);
        let halves = halves.expect("a config");
        assert_eq!((halves.env.len(), halves.labels.len()), (2, 1));
        assert!(halves.env[0].starts_with("A=\u{fffd}"));
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_config() {
        let text = r#"{"os":"linux","architecture":"arm64"}"#;
        let utf16 = |read: fn(u16) -> [u8; 2]| {
            "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(read).collect::<Vec<u8>>()
        };
        let marked = format!("\u{feff}{text}").into_bytes();
        for bytes in [marked, utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)] {
            let config = ImageConfig::parse(bytes.into()).expect("a config");
            assert_eq!(config.platform.map(|platform| platform.to_string()).as_deref(), Some("linux/arm64"));
            assert_eq!(config.raw, text, "the text is shown without the mark");
        }
    }

    #[test]
    fn ports_may_be_a_map_or_a_list() {
        for ports in [r#"{"80/tcp":{},"33060-33061/tcp":{}}"#, r#"["80/tcp",null,"33060-33061/tcp"]"#] {
            let config = parse(&format!(r#"{{"config":{{"ExposedPorts":{ports}}}}}"#)).expect("a config");
            let mut ports = config.exposed_ports.to_vec();
            ports.sort();
            assert_eq!(ports, ["33060-33061/tcp", "80/tcp"]);
        }
    }

    #[test]
    fn the_newest_entry_of_a_schema_1_history_is_its_config() {
        let of = |architecture: Option<&str>, newest: &str| {
            let manifest = Schema1 {
                architecture: architecture.map(str::to_owned),
                history: vec![r#"{"os":"windows"}"#.into(), newest.into()].into(),
                ..Schema1::default()
            };
            ImageConfig::of_schema1(&manifest)
        };
        let platform = |config: Option<ImageConfig>| {
            config.and_then(|config| config.platform).map(|platform| platform.to_string())
        };
        let table = [
            (Some("amd64"), r#"{"os":"linux","architecture":"arm64"}"#, Some("linux/arm64")),
            (Some("amd64"), r#"{"os":"windows"}"#, Some("windows/amd64")),
            (Some("s390x"), "{}", Some("linux/s390x")),
            (None, "{}", None),
            (Some("amd64"), "no JSON", None),
        ];
        for (architecture, newest, expected) in table {
            assert_eq!(platform(of(architecture, newest)).as_deref(), expected, "{newest}");
        }
        let newest = r#"{"created":"2023-02-09T06:09:12Z","config":{"Cmd":["redis-server"],"Env":["A=b"]}}"#;
        let config = of(None, newest).expect("a config");
        assert_eq!((config.cmd.len(), config.env.len(), config.created.is_some()), (1, 1, true));
    }

    #[test]
    fn an_empty_object_is_a_config_and_other_json_is_not() {
        assert!(parse("{}").is_ok_and(|config| config.platform.is_none() && config.history.is_empty()));
        for text in ["", "[]", "null", "<html>", "{", "{} {}", "\u{feff}", "\u{feff}[]"] {
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
