//! `regtui copy`: copies an image or a whole repository, within a registry or to another one: byte for byte, unless it is
//! converted.

use clap::{Args, ValueEnum};

use super::arguments::ArgumentReader;
use super::side_options::{Everywhere, Sides};
use super::{CliError, change, platform};
use crate::model::change::{ChangeRequest, copy};
use crate::model::reference::{Reference, Repository, Tag, Target};
use crate::model::text::SafeText;
use crate::ops::context::ChangeContext;

/// The format of the manifests at the destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatOption {
    /// As the source has them, byte for byte
    Source,
    /// OCI manifests, for registries that accept no Docker manifests
    Oci,
}

/// Copy an image or a repository, within a registry or to another one
#[derive(Debug, Args)]
#[command(after_help = change::EXIT_CODES)]
pub(crate) struct CopyCommand {
    /// Image to copy, or repository with --all-tags
    #[arg(value_name = "SOURCE")]
    source: String,
    /// Image, repository, or registry; in a registry it keeps its name: prod.example, prod.example/team/app:1.4.2
    #[arg(value_name = "DESTINATION")]
    destination: String,
    /// Copy every tag of the repository
    #[arg(long)]
    all_tags: bool,
    /// Copy only this platform of an index (linux/arm64, or arm64); can be repeated. The digest changes
    #[arg(long = "platform", value_name = "PLATFORM")]
    platforms: Vec<String>,
    /// Also copy the referrers of the images: signatures, SBOMs, attestations
    #[arg(long)]
    referrers: bool,
    /// Format of the manifests at the destination. `oci` converts Docker's: their digests change, layers stay
    #[arg(long, value_enum, default_value_t = FormatOption::Source, value_name = "FORMAT")]
    format: FormatOption,
    /// Replace existing tags at the destination without asking
    #[arg(long)]
    force: bool,
    /// Keep images that lose their last tag under a tag of their own, `regtui-kept-…`, which undo removes: some registries
    /// remove an image together with its last tag
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    sides: Sides,
    #[command(flatten)]
    options: change::ChangeOptions,
}

impl CopyCommand {
    /// Runs the copy.
    pub(super) async fn run(&self, context: &ChangeContext, everywhere: Everywhere) -> Result<(), CliError> {
        let names = ArgumentReader::of(&context.pool);
        let request = self.request(&names)?;
        self.sides.apply(&names, everywhere, &request.from.host, &request.to.host)?;
        self.options.run(context, ChangeRequest::Copy(request), self.force).await
    }

    fn request(&self, names: &ArgumentReader<'_>) -> Result<copy::CopyRequest, CliError> {
        let (from, what, own) = self.source(names)?;
        let (to, tag) = self.destination(names, &from)?;
        if self.all_tags && tag.is_some() {
            return Err(CliError::Usage(
                "`--all-tags` copies to a repository, and every tag keeps its name: leave out the tag".into(),
            ));
        }
        let platforms = self.platforms.iter().map(|text| platform::parse(text)).collect::<Result<_, _>>()?;
        let (tag, referrers, keep) = (tag.or(own), self.referrers, self.keep);
        let format = match self.format {
            FormatOption::Source => copy::ManifestFormat::Source,
            FormatOption::Oci => copy::ManifestFormat::Oci,
        };
        Ok(copy::CopyRequest { from, what, to, tag, platforms, referrers, keep, format })
    }

    /// Returns the source repository, the images to copy, and the tag of a single image.
    fn source(&self, names: &ArgumentReader<'_>) -> Result<(Repository, copy::What, Option<Tag>), CliError> {
        let source = SafeText::clean(&self.source);
        match (names.target(&self.source)?, self.all_tags) {
            (Target::Registry(host), _) => Err(CliError::Usage(format!(
                "`{host}` is a registry; a repository or an image of it can be copied"
            ))),
            (Target::Repository(repository), true) => Ok((repository, copy::What::AllTags, None)),
            (Target::Image(_), true) => Err(CliError::Usage(format!(
                "`{source}` names one image: leave out `--all-tags`, or the tag"
            ))),
            (Target::Repository(repository), false) => Err(CliError::Usage(format!(
                "`{source}` names a repository: name an image of it, `{repository}:TAG`, or add `--all-tags`"
            ))),
            (Target::Image(image), false) => {
                let what = copy::What::Images(vec![image.selector()]);
                Ok((image.repository, what, image.tag))
            }
        }
    }

    /// Returns the destination repository, and the tag there.
    fn destination(
        &self,
        names: &ArgumentReader<'_>,
        from: &Repository,
    ) -> Result<(Repository, Option<Tag>), CliError> {
        match names.target(&self.destination)? {
            Target::Registry(host) => Ok((Repository { host, name: from.name.clone() }, None)),
            Target::Repository(repository) => Ok((repository, None)),
            Target::Image(Reference { repository, tag, digest: None }) => Ok((repository, tag)),
            Target::Image(_) => {
                Err(CliError::Usage("the destination has a digest: a copy keeps its own".into()))
            }
        }
    }
}
