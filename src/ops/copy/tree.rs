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
use crate::model::request_budget::RequestCount;
use crate::model::text::SafeText;
use crate::ops::planning;

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
            planning::state_need(registry, None, RequestCount::of_manifest_reads(new.len())).await;
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

#[cfg(test)]
mod tests {
    use FailureKind::{BadAnswer, Denied, Local, Unsupported};
    use futures_util::FutureExt;

    use super::super::builders::{descriptor, digests, image, index, manifest};
    use super::*;
    use crate::client::{ClientSettings, Pool};
    use crate::model::change::builders::{app, digest, failure};
    use crate::model::media_type::SCHEMA1;

    /// Returns the images and indexes of a text such as `x y i=xy`. In it, `b` is a blob, `n` is absent and `f` could
    /// not be read.
    fn tree(text: &str) -> Tree {
        let mut tree = Tree::default();
        let blob = index("i", "b").children()[0].clone();
        tree.nodes.insert(digest("b"), TreeNode::Blob(Box::new(blob)));
        tree.nodes.insert(digest("n"), TreeNode::Absent);
        tree.nodes.insert(digest("f"), TreeNode::Failed(failure(Denied)));
        for word in text.split_whitespace() {
            tree.add(&match word.split_once('=') {
                Some((name, children)) => index(name, children),
                None => image(word),
            });
        }
        tree
    }

    fn known(tree: &Tree, name: &str) -> Arc<Manifest> {
        match tree.nodes.get(&digest(name)) {
            Some(TreeNode::Manifest(manifest)) => manifest.clone(),
            other => panic!("{name} is {other:?}"),
        }
    }

    /// Returns a tree of `count` manifests, each but the last of which is an index of the next one.
    fn chain(count: usize) -> (Tree, Arc<Manifest>) {
        let mut tree = Tree::default();
        let mut top = image("0");
        tree.add(&top);
        for number in 1..count {
            let child = descriptor(&(number - 1).to_string());
            top = manifest(&number.to_string(), format!(r#"{{"manifests":[{child}]}}"#));
            tree.add(&top);
        }
        (tree, top)
    }

    /// Returns an index of this many children, named by the index and a number.
    fn long_index(name: &str, count: usize) -> Arc<Manifest> {
        let children: Vec<String> = (0..count).map(|number| descriptor(&format!("{name}{number}"))).collect();
        manifest(name, format!(r#"{{"manifests":[{}]}}"#, children.join(",")))
    }

    #[test]
    fn children_come_before_their_index_and_everything_once() {
        // The last words are the manifests, the blobs and the absent children.
        let table = [
            ("an image", "x", "x", "x", "", ""),
            ("an index", "x y i=xy", "i", "xyi", "", ""),
            ("an empty index", "i=", "i", "i", "", ""),
            ("an index within an index", "x y z i=xy o=iz", "o", "xyizo", "", ""),
            ("a child that is listed twice", "x i=xx", "i", "xi", "", ""),
            ("a child of two indexes", "x y i=x j=xy o=ij", "o", "xiyjo", "", ""),
            ("a child that is listed by the top too", "x i=x o=xi", "o", "xio", "", ""),
            ("a blob", "x i=bx", "i", "xi", "b", ""),
            ("an absent child", "x i=nx", "i", "xi", "", "n"),
            ("a blob and an absent child of two indexes", "x i=bnx o=ibn", "o", "xio", "b", "n"),
            ("an index that lists itself", "x i=ix", "i", "xi", "", ""),
            ("indexes that list each other", "x i=ox o=i", "o", "xio", "", ""),
            ("a part of the tree", "x y i=xy o=i", "x", "x", "", ""),
        ];
        for (case, text, top, manifests, blobs, absent) in table {
            let tree = tree(text);
            let closure = tree.closure(&known(&tree, top)).expect(case);
            let found: Vec<Digest> = closure.manifests.iter().map(|manifest| manifest.digest).collect();
            assert_eq!(found, digests(manifests), "{case}");
            let found: Vec<Digest> = closure.blobs.iter().filter_map(|blob| blob.digest).collect();
            assert_eq!(found, digests(blobs), "{case}");
            assert_eq!(closure.absent, digests(absent), "{case}");
        }
    }

    #[test]
    fn a_manifest_that_needs_something_that_cannot_be_copied_is_refused() {
        let schema1 = || {
            let body = r#"{"schemaVersion":1,"fsLayers":[]}"#;
            let mut manifest = Manifest::parse(body.into(), Some(SCHEMA1)).expect("a manifest");
            manifest.digest = digest("1");
            Arc::new(manifest)
        };
        let mut old_child = tree("i=x1 x");
        old_child.add(&schema1());
        let odd = r#"{"mediaType":"a/b","size":7,"digest":"odd:1"}"#;
        let odd_child = manifest("i", format!(r#"{{"manifests":[{odd}]}}"#));
        let odd_blob = manifest("x", format!(r#"{{"config":{odd},"layers":[]}}"#));
        let old = "it is in Docker's schema 1, which registries no longer accept";
        let deep = "it nests deeper than 8 levels";
        let unknown = "it names content by a digest that cannot be checked";
        let many = "it lists more than 10000 descriptors, too many to be looked at";
        let table = [
            ("schema 1", tree(""), schema1(), old, Unsupported),
            ("schema 1 in an index", old_child, index("i", "x1"), old, Unsupported),
            ("a child that could not be read", tree("x"), index("i", "xf"), "500", Denied),
            ("a child that was not read", tree("x"), index("i", "xy"), deep, BadAnswer),
            ("a child with an odd digest", tree(""), odd_child, unknown, BadAnswer),
            ("a blob with an odd digest", tree(""), odd_blob, unknown, BadAnswer),
            ("too long a list", tree(""), long_index("i", MOST_LISTED + 1), many, BadAnswer),
        ];
        for (case, tree, top, why, kind) in table {
            let failure = tree.closure(&top).expect_err(case);
            assert_eq!((failure.why.as_str(), failure.kind), (why, kind), "{case}");
            assert_eq!(failure.hint.is_some(), kind == Unsupported, "{case}");
        }
    }

    #[test]
    fn indexes_may_nest_eight_levels_deep() {
        for (count, can_be_copied) in [(1, true), (DEEPEST, true), (DEEPEST + 1, true), (DEEPEST + 2, false)]
        {
            let (tree, top) = chain(count);
            let found = tree.closure(&top).map(|closure| closure.manifests.len());
            assert_eq!(found.ok(), can_be_copied.then_some(count), "{count} manifests");
        }
    }

    /// No case asks the registry anything, so each ends at once.
    #[test]
    fn nothing_is_asked_for_that_is_known_or_useless_or_too_much() {
        let registry = Pool::new(ClientSettings::default()).registry(&app().host);
        let third = (MOST - 2) / 3;
        let long = ["i", "j", "k"].map(|name| long_index(name, third)).to_vec();
        assert_eq!(long.len() * third + long.len(), MOST + 1, "one more than the limit");
        let known = || tree("x i=x");
        let table = [
            ("an image", Tree::default(), vec![image("x")], None),
            ("known children", known(), vec![index("i", "x"), index("o", "i")], None),
            ("children of an index that is not whole", known(), vec![long_index("i", MOST_LISTED + 1)], None),
            ("one child too many", Tree::default(), long, Some(Local)),
        ];
        for (case, mut tree, from, expected) in table {
            let tops = from.clone();
            let end = tree.grow(&*registry, &app().name, from).now_or_never().expect(case);
            assert_eq!(end.err().map(|failure| failure.kind), expected, "{case}");
            assert!(tops.iter().all(|top| tree.nodes.contains_key(&top.digest)), "{case}");
        }
    }
}
