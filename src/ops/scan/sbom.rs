//! The SBOM that is attached to an image, as a file for a scanner.

use std::io::Write;

use tempfile::NamedTempFile;

use crate::client::Registry;
use crate::model::attached::AttachedContent;
use crate::model::failure::Failure;
use crate::model::inspection::{Inspection, ListedReferrer, Variant};
use crate::model::summary::Kind;
use crate::ops::attached::read_cheap;

/// Returns a file with the first SBOM that is attached to the image and about it, in a format that scanners read. No other
/// user can read the file, and it is removed when it is dropped.
pub(super) async fn find_sbom(
    registry: &dyn Registry,
    inspection: &Inspection,
    variant: &Variant,
) -> Result<Option<NamedTempFile>, Failure> {
    let Ok(image) = &variant.manifest else { return Ok(None) };
    let is_alone = variant.descriptor.is_none();
    let is_wanted = |of: Option<&Variant>, referrer: &ListedReferrer| {
        let is_own = of.map_or(is_alone, |of| std::ptr::eq(of, variant));
        is_own && referrer.kinds.iter().any(may_be_sbom)
    };
    for row in read_cheap(registry, inspection, is_wanted).await {
        for part in row.parts.into_iter().flatten() {
            let Ok((_, document)) = part.read else { continue };
            let AttachedContent::Sbom(sbom) = &document.content else { continue };
            let format = sbom.format.as_str();
            let is_read = format.starts_with("SPDX 2") || format.starts_with("CycloneDX");
            if !is_read || document.is_about(image) == Some(false) {
                continue;
            }
            let payload = document.payload.clone();
            let written = tokio::task::spawn_blocking(move || {
                let mut file = tempfile::Builder::new().prefix("regtui-sbom-").suffix(".json").tempfile()?;
                file.write_all(&payload)?;
                Ok(file)
            });
            let written: std::io::Result<NamedTempFile> =
                written.await.map_err(std::io::Error::other).flatten();
            let failed = |error: std::io::Error| {
                Failure::local("cannot write the SBOM for the scanner", error.to_string())
            };
            return written.map(Some).map_err(failed);
        }
    }
    Ok(None)
}

fn may_be_sbom(kind: &Kind) -> bool {
    matches!(kind, Kind::Sbom | Kind::Spdx | Kind::CycloneDx | Kind::Attestation | Kind::Bundle)
}
