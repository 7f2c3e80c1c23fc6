//! Finds the base of an image, and how far the image is behind it.

mod lookups;

use std::sync::Arc;

use jiff::Timestamp;

use super::attached::read_all;
use super::files::image::own_platform;
use super::index_images::IndexImages;
use super::inspect::{find_referrers, inspect_image};
use super::summary::read_config;
use crate::client::{Error, Pool, Priority, Registry, is_forbidden};
use crate::model::attached::{AttachedContent, BaseImage};
use crate::model::base_image::{
    BaseComparison, BaseEvidence, BaseReport, BaseStatus, RecordedBase, days_between, recorded_base,
};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::image::ImageConfig;
use crate::model::inspection::{Inspection, Variant};
use crate::model::manifest::{Body, Manifest};
use crate::model::platform::Platform;
use crate::model::reference::{Host, Reference, Repository, RepositoryName, Selector, Target};
use crate::model::summary::{Kind, created_of};
use crate::model::text::SafeText;

pub(crate) use lookups::BaseLookups;

/// The number of images in a provenance that are tried as the base.
const MOST_CANDIDATES: usize = 8;
/// The beginnings of the names of images that builds use and that are never a base.
const TOOLS: [&str; 2] = ["docker/dockerfile", "docker/buildkit-"];

/// An image that may be the base.
#[derive(Debug, Clone)]
struct BaseCandidate {
    name: String,
    recorded: Option<Digest>,
    evidence: BaseEvidence,
}

impl From<RecordedBase> for BaseCandidate {
    fn from(base: RecordedBase) -> BaseCandidate {
        BaseCandidate { name: base.name, recorded: base.digest, evidence: base.evidence }
    }
}

/// The base as its registry has it.
#[derive(Debug)]
struct ReadBase {
    /// The digest of the tag: that of an index, if there is one.
    digest: Digest,
    manifest: Arc<Manifest>,
    config: Arc<ImageConfig>,
}

impl ReadBase {
    fn created(&self) -> Option<Timestamp> {
        created_of(&self.manifest, Some(&self.config))
    }
}

/// Compares the images under a name, or the one for a platform, with their bases as they are now. `given` is the base
/// that the user named. Each image has a report, also if nothing can be said.
pub(crate) async fn report_bases(
    pool: &Pool,
    reference: &Reference,
    platform: Option<&Platform>,
    given: Option<&str>,
) -> Result<Vec<BaseReport>, Error> {
    let registry = pool.registry(&reference.repository.host);
    let mut inspection = inspect_image(&*registry, &reference.repository, &reference.selector()).await?;
    let is_asked = |variant: &Variant| {
        let is_image = matches!(variant.kind, Kind::Image | Kind::Schema1);
        is_image
            && platform.is_none_or(|platform| {
                variant.platform.as_ref().is_some_and(|own| own.is_same_machine(platform))
            })
    };
    let is_named =
        |variant: &Variant| given.is_some() || !recorded_candidates(&inspection, variant).is_empty();
    let needs_provenance = inspection.variants.iter().any(|variant| is_asked(variant) && !is_named(variant));
    if needs_provenance {
        let found = find_referrers(&*registry, &inspection, None).await;
        inspection.take_referrers(found);
    }
    let mut reports = Vec::new();
    for variant in inspection.variants.iter().filter(|variant| is_asked(variant)) {
        let mut candidates: Vec<BaseCandidate> = given
            .map(|name| BaseCandidate {
                name: name.to_owned(),
                recorded: None,
                evidence: BaseEvidence::Given,
            })
            .into_iter()
            .collect();
        if candidates.is_empty() {
            candidates = recorded_candidates(&inspection, variant);
        }
        if candidates.is_empty() {
            candidates = provenance_candidates(&*registry, &inspection, variant).await;
        }
        let mut report = report_variant(pool, variant, candidates).await;
        report.platform.clone_from(&variant.platform);
        report.digest = variant.manifest.as_ref().ok().map(|manifest| manifest.digest);
        reports.push(report);
    }
    if reports.is_empty() {
        let reason =
            if platform.is_some() { "there is no image for this platform" } else { "it is no image" };
        reports.push(BaseReport::unknown(reason));
    }
    Ok(reports)
}

/// Returns the base that annotations or labels name.
fn recorded_candidates(inspection: &Inspection, variant: &Variant) -> Vec<BaseCandidate> {
    recorded_base(inspection, variant).map(BaseCandidate::from).into_iter().collect()
}

/// Compares an image with the base that its annotations or labels name, with as few requests as possible: no provenance is
/// read, and the digest of each base is asked for once. Of an index it looks at the image for this machine, else at the
/// first one.
pub(crate) async fn report_recorded_base(
    pool: &Pool,
    lookups: &BaseLookups,
    repository: &Repository,
    image: Digest,
) -> BaseReport {
    let registry = pool.registry(&repository.host);
    let inspection = match inspect_image(&*registry, repository, &Selector::Digest(image)).await {
        Ok(inspection) => inspection,
        Err(error) => return BaseReport::unknown(error.failure("cannot read the image").why),
    };
    let images =
        || inspection.variants.iter().filter(|variant| matches!(variant.kind, Kind::Image | Kind::Schema1));
    let own = own_platform();
    let is_own = |variant: &&Variant| {
        variant
            .platform
            .as_ref()
            .zip(own.as_ref())
            .is_some_and(|(platform, own)| platform.is_same_machine(own))
    };
    let Some(variant) = images().find(is_own).or_else(|| images().next()) else {
        return BaseReport::unknown("it is no image");
    };
    let Some(base) = recorded_base(&inspection, variant) else {
        return BaseReport::unknown("neither annotations nor labels name a base");
    };
    let config = match &variant.config {
        Some(Ok(config)) if config.diff_ids.is_whole() => config,
        _ => return BaseReport::unknown("the config of the image cannot be read"),
    };
    if let Ok(target) = Target::parse(&base.name)
        && !may_ask(pool, &repository.host, target.host())
    {
        let reason = "its registry is an address of this machine or of the link: `regtui base` asks it";
        return BaseReport { base: Some(SafeText::clean(&base.name)), ..BaseReport::unknown(reason) };
    }
    compare(pool, variant, config, base.into(), Some(lookups)).await.1
}

/// Returns whether a registry may be asked because an image of another one names it, and not the user.
fn may_ask(pool: &Pool, own: &Host, other: &Host) -> bool {
    let address = other.without_port().parse().ok();
    let is_inside = other.is_loopback() && !own.is_loopback()
        || address.is_some_and(|address| is_forbidden(address, own.is_loopback()));
    !is_inside || own == other || pool.known_registries().has(other)
}

/// Returns the images that the provenance of an image names.
async fn provenance_candidates(
    registry: &dyn Registry,
    inspection: &Inspection,
    variant: &Variant,
) -> Vec<BaseCandidate> {
    let is_alone = variant.descriptor.is_none();
    let is_wanted = |of: Option<&Variant>, referrer: &crate::model::inspection::ListedReferrer| {
        let is_own = of.map_or(is_alone, |of| std::ptr::eq(of, variant));
        let may_tell = |kind: &Kind| matches!(kind, Kind::Provenance | Kind::Attestation | Kind::Bundle);
        is_own && referrer.kinds.iter().any(may_tell)
    };
    let mut candidates: Vec<BaseCandidate> = Vec::new();
    for row in read_all(registry, inspection, is_wanted).await {
        for part in row.parts.iter().flatten() {
            let Some(document) = part.document() else { continue };
            let Ok(image) = &variant.manifest else { continue };
            let AttachedContent::Provenance(provenance) = &document.content else { continue };
            if document.is_about(image) == Some(false) {
                continue;
            }
            let is_tool = |base: &&BaseImage| TOOLS.iter().any(|tool| base.name.as_str().starts_with(tool));
            for base in provenance.base_images.iter().filter(|base| !is_tool(base)) {
                let name = base.name.as_str().to_owned();
                if candidates.iter().all(|known| known.name != name) && candidates.len() < MOST_CANDIDATES {
                    let evidence = BaseEvidence::Provenance;
                    candidates.push(BaseCandidate { name, recorded: base.digest, evidence });
                }
            }
        }
    }
    candidates
}

/// Compares an image with its base. Of several candidates the one counts that shares most layers with the image.
async fn report_variant(pool: &Pool, variant: &Variant, candidates: Vec<BaseCandidate>) -> BaseReport {
    let config = match &variant.config {
        Some(Ok(config)) if config.diff_ids.is_whole() => config,
        _ => return BaseReport::unknown("the config of the image cannot be read"),
    };
    let are_several = candidates.len() > 1;
    let mut best: Option<(usize, BaseReport)> = None;
    for candidate in candidates {
        let (shared, report) = compare(pool, variant, config, candidate, None).await;
        if best.as_ref().is_none_or(|(most, _)| shared > *most) {
            best = Some((shared, report));
        }
    }
    match best {
        None => {
            BaseReport::unknown("neither annotations nor labels nor provenance name a base; `--base` does")
        }
        Some((0, report)) if are_several => BaseReport {
            reason: Some(
                "several images were used for the build, and it shares layers with none of them".into(),
            ),
            ..BaseReport::unknown(report.reason.unwrap_or_default())
        },
        Some((_, report)) => report,
    }
}

/// Compares an image with a base. With `lookups`, the digest of the base is enough if it is the recorded one.
async fn compare(
    pool: &Pool,
    variant: &Variant,
    config: &ImageConfig,
    candidate: BaseCandidate,
    lookups: Option<&BaseLookups>,
) -> (usize, BaseReport) {
    let name = SafeText::clean(&candidate.name);
    let mut report = BaseReport {
        base: Some(name),
        evidence: Some(candidate.evidence),
        recorded_digest: candidate.recorded,
        ..BaseReport::unknown("")
    };
    report.reason = None;
    let mut base = match Target::parse(&candidate.name) {
        Ok(Target::Image(reference)) => reference,
        Ok(Target::Repository(repository)) => Reference { repository, tag: None, digest: None },
        Ok(Target::Registry(_)) | Err(_) => {
            report.reason = Some("the name of the base is no name of an image".into());
            return (0, report);
        }
    };
    if let Some(pinned) = base.digest.take() {
        if base.tag.is_none() {
            report.reason = Some("the base is named by its digest only, which never changes".into());
            return (0, report);
        }
        report.recorded_digest = report.recorded_digest.or(Some(pinned));
    }
    let registry = pool.registry(&base.repository.host);
    let platform = variant.platform.as_ref();
    let selector = match lookups {
        None => Ok(base.selector()),
        Some(lookups) => lookups.digest_of(&*registry, &base).await.map(Selector::Digest),
    };
    if let Ok(Selector::Digest(digest)) = selector
        && report.recorded_digest == Some(digest)
    {
        return (1, BaseReport { status: BaseStatus::Current, current_digest: Some(digest), ..report });
    }
    let read = match selector {
        Ok(selector) => read_base(&*registry, &base.repository.name, &selector, platform).await,
        Err(failure) => Err(failure),
    };
    let now = match read {
        Ok(now) => now,
        Err(failure) => {
            report.reason = Some(SafeText::from(format!("{}: {}", failure.what, failure.why)));
            return (0, report);
        }
    };
    report.current_digest = Some(now.digest);
    let is_current = |recorded: Digest| recorded == now.digest || now.manifest.has_digest(&recorded);
    let comparison = BaseComparison {
        image: &config.diff_ids,
        base: &now.config.diff_ids,
        is_recorded_current: report.recorded_digest.map(is_current),
        evidence: candidate.evidence,
    };
    let shared = comparison.shared();
    report.base_layers = Some(now.config.diff_ids.len());
    match comparison.status() {
        Ok(status) => report.status = status,
        Err(reason) => report.reason = Some(reason.into()),
    }
    if report.status == BaseStatus::Behind {
        report.layers_behind = Some(now.config.diff_ids.len() - shared);
        report.days_behind = days_behind(&*registry, &base.repository.name, &report, &now, platform).await;
    }
    // The recorded digest identifies the base even if all layers have changed since.
    let certainty = shared + usize::from(report.recorded_digest.is_some_and(is_current));
    (certainty, report)
}

/// Returns the days between the base that the image contains and the one of now, if the registry still has the former.
async fn days_behind(
    registry: &dyn Registry,
    name: &RepositoryName,
    report: &BaseReport,
    now: &ReadBase,
    platform: Option<&Platform>,
) -> Option<i64> {
    let selector = Selector::Digest(report.recorded_digest?);
    let then = read_base(registry, name, &selector, platform).await.ok()?;
    days_between(then.created()?, now.created()?)
}

/// Reads the manifest and the config of a base, for one platform if it is an index.
async fn read_base(
    registry: &dyn Registry,
    name: &RepositoryName,
    selector: &Selector,
    platform: Option<&Platform>,
) -> Result<ReadBase, Failure> {
    let priority = Priority::Interactive;
    let read = match selector {
        Selector::Tag(tag) => registry.latest_manifest(name, tag, priority).await,
        Selector::Digest(_) => registry.manifest(name, selector, priority).await,
    };
    let top = read.map_err(|error| error.failure("cannot read the base"))?;
    let digest = top.digest;
    let manifest = match &top.body {
        Body::Index(index) => {
            let images = IndexImages::read(registry, name, index, priority).await;
            let is_wanted = |own: &Platform| platform.is_none_or(|platform| own.is_same_machine(platform));
            let wanted = images.images.iter().find(|image| image.platform.as_ref().is_some_and(is_wanted));
            let missing = || Failure::local("cannot read the base", "it has no image for this platform");
            wanted.ok_or_else(missing)?.read(registry, name, priority).await?
        }
        _ => top,
    };
    match read_config(registry, name, &manifest, priority).await {
        Some(Ok(config)) if config.diff_ids.is_whole() => Ok(ReadBase { digest, manifest, config }),
        Some(Err(failure)) => Err(failure),
        _ => Err(Failure::local("cannot read the base", "it is no image")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientSettings;

    #[test]
    fn a_base_leads_to_this_machine_only_from_it() {
        let pool = Pool::new(ClientSettings::default());
        let host = |text: &str| Host::parse(text).expect("a host");
        let table = [
            ("r.test", "docker.io", true),
            ("r.test", "10.0.0.7:5000", true),
            ("r.test", "localhost:5000", false),
            ("r.test", "127.0.0.1:5000", false),
            ("r.test", "169.254.169.254", false),
            ("localhost:5000", "127.0.0.1:6000", true),
            ("localhost:5000", "169.254.169.254", false),
        ];
        for (own, other, expected) in table {
            assert_eq!(may_ask(&pool, &host(own), &host(other)), expected, "{own} {other}");
        }
    }
}
