//! The answers of single images, with the layers that several of them share.

use std::collections::HashSet;

use super::files::ListShelf;
use super::packages;
use super::progress::SinceReading;
use super::{SinceTags, answer_of_config};
use crate::client::Registry;
use crate::model::failure::Failure;
use crate::model::price::Price;
use crate::model::reference::Selector;
use crate::model::since::{SinceAnswer, SinceQuestion, SinceReport, SinceRow};
use crate::model::summary::created_of;
use crate::ops::files::cost::{ReadingPlan, plan_layer};
use crate::ops::files::image::{ImageSource, choose_image};
use crate::ops::files::proof::ListProof;
use crate::ops::packages::shelf::PackageShelf;
use crate::ops::spending::{Spending, SpendingError};

/// Answers a question for one image after the other.
pub(super) struct Lookup<'a, 's> {
    pub(super) registry: &'a dyn Registry,
    pub(super) tags: &'a SinceTags<'a>,
    pub(super) question: &'a SinceQuestion,
    pub(super) spending: &'a mut Spending<'s>,
    pub(super) reading: &'a SinceReading,
    pub(super) lists: ListShelf,
    pub(super) packages: PackageShelf,
}

impl Lookup<'_, '_> {
    /// Reads the manifest and the config of the image of a row.
    pub(super) async fn choose(&self, row: &SinceRow) -> Result<ImageSource, Failure> {
        choose(self.registry, self.tags, row).await
    }

    /// Returns the price of the layers of images that are not known yet, each once.
    pub(super) async fn price<'i>(&self, images: impl IntoIterator<Item = &'i ImageSource>) -> Price {
        let mut plan = ReadingPlan::default();
        let mut seen: HashSet<ListProof> = HashSet::new();
        for source in images.into_iter().flat_map(|image| &image.layers) {
            let is_new = ListProof::of(source).is_none_or(|proof| {
                !self.lists.has(&proof) && !self.packages.has(&proof) && seen.insert(proof)
            });
            if is_new {
                plan.add(plan_layer(self.registry, source).await, source);
            }
        }
        plan.price()
    }

    /// Answers for one image. Its price was agreed to, except for contents that its lists of files lead to.
    pub(super) async fn answer(
        &mut self,
        row: &mut SinceRow,
        source: Result<ImageSource, Failure>,
    ) -> Result<(), SpendingError> {
        row.answer = match source {
            Ok(source) => {
                row.created = created_of(&source.manifest, source.config.as_deref());
                match self.ask(&source).await {
                    Err(SpendingError::Failed(failure)) => Err(failure),
                    Err(refused) => return Err(refused),
                    Ok(answer) => Ok(answer),
                }
            }
            Err(failure) => Err(failure),
        };
        self.reading.end_image();
        Ok(())
    }

    async fn ask(&mut self, source: &ImageSource) -> Result<SinceAnswer, SpendingError> {
        let reading = self.reading.begin_image(source);
        match self.question {
            SinceQuestion::File(path) => Ok(self.lists.find(self.registry, path, source, &reading).await?),
            SinceQuestion::Package(name, version) => {
                let listed = self.packages.list_packages(self.registry, source, (&reading, 0), self.spending);
                Ok(packages::answer((name, version.as_deref()), &listed.await?)?)
            }
            question => Ok(answer_of_config(question, source)),
        }
    }

    /// Notes the layers that were read.
    pub(super) fn count_into(&self, report: &mut SinceReport) {
        report.layers_read = self.lists.layers_read + self.packages.layers_read;
        report.bytes_read = self.lists.received + self.packages.received;
    }
}

/// Reads the manifest and the config of the image of a row.
pub(super) async fn choose(
    registry: &dyn Registry,
    tags: &SinceTags<'_>,
    row: &SinceRow,
) -> Result<ImageSource, Failure> {
    match (row.digest, &row.answer) {
        (None, Err(failure)) => Err(failure.clone()),
        (None, Ok(_)) => Err(Failure::local("cannot read the image", "its digest is not known")),
        (Some(digest), _) => {
            let selector = Selector::Digest(digest);
            choose_image(registry, tags.repository, &selector, tags.platform).await
        }
    }
}
