//! The registries of AWS: docs/REGISTRIES.md §9.1. Its count of uploaded bytes stands still, which
//! `blob/push.rs` notices.

use super::vendor::{RefusalSign, Vendor, Wording};

const DELETE_HINT: &str = "`aws ecr batch-delete-image` deletes tags and images";

/// The private registries: `<account>.dkr.ecr.<region>.amazonaws.com`.
pub(crate) const ECR: Vendor = Vendor {
    name: "ECR",
    has_sign: |signs| is_private(signs.host.without_port()),
    delete_hint: Some(DELETE_HINT),
    // https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
    protected: &[RefusalSign { statuses: &[], wording: Wording::Text("immutable") }],
    // https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors-docker.html
    hints: &[
        (
            RefusalSign { statuses: &[], wording: Wording::Text("authorization token has expired") },
            "a login of ECR lasts twelve hours: `aws ecr get-login-password` gives another password, and \
             `docker-credential-ecr-login` does so by itself",
        ),
        (
            RefusalSign { statuses: &[], wording: Wording::Text("does not exist in the registry with id") },
            "ECR makes no repository by a push: create it first, with `aws ecr create-repository`",
        ),
    ],
    // `ImageReferencedByManifestList`: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageFailure.html
    listed_by_index: &[
        RefusalSign { statuses: &[], wording: Wording::Text("imagereferencedbymanifestlist") },
        RefusalSign { statuses: &[], wording: Wording::Text("referenced by manifest list") },
    ],
    ..Vendor::UNKNOWN
};

/// The public gallery.
pub(crate) const ECR_PUBLIC: Vendor = Vendor {
    name: "ECR Public",
    domains: &["public.ecr.aws"],
    delete_hint: Some(DELETE_HINT),
    ..Vendor::UNKNOWN
};

fn is_private(host: &str) -> bool {
    host.contains(".dkr.ecr.") && host.ends_with(".amazonaws.com")
}
