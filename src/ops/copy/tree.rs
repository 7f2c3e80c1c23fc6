//! The manifests of the source and everything that they need. Each digest is read once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::{StreamExt, stream};

use crate::client::{Priority, Registry};
use crate::model::capped::MOST as MOST_LISTED;
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::{Body, DEEPEST, Descriptor, Manifest};
use crate::model::reference::{RepositoryName, Selector};
use crate::model::text::SafeText;

/// The number of manifests that are asked for at the same time.
pub(crate) const AT_ONCE: usize = 8;
/// The highest number of manifests of one copy.
const MOST: usize = 20_000;

/// The known manifests of the source.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    nodes: HashMap<Digest, TreeNode>,
}

/// The content of a digest that is named as a manifest.
#[derive(Debug, Clone)]
enum TreeNode {
    Manifest(Arc<Manifest>),
    /// An index lists a blob. Its size is as the index states it.
    Blob(Box<Descriptor>),
    /// The source does not have it.
    Absent,
    /// It could not be read.
    Failed(Failure),
}

/// Everything that one manifest needs.
#[derive(Debug, Default)]
pub(crate) struct Closure {
    /// Children first, the manifest itself last; each once.
    pub(crate) manifests: Vec<Arc<Manifest>>,
    /// Children of an index that are blobs.
    pub(crate) blobs: Vec<Descriptor>,
    /// Children that the source does not have.
    pub(crate) absent: Vec<Digest>,
}

impl Tree {
    /// Adds a manifest that was read already, or was made.
    pub(crate) fn add(&mut self, manifest: &Arc<Manifest>) {
        self.nodes.insert(manifest.digest, TreeNode::Manifest(manifest.clone()));
    }

    /// Reads everything that these manifests need, level by level.
    pub(crate) async fn grow(
        &mut self,
        registry: &dyn Registry,
        name: &RepositoryName,
        from: Vec<Arc<Manifest>>,
    ) -> Result<(), Failure> {
        let mut level = from;
        level.iter().for_each(|manifest| self.add(manifest));
        for _ in 0..DEEPEST {
            let mut seen = HashSet::new();
            // A manifest that is not whole is refused in the end, so its children need not be asked for.
            let whole = level.iter().filter(|manifest| manifest.is_whole());
            let children = whole.flat_map(|manifest| manifest.children());
            let new = children.filter(|child| {
                child.digest.is_some_and(|digest| !self.nodes.contains_key(&digest) && seen.insert(digest))
            });
            let new: Vec<Descriptor> = new.cloned().collect();
            if new.is_empty() {
                break;
            }
            if self.nodes.len() + new.len() > MOST {
                return Err(too_many());
            }
            let asked = stream::iter(new).map(async |child: Descriptor| node(registry, name, child).await);
            let found: Vec<Option<(Digest, TreeNode)>> = asked.buffer_unordered(AT_ONCE).collect().await;
            level.clear();
            for (digest, node) in found.into_iter().flatten() {
                if let TreeNode::Manifest(manifest) = &node {
                    level.push(manifest.clone());
                }
                self.nodes.insert(digest, node);
            }
        }
        Ok(())
    }

    /// Returns everything that a manifest needs. Fails if a part of it cannot be copied or could not be read.
    pub(crate) fn closure(&self, top: &Arc<Manifest>) -> Result<Closure, Failure> {
        let mut closure = Closure::default();
        self.visit(top, &mut closure, &mut HashSet::new(), 0)?;
        Ok(closure)
    }

    fn visit(
        &self,
        manifest: &Arc<Manifest>,
        closure: &mut Closure,
        seen: &mut HashSet<Digest>,
        depth: usize,
    ) -> Result<(), Failure> {
        if !seen.insert(manifest.digest) {
            return Ok(());
        }
        can_be_copied(manifest)?;
        let too_deep = || not_copied(manifest, format!("it nests deeper than {DEEPEST} levels"));
        for child in manifest.children() {
            let Some(digest) = child.digest else { return Err(not_copied(manifest, UNKNOWN_DIGEST)) };
            match self.nodes.get(&digest) {
                Some(TreeNode::Manifest(_)) if depth == DEEPEST => return Err(too_deep()),
                Some(TreeNode::Manifest(child)) => self.visit(child, closure, seen, depth + 1)?,
                Some(TreeNode::Blob(blob)) if seen.insert(digest) => closure.blobs.push((**blob).clone()),
                Some(TreeNode::Absent) if seen.insert(digest) => closure.absent.push(digest),
                Some(TreeNode::Failed(failure)) => return Err(failure.clone()),
                Some(TreeNode::Blob(_) | TreeNode::Absent) => {}
                None => return Err(too_deep()),
            }
        }
        closure.manifests.push(manifest.clone());
        Ok(())
    }
}

const UNKNOWN_DIGEST: &str = "it names content by a digest that cannot be checked";

/// Fails for manifests that no registry accepts any more, and for those that cannot be checked.
fn can_be_copied(manifest: &Manifest) -> Result<(), Failure> {
    if let Body::Schema1(_) = manifest.body {
        let mut failure =
            not_copied(manifest, "it is in Docker's schema 1, which registries no longer accept");
        failure.kind = FailureKind::Unsupported;
        failure.hint = Some("build it again, or convert it with `skopeo copy --format v2s2`".into());
        return Err(failure);
    }
    if !manifest.is_whole() {
        return Err(not_copied(
            manifest,
            format!("it lists more than {MOST_LISTED} descriptors, too many to be looked at"),
        ));
    }
    if manifest.blobs().all(|blob| blob.digest.is_some()) {
        Ok(())
    } else {
        Err(not_copied(manifest, UNKNOWN_DIGEST))
    }
}

/// Returns the failure of a manifest that is not copied.
fn not_copied(manifest: &Manifest, why: impl Into<SafeText>) -> Failure {
    Failure {
        what: SafeText::from(format!("cannot copy the manifest {}", manifest.digest.short())),
        why: why.into(),
        hint: None,
        kind: FailureKind::BadAnswer,
    }
}

fn too_many() -> Failure {
    Failure {
        what: "cannot copy so much at once".into(),
        why: SafeText::from(format!("there are more than {MOST} manifests")),
        hint: Some("copy fewer tags at a time".into()),
        kind: FailureKind::Local,
    }
}

/// Reads a child of an index. Entries of an unknown type usually are manifests. They are blobs if there is no such
/// manifest.
async fn node(
    registry: &dyn Registry,
    name: &RepositoryName,
    child: Descriptor,
) -> Option<(Digest, TreeNode)> {
    let digest = child.digest?;
    let error = match registry.manifest(name, &Selector::Digest(digest), Priority::Background).await {
        Ok(manifest) => return Some((digest, TreeNode::Manifest(manifest))),
        Err(error) => error,
    };
    let failed = |error: crate::client::Error| {
        TreeNode::Failed(error.failure(format!("cannot read the manifest {}", digest.short())))
    };
    let node = match error.cause.status() {
        Some(404) if child.media_type.is_manifest() => TreeNode::Absent,
        Some(404) => match registry.head_blob(name, &digest, Priority::Background).await {
            Ok(Some(_)) => TreeNode::Blob(Box::new(child)),
            Ok(None) => TreeNode::Absent,
            Err(error) => failed(error),
        },
        _ => failed(error),
    };
    Some((digest, node))
}
