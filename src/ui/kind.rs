//! The short names of kinds of images.

use crate::model::summary::Kind;

/// Returns the name of a kind. For an artifact this is the end of its type that tells it from others:
/// `example.review+json` for `vnd.example.review+json`.
pub(crate) fn short(kind: &Kind) -> String {
    kind.short_name()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::media_type::MediaType;

    #[test]
    fn an_artifact_is_named_by_the_end_of_its_type() {
        let artifact = |text| short(&Kind::Artifact(MediaType::new(text)));
        assert_eq!(artifact("application/vnd.example.review+json"), "example.review+json");
        assert_eq!(artifact("odd"), "odd");
        assert_eq!(short(&Kind::HelmChart), "Helm chart");
    }
}
