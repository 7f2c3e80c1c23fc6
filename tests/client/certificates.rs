//! Certificates: the authorities that each server is checked against, and the servers that get a client certificate.
//! docs/REGISTRIES.md §4.10, docs/RELIABILITY.md B12, E2 to E5.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedKey, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use regtui::client::{Cause, Client, ClientSettings, Error, Peer, Pool, Priority, Timeouts, Trust};
use regtui::demo::Store;
use regtui::demo::faults::Fault;
use regtui::model::reference::{Host, Selector};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::support::hostile;
use crate::support::registry::{Registry, name, settings, tag, timeouts};
use crate::support::shell::Shell;

fn store() -> Store {
    let store = Store::new();
    store.image("app").tag("1").push();
    store
}

/// A certificate as docker's guide makes it: self-signed, of an authority, and used by the server.
fn of_docker_s_guide() -> CertifiedKey<KeyPair> {
    let mut params = CertificateParams::new(vec!["localhost".to_string()]).expect("a name");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let signing_key = KeyPair::generate().expect("a key");
    CertifiedKey { cert: params.self_signed(&signing_key).expect("a certificate"), signing_key }
}

/// An authority with the certificates that it signs.
struct Authority {
    pem: String,
    der: rustls::pki_types::CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("no name");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let (pem, der) = (certificate.pem(), certificate.der().clone());
        Authority { pem, der, issuer: Issuer::new(params, key) }
    }

    fn sign(&self, purpose: ExtendedKeyUsagePurpose) -> CertifiedKey<KeyPair> {
        let mut params = CertificateParams::new(vec!["localhost".to_string()]).expect("a name");
        params.extended_key_usages = vec![purpose];
        let signing_key = KeyPair::generate().expect("a key");
        CertifiedKey {
            cert: params.signed_by(&signing_key, &self.issuer).expect("a certificate"),
            signing_key,
        }
    }

    fn server(&self) -> CertifiedKey<KeyPair> {
        self.sign(ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// Settings of a server that requires a client certificate of this authority.
    fn requiring(&self) -> ServerConfig {
        regtui::client::http::tls::install_crypto();
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).expect("an authority");
        let clients = WebPkiClientVerifier::builder(Arc::new(roots)).build().expect("a verifier");
        let server = self.server();
        let key = PrivatePkcs8KeyDer::from(server.signing_key.serialize_der());
        let builder = ServerConfig::builder().with_client_cert_verifier(clients);
        builder.with_single_cert(vec![server.cert.der().clone()], key.into()).expect("a configuration")
    }
}

fn host(address: SocketAddr) -> Host {
    Host::parse(&format!("localhost:{}", address.port())).expect("a host")
}

fn client(address: SocketAddr, trust: Trust) -> Client {
    let timeouts = Timeouts { tries: 1, ..timeouts() };
    Pool::new(ClientSettings { trust, timeouts, ..settings() }).client(&host(address))
}

fn trusting(file: &Path) -> Trust {
    Trust { ca_file: Some(file.into()), ..Trust::default() }
}

fn write(file: &Path, text: &str) {
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    std::fs::write(file, text).expect("a file");
}

/// Fails a request if a library's own words are in its text.
#[track_caller]
fn assert_plain_words(text: &str) {
    for word in ["Other", "CaUsed", "Error(", "UnknownIssuer", "{", "InvalidCert"] {
        assert!(!text.contains(word), "{text}");
    }
}

#[tokio::test]
async fn the_certificate_of_docker_s_guide_is_accepted_wherever_it_is_trusted() {
    let key = of_docker_s_guide();
    let (_registry, address) = hostile::tls(store(), &key).await;
    let here = host(address);
    let ended = Shell::new().run(&["ls", here.as_str()]).await;
    ended.assert_code(1).assert_says("CA:TRUE");
    assert_plain_words(&ended.stderr);
    for place in [".config/containers/certs.d", ".config/docker/certs.d", ".docker/certs.d"] {
        let shell = Shell::new();
        write(&shell.home.path().join(place).join(here.as_str()).join("ca.crt"), &key.cert.pem());
        let ended = shell.run(&["ls", here.as_str()]).await;
        assert_eq!((ended.stdout.as_str(), ended.code), ("app\n", Some(0)), "{place}: {ended:?}");
    }
    let shell = Shell::new();
    let file = shell.home.path().join("registry.pem");
    write(&file, &key.cert.pem());
    let ended = shell.run(&["--ca-file", file.to_str().expect("text"), "ls", here.as_str()]).await;
    assert_eq!((ended.stdout.as_str(), ended.code), ("app\n", Some(0)), "{ended:?}");
}

/// `update-ca-certificates` is another way of docker's guide. `SSL_CERT_FILE` stands for the system here.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_s_certificate_that_the_system_trusts_is_accepted() {
    let (key, other) = (of_docker_s_guide(), of_docker_s_guide());
    let (_registry, address) = hostile::tls(store(), &key).await;
    for (trusted, code) in [(&key, 0), (&other, 1)] {
        let shell = Shell::new();
        let file = shell.home.path().join("system.pem");
        write(&file, &trusted.cert.pem());
        let mut command = shell.command(&["ls", host(address).as_str()]);
        let child = command.env("SSL_CERT_FILE", &file).spawn().expect("it runs");
        crate::support::shell::ended(child).await.assert_code(code);
    }
}

#[tokio::test]
async fn an_authority_that_is_trusted_for_a_registry_counts_for_its_storage_and_token_service() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    write(&file, &authority.pem);
    let (_storage, there) = hostile::tls(store(), &authority.server()).await;
    let (tokens, token_address) = hostile::tls(store(), &authority.server()).await;
    tokens.demo.fault(|_, _| Some(Fault::answer(200, &[], r#"{"token":"T"}"#)));
    let (registry, address) = hostile::tls(store(), &authority.server()).await;
    let realm = format!(r#"Bearer realm="https://localhost:{}/token",service="x""#, token_address.port());
    registry.demo.fault(move |request, _| match request.headers.get("authorization") {
        None => Some(Fault::answer(401, &[("www-authenticate", &realm)], "")),
        Some(_) => {
            let target = format!("https://localhost:{}{}", there.port(), request.path);
            request.path.contains("/manifests/").then(|| Fault::answer(307, &[("location", &target)], ""))
        }
    });
    let read = async |trust: Trust| -> Result<(), Error> {
        let client = client(address, trust);
        client.manifest(&name("app"), &Selector::Tag(tag("1")), Priority::Interactive).await.map(|_| ())
    };
    read(trusting(&file)).await.expect("the authority counts for all three");

    // The check is left out for the registry, and for nobody else.
    let insecure = Trust { insecure: true, ..Trust::default() };
    let error = read(insecure).await.expect_err("the token service is checked");
    let token_service = Peer::TokenService(format!("localhost:{}", token_address.port()).into());
    assert!(matches!(error.cause, Cause::Certificate(..)), "{error}");
    assert_eq!(error.peer, token_service);
}

/// docs/RELIABILITY.md B12.
#[tokio::test]
async fn a_client_certificate_goes_to_the_registry_and_to_nobody_else() {
    let authority = Authority::new();
    let (registry, address) = hostile::tls_with(store(), authority.requiring()).await;
    let (_storage, there) = hostile::tls_with(store(), authority.requiring()).await;
    let here = host(address);
    let shell = Shell::new();
    let certs = shell.home.path().join(".config/containers/certs.d").join(here.as_str());
    write(&certs.join("ca.crt"), &authority.pem);

    let ended = shell.run(&["ls", here.as_str()]).await;
    ended.assert_code(1).assert_says("client certificate").assert_says("certs.d");
    assert_plain_words(&ended.stderr);

    let identity = authority.sign(ExtendedKeyUsagePurpose::ClientAuth);
    write(&certs.join("client.cert"), &identity.cert.pem());
    let ended = shell.run(&["ls", here.as_str()]).await;
    ended.assert_code(1).assert_says("client.key");
    write(&certs.join("client.key"), &KeyPair::generate().expect("a key").serialize_pem());
    let ended = shell.run(&["ls", here.as_str()]).await;
    ended.assert_code(1).assert_says("client.key` is not the key of the certificate `");
    write(&certs.join("client.key"), &identity.signing_key.serialize_pem());
    let ended = shell.run(&["ls", here.as_str()]).await;
    assert_eq!((ended.stdout.as_str(), ended.code), ("app\n", Some(0)), "{ended:?}");

    registry.demo.fault(move |request, _| {
        let target = format!("https://localhost:{}{}", there.port(), request.path);
        request.path.contains("/manifests/").then(|| Fault::answer(307, &[("location", &target)], ""))
    });
    let ended = shell.run(&["inspect", &format!("{here}/app:1")]).await;
    ended.assert_code(1).assert_says(&format!("its storage `localhost:{}`", there.port()));
}

/// Companies have authorities with P-521 keys. rcgen cannot make them with ring, so OpenSSL does, if it is there.
#[tokio::test]
async fn an_authority_with_a_p521_key_is_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        command.args(arguments.split(' ')).current_dir(folder.path()).output().ok()
    };
    // Without OpenSSL there is nothing to check.
    if openssl("version").is_none() {
        return;
    }
    write(&folder.path().join("ext"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n");
    for hash in ["sha256", "sha384", "sha512"] {
        for command in [
            "ecparam -name secp521r1 -genkey -noout -out ca.key",
            &format!("req -x509 -new -key ca.key -{hash} -days 30 -subj /CN=Authority -out ca.crt"),
            "ecparam -name prime256v1 -genkey -noout -out ec.key",
            "pkcs8 -topk8 -nocrypt -in ec.key -out server.key",
            "req -new -key server.key -subj /CN=localhost -out server.csr",
            &format!(
                "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -{hash} -days 30 -extfile ext -out server.crt"
            ),
        ] {
            let output = openssl(command).expect("it runs");
            assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        }
        regtui::client::http::tls::install_crypto();
        let chain = rustls::pki_types::CertificateDer::from_pem_file(folder.path().join("server.crt"));
        let key = rustls::pki_types::PrivateKeyDer::from_pem_file(folder.path().join("server.key"));
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![chain.expect("a certificate")], key.expect("a key"));
        let (_registry, address) = hostile::tls_with(store(), config.expect("a configuration")).await;
        let client = client(address, trusting(&folder.path().join("ca.crt")));
        client.catalog(None).await.unwrap_or_else(|error| panic!("{hash}: {error}"));
    }
}

#[tokio::test]
async fn a_file_without_certificates_is_named() {
    let (_registry, address) = hostile::tls(store(), &of_docker_s_guide()).await;
    let shell = Shell::new();
    let file = shell.home.path().join("wrong.pem");
    write(&file, "");
    let ended = shell.run(&["--ca-file", file.to_str().expect("text"), "ls", host(address).as_str()]).await;
    ended.assert_code(1).assert_says("wrong.pem` contains no certificate in PEM form: it is empty");
    // A registry that is not reached with TLS needs none.
    let plain = Registry::open(store()).await;
    let here = plain.demo.address().to_string();
    shell.run(&["--ca-file", file.to_str().expect("text"), "ls", &here]).await.assert_code(0);
}
