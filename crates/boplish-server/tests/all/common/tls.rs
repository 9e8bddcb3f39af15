//! Certificates, and clients that speak TLS.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use boplish_server::{CertificateFiles, CertificateSource, Tls};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::soon;

/// A self-signed certificate for localhost.
pub(crate) struct Issued {
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) der: CertificateDer<'static>,
}

impl Issued {
    pub(crate) fn now() -> Self {
        Self::of(params())
    }

    pub(crate) fn expired() -> Self {
        let mut params = params();
        params.not_after = date_time_ymd(2001, 1, 1);
        Self::of(params)
    }

    fn of(params: CertificateParams) -> Self {
        let key = KeyPair::generate().expect("keys can be made");
        let certificate = params.self_signed(&key).expect("keys can sign");
        Self {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            der: certificate.der().clone(),
        }
    }
}

fn params() -> CertificateParams {
    CertificateParams::new(["localhost".to_owned()]).expect("a name")
}

/// A folder with a certificate and its key for one test, removed at its end.
pub(crate) struct Pem(PathBuf);

impl Pem {
    pub(crate) fn new(name: &str, issued: &Issued) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).expect("the target folder is writable");
        let pem = Self(path);
        pem.write(&issued.certificate, &issued.key);
        pem
    }

    pub(crate) fn write(&self, certificate: &str, key: &str) {
        let files = self.files();
        fs::write(files.certificate, certificate).expect("the target folder is writable");
        fs::write(files.key, key).expect("the target folder is writable");
    }

    pub(crate) fn files(&self) -> CertificateFiles {
        CertificateFiles {
            certificate: self.0.join("cert.pem"),
            key: self.0.join("key.pem"),
        }
    }

    pub(crate) fn tls(&self) -> Tls {
        Tls {
            certificate: CertificateSource::Files(self.files()),
            redirect_from: Vec::new(),
        }
    }
}

impl Drop for Pem {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Connects and shakes hands.
pub(crate) async fn connect(
    address: SocketAddr,
    trusted: &[&Issued],
    protocols: &[&str],
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for issued in trusted {
        roots.add(issued.der.clone()).expect("it is a certificate");
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
    soon("the TLS handshake", connecting).await
}

/// The certificate that a client was shown.
pub(crate) fn shown(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    let certificates = stream.get_ref().1.peer_certificates();
    let certificates = certificates.expect("a server has a certificate");
    certificates[0].clone().into_owned()
}

/// The whole response to a request for a page over HTTP/1.1.
pub(crate) async fn get(address: SocketAddr, trusted: &Issued, path: &str) -> String {
    let stream = connect(address, &[trusted], &["http/1.1"]).await;
    let mut stream = stream.expect("the server speaks TLS");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let sent = stream.write_all(request.as_bytes()).await;
    sent.expect("the server reads");
    let mut response = String::new();
    let read = soon("a response", stream.read_to_string(&mut response)).await;
    read.expect("the response ends with TLS's own end");
    response
}
