//! The option `--platform`: one image of an index.

use super::CliError;
use crate::model::failure::Failure;
use crate::model::inspection::{Inspection, Variant};
use crate::model::platform::Platform;
use crate::model::text::SafeText;

/// Reads a platform.
pub(super) fn parse(text: &str) -> Result<Platform, CliError> {
    Platform::parse_typed(text).ok_or_else(|| {
        let text = SafeText::clean(text);
        CliError::Usage(format!(
            "`--platform {text}`: `architecture`, `os/architecture` or `os/architecture/variant` is expected"
        ))
    })
}

/// Returns the image for a platform. Fails if there is none.
pub(super) fn find<'a>(inspection: &'a Inspection, platform: &Platform) -> Result<&'a Variant, Failure> {
    let is_for =
        |variant: &&Variant| variant.platform.as_ref().is_some_and(|own| own.is_same_machine(platform));
    let images = || inspection.variants.iter();
    images().find(is_for).ok_or_else(|| {
        let listed: Vec<String> =
            images().filter_map(|image| Some(image.platform.as_ref()?.to_string())).collect();
        let mut failure = Failure::local(
            format!("there is no image for {platform}"),
            "the index does not list this platform",
        );
        if !listed.is_empty() {
            failure.hint = Some(SafeText::from(format!("it lists {}", listed.join(", "))));
        }
        failure
    })
}
