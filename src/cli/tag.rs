//! `regtui tag`: puts another tag on an image, in its repository or in another one of the registry.

use clap::Args;

use super::arguments::ArgumentReader;
use super::{CliError, change};
use crate::model::change::{ChangeRequest, retag};
use crate::model::reference::{BadName, Reference, Repository, Tag, Target};
use crate::model::text::SafeText;
use crate::ops::context::ChangeContext;

/// Give an image another tag: same bytes, same digest
#[derive(Debug, Args)]
#[command(after_help = change::EXIT_CODES)]
pub(crate) struct NewTag {
    /// Image to tag: localhost:5000/team/app:1.4.2
    #[arg(value_name = "IMAGE")]
    image: String,
    /// New tag, or an image of the same registry: stable, localhost:5000/team/other:1.4.2
    #[arg(value_name = "NEW")]
    new: String,
    /// Rename the tag: untag the old name afterwards
    #[arg(long = "move")]
    moves: bool,
    /// With --move, if the server cannot untag, put the old tag on a marked copy of its image and delete that copy
    #[arg(long, requires = "moves")]
    replace: bool,
    /// With --move, remove the old tag by the own API of the registry's vendor: the default if nothing else removes a
    /// single tag
    #[arg(long, requires = "moves", conflicts_with = "replace")]
    own_api: bool,
    /// Replace the new tag without asking if it exists
    #[arg(long)]
    force: bool,
    /// Keep images that lose their last tag under a tag of their own, `regtui-kept-…`, which undo removes: some registries
    /// remove an image together with its last tag
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    options: change::ChangeOptions,
}

impl NewTag {
    /// Runs the retag.
    pub(super) async fn run(&self, context: &ChangeContext) -> Result<(), CliError> {
        self.options
            .run(context, ChangeRequest::Retag(self.request(&ArgumentReader::of(&context.pool))?), self.force)
            .await
    }

    fn request(&self, names: &ArgumentReader<'_>) -> Result<retag::RetagRequest, CliError> {
        let image = names.image(&self.image)?;
        let (to, tag) = self.destination(names, &image)?;
        if self.moves && image.digest.is_some() {
            return Err(CliError::Usage("`--move` renames a tag: name the image by its tag".into()));
        }
        Ok(retag::RetagRequest {
            items: vec![(image.selector(), to, tag)],
            from: image.repository,
            mode: self.method(),
            keep: self.keep,
        })
    }

    fn method(&self) -> retag::RetagMode {
        match (self.moves, self.replace, self.own_api) {
            (false, ..) => retag::RetagMode::Add,
            (true, true, _) => retag::RetagMode::MoveByReplacement,
            (true, _, true) => retag::RetagMode::MoveByOwnApi,
            (true, ..) => retag::RetagMode::Move,
        }
    }

    /// Returns the repository and the name of the new tag.
    fn destination(
        &self,
        names: &ArgumentReader<'_>,
        image: &Reference,
    ) -> Result<(Repository, Tag), CliError> {
        if let Ok(tag) = Tag::parse(&self.new) {
            return Ok((image.repository.clone(), tag));
        }
        let new = SafeText::clean(&self.new);
        if !self.new.contains(['/', ':']) {
            return Err(CliError::Usage(format!("`{new}`: {}", BadName::Tag)));
        }
        let Target::Image(Reference { repository, tag: Some(tag), digest: None }) =
            names.target(&self.new)?
        else {
            return Err(CliError::Usage(format!("`{new}` is neither a tag nor an image with a tag")));
        };
        if repository.host == image.repository.host {
            Ok((repository, tag))
        } else {
            Err(CliError::Usage(format!(
                "`{new}` is in another registry, `{}`; `regtui copy {image} {repository}:{tag}` copies there",
                repository.host
            )))
        }
    }
}
