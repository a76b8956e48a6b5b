//! Over TLS: who is trusted, and what an end without close_notify is.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, date_time_ymd};
use rstest::rstest;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::command::{Said, lastchunk};
use super::server::{Server, departure, send};

/// A certificate for a name, and how to serve with it.
pub struct Identity {
    /// What a reader has to trust.
    pub pem: String,
    /// What a server needs.
    pub acceptor: TlsAcceptor,
}

impl Identity {
    pub fn new(name: &str, expired: bool, alpn: &[&str]) -> Self {
        Self::of(name, expired, alpn, IsCa::NoCa)
    }

    /// As `openssl req -x509` makes them: its own issuer, and fit to issue others.
    fn of_an_issuer(name: &str, expired: bool) -> Self {
        Self::of(name, expired, &[], IsCa::Ca(BasicConstraints::Unconstrained))
    }

    fn of(name: &str, expired: bool, alpn: &[&str], is_ca: IsCa) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = is_ca;
        if expired {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 1, 1);
        }
        let certificate = params.self_signed(&key).expect("a certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth();
        let mut config = config.with_single_cert(vec![certificate.der().clone()], key).expect("a pair");
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self { pem: certificate.pem(), acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    /// Its certificate in a file of this folder.
    pub fn file(&self, folder: &Path) -> String {
        let file = folder.join("certificate.pem");
        std::fs::write(&file, &self.pem).expect("a file of our own");
        file.display().to_string()
    }
}

/// Answers over TLS, in HTTP/1.1; ends with close_notify, or with FIN alone.
fn serves(identity: &Identity, octets: &'static str, close_notify: bool) -> Server {
    let acceptor = identity.acceptor.clone();
    Server::accepting(async move |_, socket| {
        // A reader that does not trust us leaves inside the handshake.
        let Ok(mut stream) = acceptor.accept(socket).await else { return };
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("a request"));
        }
        stream.write_all(octets.as_bytes()).await.expect("the reader is there");
        stream.flush().await.expect("the reader is there");
        if close_notify {
            stream.shutdown().await.expect("the reader is there");
        }
    })
}

fn secure(server: &Server) -> String {
    server.url("/events").replace("http:", "https:")
}

const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n";

/// Asks with this certificate as the only one that the machine trusts.
fn ask(trusted: &Identity, server: &Server, arguments: &[&str]) -> Said {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = lastchunk(&[arguments, &["--json", &secure(server)]].concat());
    Said::of(command.env("SSL_CERT_FILE", trusted.file(folder.path())).output().expect("the program starts"))
}

#[rstest]
#[case::with_close_notify(true, json!(["complete", "close", "fin", "intact"]))]
#[case::without_it_a_close_delimited_stream_is_cut(false, json!(["incomplete", null, "fin-without-close-notify", "cut-visible"]))]
fn a_stream_over_tls(#[case] close_notify: bool, #[case] expected: serde_json::Value) {
    let identity = Identity::new("127.0.0.1", false, &["http/1.1"]);
    let server = serves(&identity, STREAM, close_notify);
    let said = ask(&identity, &server, &[]);
    let object = &said.objects()[0];
    assert_eq!(json!([object["framing"], object["by"], object["end"], object["outcome"]]), expected, "{said:?}");
    assert_eq!((&object["tls"], &object["events"]), (&json!("TLS 1.3"), &json!(1)));
    assert!(object["tls_ms"].is_f64() && object["name_ms"].is_null(), "{object}");
}

#[rstest]
#[case::of_nobody("127.0.0.1", false, "it is issued by nobody who is trusted here")]
#[case::for_another_name("other.test", false, "it is for another name")]
#[case::expired("127.0.0.1", true, "it has expired")]
fn a_certificate_that_does_not_verify_is_one_line(#[case] name: &str, #[case] expired: bool, #[case] why: &str) {
    let identity = Identity::new(name, expired, &[]);
    let stranger = Identity::new("stranger.test", false, &[]);
    let trusted = if why.contains("nobody") { &stranger } else { &identity };
    let server = serves(&identity, STREAM, true);
    let said = ask(trusted, &server, &[]);
    let line = format!(
        "lastchunk: the certificate of 127.0.0.1 does not verify: {why} (--cacert FILE trusts it or its issuer, \
         --insecure trusts anybody)\n"
    );
    assert_eq!((said.status, said.out.as_str(), said.err), (Some(2), "", line));
    assert_eq!(ask(&stranger, &server, &["--insecure"]).status, Some(0));
}

#[test]
fn a_certificate_that_is_its_own_issuer_is_taken_where_it_is_trusted_itself() {
    let identity = Identity::of_an_issuer("127.0.0.1", false);
    let server = serves(&identity, STREAM, true);
    let folder = tempfile::tempdir().expect("a folder");
    let stranger = Identity::new("127.0.0.1", false, &[]);
    assert_eq!(ask(&identity, &server, &[]).status, Some(0));
    assert_eq!(ask(&stranger, &server, &["--cacert", &identity.file(folder.path())]).status, Some(0));
    let why = |identity: &Identity, trusted: &Identity| {
        let said = ask(trusted, &serves(identity, STREAM, true), &[]);
        assert_eq!((said.status, said.out.as_str()), (Some(2), ""), "{said:?}");
        let why = said.err.split_once("does not verify: ").and_then(|(_, why)| why.split_once(" (--cacert "));
        why.expect("a reason and a way out").0.to_owned()
    };
    assert_eq!(why(&identity, &stranger), "it is that of an issuer (CA:TRUE), and not trusted itself");
    let other = Identity::of_an_issuer("other.test", false);
    assert_eq!(why(&other, &other), "it is for another name");
    let expired = Identity::of_an_issuer("127.0.0.1", true);
    assert_eq!(why(&expired, &expired), "it has expired");
}

#[test]
fn the_file_of_cacert_takes_the_place_of_what_the_machine_trusts() {
    let folder = tempfile::tempdir().expect("a folder");
    let (identity, stranger) = (Identity::new("127.0.0.1", false, &[]), Identity::new("127.0.0.1", false, &[]));
    let server = serves(&identity, STREAM, true);
    assert_eq!(ask(&stranger, &server, &["--cacert", &identity.file(folder.path())]).status, Some(0));
    assert_eq!(ask(&identity, &server, &["--cacert", &stranger.file(folder.path())]).status, Some(2));
    std::fs::write(folder.path().join("certificate.pem"), "nothing").expect("a file of our own");
    let file = folder.path().join("certificate.pem").display().to_string();
    let said = ask(&identity, &server, &["--cacert", &file]);
    assert_eq!(said.err, format!("lastchunk: --cacert {file}: no certificate is in it (PEM is expected)\n"));
}

#[test]
fn a_server_without_tls_is_told_so() {
    let server = Server::accepting(async |_, mut socket| {
        send(&mut socket, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
        departure(&mut socket).await;
    });
    let said = ask(&Identity::new("127.0.0.1", false, &[]), &server, &[]);
    let line = "lastchunk: no TLS with 127.0.0.1: what answers is not TLS: is this an http URL?\n";
    assert_eq!((said.status, said.err.as_str()), (Some(2), line));
}

#[test]
fn a_server_that_waits_for_a_request_in_the_clear_is_told_so() {
    let server = Server::accepting(async |_, mut socket| departure(&mut socket).await);
    let said = ask(&Identity::new("127.0.0.1", false, &[]), &server, &["--connect-timeout", "300ms"]);
    let line = format!(
        "lastchunk: no TLS with {} after 300ms, though it has taken the connection: is this an http URL? \
         (--connect-timeout gives it more)\n",
        server.address()
    );
    assert_eq!((said.status, said.err), (Some(2), line));
}
