//! Provenance: SLSA v0.2 (<https://slsa.dev/spec/v0.2/provenance>) and v1 (<https://slsa.dev/spec/v1.0/provenance>), with
//! the additions of BuildKit (<https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md>).

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::buildkit::{self, BuildSource, NEWER, OLDER};
use super::{safe, weighed};
use crate::model::capped::Capped;
use crate::model::digest::Digest;
use crate::model::lenient::{self, Members};
use crate::model::text::SafeText;

/// How an image was built, as its builder tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Provenance {
    /// The format with its version: `SLSA v1`.
    pub(crate) format: SafeText,
    /// The builder.
    pub(crate) builder: Option<SafeText>,
    /// The type of the build, a URI.
    pub(crate) build_type: Option<SafeText>,
    /// The repository of the source.
    pub(crate) repository: Option<SafeText>,
    /// The commit of the source.
    pub(crate) commit: Option<SafeText>,
    /// The ref of the source: a branch or a tag.
    #[serde(rename = "ref")]
    pub(crate) git_ref: Option<SafeText>,
    /// The file that describes the build: a workflow or a Dockerfile.
    pub(crate) entry_point: Option<SafeText>,
    /// The run of the builder.
    pub(crate) invocation: Option<SafeText>,
    /// The beginning of the build.
    pub(crate) started: Option<Timestamp>,
    /// The end of the build.
    pub(crate) finished: Option<Timestamp>,
    /// The build arguments.
    pub(crate) arguments: Vec<BuildArgument>,
    /// The images among the materials.
    pub(crate) base_images: Vec<BaseImage>,
    /// Everything that the build used, the base images too.
    pub(crate) materials: Capped<Vec<Material>>,
    /// The number of materials that are left out.
    pub(crate) materials_left_out: usize,
    /// The Dockerfile, line by line. BuildKit includes it with `mode=max`.
    pub(crate) dockerfile: Option<Vec<SafeText>>,
}

/// A build argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct BuildArgument {
    /// The name.
    pub(crate) name: SafeText,
    /// The value.
    pub(crate) value: SafeText,
}

/// Something that a build used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Material {
    /// Its name, a URI or a package URL.
    pub(crate) uri: SafeText,
    /// Its digest with the algorithm: `sha1:…` for a commit.
    pub(crate) digest: Option<SafeText>,
}

impl Material {
    /// Returns the image that the material is.
    pub(super) fn image(&self) -> Option<BaseImage> {
        let digest = self.digest.as_ref().and_then(|digest| digest.as_str().parse().ok());
        base_image(self.uri.as_str(), digest)
    }
}

/// An image that a build used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct BaseImage {
    /// The name with its tag, as docker writes it: `alpine:3.22`, `ghcr.io/org/base:1`.
    pub(crate) name: SafeText,
    /// The digest of the index or manifest.
    pub(crate) digest: Option<Digest>,
    /// The platform.
    pub(crate) platform: Option<SafeText>,
}

/// The greatest number of lines of a Dockerfile that are kept.
const MOST_LINES: usize = 10_000;
/// The greatest number of base images that are kept.
const MOST_BASES: usize = 64;
/// The beginning of the names of build arguments among the arguments of BuildKit's frontend.
const BUILD_ARGUMENT: &str = "build-arg:";

/// The members of a source of the build.
const SOURCE: &[&str] = &["uri", "digest", "path", "entrypoint"];

impl Provenance {
    /// Reads the predicate of SLSA v1.
    pub(super) fn of_v1(text: &str) -> Option<Provenance> {
        let predicate = Members::of(text, &["builddefinition", "rundetails"])?;
        let definition =
            predicate.object("builddefinition", &["buildtype", "externalparameters", "resolveddependencies"]);
        let parameters = definition.object("externalparameters", &["configsource", "request", "workflow"]);
        let run = predicate.object("rundetails", &["builder", "metadata"]);
        let metadata = run.object("metadata", &["invocationid", "startedon", "finishedon", OLDER, NEWER]);
        let mut provenance = Provenance {
            format: "SLSA v1".into(),
            builder: safe(run.object("builder", &["id"]).read("id", lenient::text)),
            build_type: safe(definition.read("buildtype", lenient::text)),
            invocation: safe(metadata.read("invocationid", lenient::text)),
            started: metadata.read("startedon", lenient::date),
            finished: metadata.read("finishedon", lenient::date),
            ..Provenance::default()
        };
        provenance.take_arguments(&parameters.object("request", &["args"]), "args");
        provenance.take_materials(&definition, "resolveddependencies");
        provenance.take_buildkit(&metadata);
        let workflow = parameters.object("workflow", &["repository", "ref", "path"]);
        provenance.repository =
            provenance.repository.take().or(safe(workflow.read("repository", lenient::text)));
        provenance.git_ref = provenance.git_ref.take().or(safe(workflow.read("ref", lenient::text)));
        provenance.entry_point = safe(workflow.read("path", lenient::text));
        provenance.take_source(&parameters.object("configsource", SOURCE));
        provenance.take_git_material();
        Some(provenance)
    }

    /// Reads the predicate of SLSA v0.2.
    pub(super) fn of_v02(text: &str) -> Option<Provenance> {
        let predicate = Members::of(text, &["builder", "buildtype", "invocation", "materials", "metadata"])?;
        let invocation = predicate.object("invocation", &["configsource", "parameters"]);
        let metadata = predicate
            .object("metadata", &["buildinvocationid", "buildstartedon", "buildfinishedon", OLDER, NEWER]);
        let mut provenance = Provenance {
            format: "SLSA v0.2".into(),
            builder: safe(predicate.object("builder", &["id"]).read("id", lenient::text)),
            build_type: safe(predicate.read("buildtype", lenient::text)),
            invocation: safe(metadata.read("buildinvocationid", lenient::text)),
            started: metadata.read("buildstartedon", lenient::date),
            finished: metadata.read("buildfinishedon", lenient::date),
            ..Provenance::default()
        };
        provenance.take_arguments(&invocation.object("parameters", &["args"]), "args");
        provenance.take_materials(&predicate, "materials");
        provenance.take_buildkit(&metadata);
        provenance.take_source(&invocation.object("configsource", SOURCE));
        provenance.take_git_material();
        Some(provenance)
    }

    fn take_arguments(&mut self, request: &Members<'_>, name: &str) {
        let arguments = request.read(name, lenient::texts);
        let build_arguments = arguments.into_iter().filter_map(|(name, value)| {
            let name = SafeText::clean(name.strip_prefix(BUILD_ARGUMENT)?);
            Some(BuildArgument { name, value: value.into() })
        });
        self.arguments = build_arguments.collect();
    }

    fn take_materials(&mut self, parent: &Members<'_>, name: &str) {
        let mut bases = Vec::new();
        self.materials = parent.objects_within(name, &["uri", "digest"], |material| {
            let uri = material.read("uri", lenient::text)?;
            let digests = material.read("digest", lenient::texts);
            let sha256 = digests.get("sha256").map(|hex| format!("sha256:{hex}"));
            if let Some(base) = base_image(&uri, sha256.as_ref().and_then(|digest| digest.parse().ok()))
                && bases.len() < MOST_BASES
                && !bases.contains(&base)
            {
                bases.push(base);
            }
            let other = || digests.iter().next().map(|(algorithm, hex)| format!("{algorithm}:{hex}"));
            let digest = safe(sha256.or_else(other));
            let material = Material { uri: uri.into(), digest };
            let size = material.text_size();
            weighed(material, size)
        });
        self.materials_left_out = self.materials.left_out();
        self.base_images = bases;
    }

    /// Takes over the additions of BuildKit: the source by its version control, and the Dockerfile.
    fn take_buildkit(&mut self, metadata: &Members<'_>) {
        for name in buildkit::METADATA {
            let vcs = metadata.object(name, &["vcs"]).object("vcs", &["source", "revision"]);
            self.repository = self.repository.take().or(safe(vcs.read("source", lenient::text)));
            self.commit = self.commit.take().or(safe(vcs.read("revision", lenient::text)));
        }
        if let Some(source) = BuildSource::of_metadata(metadata) {
            self.dockerfile = Some(SafeText::lines(&source.text).take(MOST_LINES).collect());
            self.entry_point = safe(source.filename);
        }
    }

    /// Takes over the source of the build, as far as nothing else tells it.
    fn take_source(&mut self, source: &Members<'_>) {
        let uri = source.read("uri", lenient::text);
        let digests = source.read("digest", lenient::texts);
        self.take_git(uri.as_deref(), digests.get("sha1").or_else(|| digests.get("gitCommit")));
        let path = source.read("path", lenient::text).or_else(|| source.read("entrypoint", lenient::text));
        self.entry_point = self.entry_point.take().or(safe(path));
    }

    /// Takes over the first git repository among the materials, as far as nothing else tells the source.
    fn take_git_material(&mut self) {
        let git = self.materials.iter().find(|material| {
            let uri = material.uri.as_str();
            uri.starts_with("git+") || uri.contains(".git#") || uri.starts_with("git@")
        });
        let Some((uri, digest)) = git.map(|git| (git.uri.clone(), git.digest.clone())) else { return };
        let commit = digest.and_then(|digest| Some(digest.as_str().split_once(':')?.1.to_owned()));
        self.take_git(Some(uri.as_str()), commit.as_ref());
    }

    /// Takes over a git URL: `git+https://HOST/REPOSITORY@REF` as SLSA writes it, `https://HOST/REPOSITORY.git#REF:FOLDER`
    /// as BuildKit does.
    fn take_git(&mut self, uri: Option<&str>, commit: Option<&String>) {
        let Some(uri) = uri else { return };
        let uri = uri.strip_prefix("git+").unwrap_or(uri);
        let path_from = uri.find("://").map_or(0, |at| at + 3);
        let path_from = uri[path_from..].find('/').map_or(uri.len(), |at| path_from + at);
        let (head, path) = uri.split_at(path_from);
        let (path, git_ref) = match path.split_once('#') {
            Some((path, fragment)) => (path, fragment.split(':').next()),
            None => path.rsplit_once('@').map_or((path, None), |(path, git_ref)| (path, Some(git_ref))),
        };
        let repository = SafeText::from(format!("{head}{path}"));
        if self.repository.as_ref().is_some_and(|known| known != &repository) {
            return;
        }
        self.repository = Some(repository);
        let git_ref =
            git_ref.filter(|git_ref| !git_ref.is_empty() && commit.is_none_or(|commit| commit != git_ref));
        self.git_ref = self.git_ref.take().or(git_ref.map(SafeText::clean));
        self.commit = self.commit.take().or(commit.map(|commit| SafeText::clean(commit)));
    }
}

/// Reads the package URL of an image: <https://github.com/package-url/purl-spec>. BuildKit writes
/// `pkg:docker/NAME@TAG?platform=…`, others `pkg:oci/NAME@DIGEST?repository_url=…&tag=…`.
fn base_image(uri: &str, digest: Option<Digest>) -> Option<BaseImage> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (rest, qualifiers) = uri.split_once('?').unwrap_or((uri, ""));
    let qualifier = |name: &str| {
        let mut pairs = qualifiers.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(found, _)| *found == name).map(|(_, value)| decoded(value))
    };
    let (name, version) = match rest.strip_prefix("pkg:docker/").or_else(|| rest.strip_prefix("pkg:oci/")) {
        Some(path) => path.rsplit_once('@').unwrap_or((path, "")),
        None => return None,
    };
    let version = decoded(version);
    let by_version: Option<Digest> = version.parse().ok();
    let name = qualifier("repository_url").unwrap_or_else(|| decoded(name));
    let tag = Some(version).filter(|version| by_version.is_none() && !version.is_empty());
    let name = match tag.or_else(|| qualifier("tag")) {
        Some(tag) => format!("{name}:{tag}"),
        None => name,
    };
    let by_qualifier = || qualifier("digest")?.parse().ok();
    Some(BaseImage {
        name: name.into(),
        digest: digest.or(by_version).or_else(by_qualifier),
        platform: safe(qualifier("platform")),
    })
}

impl Material {
    /// Returns the bytes of its texts.
    fn text_size(&self) -> usize {
        self.uri.as_str().len() + self.digest.as_ref().map_or(0, |digest| digest.as_str().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_urls_of_images_are_read_as_docker_writes_names() {
        let hex = "ab".repeat(32);
        let table = [
            (
                "pkg:docker/alpine@3.22?platform=linux%2Famd64".to_owned(),
                Some(("alpine:3.22", Some("linux/amd64"))),
            ),
            (
                "pkg:docker/ghcr.io/org/base@1?platform=linux%2Farm64".into(),
                Some(("ghcr.io/org/base:1", Some("linux/arm64"))),
            ),
            (format!("pkg:docker/alpine@sha256:{hex}"), Some(("alpine", None))),
            (
                format!("pkg:oci/base@sha256%3A{hex}?repository_url=r.test/org/base&tag=2"),
                Some(("r.test/org/base:2", None)),
            ),
            ("pkg:npm/left-pad@1".into(), None),
            ("git+https://example.com/x".into(), None),
            ("pkg:docker/".into(), Some(("", None))),
        ];
        for (uri, expected) in table {
            let found = base_image(&uri, None);
            let found =
                found.as_ref().map(|base| (base.name.as_str(), base.platform.as_ref().map(SafeText::as_str)));
            assert_eq!(found, expected, "{uri}");
        }
        let by_version = base_image(&format!("pkg:docker/alpine@sha256:{hex}"), None);
        assert_eq!(by_version.and_then(|base| base.digest).map(|digest| digest.hex()), Some(hex));
    }
}
