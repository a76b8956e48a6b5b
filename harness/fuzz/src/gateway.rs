//! `gateway.toml`, handed in by somebody.

use std::path::Path;

use fixtures::gateways::Description;

use super::conf::filled;

/// It is refused in a line, or what it says can be filled in.
pub fn check(octets: &[u8]) {
    let Ok(text) = str::from_utf8(octets) else { return };
    match Description::parse(text, Path::new("/nowhere")) {
        Err(error) => {
            let said = error.to_string();
            assert!(!said.chars().any(char::is_control), "{said:?}");
        }
        Ok(description) => {
            for text in description.arguments.iter().chain(description.environment.values()) {
                filled(text, &description.words);
            }
            for name in description.confs.keys() {
                assert!(description.conf(name).is_err(), "there is no such folder");
            }
        }
    }
}
