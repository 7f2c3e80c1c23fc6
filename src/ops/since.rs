//! Finds the tag since which something holds for the images of a repository.

mod packages;

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, stream};
use wildmatch::WildMatch;

use super::files::cost::{LayerPlan, ReadingPlan, plan_layer};
use super::files::image::{ImageSource, LayerSource, choose_image};
use super::files::layer::{fit, read_layer};
use super::files::progress::{LayerProgress, Pause};
use super::files::proof::ListProof;
use super::tag_list;
use crate::client::Registry;
use crate::layer::{FileTree, LayerFiles};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::platform::Platform;
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::since::{SinceAnswer, SinceQuestion, SinceReport, SinceRow};
use crate::model::summary::size_of;
use crate::model::{size, version_order};

/// Images that are asked for at the same time.
const AT_ONCE: usize = 8;
/// Most bytes of lists of files that are kept in memory.
const MOST_LISTS: usize = 256 << 20;

/// The tags to look at.
#[derive(Debug)]
pub struct SinceTags<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// A pattern for names of tags, with `*` and `?`.
    pub pattern: Option<&'a str>,
    /// The platform of images for several.
    pub platform: Option<&'a Platform>,
}

/// Answers a question for the images of a repository. Each image is asked for once, whatever the number of its tags.
/// Only tags of one kind are looked at: versions if there are some, otherwise dates, otherwise words. `announce` is called
/// before layers are read.
pub async fn find_since(
    registry: &dyn Registry,
    tags: &SinceTags<'_>,
    question: &SinceQuestion,
    announce: impl FnOnce(&ReadingPlan),
) -> Result<SinceReport, Failure> {
    let repository = tags.repository;
    let names = tag_list::list_names(registry, &repository.name).await;
    let names = names.map_err(|error| error.failure(format!("cannot list the tags of {repository}")))?;
    let incomplete = names.incomplete_reason();
    let pattern = tags.pattern.map(WildMatch::new);
    let is_meant = |tag: &Tag| {
        !tag.is_digest_tag() && pattern.as_ref().is_none_or(|pattern| pattern.matches(tag.as_str()))
    };
    let meant: Vec<Tag> = names.tags.into_iter().filter(is_meant).collect();
    let class = meant.iter().map(|tag| version_order::class_number(tag.as_str())).max().unwrap_or(0);
    let (ordered, others): (Vec<Tag>, Vec<Tag>) =
        meant.into_iter().partition(|tag| version_order::class_number(tag.as_str()) == class);
    let mut report = SinceReport { others: others.len(), incomplete, ..SinceReport::default() };
    let mut images = resolve(registry, repository, ordered, &mut report).await;
    let sources = choose_all(registry, tags, &images).await;
    match question {
        SinceQuestion::File(path) => {
            find_files(registry, repository, path, &sources, &mut images, &mut report, announce).await;
        }
        SinceQuestion::Package(name, version) => {
            announce(&plan_all(registry, &sources).await);
            let wanted = (name.as_str(), version.as_deref());
            packages::find_packages(registry, wanted, &sources, &mut images, &mut report).await;
        }
        _ => {
            for (row, source) in images.iter_mut().zip(sources) {
                row.answer = source.map(|source| answer(question, &source));
            }
        }
    }
    report.rows = images;
    Ok(report)
}

/// Returns a row for each image, the oldest first. Its tag is the last one in the order of versions. The answers are
/// awaited.
async fn resolve(
    registry: &dyn Registry,
    repository: &Repository,
    tags: Vec<Tag>,
    report: &mut SinceReport,
) -> Vec<SinceRow> {
    let mut digests: HashMap<Tag, Digest> = HashMap::new();
    let mut failures: HashMap<Tag, Failure> = HashMap::new();
    for (tag, head) in tag_list::ask_digests(registry, &repository.name, tags.clone()).await {
        match head {
            Ok(Some(head)) => drop(digests.insert(tag, head.digest)),
            // It was removed since it was listed.
            Ok(None) => {}
            Err(error) => {
                let failure = error.failure(format!("cannot determine the image of {repository}:{tag}"));
                failures.insert(tag, failure);
            }
        }
    }
    let mut rows: Vec<SinceRow> = Vec::new();
    let mut seen: std::collections::HashSet<Digest> = Default::default();
    for tag in version_order::newest_first(tags, Tag::as_str) {
        let awaited = || Err(Failure::local("cannot read the image", "it was not read"));
        if let Some(digest) = digests.get(&tag).copied() {
            report.tags += 1;
            if seen.insert(digest) {
                rows.push(SinceRow { tag, digest: Some(digest), answer: awaited() });
            }
        } else if let Some(failure) = failures.remove(&tag) {
            report.tags += 1;
            rows.push(SinceRow { tag, digest: None, answer: Err(failure) });
        }
    }
    rows.reverse();
    rows
}

/// Reads the manifest and the config of each image.
async fn choose_all(
    registry: &dyn Registry,
    tags: &SinceTags<'_>,
    images: &[SinceRow],
) -> Vec<Result<ImageSource, Failure>> {
    let choose = images.iter().map(|row| {
        async move {
            match (row.digest, &row.answer) {
                (None, Err(failure)) => Err(failure.clone()),
                (None, Ok(_)) => Err(Failure::local("cannot read the image", "its digest is not known")),
                (Some(digest), _) => {
                    let selector = Selector::Digest(digest);
                    choose_image(registry, tags.repository, &selector, tags.platform).await
                }
            }
        }
        .boxed()
    });
    let choose: Vec<_> = choose.collect();
    stream::iter(choose).buffered(AT_ONCE).collect().await
}

/// Answers a question about the config or the manifest.
fn answer(question: &SinceQuestion, source: &ImageSource) -> SinceAnswer {
    let config = source.config.as_deref();
    let compare = |value: Option<&str>, wanted: &Option<String>| SinceAnswer {
        holds: value.is_some_and(|value| wanted.as_ref().is_none_or(|wanted| wanted == value)),
        value: value.map(str::to_string),
    };
    match question {
        SinceQuestion::Env(name, wanted) => {
            let split = |variable: &'_ String| {
                let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
                (name.to_string(), value.to_string())
            };
            let all = config.into_iter().flat_map(|config| config.env.iter().map(split));
            // Programs see the last one of a name.
            let value = all.filter(|(found, _)| found == name).last().map(|(_, value)| value);
            compare(value.as_deref(), wanted)
        }
        SinceQuestion::Label(name, wanted) => {
            compare(config.and_then(|config| config.labels.get(name)).map(String::as_str), wanted)
        }
        SinceQuestion::Size { bytes, is_larger } => {
            let found = size_of(std::iter::once(&*source.manifest));
            let holds = |found: u64| if *is_larger { found > *bytes } else { found < *bytes };
            SinceAnswer { holds: found.is_some_and(holds), value: found.map(size::bytes) }
        }
        SinceQuestion::File(_) | SinceQuestion::Package(..) => SinceAnswer { holds: false, value: None },
    }
}

/// Looks for a path in the files of each image. A layer is read once, whatever the number of its images.
async fn find_files(
    registry: &dyn Registry,
    repository: &Repository,
    path: &str,
    sources: &[Result<ImageSource, Failure>],
    rows: &mut [SinceRow],
    report: &mut SinceReport,
    announce: impl FnOnce(&ReadingPlan),
) {
    announce(&plan_all(registry, sources).await);
    let mut shelf =
        ListShelf { registry, repository, lists: HashMap::new(), memory: 0, read: 0, received: 0 };
    for (row, source) in rows.iter_mut().zip(sources) {
        row.answer = match source {
            Ok(source) => shelf.find(path, source).await,
            Err(failure) => Err(failure.clone()),
        };
    }
    report.layers_read = shelf.read;
    report.bytes_read = shelf.received;
}

/// Plans the reading of all layers, each once.
async fn plan_all(registry: &dyn Registry, sources: &[Result<ImageSource, Failure>]) -> ReadingPlan {
    let mut plan = ReadingPlan::default();
    let mut seen: std::collections::HashSet<ListProof> = Default::default();
    for source in sources.iter().flatten().flat_map(|source| &source.layers) {
        if ListProof::of(source).is_none_or(|proof| seen.insert(proof)) {
            let layer = plan_layer(registry, source).await;
            plan.count(&layer, source);
        }
    }
    plan
}

/// The lists of layers that several images share.
struct ListShelf<'a> {
    registry: &'a dyn Registry,
    repository: &'a Repository,
    lists: HashMap<ListProof, Arc<LayerFiles>>,
    memory: usize,
    read: usize,
    received: u64,
}

impl ListShelf<'_> {
    async fn find(&mut self, path: &str, source: &ImageSource) -> Result<SinceAnswer, Failure> {
        let mut lists = Vec::with_capacity(source.layers.len());
        for layer in &source.layers {
            lists.push(self.list(layer).await?);
        }
        let what = || format!("cannot put the layers of {} together", source.manifest.digest);
        let path = path.as_bytes().to_vec();
        let find = move || {
            let mut tree = FileTree::default();
            for files in &lists {
                tree.add_layer(&files.list)?;
            }
            let found = tree.resolve(&path, false).and_then(|id| tree.current(id));
            Ok::<_, crate::layer::TreeError>(found)
        };
        let found = tokio::task::spawn_blocking(find).await;
        let found = found.map_err(|_| Failure::local(what(), "the reader stopped"))?;
        let found = found.map_err(|error| Failure::local(what(), error.to_string()))?;
        Ok(SinceAnswer { holds: found.is_some(), value: found.map(|version| size::bytes(version.size)) })
    }

    async fn list(&mut self, source: &LayerSource) -> Result<Arc<LayerFiles>, Failure> {
        let proof = ListProof::of(source);
        if let Some(files) = proof.as_ref().and_then(|proof| self.lists.get(proof)) {
            return fit(files, source);
        }
        let plan = plan_layer(self.registry, source).await;
        let progress = Arc::new(LayerProgress::default());
        let name = &self.repository.name;
        let read = read_layer(self.registry, name, source, &plan, None, &progress, &Pause::default()).await?;
        self.read += usize::from(!matches!(plan, LayerPlan::Kept(_)));
        self.received += progress.received();
        if let Some(proof) = proof {
            self.memory += read.files.list.memory();
            if self.memory > MOST_LISTS {
                self.lists.clear();
                self.memory = read.files.list.memory();
            }
            self.lists.insert(proof, read.files.clone());
        }
        Ok(read.files)
    }
}
