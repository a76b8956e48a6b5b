//! TLS, and why there is none.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use harness::wire::notation::printable;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    self, CertificateError, ClientConfig, DigitallySignedStruct, ProtocolVersion, RootCertStore, SignatureScheme,
};

use super::dial::{Versions, Way};
use super::target::Target;

/// The ALPN name of HTTP/2 (RFC 9113 3.2).
pub const H2: &str = "h2";
const HTTP1: &str = "http/1.1";

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum BadTls {
    /// The file of --cacert.
    #[error("--cacert {}: {why}", printable(&.path.to_string_lossy()))]
    Cacert {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Nobody is trusted.
    #[error(
        "this machine has no certificates to trust: install ca-certificates, or give --cacert FILE or --insecure{0}"
    )]
    NoRoots(String),
    /// The host is no name that a certificate can be for.
    #[error("\"{}\" is no name that a certificate can be for", printable(.0))]
    Name(String),
    /// The certificate does not verify.
    #[error(
        "the certificate of {} does not verify: {why} (--cacert FILE trusts it or its issuer, --insecure trusts anybody)",
        printable(host)
    )]
    Certificate {
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
    /// Anything else.
    #[error("no TLS with {}: {why}", printable(host))]
    Handshake {
        /// The host.
        host: String,
        /// What is wrong.
        why: String,
    },
}

/// How TLS is to be spoken.
///
/// # Errors
/// When there is nobody to trust.
pub fn config(way: &Way) -> Result<Arc<ClientConfig>, BadTls> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("ring has the cipher suites of TLS 1.2 and 1.3");
    let mut config = if way.insecure {
        let anybody = Anybody(provider.signature_verification_algorithms);
        builder.dangerous().with_custom_certificate_verifier(Arc::new(anybody)).with_no_client_auth()
    } else {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Trusted::of(way, provider)?))
            .with_no_client_auth()
    };
    let names: &[&str] = match way.versions {
        Versions::Http1 => &[HTTP1],
        Versions::Http2Prior => &[H2],
        Versions::Either | Versions::Http2 => &[H2, HTTP1],
    };
    config.alpn_protocols = names.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(Arc::new(config))
}

/// The certificates that are trusted, and the same as those whom they vouch for are held against.
fn trusted(way: &Way) -> Result<(Vec<CertificateDer<'static>>, RootCertStore), BadTls> {
    let (mut trusted, mut roots) = (Vec::new(), RootCertStore::empty());
    let mut remark = String::new();
    match &way.cacert {
        Some(path) => {
            let bad = |why: String| BadTls::Cacert { path: path.clone(), why };
            // Opened first: what is wrong with a file is not always what is wrong with its content.
            let octets = std::fs::read(path).map_err(|error| bad(format!("cannot read it: {error}")))?;
            for certificate in CertificateDer::pem_slice_iter(&octets) {
                let certificate = certificate.map_err(|error| bad(format!("it is no PEM: {error}")))?;
                let added = roots.add(certificate.clone());
                added.map_err(|error| bad(format!("a certificate in it is none: {error}")))?;
                trusted.push(certificate);
            }
            if trusted.is_empty() {
                return Err(bad("no certificate is in it (PEM is expected)".to_owned()));
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            trusted = found.certs;
            roots.add_parsable_certificates(trusted.iter().cloned());
            if let Some(error) = found.errors.first() {
                remark = format!(" ({error})");
            }
        }
    }
    if roots.is_empty() { Err(BadTls::NoRoots(remark)) } else { Ok((trusted, roots)) }
}

/// Shakes hands.
///
/// # Errors
/// When the certificate does not verify, or anything else is wrong.
pub async fn begin(
    config: Arc<ClientConfig>,
    target: &Target,
    socket: TcpStream,
) -> Result<TlsStream<TcpStream>, BadTls> {
    let host = target.host().to_owned();
    let name = ServerName::try_from(host.clone()).map_err(|_| BadTls::Name(host.clone()))?;
    TlsConnector::from(config).connect(name, socket).await.map_err(|error| why(host, &error))
}

/// The TLS version, and what ALPN has come to: `none`, if nothing.
#[must_use]
pub fn agreed(stream: &TlsStream<TcpStream>) -> (&'static str, &'static str) {
    let (_, connection) = stream.get_ref();
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        _ => "TLS",
    };
    let alpn = match connection.alpn_protocol() {
        Some(name) if name == H2.as_bytes() => H2,
        Some(name) if name == HTTP1.as_bytes() => HTTP1,
        _ => "none",
    };
    (version, alpn)
}

fn why(host: String, error: &io::Error) -> BadTls {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(why)) => BadTls::Certificate { host, why: of_certificate(why) },
        Some(rustls::Error::InvalidMessage(_)) => {
            BadTls::Handshake { host, why: "what answers is not TLS: is this an http URL?".to_owned() }
        }
        _ if error.kind() == io::ErrorKind::UnexpectedEof => {
            BadTls::Handshake { host, why: "the connection ended inside the handshake".to_owned() }
        }
        _ => BadTls::Handshake { host, why: printable(&error.to_string()) },
    }
}

fn of_certificate(why: &CertificateError) -> String {
    match why {
        CertificateError::UnknownIssuer => "it is issued by nobody who is trusted here".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        CertificateError::BadSignature => "its signature is not that of the issuer who is trusted here".to_owned(),
        CertificateError::Revoked => "it is revoked".to_owned(),
        other if is_an_issuers(other) => "it is that of an issuer (CA:TRUE), and not trusted itself".to_owned(),
        other => printable(&other.to_string()),
    }
}

/// Whether a certificate was refused because it may issue others, as one that `openssl req -x509` makes.
fn is_an_issuers(why: &CertificateError) -> bool {
    let CertificateError::Other(rustls::OtherError(why)) = why else { return false };
    why.downcast_ref() == Some(&webpki::Error::CaUsedAsEndEntity)
}

/// Verifies whom a trusted certificate vouches for, and who shows one that is trusted itself: curl takes it, whether it
/// is an issuer's or not.
#[derive(Debug)]
struct Trusted {
    verifier: Arc<WebPkiServerVerifier>,
    certificates: Vec<CertificateDer<'static>>,
}

impl Trusted {
    fn of(way: &Way, provider: Arc<CryptoProvider>) -> Result<Self, BadTls> {
        let (certificates, roots) = trusted(way)?;
        let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        Ok(Self { verifier: built.expect("there are roots, and no revocation lists"), certificates })
    }
}

impl ServerCertVerifier for Trusted {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.verifier.verify_server_cert(certificate, others, name, ocsp, now) {
            // Told only of one that has not expired; its name has not been looked at yet.
            Err(rustls::Error::InvalidCertificate(why))
                if is_an_issuers(&why) && self.certificates.iter().any(|trusted| trusted == certificate) =>
            {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Verifies nobody, only that the peer has the key of the certificate that it shows.
#[derive(Debug)]
struct Anybody(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
