//! Converts the images of a copy to OCI manifests, if that is requested: docs/REGISTRIES.md §8.1.

use std::collections::HashSet;
use std::sync::Arc;

use super::draft::{Draft, Top};
use super::tree::Closure;
use crate::model::change::copy::{ConvertedManifest, ManifestFormat};
use crate::model::change::progress::Unresolved;
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::Manifest;
use crate::model::manifest::conversion::{Converter, NotConvertible};
use crate::model::plural::counted;
use crate::model::reference::Selector;
use crate::model::text::SafeText;

impl Draft<'_> {
    /// Returns whether some of the manifests are Docker's.
    pub(super) fn has_docker_manifests(&self) -> bool {
        let mut all = self.closures().flat_map(|closure| &closure.manifests);
        all.any(|manifest| manifest.media_type.is_docker_manifest())
    }

    /// Converts the images and their referrers, if that is requested. Leaves out whatever is about a digest that changes:
    /// at the destination it would be about nothing. Fails if no image can be converted.
    pub(super) fn convert(&mut self) -> Result<(), Failure> {
        if self.request.format == ManifestFormat::Source {
            return Ok(());
        }
        let before: Vec<Arc<Manifest>> =
            self.closures().flat_map(|closure| &closure.manifests).cloned().collect();
        let mut converter = Converter::default();
        for mut top in std::mem::take(&mut self.tops) {
            match convert_closure(&mut converter, &mut top.closure) {
                Ok(()) => {
                    top.manifest = top.closure.manifests.last().unwrap_or(&top.manifest).clone();
                    self.tops.push(top);
                }
                Err(failure) => self.unresolved.push(Unresolved::of(&top.pick.selector, failure)),
            }
        }
        let left_out = self.drop_digest_tags(&converter) + self.convert_referrers(&mut converter);
        if left_out > 0 {
            let companions =
                counted(left_out, "signature, SBOM or the like", "signatures, SBOMs and the like");
            let text = format!("{companions} about digests that the conversion changes");
            self.left_out.push(SafeText::from(text));
        }
        self.note_converted(&converter, &before);
        match self.unresolved.first() {
            Some(unresolved) if self.tops.is_empty() => Err(unresolved.failure.clone()),
            _ => Ok(()),
        }
    }

    /// Drops digest tags of manifests that are converted, and returns their number.
    fn drop_digest_tags(&mut self, converter: &Converter) -> usize {
        let all = self.tops.iter().flat_map(|top| &top.closure.manifests);
        let stays: HashSet<String> = all.map(|manifest| manifest.digest.tag_stem()).collect();
        let changes: HashSet<String> = converter.digests().map(|digest| digest.tag_stem()).collect();
        let is_about_old = |top: &Top| match &top.pick.selector {
            Selector::Tag(tag) => tag
                .digest_and_suffix()
                .is_some_and(|(stem, _)| changes.contains(stem) && !stays.contains(stem)),
            Selector::Digest(_) => false,
        };
        let count = self.tops.len();
        self.tops.retain(|top| !is_about_old(top));
        count - self.tops.len()
    }

    /// Converts the referrers whose subject stays, drops the others, and returns the number of those.
    fn convert_referrers(&mut self, converter: &mut Converter) -> usize {
        let mut dropped: HashSet<Digest> = HashSet::new();
        let mut count = 0;
        for (manifest, mut closure) in std::mem::take(&mut self.referrers) {
            let subject = manifest.subject().and_then(|subject| subject.digest);
            let is_gone =
                |subject: Digest| dropped.contains(&subject) || converter.converted(&subject).is_some();
            if subject.is_some_and(is_gone) {
                dropped.insert(manifest.digest);
                // An attestation that its index lists too has followed the image.
                count += usize::from(converter.converted(&manifest.digest).is_none());
                continue;
            }
            match convert_closure(converter, &mut closure) {
                Ok(()) => {
                    let manifest = closure.manifests.last().unwrap_or(&manifest).clone();
                    self.referrers.push((manifest, closure));
                }
                Err(failure) => {
                    let name = SafeText::from(format!("the referrer {}", manifest.digest.short()));
                    self.unresolved.push(Unresolved::unnamed(name, failure));
                }
            }
        }
        count
    }

    /// Notes the conversions that are still part of the copy.
    fn note_converted(&mut self, converter: &Converter, before: &[Arc<Manifest>]) {
        let after = self.closures().flat_map(|closure| &closure.manifests);
        let after: HashSet<Digest> = after.map(|manifest| manifest.digest).collect();
        let mut seen = HashSet::new();
        let old = before.iter().map(|manifest| manifest.digest).filter(|digest| seen.insert(*digest));
        let converted = old.filter_map(|source| Some((source, converter.converted(&source)?)));
        let converted = converted.filter(|(_, new)| after.contains(&new.digest));
        let note = |(source, new): (Digest, &Arc<Manifest>)| ConvertedManifest {
            source,
            digest: new.digest,
            media_type: new.media_type.clone(),
        };
        self.converted = converted.map(note).collect();
    }
}

fn convert_closure(converter: &mut Converter, closure: &mut Closure) -> Result<(), Failure> {
    closure.manifests = converter.convert(&closure.manifests).map_err(failure)?;
    Ok(())
}

fn failure(refused: NotConvertible) -> Failure {
    Failure {
        what: SafeText::from(format!("cannot convert the manifest {} to OCI", refused.digest.short())),
        why: SafeText::from(refused.why),
        hint: Some("leave out `--format oci` to copy it as it is".into()),
        kind: FailureKind::Unsupported,
    }
}
