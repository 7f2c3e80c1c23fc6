//! `regtui dockerfile`: prints the Dockerfile of an image without pulling it.

use std::io::{BufWriter, Write};

use clap::Args;
use serde::Serialize;

use super::CliError;
use super::image_files::ImageArguments;
use super::print;
use crate::client::Pool;
use crate::model::dockerfile::{Dockerfile, DockerfileSource};
use crate::model::platform::Platform;
use crate::model::text::SafeText;
use crate::ops::dockerfile::find_dockerfile;

/// Print the Dockerfile of an image: from the provenance of its build, or reconstructed from its history
#[derive(Debug, Args)]
pub(crate) struct DockerfileCommand {
    #[command(flatten)]
    image: ImageArguments,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct DockerfileRecord<'a> {
    reference: String,
    digest: String,
    platform: Option<&'a Platform>,
    #[serde(flatten)]
    dockerfile: &'a Dockerfile,
    /// The digest of the attestation that holds it.
    attestation: Option<String>,
}

impl DockerfileCommand {
    /// Prints the Dockerfile, and its source on stderr, so that a file gets the exact text.
    pub(super) async fn run(&self, pool: &Pool) -> Result<(), CliError> {
        let (reference, platform) = self.image.resolve(pool)?;
        let registry = pool.registry_for_reading(&reference.repository.host);
        let selector = reference.selector();
        let found = find_dockerfile(&*registry, &reference.repository, &selector, platform.as_ref()).await;
        pool.flush().await;
        let found = found?;
        let dockerfile = &found.dockerfile;
        found.unread.iter().for_each(print::print_problem);
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            let record = DockerfileRecord {
                reference: reference.to_string(),
                digest: found.digest.to_string(),
                platform: found.platform.as_ref(),
                dockerfile,
                attestation: found.attestation.map(|digest| digest.to_string()),
            };
            print::json(&mut out, &record)?;
        } else {
            if dockerfile.source == DockerfileSource::Provenance {
                let name = SafeText::clean(dockerfile.filename.as_deref().unwrap_or("a file without a name"));
                let attestation = found.attestation.map(|digest| format!(" of {digest}")).unwrap_or_default();
                print::print_problem(format_args!("from provenance{attestation}: {name}"));
            }
            for line in dockerfile.text.lines() {
                writeln!(out, "{}", print::safe_line(line))?;
            }
        }
        out.flush()?;
        Ok(())
    }
}
