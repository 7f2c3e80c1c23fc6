//! Commands of other tools that send the same request: curl, crane, skopeo and regctl. They hold no secret, since the
//! request log has none.
//!
//! Sources: <https://github.com/google/go-containerregistry/blob/main/cmd/crane/doc/crane.md>,
//! <https://github.com/containers/skopeo/tree/main/docs>, <https://regclient.org/cli/regctl/>.

use crate::model::media_type::ACCEPT_MANIFESTS;

/// The subject of a request of the distribution API.
#[derive(Debug, PartialEq, Eq)]
enum Subject<'a> {
    /// The list of repositories.
    Catalog,
    /// The tags of a repository.
    Tags(&'a str),
    /// A manifest of a repository, by tag or digest.
    Manifest(&'a str, &'a str),
    /// A blob of a repository.
    Blob(&'a str, &'a str),
    /// The referrers of a manifest.
    Referrers(&'a str, &'a str),
    /// Something else, such as a token.
    Other,
}

/// Returns the texts that a request can be copied as: a key, a label and the text.
pub(crate) fn of(method: &str, url: &str) -> Vec<(char, &'static str, String)> {
    let mut all = vec![('u', "URL", url.to_string()), ('c', "curl", curl(method, url))];
    let Some((is_plain, host, subject)) = parse(url) else { return all };
    let crane = |command: &str, rest: String| {
        let insecure = if is_plain { " --insecure" } else { "" };
        ('r', "crane", format!("crane {command}{insecure} {rest}"))
    };
    let skopeo = |command: &str, rest: String| {
        let insecure = if is_plain { " --tls-verify=false" } else { "" };
        ('s', "skopeo", format!("skopeo {command}{insecure} {rest}"))
    };
    let regctl = |command: &str, rest: String| {
        let insecure = if is_plain { format!("--host reg={host},tls=disabled ") } else { String::new() };
        ('g', "regctl", format!("regctl {insecure}{command} {rest}"))
    };
    match (method, subject) {
        ("GET", Subject::Catalog) => {
            all.extend([crane("catalog", host.into()), regctl("repo ls", host.into())]);
        }
        ("GET", Subject::Tags(name)) => {
            let repository = format!("{host}/{name}");
            all.push(crane("ls", repository.clone()));
            all.push(skopeo("list-tags", format!("docker://{repository}")));
            all.push(regctl("tag ls", repository));
        }
        ("GET", Subject::Manifest(name, reference)) => {
            let image = image(host, name, reference);
            all.push(crane("manifest", image.clone()));
            all.push(skopeo("inspect --raw", format!("docker://{image}")));
            all.push(regctl("manifest get --format raw-body", image));
        }
        ("HEAD", Subject::Manifest(name, reference)) => {
            let image = image(host, name, reference);
            all.push(crane("digest", image.clone()));
            all.push(skopeo("inspect --no-tags --format '{{.Digest}}'", format!("docker://{image}")));
            all.push(regctl("image digest", image));
        }
        ("DELETE", Subject::Manifest(name, reference)) => {
            let image = image(host, name, reference);
            all.push(crane("delete", image.clone()));
            all.push(regctl(if reference.contains(':') { "manifest delete" } else { "tag delete" }, image));
        }
        ("GET", Subject::Blob(name, digest)) => {
            all.push(crane("blob", format!("{host}/{name}@{digest}")));
            all.push(regctl("blob get", format!("{host}/{name} {digest}")));
        }
        ("HEAD", Subject::Blob(name, digest)) => {
            all.push(regctl("blob head", format!("{host}/{name} {digest}")));
        }
        ("GET", Subject::Referrers(name, digest)) => {
            all.push(regctl("artifact list", format!("{host}/{name}@{digest}")));
        }
        _ => {}
    }
    all
}

/// Returns a curl command. It asks for every type of manifest, as regtui does.
fn curl(method: &str, url: &str) -> String {
    let method = match method {
        "GET" => String::new(),
        "HEAD" => " --head".into(),
        other => format!(" -X {other}"),
    };
    let accept =
        if url.contains("/manifests/") { format!(" -H 'Accept: {ACCEPT_MANIFESTS}'") } else { String::new() };
    // A quote in a URL is percent-encoded.
    format!("curl -sS{method}{accept} '{}'", url.replace('\'', "%27"))
}

fn image(host: &str, name: &str, reference: &str) -> String {
    let joint = if reference.contains(':') { '@' } else { ':' };
    format!("{host}/{name}{joint}{reference}")
}

/// Returns whether a URL is plain HTTP, its host, and its subject.
fn parse(url: &str) -> Option<(bool, &str, Subject<'_>)> {
    let (scheme, rest) = url.split_once("://")?;
    let (host, path) = rest.split_once("/v2/")?;
    // Names and references of the distribution API need no encoding. Others are no arguments for a shell.
    let is_plain_text =
        |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "/-._:@+=[]".contains(c));
    let path = path.split('?').next().filter(|path| is_plain_text(path) && is_plain_text(host))?;
    let between =
        |infix: &str| path.rsplit_once(infix).filter(|(name, rest)| !name.is_empty() && !rest.contains('/'));
    let subject = if path == "_catalog" {
        Subject::Catalog
    } else if let Some(name) = path.strip_suffix("/tags/list") {
        Subject::Tags(name)
    } else if let Some((name, reference)) = between("/manifests/") {
        Subject::Manifest(name, reference)
    } else if let Some((name, digest)) = between("/blobs/") {
        Subject::Blob(name, digest)
    } else if let Some((name, digest)) = between("/referrers/") {
        Subject::Referrers(name, digest)
    } else {
        Subject::Other
    };
    Some((scheme == "http", host, subject))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_of_the_api_has_commands_of_other_tools() {
        let table = [
            ("GET", "https://r.test/v2/_catalog?n=1000", "crane catalog r.test", "", "regctl repo ls r.test"),
            (
                "GET",
                "http://r.test:5000/v2/team/app/tags/list?n=1000",
                "crane ls --insecure r.test:5000/team/app",
                "skopeo list-tags --tls-verify=false docker://r.test:5000/team/app",
                "regctl --host reg=r.test:5000,tls=disabled tag ls r.test:5000/team/app",
            ),
            (
                "GET",
                "https://r.test/v2/team/app/manifests/1.4.2",
                "crane manifest r.test/team/app:1.4.2",
                "skopeo inspect --raw docker://r.test/team/app:1.4.2",
                "regctl manifest get --format raw-body r.test/team/app:1.4.2",
            ),
            (
                "HEAD",
                "https://r.test/v2/app/manifests/sha256:00",
                "crane digest r.test/app@sha256:00",
                "skopeo inspect --no-tags --format '{{.Digest}}' docker://r.test/app@sha256:00",
                "regctl image digest r.test/app@sha256:00",
            ),
            (
                "DELETE",
                "https://r.test/v2/app/manifests/sha256:00",
                "crane delete r.test/app@sha256:00",
                "",
                "regctl manifest delete r.test/app@sha256:00",
            ),
            (
                "DELETE",
                "https://r.test/v2/app/manifests/1",
                "crane delete r.test/app:1",
                "",
                "regctl tag delete r.test/app:1",
            ),
            (
                "GET",
                "https://r.test/v2/app/blobs/sha256:00",
                "crane blob r.test/app@sha256:00",
                "",
                "regctl blob get r.test/app sha256:00",
            ),
            (
                "GET",
                "https://r.test/v2/app/referrers/sha256:00",
                "",
                "",
                "regctl artifact list r.test/app@sha256:00",
            ),
        ];
        for (method, url, crane, skopeo, regctl) in table {
            let all = of(method, url);
            let text = |name| all.iter().find(|(_, label, _)| *label == name).map_or("", |(.., text)| text);
            assert_eq!(
                (text("crane"), text("skopeo"), text("regctl")),
                (crane, skopeo, regctl),
                "{method} {url}"
            );
            assert_eq!(text("URL"), url);
        }
    }

    #[test]
    fn any_request_has_a_command_of_curl() {
        let curl = |method, url| of(method, url).remove(1).2;
        assert_eq!(curl("GET", "https://auth.test"), "curl -sS 'https://auth.test'");
        assert_eq!(
            curl("HEAD", "https://r.test/v2/a/blobs/x"),
            "curl -sS --head 'https://r.test/v2/a/blobs/x'"
        );
        assert_eq!(curl("POST", "https://r.test/v2/a'b/"), "curl -sS -X POST 'https://r.test/v2/a%27b/'");
        assert!(curl("GET", "https://r.test/v2/a/manifests/1").contains("-H 'Accept: application/vnd."));
    }

    #[test]
    fn an_address_that_is_no_argument_for_a_shell_has_no_other_command() {
        for url in
            ["https://r.test/v2/a;rm/tags/list", "https://r.test/v2/$(x)/manifests/1", "https://auth.test"]
        {
            assert_eq!(of("GET", url).len(), 2, "{url}");
        }
    }
}
