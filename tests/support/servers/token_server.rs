//! The token server of distribution 2, `contrib/token-server`: it signs the tokens that a registry asks for. A user may
//! pull and push in repositories that begin with the user's name.

use std::path::Path;
use std::process::Command;

use super::process::Process;
use super::{HTPASSWD, TOKEN_SERVER, in_memory, program};
use crate::support::authority::Authority;

/// The name of the registry in its tokens.
pub const SERVICE: &str = "registry.test";
const ISSUER: &str = "token-server.test";

/// A running token server.
pub struct TokenServer {
    authority: Authority,
    process: Process,
}

impl TokenServer {
    /// Starts it. Returns `None` if it is not in `PATH`.
    pub fn start() -> Option<TokenServer> {
        let program = program(TOKEN_SERVER)?;
        let authority = Authority::new();
        let process = Process::start(TOKEN_SERVER, &in_memory(), |folder, port| {
            let passwords = folder.join("htpasswd");
            std::fs::write(&passwords, HTPASSWD).expect("a file");
            let mut command = Command::new(&program);
            command.args(["-realm", "tokens", "-issuer", ISSUER, "-addr", &format!("127.0.0.1:{port}")]);
            command.arg("-passwd").arg(passwords).arg("-key").arg(authority.signing_key());
            command
        });
        Some(TokenServer { authority, process })
    }

    /// The address that hands out tokens.
    pub fn realm(&self) -> String {
        format!("http://{}/token/", self.process.address())
    }

    /// The part of a registry's configuration that makes it ask for tokens of this server.
    pub fn configuration(&self) -> String {
        let bundle: &Path = self.authority.file();
        format!(
            "auth:\n  token:\n    realm: {}\n    service: {SERVICE}\n    issuer: {ISSUER}\n    rootcertbundle: {}\n",
            self.realm(),
            bundle.display()
        )
    }
}
