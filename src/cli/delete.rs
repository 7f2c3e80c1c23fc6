//! `regtui delete`: deletes tags or images of a repository, after a plan.

use clap::Args;

use super::arguments::ArgumentReader;
use super::{CliError, change};
use crate::model::change::{ChangeRequest, delete};
use crate::model::reference::{Reference, Repository, Selector, Target};
use crate::model::text::SafeText;
use crate::ops::context::ChangeContext;

/// Untag or delete images, after a plan and a question
#[derive(Debug, Args)]
#[command(after_help = change::EXIT_CODES)]
pub(crate) struct Delete {
    /// Images of one repository to untag or delete: localhost:5000/team/app:1.4.2, localhost:5000/team/app@sha256:…; or
    /// the repository with --all-tags
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,
    /// Delete every tag of the repository. The plan requires typing the repository's name
    #[arg(long)]
    all_tags: bool,
    /// Delete the images with all their tags, not only the named tags
    #[arg(long)]
    image: bool,
    /// If the server cannot untag, put each tag on a marked copy of its image and delete that copy
    #[arg(long, conflicts_with_all = ["image", "with_referrers", "with_children"])]
    replace: bool,
    /// Remove the tags by the own API of the registry's vendor (Docker Hub, GHCR, GitLab, Harbor): the default if nothing
    /// else removes a single tag
    #[arg(long, conflicts_with_all = ["image", "replace"])]
    own_api: bool,
    /// Also delete the referrers of images without a tag: signatures, SBOMs, attestations (untagging removes only
    /// referrers that have a tag)
    #[arg(long)]
    with_referrers: bool,
    /// Also delete the images that an index lists and nothing else needs; requires --image
    #[arg(long, requires = "image")]
    with_children: bool,
    /// Keep images that lose their last tag under a tag of their own, `regtui-kept-…`, which undo removes: some registries
    /// remove an image together with its last tag
    #[arg(long, conflicts_with = "image")]
    keep: bool,
    #[command(flatten)]
    options: change::ChangeOptions,
}

impl Delete {
    /// Runs the delete.
    pub(super) async fn run(&self, context: &ChangeContext) -> Result<(), CliError> {
        self.options
            .run(context, ChangeRequest::Delete(self.request(&ArgumentReader::of(&context.pool))?), false)
            .await
    }

    fn request(&self, names: &ArgumentReader<'_>) -> Result<delete::DeleteRequest, CliError> {
        let along = delete::Along { children: self.with_children, referrers: self.with_referrers };
        let (method, keep) = (self.method(), self.keep);
        if self.all_tags {
            let repository = self.repository(names)?;
            let (selectors, all_tags) = (Vec::new(), true);
            return Ok(delete::DeleteRequest { repository, selectors, all_tags, method, along, keep });
        }
        let mut named = self.images.iter().map(|text| parse_image(names, text));
        let Some(first) = named.next() else {
            return Err(CliError::Usage("an image is expected".into()));
        };
        let (repository, selector) = first?;
        let mut selectors = vec![selector];
        for image in named {
            let (other, selector) = image?;
            if other != repository {
                return Err(CliError::Usage(format!(
                    "`{other}` and `{repository}` are two repositories; a plan is for one repository"
                )));
            }
            if !selectors.contains(&selector) {
                selectors.push(selector);
            }
        }
        Ok(delete::DeleteRequest { repository, selectors, all_tags: false, method, along, keep })
    }

    /// Returns the repository whose tags are all meant.
    fn repository(&self, names: &ArgumentReader<'_>) -> Result<Repository, CliError> {
        let [text] = self.images.as_slice() else {
            return Err(CliError::Usage(
                "`--all-tags` is for one repository; a plan is for one repository".into(),
            ));
        };
        match names.target(text)? {
            Target::Repository(repository) => Ok(repository),
            Target::Image(_) => Err(CliError::Usage(format!(
                "`{}` names one image: leave out `--all-tags`, or the tag",
                SafeText::clean(text)
            ))),
            Target::Registry(host) => {
                Err(CliError::Usage(format!("`{host}` is a registry; a registry cannot be deleted")))
            }
        }
    }

    fn method(&self) -> Option<delete::DeleteMethod> {
        match (self.image, self.replace, self.own_api) {
            (true, ..) => Some(delete::DeleteMethod::Image),
            (_, true, _) => Some(delete::DeleteMethod::Replace),
            (.., true) => Some(delete::DeleteMethod::OwnApi),
            _ => None,
        }
    }
}

/// Reads a name that has exactly one tag or digest, so that nothing has to be guessed.
fn parse_image(names: &ArgumentReader<'_>, text: &str) -> Result<(Repository, Selector), CliError> {
    let shown = SafeText::clean(text);
    match names.target(text)? {
        Target::Image(Reference { tag: Some(_), digest: Some(_), .. }) => {
            Err(CliError::Usage(format!("`{shown}` has a tag and a digest: name the one to delete")))
        }
        Target::Image(image) => {
            let selector = image.selector();
            Ok((image.repository, selector))
        }
        Target::Repository(repository) => Err(CliError::Usage(format!(
            "`{shown}` names a repository: name its images, `{repository}:TAG` or `{repository}@DIGEST`, \
             or add `--all-tags`"
        ))),
        Target::Registry(host) => {
            Err(CliError::Usage(format!("`{host}` is a registry; a registry cannot be deleted")))
        }
    }
}
