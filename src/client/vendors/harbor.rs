//! Harbor: docs/REGISTRIES.md §9.1. Its own API: docs/REGISTRIES.md §9.4.

use serde_json::Value;

use super::api::json::{count, digest, list, platforms, size, text, time};
use super::api::paths::{get, segment, with_query};
use super::api::{
    ApiAnswer, ApiLogin, ApiPage, Histories, ImageLookUps, RepositoryLists, Searches, TagAddress, TagLists,
    TagToRemove, Untags, VendorApi,
};
use super::vendor::{RefusalSign, Vendor, Wording};
use crate::model::digest::Digest;
use crate::model::reference::{RepositoryName, Tag};
use crate::model::scan::report::SeverityCounts;
use crate::model::tag_history::TagPeriod;
use crate::model::text::SafeText;
use crate::model::vendor_image::{VendorImage, VendorScan, VendorScanState};
use crate::model::vendor_lists::{SearchHit, VendorCall, VendorTag};

/// Harbor.
pub(crate) const HARBOR: Vendor = Vendor {
    name: "Harbor",
    has_sign: |signs| signs.service.contains("harbor-registry") || signs.service.contains("/service/token"),
    // https://goharbor.io/docs/main/working-with-projects/working-with-images/create-tag-immutability-rules/
    protected: &[RefusalSign { statuses: &[], wording: Wording::Text("configured as immutable") }],
    quota: &[RefusalSign { statuses: &[403, 412], wording: Wording::Word("exceed") }],
    api: Some(&API),
    ..Vendor::UNKNOWN
};

static API: VendorApi = VendorApi {
    login: ApiLogin::Basic,
    // Without it Harbor tells only of reports in the first of these forms.
    headers: &[("x-accept-vulnerabilities", REPORTS)],
    repositories: Some(RepositoryLists {
        near: |name| name.components().next().map(repositories).into_iter().collect(),
        of_user: None,
        // Everything that the login may see, also without the right to the catalog.
        all: Some(|| {
            vec![get(paged("/api/v2.0/repositories"), ""), get(paged("/api/v2.0/projects"), PROJECTS)]
        }),
        read: read_repositories,
    }),
    tags: Some(TagLists { of: |name| artifacts(name).into_iter().collect(), read: read_artifacts }),
    search: Some(Searches {
        call: |words, _| get(with_query("/api/v2.0/search", &[("q", words)]), words),
        read: read_hits,
    }),
    untag: Some(Untags {
        takes_image: false,
        note: Some(
            "Harbor keeps the image without its tag until a cleanup of untagged images, which its administrator sets up",
        ),
        address: TagAddress::Path(tag_path),
    }),
    image: Some(ImageLookUps { call: artifact, read: read_artifact }),
    // Harbor does not keep the tags that an image had.
    history: Some(Histories {
        of: |name, tag| if tag.is_none() { untagged(name).into_iter().collect() } else { Vec::new() },
        read: read_untagged,
    }),
    ..VendorApi::NONE
};

/// The form of reports of present scanners.
const REPORT: &str = "application/vnd.security.vulnerability.report; version=1.1";
/// All forms of reports.
const REPORTS: &str = "application/vnd.security.vulnerability.report; version=1.1, \
                       application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0";
/// The subject of the call for the projects that the login may see.
const PROJECTS: &str = "projects of the user";
/// Most projects of a page whose repositories are listed.
const MOST_PROJECTS: usize = 100;
/// Most severities that are read.
const MOST_SEVERITIES: usize = 32;

fn paged(path: &str) -> String {
    with_query(path, &[("page", "1"), ("page_size", "100")])
}

fn repositories(project: &str) -> VendorCall {
    get(paged(&format!("/api/v2.0/projects/{}/repositories", segment(project))), project)
}

fn artifacts_path(name: &RepositoryName) -> Option<String> {
    let (project, repository) = name.as_str().split_once('/')?;
    // A slash in a repository is encoded twice, because proxies decode it once.
    let repository = segment(&segment(repository));
    Some(format!("/api/v2.0/projects/{}/repositories/{repository}/artifacts", segment(project)))
}

/// Returns the path of a tag of this image. Harbor does not find it there once the tag has another image.
fn tag_path(of: &TagToRemove<'_>) -> Option<String> {
    let artifacts = artifacts_path(of.repository)?;
    Some(format!("{artifacts}/{}/tags/{}", of.digest, segment(of.tag.as_str())))
}

fn artifacts(name: &RepositoryName) -> Option<VendorCall> {
    let path = artifacts_path(name)?;
    Some(get(with_query(&path, &[("page", "1"), ("page_size", "100"), ("with_tag", "true")]), ""))
}

fn untagged(name: &RepositoryName) -> Option<VendorCall> {
    let query = [("page", "1"), ("page_size", "100"), ("with_tag", "true"), ("q", "tags=nil")];
    Some(get(with_query(&artifacts_path(name)?, &query), ""))
}

/// Reads repositories. A list of projects leads on to those of each project: versions before 2.2 have no list of all
/// repositories, and a proxy may hide it.
fn read_repositories(answer: &ApiAnswer<'_>) -> Option<ApiPage<String>> {
    if answer.call.about == PROJECTS {
        let filled = answer.body.as_array()?.iter().filter(|item| count(item, "repo_count") != Some(0));
        let names = filled.filter_map(|item| text(item, "name")).take(MOST_PROJECTS);
        return Some(ApiPage { then: names.map(repositories).collect(), ..answer.linked_page(Vec::new()) });
    }
    let names = answer.body.as_array()?.iter().filter_map(|item| text(item, "name").map(String::from));
    Some(answer.linked_page(names.collect()))
}

fn read_artifacts(answer: &ApiAnswer<'_>) -> Option<ApiPage<VendorTag>> {
    let tags = answer.body.as_array()?.iter().flat_map(|item| {
        let children = list(item, "references").unwrap_or_default();
        let listed = children.iter().filter_map(|child| child.get("platform"));
        let platforms = platforms(item.get("extra_attrs").into_iter().chain(listed));
        let tag = move |tag: &Value| {
            Some(VendorTag {
                digest: digest(item, "digest"),
                size: size(item, "size"),
                pushed: time(tag, "push_time").or_else(|| time(item, "push_time")),
                pulled: time(tag, "pull_time").or_else(|| time(item, "pull_time")),
                platforms: platforms.clone(),
                ..VendorTag::of(Tag::parse(text(tag, "name")?).ok()?)
            })
        };
        list(item, "tags").unwrap_or_default().iter().filter_map(tag)
    });
    Some(answer.linked_page(tags.collect()))
}

/// Reads the artifacts that have no tag.
fn read_untagged(answer: &ApiAnswer<'_>) -> Option<ApiPage<TagPeriod>> {
    let untagged =
        answer.body.as_array()?.iter().filter(|item| list(item, "tags").is_none_or(<[_]>::is_empty));
    let periods = untagged.filter_map(|item| {
        let (size, start) = (size(item, "size"), time(item, "push_time"));
        Some(TagPeriod { size, start, ..TagPeriod::of(None, Some(digest(item, "digest")?)) })
    });
    Some(answer.linked_page(periods.collect()))
}

fn artifact(name: &RepositoryName, _: Option<&Tag>, digest: &Digest) -> Option<VendorCall> {
    let path = format!("{}/{digest}", artifacts_path(name)?);
    Some(get(with_query(&path, &[("with_tag", "false"), ("with_scan_overview", "true")]), ""))
}

fn read_artifact(answer: &ApiAnswer<'_>, image: &Digest) -> Option<VendorImage> {
    let item = answer.body;
    item.as_object()?;
    if digest(item, "digest").as_ref() != Some(image) {
        return None;
    }
    let scan = match item.get("scan_overview").and_then(Value::as_object) {
        // Harbor leaves the overview out if the image was not scanned, and older ones show an empty one.
        None => VendorScan::default(),
        Some(reports) => {
            let newest = || reports.values().max_by_key(|report| time(report, "end_time"));
            reports.get(REPORT).or_else(newest).map(read_scan).unwrap_or_default()
        }
    };
    let (pushed, pulled) = (time(item, "push_time"), time(item, "pull_time"));
    Some(VendorImage { pushed, pulled, scan: Some(scan), ..VendorImage::default() })
}

fn read_scan(report: &Value) -> VendorScan {
    let state = match text(report, "scan_status").unwrap_or_default().to_lowercase().as_str() {
        "success" => VendorScanState::Done,
        "pending" | "scheduled" | "queued" | "running" => VendorScanState::Running,
        "error" | "stopped" => VendorScanState::Failed,
        _ => VendorScanState::Unknown,
    };
    let scanner = report.get("scanner").and_then(|scanner| {
        let version = text(scanner, "version").unwrap_or_default();
        Some(SafeText::clean(format!("{} {version}", text(scanner, "name")?).trim()))
    });
    let summary = report.get("summary").filter(|_| state == VendorScanState::Done);
    let total = summary.and_then(|summary| usize::try_from(count(summary, "total")?).ok());
    let counts = summary.and_then(|summary| read_counts(summary.get("summary")?));
    // Numbers that leave out some of the findings could hide the gravest.
    let counts = counts.filter(|counts| total.is_none_or(|total| counts.sum() >= total));
    // An index counts as scanned once one of its images is: `Merge` in `src/pkg/scan/vuln/summary.go` of Harbor.
    let is_partial = count(report, "complete_percent").is_some_and(|percent| percent < 100);
    VendorScan { state, scanner, at: time(report, "end_time"), counts, total, is_partial }
}

/// Reads the number of findings of each severity. Returns `None` unless all are numbers.
fn read_counts(summary: &Value) -> Option<SeverityCounts> {
    let labelled = summary.as_object().filter(|labelled| labelled.len() <= MOST_SEVERITIES)?;
    let count =
        |(label, count): (&'_ String, &Value)| Some((label.clone(), usize::try_from(count.as_u64()?).ok()?));
    let counts: Vec<(String, usize)> = labelled.iter().map(count).collect::<Option<_>>()?;
    Some(SeverityCounts::of_labels(counts.iter().map(|(label, count)| (label.as_str(), *count))))
}

fn read_hits(answer: &ApiAnswer<'_>) -> Option<ApiPage<SearchHit>> {
    let hits = list(answer.body, "repository")?.iter().filter_map(|item| {
        let name = RepositoryName::parse(text(item, "repository_name")?).ok()?;
        Some(SearchHit { pulls: count(item, "pull_count"), ..SearchHit::of(name) })
    });
    Some(ApiPage::of(hits.collect()))
}
