//! A conf, handed in by somebody: nginx's, with its two addresses, and any gateway's, with its `@words@`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use fixtures::gateways::{Places, fill};
use fixtures::nginx::conf::{addressed, with_temporary_path};

use super::work::Bound;

/// A word is three octets at least, and what stands for it is an address or a path.
const BOUND: Bound = Bound { in_all: 120, at_a_time: 40 };

/// It is refused in a line, or has the addresses where it wants them, and all else as it was.
pub fn check(octets: &[u8]) {
    let Ok(text) = str::from_utf8(octets) else { return };
    filled(text, &BTreeMap::new());
    let (listen, origin) = addresses();
    let (listens, passes) = (format!("listen {listen};"), format!("proxy_pass http://{origin};"));
    match addressed(text, listen, origin) {
        Ok(conf) => {
            let back =
                conf.replacen(&listens, "listen 8080;", 1).replacen(&passes, "proxy_pass http://origin:8000;", 1);
            assert_eq!(back, text);
        }
        Err(error) => assert_ne!(error.found, 1, "{error}"),
    }
    match with_temporary_path(text) {
        Ok(conf) => assert!(conf.len() > text.len() && conf.contains("proxy_temp_path .;")),
        Err(error) => assert_ne!(error.found, 1, "{error}"),
    }
}

fn addresses() -> (SocketAddr, SocketAddr) {
    (SocketAddr::from(([127, 0, 0, 1], 18080)), SocketAddr::from(([127, 0, 0, 2], 18000)))
}

/// Every word is replaced or refused, and nothing else is touched; `words` are the gateway's own.
pub fn filled(text: &str, words: &BTreeMap<String, String>) {
    let (listen, origin) = addresses();
    let here = Path::new("/tmp/here");
    let root = Path::new("/");
    let places = Places { listen, listen_h2: listen, origin, prefix: here, root, conf: here, folder: here, words };
    // A gateway's own word may be as long as its author likes.
    let conf = if words.is_empty() { BOUND.held(text.len(), || fill(text, &places)) } else { fill(text, &places) };
    match conf {
        Ok(conf) => assert!(text.contains('@') || conf == text, "{conf:?}"),
        Err(error) => {
            let unknown = format!("@{}@", error.0);
            assert!(text.contains(&unknown) || words.values().any(|value| value.contains(&unknown)), "{error}");
            assert!(!error.to_string().chars().any(char::is_control), "{error}");
        }
    }
}
