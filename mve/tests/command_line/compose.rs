//! The chain of a bundle in containers, as its reader starts it. The images it names are not to be had here: in their places
//! stand this machine's Python and the nginx that is built here.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::say;

const CASE: &str = "header_after_write/error_by_abort@as-shipped";
const PYTHON: &str = "localhost/lastchunk/python:compose";
const NGINX: &str = "localhost/lastchunk/bundle-nginx:compose";

/// What a command says; it has to end well.
fn told(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn image(name: &str, context: &Path) {
    told(Command::new("docker").args(["build", "--quiet", "--tag", name]).arg(context));
}

/// A chain that is gone when this is.
struct Chain {
    folder: PathBuf,
    project: String,
}

impl Chain {
    fn compose(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker-compose");
        command.current_dir(&self.folder).args(["--project-name", &self.project]).args(arguments);
        // Any port, and no waiting for somebody to press Enter.
        command.envs([("ORIGIN_IMAGE", PYTHON), ("GATEWAY_IMAGE", NGINX), ("PORT", "0"), ("PAUSE", "0")]);
        command
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        let down = self.compose(&["down", "--volumes", "--timeout", "1"]).stdin(Stdio::null()).output();
        assert!(std::thread::panicking() || down.is_ok_and(|down| down.status.success()), "compose down");
    }
}

/// The text without what another run has otherwise.
fn undated(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets);
    text.split_inclusive('\n').filter(|line| !line.starts_with("Date: ")).collect()
}

#[test]
#[ignore = "needs a container engine, docker-compose and python3"]
fn a_bundle_in_containers_shows_what_it_recorded() {
    let held = tempfile::tempdir().expect("a folder");
    let [folder, python, nginx] = ["issue", "python", "nginx"].map(|name| held.path().join(name));
    let utf8 = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    assert_eq!(say(&["report", CASE, "--into", &utf8(&folder)]).status, Some(0));
    assert_eq!(say(&["image", &utf8(&nginx)]).status, Some(0));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/images/python/context.sh");
    told(Command::new(script).arg(&python));
    image(PYTHON, &python);
    image(NGINX, &nginx);

    let chain = Chain { folder: folder.clone(), project: format!("lastchunk-bundle-{}", std::process::id()) };
    let names = told(chain.compose(&["config"]).env_remove("ORIGIN_IMAGE").env_remove("GATEWAY_IMAGE"));
    assert!(names.contains("image: python:3-slim") && names.contains("image: nginx:1."), "{names}");
    told(&mut chain.compose(&["up", "--detach"]));
    let mut logs = chain.compose(&["logs", "--follow", "--no-color"]).stdout(Stdio::piped()).spawn().expect("logs");
    let mut awaited = vec!["listening on", "start worker process "];
    for line in BufReader::new(logs.stdout.take().expect("a pipe")).lines() {
        let line = line.expect("UTF-8");
        awaited.retain(|word| !line.contains(word));
        if awaited.is_empty() {
            break;
        }
    }
    logs.kill().and_then(|()| logs.wait()).expect("a process of ours");
    assert!(awaited.is_empty(), "{awaited:?} was not said");

    let address = told(&mut chain.compose(&["port", "gateway", "8080"]));
    let mut socket = TcpStream::connect(address.trim()).expect("it listens");
    let lane = |name: &str| fs::read(folder.join("octets").join(name)).expect("a lane");
    socket.write_all(&lane("c-to-p.bin")).expect("it reads");
    let mut response = Vec::new();
    while !response.ends_with(b"\r\n0\r\n\r\n") {
        let mut octets = [0; 4096];
        let count = socket.read(&mut octets).expect("it answers");
        assert!(count > 0, "cut off behind {:?}", undated(&response));
        response.extend_from_slice(&octets[..count]);
    }
    assert_eq!(undated(&response), undated(&lane("p-to-c.bin")));
}
