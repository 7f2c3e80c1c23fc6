//! Everything that flags and the configuration say about registries, as the clients need it.

use std::collections::HashMap;
use std::path::PathBuf;

use super::credentials::{Credentials, TokenServices};
use super::http::log::Sink;
use super::http::origin::AllowedOrigin;
use super::http::timeouts::Timeouts;
use super::http::tls::{Pins, Trust};
use super::own_api::ApiSettings;
use super::own_api::settings::{ApiAddress, VendorName};
use super::routes::Routes;
use super::vendors;
use crate::model::reference::{Host, ShortNames};
use crate::model::request_budget::CountedRequests;

/// Everything that flags and the configuration say about registries.
#[derive(Debug, Clone, Default)]
pub struct ClientSettings {
    /// The transport of every registry that `hosts` does not name.
    pub trust: Trust,
    /// Settings of single registries. They replace `trust` for these registries.
    pub hosts: HashMap<Host, HostSettings>,
    /// The folder that keeps content between runs. Content is kept only in memory if it is `None`.
    pub cache: Option<PathBuf>,
    /// The places that the system's files lead to.
    pub routes: Routes,
    /// The rules for names without a registry.
    pub short_names: ShortNames,
    /// The sources of logins.
    pub credentials: Credentials,
    /// The token services that the user lets have logins, besides those of `hosts`.
    pub token_services: TokenServices,
    /// The decisions about servers that are not trusted otherwise.
    pub pins: Pins,
    /// The timeouts, and the number of tries.
    pub timeouts: Timeouts,
    /// The sink that every request is reported to.
    pub sink: Sink,
}

/// Everything that the configuration says about one registry.
#[derive(Debug, Clone, Default)]
pub struct HostSettings {
    /// The transport of the registry.
    pub trust: Trust,
    /// Whether these settings hold for this run only (see [`super::Pool::set_transport`]) and are not in the configuration.
    pub is_for_this_run: bool,
    /// Hosts outside the registry's own site that may get its login if it names them as token services.
    pub realm_allow: Vec<String>,
    /// Origins besides the registry's own that may be sent uploads if the registry names them.
    pub upload_allow: Vec<AllowedOrigin>,
    /// The address of the vendor's own API, if it is not at the vendor's usual place.
    pub api: Option<ApiAddress>,
    /// The vendor whose own API the registry has, if neither its name nor its answers say so.
    pub vendor: Option<VendorName>,
}

impl ClientSettings {
    /// Returns the transport of a registry.
    pub(crate) fn trust_of(&self, host: &Host) -> Trust {
        let mut trust = self.undecided_trust_of(host);
        // `https://` before the name comes first.
        trust.plain_http |= !trust.tls && self.pins.allows_plain_http(host);
        trust
    }

    /// Returns the transport of a registry as settings, options and names have it, without the decisions of the user.
    pub(super) fn undecided_trust_of(&self, host: &Host) -> Trust {
        match self.hosts.get(host) {
            Some(settings) => settings.trust.clone(),
            None => self.trust.clone().with_leave(self.routes.is_insecure(host)),
        }
    }

    /// Returns the same settings with leave for one registry to be insecure.
    pub(super) fn with_leave_for(mut self, host: &Host) -> ClientSettings {
        let settings = HostSettings { trust: self.trust.clone().with_leave(true), ..HostSettings::default() };
        self.hosts.insert(host.clone(), settings);
        self
    }

    pub(super) fn realm_allow(&self, host: &Host) -> Vec<String> {
        self.hosts.get(host).map(|settings| settings.realm_allow.clone()).unwrap_or_default()
    }

    pub(super) fn own_api(&self, host: &Host) -> ApiSettings {
        let settings = self.hosts.get(host);
        ApiSettings {
            address: settings.and_then(|settings| settings.api.clone()),
            vendor: settings.and_then(|settings| settings.vendor),
        }
    }

    /// Returns the requests that the rate limit of a registry counts, as far as its name or the configuration tell.
    pub(crate) fn counted_requests(&self, host: &Host) -> CountedRequests {
        let named = self.hosts.get(host).and_then(|settings| settings.vendor).map(VendorName::vendor);
        named.or_else(|| vendors::of_host(host)).map_or_else(CountedRequests::default, |vendor| vendor.counts)
    }

    pub(super) fn upload_allow(&self, host: &Host) -> Vec<AllowedOrigin> {
        self.hosts.get(host).map(|settings| settings.upload_allow.clone()).unwrap_or_default()
    }
}
