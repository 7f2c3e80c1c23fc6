//! nginx in front of a registry.

use std::net::SocketAddr;
use std::process::Command;

use regtui::model::reference::Host;

use super::process::Process;
use super::{NGINX, in_memory, program, registries_of_distribution};
use crate::support::authority::Authority;
use crate::support::servers::Server;

/// A configuration of nginx, in its own directives. The default passes everything on and tells the registry the address
/// and the scheme that the client used.
pub struct Front<'a> {
    /// Directives outside of the server.
    pub http: &'a str,
    /// Directives of the server.
    pub server: &'a str,
    /// Directives of the location that leads to the registry.
    pub location: &'a str,
    /// The headers that tell the registry the address that the client used.
    pub forwarded: &'a str,
    /// The authority of the server's certificate. There is no TLS without one.
    pub authority: Option<&'a Authority>,
}

impl Default for Front<'_> {
    fn default() -> Self {
        let forwarded = "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme;";
        Front { http: "", server: "", location: "", forwarded, authority: None }
    }
}

/// A running nginx.
pub struct Nginx {
    pub host: Host,
    process: Process,
}

impl Nginx {
    /// Starts nginx in front of the server at `upstream`. Returns `None` if nginx is not in `PATH`.
    pub fn before(upstream: SocketAddr, front: &Front<'_>) -> Option<Nginx> {
        let program = program(NGINX)?;
        let process = Process::start(NGINX, &in_memory(), |folder, port| {
            let (listen, certificate) = match front.authority {
                Some(authority) => {
                    let (certificate, key) = authority.issue("nginx", &["localhost", "127.0.0.1"]);
                    let text = format!(
                        "ssl_certificate {}; ssl_certificate_key {};",
                        certificate.display(),
                        key.display()
                    );
                    ("ssl", text)
                }
                None => ("", String::new()),
            };
            // One process: there are no workers that a killed master would leave behind.
            let text = format!(
                "daemon off; master_process off; pid pid; error_log stderr; events {{}}
http {{
  log_format line '$status $request_method $request_uri'; access_log requests line;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  client_max_body_size 0;
  {http}
  server {{
    listen 127.0.0.1:{port} {listen};
    {certificate}
    {server}
    location / {{
      proxy_pass http://{upstream};
      proxy_http_version 1.1;
      {forwarded}
      {location}
    }}
  }}
}}
",
                http = front.http,
                server = front.server,
                location = front.location,
                forwarded = front.forwarded,
            );
            std::fs::write(folder.join("nginx.conf"), text).expect("a configuration");
            let mut command = Command::new(&program);
            command.arg("-p").arg(folder).args(["-c", "nginx.conf", "-e", "stderr"]);
            command
        });
        Some(Nginx { host: process.host(), process })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.process.address()
    }

    /// The requests that it has answered, `STATUS METHOD path?query` each.
    pub fn requests(&self) -> Vec<String> {
        self.process.read("requests").lines().map(ToString::to_string).collect()
    }
}

/// Distribution 2 and 3, each behind an nginx of this configuration. None if nginx is not in `PATH`.
pub fn registries_behind(front: &Front<'_>) -> Vec<(Server, Nginx)> {
    if program(NGINX).is_none() {
        return Vec::new();
    }
    let registries = registries_of_distribution(|_| super::Options::default());
    let pairs = registries.into_iter().filter_map(|server| {
        let nginx = Nginx::before(server.address(), front)?;
        Some((server, nginx))
    });
    pairs.collect()
}
