//! Everything that is known of single products and services.

pub(super) mod vendor;
