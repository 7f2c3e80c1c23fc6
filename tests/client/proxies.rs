//! Proxies of the environment: docs/REGISTRIES.md §11, docs/RELIABILITY.md B2, F8.

use std::net::SocketAddr;

use regtui::demo::faults::Fault;
use regtui::demo::{Demo, DemoSettings, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::support::shell::{Ended, Shell, ended, open};

/// A registry that answers for every name as a proxy, and redirects to the storage with this name and port. As
/// `registry.test` it requires a token of `auth.test`.
async fn network(storage: &'static str) -> Demo {
    let store = Store::new();
    store.image("app").tag("1").push();
    let network = open(DemoSettings::default(), store).await;
    network.fault(move |request, _| {
        let host = request.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
        let challenge = r#"Bearer realm="http://auth.test/token",service="r""#;
        match host {
            "auth.test" => Some(Fault::answer(200, &[], r#"{"token":"T"}"#)),
            "cdn.test" => None,
            "registry.test" if request.headers.get("authorization").is_none() => {
                Some(Fault::answer(401, &[("www-authenticate", challenge)], ""))
            }
            _ => {
                let target = format!("http://{storage}{}", request.path);
                let is_redirected = request.path.contains("/manifests/");
                is_redirected.then(|| Fault::answer(307, &[("location", &target)], ""))
            }
        }
    });
    network
}

async fn inspect(registry: &str, variables: &[(&str, &str)]) -> Ended {
    let shell = Shell::new();
    let mut command = shell.command(&["--no-cache", "--plain-http", "inspect", &format!("{registry}/app:1")]);
    ended(command.envs(variables.iter().copied()).spawn().expect("it runs")).await
}

/// A SOCKS 5 proxy without a login that connects everything to `server`.
async fn socks(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = [0; 512];
                let _greeting = stream.read(&mut bytes).await.ok()?;
                stream.write_all(&[5, 0]).await.ok()?;
                let _request = stream.read(&mut bytes).await.ok()?;
                stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).await.ok()?;
                let mut server = TcpStream::connect(server).await.ok()?;
                copy_bidirectional(&mut stream, &mut server).await.ok()
            });
        }
    });
    address
}

/// A name from the user may lead anywhere: docs/RELIABILITY.md B2 is about names from servers.
#[tokio::test]
async fn a_proxy_named_localhost_serves_the_token_service_and_the_storage() {
    let network = network("cdn.test").await;
    let port = network.address().port();
    for proxy in
        [format!("http://127.0.0.1:{port}"), format!("http://localhost:{port}"), format!("LocalHost:{port}")]
    {
        network.forget_requests();
        let ended = inspect("registry.test", &[("HTTP_PROXY", &proxy)]).await;
        assert_eq!(ended.code, Some(0), "{proxy}: {ended:?}");
        let hosts: Vec<_> = network.requests().iter().map(|request| request.path.clone()).collect();
        assert!(hosts.iter().any(|path| path.contains("/token")), "{hosts:?}");
    }
    let proxy = format!("socks5h://localhost:{}", socks(network.address()).await.port());
    let ended = inspect("registry.test", &[("ALL_PROXY", &proxy)]).await;
    assert_eq!(ended.code, Some(0), "{proxy}: {ended:?}");
}

#[tokio::test]
async fn a_name_of_a_server_that_leads_inside_is_refused_with_and_without_a_proxy() {
    let network = network("localhost:9").await;
    let proxy = format!("http://localhost:{}", network.address().port());
    // Without the proxy, since the name is an exception.
    let ended = inspect("registry.test", &[("HTTP_PROXY", &proxy), ("NO_PROXY", "localhost:9")]).await;
    ended.assert_code(1).assert_says("its storage `localhost:9`").assert_says("inside this machine");
    // SOCKS 5 resolves the name here.
    let socks = socks(network.address()).await.port();
    for proxy in [format!("socks5://127.0.0.1:{socks}"), format!("socks5://localhost:{socks}")] {
        let ended = inspect("10.255.0.1", &[("ALL_PROXY", &proxy)]).await;
        ended.assert_code(1).assert_says("its storage `localhost:9`").assert_says("inside this machine");
        assert!(!network.requests().is_empty(), "the registry is reached through the proxy");
        network.forget_requests();
    }
}

#[tokio::test]
async fn exceptions_with_a_port_and_below_a_domain_keep_the_proxy_out() {
    let network = network("cdn.test").await;
    let proxy = format!("http://{}", network.address());
    for (exceptions, is_proxied) in [
        ("registry.test:80", false),
        ("*.test", false),
        ("registry.test:5000", true),
        ("*.registry.test", true),
    ] {
        network.forget_requests();
        let ended = inspect("registry.test", &[("HTTP_PROXY", &proxy), ("NO_PROXY", exceptions)]).await;
        let seen = network.requests().iter().any(|request| request.path.contains("/v2/"));
        assert_eq!(seen, is_proxied, "{exceptions}: {ended:?}");
        assert!(!ended.stderr.contains("the proxy"), "{exceptions}: {ended:?}");
    }
}
