//! Copying images, byte for byte.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::info::ImageInfo;
use super::loss::Loss;
use super::progress::Unresolved;
use super::rules::Refusal;
use crate::model::digest::Digest;
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::platform::Platform;
use crate::model::plural::counted;
use crate::model::reference::{Host, Repository, RepositoryName, Selector, Tag};
use crate::model::server::{Sent, Transport};
use crate::model::size;
use crate::model::text::SafeText;

/// What to copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyRequest {
    /// Where it is.
    pub from: Repository,
    /// Which images.
    pub what: What,
    /// Where it goes; may be the same registry.
    pub to: Repository,
    /// The tag there, instead of its own; only for a single image.
    pub tag: Option<Tag>,
    /// Of an index only these platforms; all where it is empty. One platform is copied as the plain manifest that it is,
    /// as crane, skopeo and regctl do; several as a shorter index, whose digest is new. An image that is no index is
    /// copied whole if it is of one of them.
    pub platforms: Vec<Platform>,
    /// Whether what refers to the images comes along.
    pub referrers: bool,
    /// Whether images that tags are taken from are kept under a tag of their own.
    #[serde(default)]
    pub keep: bool,
}

/// Which images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// These.
    Images(Vec<Selector>),
    /// Every tag of the repository.
    AllTags,
}

/// What copying will do.
#[derive(Debug, Clone, Serialize)]
pub struct CopyPlan {
    /// What was requested, to be planned again if the program goes down in the middle.
    #[serde(skip)]
    pub request: CopyRequest,
    /// Where the images are.
    pub from: Repository,
    /// Where they go.
    pub to: Repository,
    /// One for each image.
    pub images: Vec<ImageToCopy>,
    /// The images that tags are taken from, and what the registry does with them.
    pub loss: Loss,
    /// Every manifest that must be there before the tags are put, in the order in which they are put: children and
    /// subjects first. Those that are there already are left out.
    #[serde(skip)]
    pub manifests: Vec<Arc<Manifest>>,
    /// Every blob that they need, each digest once.
    pub blobs: Vec<PlannedBlob>,
    /// Every manifest that refers to one of the images and comes along, those that are there already too.
    pub referrers: Vec<Digest>,
    /// Lists of referrers that are written under fallback tags, since the destination has no referrers API.
    pub lists: Vec<ReferrerList>,
    /// Whether some digests change because only some platforms of an index come along.
    pub digests_change: bool,
    /// What is not copied, and need not be, in words: foreign layers, children that are gone, platforms.
    pub left_out: Vec<SafeText>,
    /// What was asked for and cannot be copied.
    pub unresolved: Vec<Unresolved>,
    /// What else should be known.
    pub notes: Vec<SafeText>,
    /// How the registries are reached; the destination is left out where it was not asked.
    pub sides: Vec<CopySide>,
    /// The rule that forbids it.
    pub refused: Option<Refusal>,
    /// To be typed to confirm.
    pub name_to_type: Option<RepositoryName>,
}

/// How a registry of the copy is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CopySide {
    /// The registry.
    pub registry: Host,
    /// Which side it is.
    pub role: SideRole,
    /// Over what.
    pub transport: Transport,
    /// The secret that it is sent; `None` if there is no login for it.
    pub sends: Option<Sent>,
    /// Whether it asked for that already; else it is sent when it asks.
    pub asked: bool,
}

/// The side of a copy that a registry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SideRole {
    /// The images come from it.
    Source,
    /// The images go there.
    Destination,
    /// Both: the copy stays within the registry.
    Both,
}

impl CopySide {
    /// That a secret can be read on its way, or goes to a server that nobody checks: `a password is sent unencrypted to …`.
    pub fn exposed(&self) -> Option<SafeText> {
        let sent = match self.sends? {
            Sent::Password => "a password",
            Sent::Token => "an access token",
        };
        let role = match self.role {
            SideRole::Source => "the source",
            SideRole::Destination => "the destination",
            SideRole::Both => "source and destination",
        };
        let asked = if self.asked { "" } else { ", if it asks for a login" };
        let host = &self.registry;
        let place = if host.is_loopback() { ", within this machine" } else { "" };
        match self.transport {
            Transport::Https => None,
            Transport::Plain => Some(SafeText::from(format!(
                "{sent} is sent unencrypted to `{host}`, {role} (plain HTTP{place}){asked}"
            ))),
            Transport::Unverified => Some(SafeText::from(format!(
                "{sent} is sent to `{host}`, {role} (certificate not checked{place}){asked}"
            ))),
        }
    }
}

/// One image to copy.
#[derive(Debug, Clone, Serialize)]
pub struct ImageToCopy {
    /// As it was named.
    pub selector: Selector,
    /// What it is there: the digest at the destination.
    pub digest: Digest,
    /// What it was at the source when the plan was made.
    pub source: Digest,
    /// Its date and size.
    #[serde(flatten)]
    pub info: ImageInfo,
    /// Its tag at the destination; `None` for an image that goes by digest.
    pub tag: Option<Tag>,
    /// The digest that this tag has there now; `None` where it is free.
    pub replaces: Option<Digest>,
    /// Whether the destination did not say what the tag is, so that `replaces` says nothing.
    pub unknown: bool,
    /// Which platforms of an index come along, where not all of them do.
    pub takes: Vec<Platform>,
    /// Which of them do not.
    pub leaves: Vec<Platform>,
    /// Its manifest, to be put under the tag.
    #[serde(skip)]
    pub manifest: Arc<Manifest>,
}

/// The list of what refers to one manifest, under the fallback tag that clients look at where a registry has no referrers
/// API: distribution-spec § Referrers Tag Schema. It is merged with what is listed there, so nothing of that is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReferrerList {
    /// The manifest that they refer to.
    pub subject: Digest,
    /// The tag: `sha256-<hex>`.
    pub tag: Tag,
    /// The digest that this tag has there now; `None` where it is free.
    pub replaces: Option<Digest>,
    /// Whether the destination did not say what the tag is, so that `replaces` says nothing.
    pub unknown: bool,
    /// The referrers that are added.
    pub adds: Vec<Digest>,
}

/// One blob and how it gets there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedBlob {
    /// What it is.
    pub descriptor: Descriptor,
    /// How it gets there.
    pub way: BlobTransfer,
}

/// How a blob gets to the destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BlobTransfer {
    /// It is there.
    There,
    /// From another repository of the same registry, without moving bytes; moved where the server does not want to.
    Mount(RepositoryName),
    /// Its bytes are moved.
    Move,
}

impl ImageToCopy {
    /// Whether nothing has to be done for its tag.
    pub fn is_done(&self) -> bool {
        self.replaces == Some(self.digest)
    }

    /// `takes linux/amd64; leaves linux/arm64, linux/arm/v7`; none where all platforms come along.
    pub fn platforms(&self) -> Option<String> {
        let list =
            |platforms: &[Platform]| platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match (self.takes.is_empty(), self.leaves.is_empty()) {
            (true, _) => None,
            (false, true) => Some(format!("takes {}", list(&self.takes))),
            (false, false) => Some(format!("takes {}; leaves {}", list(&self.takes), list(&self.leaves))),
        }
    }

    /// Whether it belongs to another image: a signature or the like under a digest tag.
    pub fn is_companion(&self) -> bool {
        self.tag.as_ref().is_some_and(Tag::is_digest_tag)
    }
}

impl ReferrerList {
    /// The tag, cut to what tells it from others: `sha256-6b8e0f9a1c2d…`.
    pub fn short_tag(&self) -> String {
        format!("{}-{}…", self.subject.algorithm(), self.subject.short())
    }

    /// `f78ff9b0cfe7 → merged`, or `nothing → new`.
    pub fn change(&self) -> String {
        match (self.unknown, self.replaces) {
            (true, _) => "not known → merged".into(),
            (false, Some(old)) => format!("{} → merged", old.short()),
            (false, None) => "nothing → new".into(),
        }
    }
}

impl CopyPlan {
    /// On which side a secret is sent that others can read.
    pub fn exposed(&self) -> impl Iterator<Item = SafeText> {
        self.sides.iter().filter_map(CopySide::exposed)
    }

    /// In a few words.
    pub fn title(&self) -> SafeText {
        let (from, to) = (&self.from.name, &self.to);
        SafeText::from(match self.named().as_slice() {
            [ImageToCopy { tag: Some(tag), selector: Selector::Tag(old), .. }] => {
                format!("copy {from}:{old} → {to}:{tag}")
            }
            [ImageToCopy { tag: Some(tag), digest, .. }] => {
                format!("copy {from}@{} → {to}:{tag}", digest.short())
            }
            [ImageToCopy { tag: None, digest, .. }] => format!("copy {from}@{} → {to}", digest.short()),
            _ => format!("copy {} of {from} → {to}", self.count()),
        })
    }

    /// The images that are meant: what goes by a digest tag goes along with another one, unless nothing else goes.
    fn named(&self) -> Vec<&ImageToCopy> {
        let all: Vec<&ImageToCopy> = self.images.iter().filter(|image| !image.is_companion()).collect();
        if all.is_empty() { self.images.iter().collect() } else { all }
    }

    /// How much is copied, in words: `6 tags`; what goes by digest is an image.
    pub fn count(&self) -> String {
        let (tagged, bare): (Vec<&ImageToCopy>, Vec<&ImageToCopy>) =
            self.named().into_iter().partition(|image| image.tag.is_some());
        let (tags, images) = (counted(tagged.len(), "tag", "tags"), counted(bare.len(), "image", "images"));
        match (tagged.len(), bare.len()) {
            (_, 0) => tags,
            (0, _) => images,
            _ => format!("{tags} and {images}"),
        }
    }

    /// How much of what refers to the images comes along, and how it is listed; none where nothing does.
    pub fn coming_along(&self) -> Option<String> {
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

    /// Which platforms of indexes come along and which do not, each said once, with the images where they differ.
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

    /// Bytes that will move.
    pub fn bytes(&self) -> u64 {
        let moved = self.blobs.iter().filter(|blob| blob.way == BlobTransfer::Move);
        size::sum_of_known(moved.map(|blob| blob.descriptor.size))
    }

    /// `3 of 14 layers, 41 MB; the rest is there already`.
    pub fn summary(&self) -> SafeText {
        let all = self.blobs.len();
        let count =
            |wanted: fn(&BlobTransfer) -> bool| self.blobs.iter().filter(|blob| wanted(&blob.way)).count();
        let moved = count(|way| *way == BlobTransfer::Move);
        let mounted = count(|way| matches!(way, BlobTransfer::Mount(_)));
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

    fn plan(names: &[&str]) -> CopyPlan {
        let text = br#"{"schemaVersion":2,"layers":[],"config":{"mediaType":"a/b","size":2,"digest":"sha256:0101010101010101010101010101010101010101010101010101010101010101"}}"#;
        let manifest = Manifest::parse(text.to_vec().into(), None).expect("a manifest");
        let (manifest, digest) = (Arc::new(manifest), Digest::sha256(b"one"));
        let image = |name: &&str| {
            let tag = Tag::parse(name).ok();
            let selector = tag.clone().map_or(Selector::Digest(digest), Selector::Tag);
            ImageToCopy {
                selector,
                digest,
                source: digest,
                info: ImageInfo::default(),
                tag,
                replaces: None,
                unknown: false,
                takes: Vec::new(),
                leaves: Vec::new(),
                manifest: manifest.clone(),
            }
        };
        let from = Repository::parse("a.test/team/app").expect("a repository");
        let to = Repository::parse("b.test/team/app").expect("a repository");
        let request = CopyRequest {
            from: from.clone(),
            what: What::AllTags,
            to: to.clone(),
            tag: None,
            platforms: Vec::new(),
            referrers: false,
            keep: false,
        };
        CopyPlan {
            request,
            from,
            to,
            images: names.iter().map(image).collect(),
            loss: Loss::default(),
            manifests: Vec::new(),
            blobs: Vec::new(),
            referrers: Vec::new(),
            lists: Vec::new(),
            digests_change: false,
            left_out: Vec::new(),
            unresolved: Vec::new(),
            sides: Vec::new(),
            notes: Vec::new(),
            refused: None,
            name_to_type: None,
        }
    }

    #[test]
    fn a_title_counts_what_is_meant() {
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

    #[test]
    fn a_secret_that_others_can_read_is_told_with_its_side() {
        let side = |host: &str, transport, sends, asked| CopySide {
            registry: Host::parse(host).expect("a host"),
            role: SideRole::Destination,
            transport,
            sends,
            asked,
        };
        let told = |side: CopySide| side.exposed().map(|text| text.to_string());
        let password = Some(Sent::Password);
        assert_eq!(
            told(side("vm:6103", Transport::Plain, password, true)).as_deref(),
            Some("a password is sent unencrypted to `vm:6103`, the destination (plain HTTP)")
        );
        assert_eq!(
            told(side("localhost:6103", Transport::Plain, Some(Sent::Token), false)).as_deref(),
            Some(
                "an access token is sent unencrypted to `localhost:6103`, the destination (plain HTTP, within this \
                 machine), if it asks for a login"
            )
        );
        assert!(told(side("r.test", Transport::Unverified, password, true)).is_some());
        assert_eq!(told(side("r.test", Transport::Https, password, true)), None);
        assert_eq!(told(side("r.test", Transport::Plain, None, false)), None);
    }
}
