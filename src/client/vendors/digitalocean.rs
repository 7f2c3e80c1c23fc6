//! The registry of DigitalOcean.

use super::vendor::Vendor;

/// DigitalOcean.
pub(crate) const DIGITALOCEAN: Vendor =
    Vendor { name: "DigitalOcean", domains: &["registry.digitalocean.com"], ..Vendor::UNKNOWN };
