//! The name of a registry.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{BadName, LONGEST_NAME};

const HUB: &str = "docker.io";

/// The name of a registry as users write it: `docker.io`, `localhost:5000`, `[::1]:5000`. Lower case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(Arc<str>);
text_of_name!(Host);

impl Host {
    /// Parses the host of a registry. The aliases of Docker Hub all become `docker.io`.
    pub fn parse(text: &str) -> Result<Host, BadName> {
        let lower = text.to_ascii_lowercase();
        if !is_host(&lower) {
            return Err(BadName::Host);
        }
        match lower.as_str() {
            "index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com" => Ok(Host::docker_hub()),
            _ => Ok(Host(lower.into())),
        }
    }

    /// Returns Docker Hub, the registry of names that name no registry.
    pub(crate) fn docker_hub() -> Host {
        Host(HUB.into())
    }

    /// Returns the host that answers the registry API. It differs from the name only for Docker Hub.
    pub(crate) fn api(&self) -> &str {
        if self.is_docker_hub() { "registry-1.docker.io" } else { &self.0 }
    }

    /// Returns whether this is Docker Hub.
    pub(crate) fn is_docker_hub(&self) -> bool {
        &*self.0 == HUB
    }

    /// Returns the name as the user can type it in a place that also takes an image. It has a slash at the end if it
    /// could be an image.
    pub(crate) fn to_typed(&self) -> String {
        if self.is_clearly_host() { self.to_string() } else { format!("{self}/") }
    }

    /// Returns the name in front of a repository, for other programs. It has the port of the scheme if the name has
    /// neither a dot nor a port, because docker and podman take `vm/app` for a repository of Docker Hub.
    pub(crate) fn reference_prefix(&self, is_plain: bool) -> Cow<'_, str> {
        if self.0.contains(['.', ':']) || self.is_loopback() {
            Cow::Borrowed(&self.0)
        } else {
            Cow::Owned(format!("{self}:{}", if is_plain { 80 } else { 443 }))
        }
    }

    /// Returns whether the name alone can hardly be that of an image: it is on this machine, is an IP address, or has a
    /// dot.
    pub(crate) fn is_clearly_host(&self) -> bool {
        self.is_loopback() || self.without_port().contains(['.', ':'])
    }

    /// Returns the host without its port, and without the brackets of an IPv6 address.
    pub(crate) fn without_port(&self) -> &str {
        match self.0.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or(rest),
            None => self.0.split(':').next().unwrap_or(&self.0),
        }
    }

    /// Returns the port, if one is written.
    pub(crate) fn port(&self) -> Option<u16> {
        let after = match self.0.rsplit_once(']') {
            Some((_, after)) => after.strip_prefix(':')?,
            None => self.0.split_once(':')?.1,
        };
        after.parse().ok()
    }

    /// Returns whether this names this machine: `localhost`, `*.localhost`, 127.0.0.0/8, `::1`.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.without_port();
        host == "localhost"
            || host.ends_with(".localhost")
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((address, after)) = rest.split_once(']') else { return false };
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            match after.strip_prefix(':') {
                Some(port) => ("v6", Some(port)),
                None if after.is_empty() => ("v6", None),
                None => return false,
            }
        }
        None => match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, None),
        },
    };
    let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok();
    text.len() < LONGEST_NAME && name.split('.').all(is_host_label) && port.is_none_or(is_port)
}

fn is_host_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    let ends_well = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    ends_well(bytes.first())
        && ends_well(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}
