//! Copies of images: byte for byte, or with Docker's manifests converted to OCI.

mod image;
mod side;

pub use image::{BlobTransfer, ConvertedManifest, ImageToCopy, PlannedBlob, ReferrerList};
pub(crate) use side::{CopySide, SideRole};

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::PlanCommon;
use crate::model::digest::Digest;
use crate::model::manifest::referrer_list::descriptor_of;
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::platform::Platform;
use crate::model::plural::counted;
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::size;
use crate::model::text::SafeText;

/// The request to copy images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyRequest {
    /// The source repository.
    pub from: Repository,
    /// The images to copy.
    pub what: What,
    /// The destination repository. It may be in the same registry.
    pub to: Repository,
    /// The tag at the destination, in place of the tag at the source. Only for a single image.
    pub tag: Option<Tag>,
    /// The platforms of an index to copy; all if the list is empty. One platform is copied as the plain manifest that
    /// it is, as crane, skopeo and regctl do. Several are copied as a shorter index, with a new digest. An image that
    /// is no index is copied whole if its platform is in the list.
    pub platforms: Vec<Platform>,
    /// Whether the referrers of the images are copied too.
    pub referrers: bool,
    /// Whether images that lose a tag at the destination are kept under a tag of their own.
    #[serde(default)]
    pub keep: bool,
    /// The format of the manifests at the destination.
    #[serde(default)]
    pub format: ManifestFormat,
}

/// The format of the manifests that a copy puts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManifestFormat {
    /// As the source has them, byte for byte.
    #[default]
    Source,
    /// OCI manifests: Docker's are converted, so their digests change.
    Oci,
}

/// The images of a repository to copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The images with these tags or digests.
    Images(Vec<Selector>),
    /// Every tag of the repository.
    AllTags,
}

/// The plan of a copy.
#[derive(Debug, Clone, Serialize)]
pub struct CopyPlan {
    /// The parts that plans of every kind have.
    #[serde(flatten)]
    pub common: PlanCommon,
    /// The request, to be planned again if the program ends in the middle of the copy.
    #[serde(skip)]
    pub request: CopyRequest,
    /// The source repository.
    pub from: Repository,
    /// The destination repository.
    pub to: Repository,
    /// The images, one entry each.
    pub images: Vec<ImageToCopy>,
    /// Every manifest that the destination needs before the tags are put, in the order in which they are put: children
    /// and subjects first. Manifests that the destination has already are left out.
    #[serde(skip)]
    pub manifests: Vec<Arc<Manifest>>,
    /// Every blob that the images need, each digest once.
    pub blobs: Vec<PlannedBlob>,
    /// Every referrer of the images that is copied, including those that the destination has already.
    pub referrers: Vec<Digest>,
    /// Lists of referrers to write under fallback tags, because the destination has no referrers API or did not say
    /// whether it has one.
    pub lists: Vec<ReferrerList>,
    /// Whether the digests of some images change: only some platforms of an index are copied, or manifests are converted.
    pub digests_change: bool,
    /// The manifests that are converted, children before the indexes that list them.
    pub converted: Box<[ConvertedManifest]>,
    /// Whether the images have manifests that can be converted, or have been.
    #[serde(skip)]
    pub can_be_converted: bool,
    /// Parts that are not copied and need not be, in words: foreign layers, children that are gone, platforms.
    pub left_out: Vec<SafeText>,
    /// The connections to the registries. The destination is left out if it was not contacted.
    pub sides: Vec<CopySide>,
}

impl ManifestFormat {
    /// Returns the other format, for a switch.
    pub(crate) fn other(self) -> ManifestFormat {
        match self {
            ManifestFormat::Source => ManifestFormat::Oci,
            ManifestFormat::Oci => ManifestFormat::Source,
        }
    }
}

impl CopyRequest {
    /// Returns the request to copy images with their referrers, under their own tags and with all platforms.
    pub fn with_referrers(from: Repository, what: What, to: Repository) -> CopyRequest {
        CopyRequest {
            from,
            what,
            to,
            tag: None,
            platforms: Vec::new(),
            referrers: true,
            keep: false,
            format: ManifestFormat::Source,
        }
    }
}

impl CopyPlan {
    /// Returns whether nothing is left to do.
    pub(crate) fn is_done(&self) -> bool {
        self.manifests.is_empty()
            && self.blobs.iter().all(|blob| blob.transfer == BlobTransfer::There)
            && self.images.iter().all(|image| image.tag.is_some() && image.is_done())
    }

    /// Returns these manifests of the plan as entries of a list of referrers.
    pub(crate) fn referrer_entries(&self, digests: &[Digest]) -> Vec<Descriptor> {
        let manifests =
            digests.iter().filter_map(|digest| self.manifests.iter().find(|one| one.digest == *digest));
        manifests.map(|manifest| descriptor_of(manifest)).collect()
    }

    /// Returns a warning for each side to which a secret is sent that others can read.
    pub(crate) fn exposure_warnings(&self) -> impl Iterator<Item = SafeText> {
        self.sides.iter().filter_map(CopySide::exposure_warning)
    }

    /// Returns the plan in a few words.
    pub fn title(&self) -> SafeText {
        let (from, to) = (&self.from.name, &self.to);
        SafeText::from(match self.named_images().as_slice() {
            [ImageToCopy { tag: Some(tag), selector: Selector::Tag(old), .. }] => {
                format!("copy {from}:{old} → {to}:{tag}")
            }
            [ImageToCopy { tag: Some(tag), source, .. }] => {
                format!("copy {from}@{} → {to}:{tag}", source.short())
            }
            [ImageToCopy { tag: None, source, .. }] => format!("copy {from}@{} → {to}", source.short()),
            _ => format!("copy {} of {from} → {to}", self.count()),
        })
    }

    /// Returns the images that the user means. Images with a digest tag belong to others and are left out, unless there
    /// are only such images.
    fn named_images(&self) -> Vec<&ImageToCopy> {
        let all: Vec<&ImageToCopy> = self.images.iter().filter(|image| !image.is_companion()).collect();
        if all.is_empty() { self.images.iter().collect() } else { all }
    }

    /// Returns the number of images to copy in words: `6 tags`. Images that are copied by digest count as images.
    pub(crate) fn count(&self) -> String {
        let (tagged, bare): (Vec<&ImageToCopy>, Vec<&ImageToCopy>) =
            self.named_images().into_iter().partition(|image| image.tag.is_some());
        let (tags, images) = (counted(tagged.len(), "tag", "tags"), counted(bare.len(), "image", "images"));
        match (tagged.len(), bare.len()) {
            (_, 0) => tags,
            (0, _) => images,
            _ => format!("{tags} and {images}"),
        }
    }

    /// Returns the conversion in words: `3 manifests to OCI: digests change, layers stay`. Returns `None` if nothing is
    /// converted.
    pub fn conversion(&self) -> Option<String> {
        let count = self.converted.len();
        let manifests = counted(count, "manifest is", "manifests are");
        (count > 0).then(|| format!("{manifests} converted to OCI: digests change, layers stay"))
    }

    /// Returns the converted manifests that belong to an index. The others are images of the plan themselves.
    pub(crate) fn converted_children(&self) -> impl Iterator<Item = &ConvertedManifest> {
        let is_image = |digest| self.images.iter().any(|image| image.digest == digest);
        self.converted.iter().filter(move |converted| !is_image(converted.digest))
    }

    /// Returns how many referrers are copied and how they are listed, in words. Returns `None` if no referrer is
    /// copied.
    pub(crate) fn describe_referrers(&self) -> Option<String> {
        let come = match self.referrers.len() {
            0 => return None,
            1 => "1 comes along".into(),
            some => format!("{some} come along"),
        };
        Some(match self.lists.is_empty() {
            true => come,
            false if self.lists.iter().any(|list| list.unknown) => {
                format!("{come}; unless the registry lists them itself, tags do:")
            }
            false => format!("{come}; no referrers API there, so tags list them:"),
        })
    }

    /// Returns which platforms of indexes are copied and which are not, in words. Each such text is given once, with
    /// the images if there is more than one text.
    pub fn platforms(&self) -> Vec<String> {
        let mut said: Vec<(String, Vec<String>)> = Vec::new();
        for image in &self.images {
            let Some(platforms) = image.platforms() else { continue };
            let name = image.selector.to_string();
            match said.iter_mut().find(|(known, _)| *known == platforms) {
                Some((_, names)) => names.push(name),
                None => said.push((platforms, vec![name])),
            }
        }
        match said.as_slice() {
            [(platforms, _)] => vec![platforms.clone()],
            several => several
                .iter()
                .map(|(platforms, names)| format!("{}: {platforms}", names.join(", ")))
                .collect(),
        }
    }

    /// Returns the number of bytes that the copy moves.
    pub fn bytes(&self) -> u64 {
        let moved = self.blobs.iter().filter(|blob| blob.transfer == BlobTransfer::Move);
        size::sum_of_known(moved.map(|blob| blob.descriptor.size))
    }

    /// Returns the transfers in words: `3 of 14 blobs, 41 MB; the rest is there already`.
    pub fn summary(&self) -> SafeText {
        let all = self.blobs.len();
        let count = |wanted: fn(&BlobTransfer) -> bool| {
            self.blobs.iter().filter(|blob| wanted(&blob.transfer)).count()
        };
        let moved = count(|transfer| *transfer == BlobTransfer::Move);
        let mounted = count(|transfer| matches!(transfer, BlobTransfer::Mount(_)));
        let rest = match (mounted, all - moved - mounted) {
            (0, 0) => String::new(),
            (0, _) => "; the rest is there already".into(),
            (mounted, 0) => format!("; {mounted} mounted without moving bytes"),
            (mounted, there) => format!("; {mounted} mounted without moving bytes, {there} there already"),
        };
        SafeText::from(format!(
            "{moved} of {}, {}{rest}",
            counted(all, "blob", "blobs"),
            size::bytes(self.bytes())
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::builders::{copy_plan, digest, empty_manifest, image_to_copy, planned_blob};
    use crate::model::reference::RepositoryName;

    /// A plan to copy tags, and images by digest for names that are no tags.
    fn plan(names: &[&str]) -> CopyPlan {
        copy_plan(names.iter().map(|name| image_to_copy(name)).collect())
    }

    #[test]
    fn a_title_counts_tags_or_images() {
        let signature = format!("sha256-{}.sig", "ab".repeat(32));
        let table: [(&[&str], &str); 7] = [
            (&["1"], "1 tag"),
            (&["1", "2", "latest"], "3 tags"),
            (&["1", "2", &signature], "2 tags"),
            (&[&signature], "1 tag"),
            (&["@"], "1 image"),
            (&["@", "@"], "2 images"),
            (&["1", "2", "@"], "2 tags and 1 image"),
        ];
        for (names, expected) in table {
            assert_eq!(plan(names).count(), expected, "{names:?}");
        }
        let title = |names: &[&str]| plan(names).title().to_string();
        assert_eq!(title(&["1", "2"]), "copy 2 tags of team/app → b.test/team/app");
        assert_eq!(title(&["1", &signature]), "copy team/app:1 → b.test/team/app:1");
        assert!(title(&[&signature]).starts_with("copy team/app:sha256-"));
    }

    fn blobs(transfers: &[BlobTransfer]) -> CopyPlan {
        let blob = |(at, transfer): (usize, &BlobTransfer)| {
            planned_blob(&at.to_string(), 1_000_000, transfer.clone())
        };
        CopyPlan { blobs: transfers.iter().enumerate().map(blob).collect(), ..plan(&["1"]) }
    }

    #[test]
    fn transfers_are_summed_up_by_the_way_that_blobs_take() {
        use BlobTransfer::{Mount, Move, There};
        let mount = || Mount(RepositoryName::parse("base").expect("a name"));
        let table = [
            (vec![], "0 of 0 blobs, 0 B"),
            (vec![Move], "1 of 1 blob, 1 MB"),
            (vec![Move, There, There], "1 of 3 blobs, 1 MB; the rest is there already"),
            (vec![Move, Move, mount()], "2 of 3 blobs, 2 MB; 1 mounted without moving bytes"),
            (
                vec![There, mount(), mount()],
                "0 of 3 blobs, 0 B; 2 mounted without moving bytes, 1 there already",
            ),
        ];
        for (transfers, summary) in table {
            assert_eq!(blobs(&transfers).summary().as_str(), summary);
        }
    }

    #[test]
    fn a_copy_is_done_if_every_tag_manifest_and_blob_is_there() {
        let there = |name: &str| ImageToCopy { replaces: Some(digest("a")), ..image_to_copy(name) };
        let done = || copy_plan(vec![there("1")]);
        let blob = |transfer| vec![planned_blob("b", 1, transfer)];
        let table = [
            ("all there", done(), true),
            ("a free tag", plan(&["1"]), false),
            (
                "another image",
                copy_plan(vec![ImageToCopy { replaces: Some(digest("b")), ..there("1") }]),
                false,
            ),
            ("by digest", copy_plan(vec![there("@")]), false),
            ("a blob is there", CopyPlan { blobs: blob(BlobTransfer::There), ..done() }, true),
            ("a blob is moved", CopyPlan { blobs: blob(BlobTransfer::Move), ..done() }, false),
            ("a manifest is put", CopyPlan { manifests: vec![empty_manifest().into()], ..done() }, false),
        ];
        for (case, plan, is_done) in table {
            assert_eq!(plan.is_done(), is_done, "{case}");
        }
    }

    #[test]
    fn platforms_that_are_left_out_are_told_once_for_all_images_alike() {
        let platform = |name: &str| Platform::parse(name).expect("a platform");
        let image = |name: &str, takes: &[&str], leaves: &[&str]| ImageToCopy {
            takes: takes.iter().map(|name| platform(name)).collect(),
            leaves: leaves.iter().map(|name| platform(name)).collect(),
            ..image_to_copy(name)
        };
        let (amd, arm) = (["linux/amd64"], ["linux/arm64"]);
        let one = "takes linux/amd64; leaves linux/arm64";
        let table: [(Vec<ImageToCopy>, Vec<String>); 4] = [
            (vec![image("1", &[], &[])], vec![]),
            (vec![image("1", &amd, &[])], vec!["takes linux/amd64".into()]),
            (vec![image("1", &amd, &arm), image("2", &[], &[]), image("3", &amd, &arm)], vec![one.into()]),
            (
                vec![image("1", &amd, &arm), image("2", &arm, &amd), image("3", &amd, &arm)],
                vec![format!("1, 3: {one}"), "2: takes linux/arm64; leaves linux/amd64".into()],
            ),
        ];
        for (images, platforms) in table {
            assert_eq!(copy_plan(images).platforms(), platforms);
        }
    }

    #[test]
    fn referrers_that_come_along_are_counted_with_the_way_in_which_they_are_listed() {
        let list = |unknown, replaces: Option<&str>| ReferrerList {
            subject: digest("a"),
            tag: Tag::parse("sha256-a").expect("a tag"),
            replaces: replaces.map(digest),
            unknown,
            adds: vec![digest("s")],
        };
        let with = |count: usize, lists: Vec<ReferrerList>| {
            let referrers = (0..count).map(|number| digest(&number.to_string())).collect();
            CopyPlan { referrers, lists, ..plan(&["1"]) }.describe_referrers()
        };
        let table = [
            (0, vec![], None),
            (1, vec![], Some("1 comes along")),
            (2, vec![list(false, None)], Some("2 come along; no referrers API there, so tags list them:")),
            (
                2,
                vec![list(true, None)],
                Some("2 come along; unless the registry lists them itself, tags do:"),
            ),
        ];
        for (count, lists, text) in table {
            assert_eq!(with(count, lists).as_deref(), text);
        }
        let old = digest("b").short();
        assert_eq!(list(false, None).change(), "nothing → new");
        assert_eq!(list(false, Some("b")).change(), format!("{old} → merged"));
        assert_eq!(list(true, Some("b")).change(), "not known → merged");
    }
}
