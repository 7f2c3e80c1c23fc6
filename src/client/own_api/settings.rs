//! The configuration of a vendor's own API for one registry.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;
use serde::{Deserialize, Serialize, Serializer};

use crate::client::vendors::{self, Vendor};

/// The address of an API: `https://host/api/v3`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ApiAddress(Url);

impl ApiAddress {
    /// Returns the address.
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }
}

impl Serialize for ApiAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl FromStr for ApiAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<ApiAddress, String> {
        let bad = || "an address such as `https://host/api/v3` is expected".to_string();
        let url = Url::parse(text).map_err(|_| bad())?;
        let is_plain_address = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if matches!(url.scheme(), "http" | "https") && url.host_str().is_some() && is_plain_address {
            Ok(ApiAddress(url))
        } else {
            Err(bad())
        }
    }
}

impl TryFrom<String> for ApiAddress {
    type Error = String;

    fn try_from(text: String) -> Result<ApiAddress, String> {
        text.parse()
    }
}

/// The name of a vendor whose API a registry has, although nothing else says so.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct VendorName(&'static Vendor);

impl VendorName {
    /// Returns the vendor.
    pub(crate) fn vendor(self) -> &'static Vendor {
        self.0
    }
}

impl Serialize for VendorName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name)
    }
}

impl FromStr for VendorName {
    type Err = String;

    fn from_str(text: &str) -> Result<VendorName, String> {
        let known = vendors::named(text).filter(|vendor| vendor.api.is_some());
        let names = || vendors::with_api().collect::<Vec<_>>().join(", ");
        known.map(VendorName).ok_or_else(|| format!("the vendors with an API of their own are {}", names()))
    }
}

impl TryFrom<String> for VendorName {
    type Error = String;

    fn try_from(text: String) -> Result<VendorName, String> {
        text.parse()
    }
}

impl PartialEq for VendorName {
    fn eq(&self, other: &VendorName) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for VendorName {}

impl fmt::Debug for VendorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_carries_no_login_and_no_query() {
        for good in ["https://ghe.test/api/v3", "http://127.0.0.1:1/", "https://hub.test"] {
            assert!(good.parse::<ApiAddress>().is_ok(), "{good}");
        }
        for bad in ["", "hub.test", "ftp://hub.test", "https://me@hub.test", "https://h/?a=b", "https://h/#a"]
        {
            assert!(bad.parse::<ApiAddress>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_vendor_is_named_in_any_case_and_has_an_api() {
        assert_eq!("docker hub".parse::<VendorName>().map(|name| name.vendor().name), Ok("Docker Hub"));
        let problem = "ECR".parse::<VendorName>().expect_err("no API");
        assert!(problem.contains("Docker Hub, GHCR") && !problem.contains("ECR"), "{problem}");
    }
}
