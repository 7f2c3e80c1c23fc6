//! What a person types to name a registry, a repository or an image.

use super::{BadName, Host, Reference, Repository};

/// What a command line names.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// `localhost:5000`, `docker.io`, or anything with `/` at its end.
    Registry(Host),
    /// `ghcr.io/org/app`, `nginx`.
    Repository(Repository),
    /// `nginx:1.27`, `host/app@sha256:…`.
    Image(Reference),
}

impl Target {
    /// Reads what a command line names. A text without a slash is a registry when it can hardly be an image: it ends in
    /// `/`, is `localhost`, or has a dot in its host and nothing but a port behind it.
    pub fn parse(text: &str) -> Result<Target, BadName> {
        let text = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
        if let Some(host) = text.strip_suffix('/')
            && !host.contains('/')
        {
            return Host::parse(host).map(Target::Registry);
        }
        let text = text.strip_suffix('/').unwrap_or(text);
        if !text.contains(['/', '@'])
            && let Ok(host) = Host::parse(text)
            && (host.is_loopback() || host.without_port().contains(['.', ':']))
        {
            return Ok(Target::Registry(host));
        }
        if let Some((host, port)) = text.rsplit_once(':')
            && !port.is_empty()
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && matches!(Target::parse(host), Ok(Target::Registry(_)))
        {
            // It is no tag: with a smaller number behind it, it would be a registry.
            return Err(BadName::Port);
        }
        let reference = Reference::parse(text)?;
        match (&reference.tag, &reference.digest) {
            (None, None) => Ok(Target::Repository(reference.repository)),
            _ => Ok(Target::Image(reference)),
        }
    }

    /// The registry that it is in.
    pub fn host(&self) -> &Host {
        match self {
            Target::Registry(host) => host,
            Target::Repository(repository) => &repository.host,
            Target::Image(reference) => &reference.repository.host,
        }
    }
}
