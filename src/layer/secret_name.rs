//! Names of files that usually hold secrets. A name proves nothing: the content is not read.

/// Names that tell it alone, in lower case.
const NAMES: [&str; 24] = [
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ecdsa_sk",
    "id_ed25519",
    "id_ed25519_sk",
    ".npmrc",
    ".pypirc",
    ".netrc",
    "_netrc",
    ".git-credentials",
    ".dockercfg",
    ".env",
    ".pgpass",
    ".my.cnf",
    ".vault-token",
    ".s3cfg",
    ".boto",
    "kubeconfig",
    "terraform.tfstate",
    "application_default_credentials.json",
    "service-account.json",
    "secring.gpg",
    "accesstokens.json",
];
/// Names that tell it in a directory, both in lower case.
const IN_DIRECTORIES: [(&str, &str); 13] = [
    (".docker", "config.json"),
    (".aws", "credentials"),
    (".kube", "config"),
    ("containers", "auth.json"),
    (".azure", "msal_token_cache.json"),
    ("gh", "hosts.yml"),
    (".cargo", "credentials"),
    (".cargo", "credentials.toml"),
    (".gem", "credentials"),
    (".m2", "settings.xml"),
    (".git", "config"),
    (".composer", "auth.json"),
    (".config", "auth.json"),
];
/// Endings of private keys and of stores of keys, in lower case. `.pem` alone names certificates as a rule.
const ENDINGS: [&str; 8] = [".key", "key.pem", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk"];
/// Directories with public keys of package managers.
const PUBLIC_KEYS: [&str; 4] = ["keyrings", "trusted.gpg.d", "rpm-gpg", "keys"];
/// Endings of `.env` files that are examples.
const EXAMPLES: [&str; 4] = ["example", "sample", "template", "dist"];

/// Returns whether a file with this name, in a directory with the name `parent`, likely holds a secret.
pub(super) fn is_likely_secret(parent: &[u8], name: &[u8]) -> bool {
    // The longest names of the table are far shorter; nothing is gained by a copy of others.
    if name.len() > 255 {
        return false;
    }
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let is_in = |directory: &str| parent.eq_ignore_ascii_case(directory.as_bytes());
    NAMES.contains(&name.as_str())
        || IN_DIRECTORIES.iter().any(|(directory, file)| name == *file && is_in(directory))
        || ENDINGS.iter().any(|ending| name.ends_with(ending) && name.len() > ending.len())
            && !PUBLIC_KEYS.iter().any(|directory| is_in(directory))
        || name.strip_prefix(".env.").is_some_and(|rest| !EXAMPLES.iter().any(|end| rest.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_by_name_and_directory() {
        for (parent, name, expected) in [
            ("", "id_rsa", true),
            (".ssh", "id_rsa.pub", false),
            (".ssh", "ID_ED25519", true),
            ("root", ".npmrc", true),
            (".docker", "config.json", true),
            ("app", "config.json", false),
            (".aws", "credentials", true),
            ("private", "ssl-cert.key", true),
            ("keyrings", "docker.key", false),
            ("live", "privkey.pem", true),
            ("certs", "ca-certificates.pem", false),
            ("app", ".env", true),
            ("app", ".env.production", true),
            ("app", ".env.example", false),
            ("app", ".key", false),
            (".git", "config", true),
            ("etc", "passwd", false),
        ] {
            assert_eq!(is_likely_secret(parent.as_bytes(), name.as_bytes()), expected, "{parent}/{name}");
        }
    }
}
