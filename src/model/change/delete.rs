//! Deletion of tags and images, and of everything that belongs to them.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::PlanCommon;
use super::image_info::ImageInfo;
use crate::model::digest::Digest;
use crate::model::media_type::MediaType;
use crate::model::plural::{counted, group_thousands};
use crate::model::reference::{Repository, Selector, Tag};
pub use crate::model::server::Deletes;
use crate::model::server::{Ability, OwnApiUntag};
use crate::model::text::SafeText;

/// The request to remove tags or images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteRequest {
    /// The repository of the images.
    pub repository: Repository,
    /// The tags and digests that the user named.
    pub selectors: Vec<Selector>,
    /// Whether all tags of the repository are meant, not those in `selectors`.
    #[serde(default)]
    pub all_tags: bool,
    /// The method. If it is `None`, the plan chooses the gentlest method that the server allows.
    #[serde(alias = "manner")]
    pub method: Option<DeleteMethod>,
    /// The further manifests to remove.
    pub along: Along,
    /// Whether images that lose their last tag are kept under a tag of their own.
    #[serde(default)]
    pub keep: bool,
}

/// The method by which tags or images are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeleteMethod {
    /// Removes the named tags and keeps the images: `DELETE` by tag.
    Untag,
    /// Removes the images, and with them every tag that they have: `DELETE` by digest.
    Image,
    /// Removes the named tags if the server cannot delete by tag. Each tag is put on a manifest of its own (the same
    /// image, marked by an annotation), and that manifest is deleted by its digest. For a moment the tag has another
    /// digest.
    Replace,
    /// Removes the named tags by the own API of the registry's vendor, for registries whose registry API cannot.
    OwnApi,
}

/// The further manifests to remove along with images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Along {
    /// Whether the children of an index that nothing else needs are removed.
    pub children: bool,
    /// Whether referrers are removed: manifests that refer to the images by `subject` or by a digest tag.
    pub referrers: bool,
}

/// The plan of a deletion.
#[derive(Debug, Clone, Serialize)]
pub struct DeletePlan {
    /// The parts that plans of every kind have.
    #[serde(flatten)]
    pub common: PlanCommon,
    /// The repository of the images.
    pub repository: Repository,
    /// The method by which tags or images are removed.
    pub method: DeleteMethod,
    /// The further manifests to remove, as requested.
    pub along: Along,
    /// Whether all tags of the repository were meant.
    pub all_tags: bool,
    /// The deletions that the server allows.
    pub deletes: Deletes,
    /// How the own API of the registry's vendor removes single tags, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_api: Option<OwnApiUntag>,
    /// The images, one entry for each distinct digest that the user named.
    pub images: Vec<ImageToDelete>,
    /// Tags of the repository with a digest that could not be found out. The deletion may hit them unseen.
    pub unknown: Vec<Tag>,
    /// Bytes that only the deleted images hold in this repository. Garbage collection frees at most that much, since
    /// other repositories of the registry may hold the same blobs. If only tags are removed, it must collect untagged
    /// manifests too. `None` if sizes are not known. Zero if only tags are removed and the images keep other tags.
    pub frees: Option<u64>,
    /// Bytes that other images of the repository need too.
    pub shared: Option<u64>,
    /// The number of tags that need those bytes.
    pub shared_with: usize,
    /// The digest of every tag of the repository when the plan was made. The tags are compared with it before anything
    /// is deleted.
    #[serde(skip)]
    pub tags: BTreeMap<Tag, Digest>,
}

/// A digest that the deletion affects.
#[derive(Debug, Clone, Serialize)]
pub struct ImageToDelete {
    /// The digest.
    pub digest: Digest,
    /// The media type of the manifest.
    pub media_type: MediaType,
    /// The date and size of the image.
    #[serde(flatten)]
    pub info: ImageInfo,
    /// The tags that the user named.
    pub named: Vec<Tag>,
    /// Whether the user named the image by its digest.
    pub by_digest: bool,
    /// Other tags of the repository with the same digest. They are removed with [`DeleteMethod::Image`], and stay with all
    /// other methods.
    pub others: Vec<Tag>,
    /// Indexes that list the image and would be broken without it.
    pub parents: Vec<Parent>,
    /// The manifests that the image lists, if it is an index.
    pub children: Vec<Digest>,
    /// Children that another index or a tag needs too. They always stay.
    pub needed_children: Vec<Digest>,
    /// The referrers of the image.
    pub referrers: Vec<PlannedReferrer>,
}

/// An index that lists an image.
#[derive(Debug, Clone, Serialize)]
pub struct Parent {
    /// The digest of the index.
    pub digest: Digest,
    /// The tags of the index.
    pub tags: Vec<Tag>,
}

/// A referrer of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedReferrer {
    /// The digest of the referrer's manifest.
    pub digest: Digest,
    /// The digest that it refers to: the image, or another referrer of it.
    pub subject: Digest,
    /// The digest tag under which it was found, or `None` if the referrers API listed it.
    pub tag: Option<Tag>,
    /// The kind of referrer: `signature`, `SBOM`.
    pub kind: SafeText,
}

impl DeletePlan {
    /// Returns the plan in a few words.
    pub fn title(&self) -> SafeText {
        let name = &self.repository.name;
        let verb = if self.method == DeleteMethod::Image { "delete" } else { "untag" };
        let named: Vec<&Tag> = self.images.iter().flat_map(|image| &image.named).collect();
        SafeText::from(match (named.as_slice(), self.images.as_slice()) {
            (tags, _) if self.all_tags => {
                format!("{verb} all tags of {name} ({})", group_thousands(tags.len()))
            }
            ([tag], [image]) if self.method == DeleteMethod::Image => match image.others.as_slice() {
                [] => format!("{verb} {name}:{tag}"),
                [other] => format!("{verb} {name}:{tag} and its other tag {other}"),
                others => format!("{verb} {name}:{tag} and its {} other tags", others.len()),
            },
            ([tag], [_]) => format!("{verb} {name}:{tag}"),
            ([], [image]) => format!("{verb} {name}@{}", image.digest.short()),
            (tags, images) if self.method == DeleteMethod::Image => {
                let images = counted(images.len(), "image", "images");
                format!("{verb} {images} ({} named) of {name}", counted(tags.len(), "tag", "tags"))
            }
            (tags, _) => format!("{verb} {} of {name}", counted(tags.len(), "tag", "tags")),
        })
    }

    /// Returns the methods to offer, given whether this one is blocked. Methods that remove more than was named come
    /// last. Replacement is only offered for servers that cannot delete by tag.
    pub fn offered_methods(&self, is_blocked: bool) -> Vec<DeleteMethod> {
        let cannot_untag = matches!(self.deletes.by_tag, Ability::No(_))
            || self.method == DeleteMethod::Replace
            || self.method == DeleteMethod::Untag && is_blocked;
        let own_api = self.own_api.as_ref();
        let mut methods = vec![DeleteMethod::Untag];
        methods.extend(own_api.map(|_| DeleteMethod::OwnApi));
        // Where only the vendor's own API deletes, replacements do harm.
        if cannot_untag && own_api.is_none_or(|api| !api.is_required) {
            methods.push(DeleteMethod::Replace);
        }
        methods.push(DeleteMethod::Image);
        methods
    }

    /// Returns every tag that stops working, each once: the tags that the user named, all other tags of the images if
    /// whole images are deleted, and digest tags that are removed along with them.
    pub fn tags_that_go(&self) -> impl Iterator<Item = &Tag> {
        let all = self.method == DeleteMethod::Image;
        let mut seen = HashSet::new();
        let tags = self.images.iter().flat_map(move |image| {
            let along = self.referrers_that_go(image).filter_map(|referrer| referrer.tag.as_ref());
            let others = image.others.iter().filter(move |_| all);
            image.named.iter().chain(others).chain(along)
        });
        tags.filter(move |tag| seen.insert(*tag))
    }

    /// Returns the tags that stop working although the user did not name them.
    pub(crate) fn unnamed_tags(&self) -> impl Iterator<Item = &Tag> {
        let named: HashSet<&Tag> = self.images.iter().flat_map(|image| &image.named).collect();
        self.tags_that_go().filter(move |tag| !named.contains(tag))
    }

    /// Returns whether a plain yes is not enough: more than one digest is affected, or a tag is removed that the user
    /// did not name.
    pub fn is_far_reaching(&self) -> bool {
        self.at_stake().count() > 1 || self.unnamed_tags().next().is_some()
    }

    /// Returns whether an image has no tag afterwards. Its referrers are then left behind or removed with it.
    pub(crate) fn leaves_no_tag(&self, image: &ImageToDelete) -> bool {
        self.method == DeleteMethod::Image || image.others.is_empty()
    }

    /// Returns whether this method can remove a referrer along with its image. If only tags are removed, only the
    /// referrer's tag can be.
    pub(crate) fn can_go_along(&self, image: &ImageToDelete, referrer: &PlannedReferrer) -> bool {
        match self.method {
            DeleteMethod::Image => true,
            DeleteMethod::Untag | DeleteMethod::OwnApi => image.others.is_empty() && referrer.tag.is_some(),
            DeleteMethod::Replace => false,
        }
    }

    /// Returns the referrers of an image that are removed with it.
    pub(crate) fn referrers_that_go<'a>(
        &'a self,
        image: &'a ImageToDelete,
    ) -> impl Iterator<Item = &'a PlannedReferrer> {
        let asked = self.along.referrers;
        image.referrers.iter().filter(move |referrer| asked && self.can_go_along(image, referrer))
    }

    /// Returns the children of an image that are removed with it.
    pub(crate) fn children_that_go<'a>(&self, image: &'a ImageToDelete) -> impl Iterator<Item = &'a Digest> {
        let go = self.along.children && self.method == DeleteMethod::Image;
        image.removable_children().filter(move |_| go)
    }

    /// Returns the digests that are deleted or lose a tag: those that the user named, and those that are removed along
    /// with them.
    pub fn at_stake(&self) -> AtStake {
        let images: HashSet<Digest> = self.images.iter().map(|image| image.digest).collect();
        let referrers = self.images.iter().flat_map(|image| self.referrers_that_go(image));
        let referrers: HashSet<Digest> =
            referrers.map(|referrer| referrer.digest).filter(|digest| !images.contains(digest)).collect();
        let children = self.images.iter().flat_map(|image| self.children_that_go(image)).copied();
        let children =
            children.filter(|digest| !images.contains(digest) && !referrers.contains(digest)).collect();
        AtStake { images, referrers, children }
    }
}

impl ImageToDelete {
    /// Returns the tags and the digest by which the user named the image.
    pub(crate) fn selectors(&self) -> Vec<Selector> {
        let tags = self.named.iter().cloned().map(Selector::Tag);
        tags.chain(self.by_digest.then_some(Selector::Digest(self.digest))).collect()
    }

    /// Returns the children that nothing else needs.
    pub(crate) fn removable_children(&self) -> impl Iterator<Item = &Digest> {
        self.children.iter().filter(|child| !self.needed_children.contains(child))
    }

    /// Returns the indexes that list the image and stay, so that they lack it afterwards.
    pub(crate) fn broken_indexes<'a>(&'a self, at_stake: &'a AtStake) -> impl Iterator<Item = &'a Parent> {
        self.parents.iter().filter(|parent| !at_stake.has(&parent.digest))
    }
}

/// The distinct digests that a deletion affects. A digest that is affected for two reasons counts once, for the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtStake {
    /// The digests that the user named.
    pub(crate) images: HashSet<Digest>,
    /// The digests that are removed because they refer to one that the user named.
    pub(crate) referrers: HashSet<Digest>,
    /// The digests that are removed because an index that the user named lists them.
    pub(crate) children: HashSet<Digest>,
}

impl AtStake {
    /// Returns the number of digests.
    pub fn count(&self) -> usize {
        self.images.len() + self.referrers.len() + self.children.len()
    }

    /// Returns whether a digest is affected.
    pub(crate) fn has(&self, digest: &Digest) -> bool {
        self.images.contains(digest) || self.referrers.contains(digest) || self.children.contains(digest)
    }

    /// Returns all digests.
    pub(crate) fn digests(&self) -> impl Iterator<Item = Digest> {
        self.images.iter().chain(&self.referrers).chain(&self.children).copied()
    }
}

#[cfg(test)]
mod tests {
    use DeleteMethod::{Image, OwnApi, Replace, Untag};

    use super::*;
    use crate::model::change::builders::{
        delete_plan, deletes_by_digest, digest, image_to_delete, signature, tag,
    };

    fn image(named: &[&str], others: &[&str]) -> ImageToDelete {
        ImageToDelete { others: others.iter().map(|name| tag(name)).collect(), ..image_to_delete("a", named) }
    }

    #[test]
    fn a_title_names_one_image_or_counts_tags_and_images() {
        let bare = || image_to_delete("b", &[]);
        let table = [
            (Untag, vec![image(&["1"], &["2"])], "untag team/app:1".to_string()),
            (Replace, vec![image(&["1"], &[])], "untag team/app:1".into()),
            (Untag, vec![image(&["1", "2"], &[])], "untag 2 tags of team/app".into()),
            (Image, vec![image(&["1"], &[])], "delete team/app:1".into()),
            (Image, vec![image(&["1"], &["2"])], "delete team/app:1 and its other tag 2".into()),
            (Image, vec![image(&["1"], &["2", "3"])], "delete team/app:1 and its 2 other tags".into()),
            (Image, vec![bare()], format!("delete team/app@{}", digest("b").short())),
            (Image, vec![image(&["1"], &["2"]), bare()], "delete 2 images (1 tag named) of team/app".into()),
            (Image, vec![image(&["1", "2"], &[])], "delete 1 image (2 tags named) of team/app".into()),
        ];
        for (method, images, title) in table {
            assert_eq!(delete_plan(method, images).title().as_str(), title);
        }
        let all = DeletePlan { all_tags: true, ..delete_plan(Untag, vec![image(&["1", "2"], &[])]) };
        assert_eq!(all.title().as_str(), "untag all tags of team/app (2)");
    }

    #[test]
    fn replacements_are_offered_only_if_the_server_cannot_untag() {
        let with = [Untag, Replace, Image].to_vec();
        let table = [
            ("it can", Untag, Ability::Yes, false, [Untag, Image].to_vec()),
            ("it is not known", Untag, Ability::Unknown, false, [Untag, Image].to_vec()),
            ("it cannot", Image, Ability::No("405".into()), false, with.clone()),
            ("the plan replaces", Replace, Ability::Unknown, false, with.clone()),
            ("untagging is blocked", Untag, Ability::Unknown, true, with),
            ("deleting is blocked", Image, Ability::Yes, true, [Untag, Image].to_vec()),
        ];
        for (case, method, by_tag, is_blocked, offered) in table {
            let deletes = Deletes { by_tag, ..deletes_by_digest() };
            let plan = DeletePlan { deletes, ..delete_plan(method, vec![image(&["1"], &[])]) };
            assert_eq!(plan.offered_methods(is_blocked), offered, "{case}");
        }
    }

    #[test]
    fn the_vendors_own_api_takes_the_place_of_replacements_where_nothing_else_deletes() {
        let api = |is_required| OwnApiUntag {
            vendor: "Docker Hub".into(),
            has_login: true,
            is_required,
            takes_image: false,
            note: None,
        };
        let offered = |is_required, by_tag| {
            let deletes = Deletes { by_tag, ..deletes_by_digest() };
            let own_api = Some(api(is_required));
            let plan = DeletePlan { deletes, own_api, ..delete_plan(Untag, vec![image(&["1"], &[])]) };
            plan.offered_methods(false)
        };
        assert_eq!(offered(true, Ability::No("405".into())), [Untag, OwnApi, Image]);
        assert_eq!(offered(false, Ability::No("405".into())), [Untag, OwnApi, Replace, Image]);
        assert_eq!(offered(false, Ability::Yes), [Untag, OwnApi, Image]);
    }

    /// An image with the tags `1` (named) and `2`, a signature under a digest tag, and an SBOM without a tag.
    fn signed(method: DeleteMethod, others: &[&str], referrers: bool) -> DeletePlan {
        let tagged = PlannedReferrer { tag: Some(tag("sha256-a.sig")), ..signature("s", "a") };
        let image = ImageToDelete { referrers: vec![tagged, signature("b", "a")], ..image(&["1"], others) };
        let along = Along { referrers, ..Along::default() };
        DeletePlan { along, ..delete_plan(method, vec![image]) }
    }

    #[test]
    fn tags_that_go_are_those_of_the_method_and_more_than_named_is_far_reaching() {
        // The plan; the tags that go, those that were not named, the digests at stake, and whether that is much.
        let table: [(&str, DeletePlan, &str, &str, usize, bool); 8] = [
            ("untag one of two", signed(Untag, &["2"], false), "1", "", 1, false),
            ("untag it with referrers", signed(Untag, &["2"], true), "1", "", 1, false),
            ("untag the last", signed(Untag, &[], false), "1", "", 1, false),
            (
                "untag the last with referrers",
                signed(Untag, &[], true),
                "1 sha256-a.sig",
                "sha256-a.sig",
                2,
                true,
            ),
            ("replace the last with referrers", signed(Replace, &[], true), "1", "", 1, false),
            ("delete with one tag", signed(Image, &[], false), "1", "", 1, false),
            ("delete with two tags", signed(Image, &["2"], false), "1 2", "2", 1, true),
            (
                "delete with referrers",
                signed(Image, &["2"], true),
                "1 2 sha256-a.sig",
                "2 sha256-a.sig",
                3,
                true,
            ),
        ];
        let joined = |tags: Vec<&Tag>| tags.iter().map(|tag| tag.as_str()).collect::<Vec<_>>().join(" ");
        for (case, plan, going, unnamed, at_stake, is_far_reaching) in table {
            assert_eq!(joined(plan.tags_that_go().collect()), going, "{case}");
            assert_eq!(joined(plan.unnamed_tags().collect()), unnamed, "{case}");
            assert_eq!(plan.at_stake().count(), at_stake, "{case}");
            assert_eq!(plan.is_far_reaching(), is_far_reaching, "{case}");
        }
    }

    #[test]
    fn two_images_are_far_reaching_even_if_every_tag_was_named() {
        let plan = delete_plan(Untag, vec![image_to_delete("a", &["1"]), image_to_delete("b", &["2"])]);
        assert!(plan.is_far_reaching());
        assert_eq!(plan.unnamed_tags().count(), 0);
    }

    #[test]
    fn children_go_along_only_with_their_index_and_if_nothing_else_needs_them() {
        let index = || ImageToDelete {
            children: vec![digest("x"), digest("y")],
            needed_children: vec![digest("y")],
            ..image(&["1"], &[])
        };
        for (method, children, going) in
            [(Image, true, 1), (Image, false, 0), (Untag, true, 0), (Replace, true, 0)]
        {
            let along = Along { children, ..Along::default() };
            let plan = DeletePlan { along, ..delete_plan(method, vec![index()]) };
            assert_eq!(plan.children_that_go(&plan.images[0]).count(), going, "{method:?} {children}");
        }
    }

    #[test]
    fn a_digest_at_stake_for_two_reasons_counts_once_for_the_first() {
        let index = ImageToDelete {
            children: vec![digest("b"), digest("s"), digest("c")],
            referrers: vec![signature("s", "a"), signature("b", "a")],
            ..image(&["1"], &[])
        };
        let along = Along { children: true, referrers: true };
        let images = vec![index, image_to_delete("b", &["2"])];
        let at_stake = DeletePlan { along, ..delete_plan(Image, images) }.at_stake();
        let set = |names: &[&str]| names.iter().map(|name| digest(name)).collect::<HashSet<Digest>>();
        let expected = AtStake { images: set(&["a", "b"]), referrers: set(&["s"]), children: set(&["c"]) };
        assert_eq!(at_stake, expected);
        assert!(at_stake.has(&digest("c")) && !at_stake.has(&digest("d")));
    }

    #[test]
    fn only_indexes_that_stay_break() {
        let parent = |content: &str| Parent { digest: digest(content), tags: Vec::new() };
        let listed = ImageToDelete { parents: vec![parent("p"), parent("q")], ..image(&["1"], &[]) };
        let plan = delete_plan(Image, vec![listed, image_to_delete("p", &["all"])]);
        let at_stake = plan.at_stake();
        let broken: Vec<Digest> =
            plan.images[0].broken_indexes(&at_stake).map(|parent| parent.digest).collect();
        assert_eq!(broken, [digest("q")]);
    }
}
