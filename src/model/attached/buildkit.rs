//! The additions of BuildKit to provenance:
//! <https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::model::lenient::{self, Members};

/// The members with the additions, in lower case: that of SLSA v0.2, which BuildKit wrote into v1 at first too, and that
/// of v1.
pub(crate) const METADATA: [&str; 2] = [OLDER, NEWER];
/// The member of SLSA v0.2.
pub(super) const OLDER: &str = "https://mobyproject.org/buildkit@v1#metadata";
/// The member of SLSA v1.
pub(super) const NEWER: &str = "buildkit_metadata";

/// A file that a build was described by. Untrusted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BuildSource {
    /// Its name.
    pub(crate) filename: Option<String>,
    /// Its exact text.
    pub(crate) text: String,
}

impl BuildSource {
    /// Reads the first file that is a Dockerfile, else the first one, from the `metadata` of a build. BuildKit includes
    /// files with `mode=max`.
    pub(crate) fn of_metadata(metadata: &Members<'_>) -> Option<BuildSource> {
        METADATA.iter().find_map(|name| {
            let source = metadata.object(name, &["source"]);
            first_source(&source.object("source", &["infos"]))
        })
    }
}

fn first_source(source: &Members<'_>) -> Option<BuildSource> {
    let files = source.objects("infos", &["filename", "language", "data"], |info| {
        let is_dockerfile = info
            .read("language", lenient::text)
            .is_some_and(|language| language.eq_ignore_ascii_case("dockerfile"));
        (is_dockerfile, info.read("filename", lenient::text), info.read("data", lenient::text))
    });
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_by_key(|(is_dockerfile, ..)| !is_dockerfile);
    files.into_iter().find_map(|(_, filename, data)| {
        let data = STANDARD.decode(data?).ok().filter(|data| !data.is_empty())?;
        Some(BuildSource { filename, text: lenient::decode(&data).into_owned() })
    })
}
