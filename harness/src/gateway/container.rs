//! nginx in a container: the same conf, another path. The reader dials the container's own address and the origin listens on
//! the bridge, so nothing but the kernel is between the parties. A port published on the host would put a relay of the
//! engine's there, which turns RST into FIN and swallows megabytes.

mod hosted;
mod image;
mod owner;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use fixtures::nginx::conf;
use serde_json::Value;
use testcontainers::core::WaitFor;
use testcontainers::core::client::ClientError;
use testcontainers::runners::AsyncRunner as _;
use testcontainers::{GenericImage, ImageExt as _, TestcontainersError};

pub(super) use hosted::{CONFS, Hosted, PREFIX};
pub use hosted::{build, version};
pub use image::Image;
use owner::Owned;
pub use owner::{Ours, ours, sweep};

use super::engine::{self, Engine, Response};
use super::{CannotStart, grave};
use crate::patience;
use crate::processor;
use crate::reader::whole;

/// The network that every engine has. Its bridge is an interface of this machine.
const NETWORK: &str = "bridge";
/// Where nginx listens inside: what the confs say as they stand.
const PORT: u16 = 8080;
/// Where an image has its conf, the official one and ours alike.
const CONF: &str = "/etc/nginx/nginx.conf";
/// What nginx says, at the level info, when its sockets listen and its one worker is being started.
const READY: &str = "start worker process ";

/// nginx from an image, with one conf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// The image.
    pub image: Image,
    /// The conf's name, as the chain shows it.
    pub name: String,
    /// The conf's text; its two addresses are replaced at the start.
    pub conf: String,
}

/// How long the engine may take over one thing. It makes processes, networks and file systems, with all that this machine
/// runs beside it; so it is given six times the patience that a case has with a peer.
fn bound() -> Duration {
    patience::bound() * 6
}

/// A container that runs nginx. It is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Instance {
    owned: Owned,
    address: SocketAddr,
}

/// The address of this machine that containers reach: the one on the engine's bridge.
pub(super) fn reached_by_containers() -> Result<IpAddr, CannotStart> {
    on_the_bridge().map(IpAddr::V4).map_err(|why| CannotStart { what: "the origin for a container".into(), why })
}

fn on_the_bridge() -> Result<Ipv4Addr, String> {
    let network = json(&engine::probe()?, &format!("/networks/{NETWORK}"))?;
    let subnets = network["IPAM"]["Config"].as_array().into_iter().flatten().filter_map(|one| one["Subnet"].as_str());
    let (first, bits) = subnets.filter_map(subnet).next().ok_or("the engine's bridge has no IPv4 subnet")?;
    // Not every engine tells the bridge's own address. The kernel does: it is the source of whatever goes there.
    // Connecting a UDP socket sends nothing.
    let asked = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect((Ipv4Addr::from_bits(first | 2), 9))?;
        socket.local_addr()
    });
    match asked {
        Ok(SocketAddr::V4(ours)) if ours.ip().to_bits() & mask(bits) == first => Ok(*ours.ip()),
        _ => Err(format!(
            "the engine's bridge {}/{bits} is no interface of this machine: a rootless engine, or one in a virtual machine, \
             does not do here",
            Ipv4Addr::from_bits(first)
        )),
    }
}

/// A subnet as its first address and the length of its prefix: `172.17.0.0/16`.
fn subnet(text: &str) -> Option<(u32, u32)> {
    let (address, bits) = text.split_once('/')?;
    let (address, bits) =
        (address.parse::<Ipv4Addr>().ok()?, bits.parse().ok().filter(|bits| (1..=30).contains(bits))?);
    Some((address.to_bits() & mask(bits), bits))
}

fn mask(bits: u32) -> u32 {
    u32::MAX << (32 - bits)
}

impl Container {
    /// nginx with this conf, from the image that the environment names: [`Image::of_environment`].
    #[must_use]
    pub fn new(name: impl Into<String>, conf: impl Into<String>) -> Self {
        Self { image: Image::of_environment(), name: name.into(), conf: conf.into() }
    }

    /// Starts it in front of `origin`, and returns when it listens.
    pub(super) async fn start(&self, origin: SocketAddr) -> Result<Instance, CannotStart> {
        let cannot = |why| CannotStart { what: format!("nginx {} in a container", self.name), why };
        self.begin(origin).await.map_err(cannot)
    }

    async fn begin(&self, origin: SocketAddr) -> Result<Instance, String> {
        let engine = engine::probe()?;
        owner::sweep_once(&engine);
        let image = self.image.made(&engine).await?;
        let listen = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), PORT);
        let conf = conf::addressed(&self.conf, listen, origin).map_err(|error| error.to_string())?;

        let owned = Owned::claim(engine)?;
        // One processor, as for the process: the fence needs one sender's packets in the order in which it sent them.
        let processor = processor::one().map(|cpu| cpu.to_string());
        let mut request = GenericImage::new(image.name, image.tag)
            .with_wait_for(WaitFor::message_on_stderr(READY))
            .with_container_name(owned.name())
            .with_labels(owned.labels(&self.name))
            .with_startup_timeout(bound())
            .with_copy_to(CONF, conf.into_bytes())
            .with_host_config_modifier(move |host| {
                // By default every port that the image exposes is published.
                host.publish_all_ports = Some(false);
                host.port_bindings = None;
                host.network_mode = Some(NETWORK.to_owned());
                host.cpuset_cpus.clone_from(&processor);
                // Whatever the engine logs with by default, this log has to be read again.
                host.log_config =
                    Some(bollard::models::HostConfigLogConfig { typ: Some("json-file".to_owned()), config: None });
            });
        if image.foreign {
            request = request.with_cmd(["nginx", "-g", conf::GLOBALS]);
        }
        match request.start().await {
            // It is removed by `owned`, also where no runtime is and where the start fails half way; testcontainers'
            // own removal would only come too late.
            Ok(container) => std::mem::forget(container),
            Err(error) => return Err(why(&error, &owned)),
        }
        owned.stands();
        let address = SocketAddr::new(owned.address()?, PORT);
        reach(address).map_err(|error| format!("it listens at {address}, and cannot be reached there: {error}"))?;
        Ok(Instance { owned, address })
    }
}

/// Makes sure that a connection to a container that listens succeeds. The address may have been another container's, and
/// the kernel may still be asking for its owner, on behalf of connections that were open when that one went. It then gives
/// up for everyone, a newcomer too; and asks afresh for whoever comes next, and the container answers.
fn reach(address: SocketAddr) -> io::Result<()> {
    let connect = || TcpStream::connect_timeout(&address, bound()).map(drop);
    connect().or_else(|error| if error.kind() == io::ErrorKind::HostUnreachable { connect() } else { Err(error) })
}

/// Why a container does not start: what nginx says is worth more than what the engine says.
fn why(error: &TestcontainersError, owned: &Owned) -> String {
    let said = grave(&owned.log().unwrap_or_default());
    match (said, error) {
        (Some(said), _) => said,
        (None, TestcontainersError::Client(ClientError::PullImage { descriptor, .. })) => {
            format!("there is no image {descriptor} here, and it cannot be pulled: {}", whole(error))
        }
        (None, _) => whole(error),
    }
}

impl Instance {
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How its log can be read while it lives.
    pub(super) fn log(&self) -> Log {
        Log(self.owned.engine().clone(), self.owned.name().to_owned())
    }

    /// Ends it: what it has logged, and whether it ended by itself before.
    pub(super) fn stop(self) -> (String, Result<(), String>) {
        let ended = self.owned.terminate();
        match self.owned.log() {
            Ok(log) => (log, ended),
            Err(error) => (String::new(), ended.and(Err(error))),
        }
    }
}

/// Where to read a container's log.
#[derive(Debug, Clone)]
pub(crate) struct Log(Engine, String);

impl Log {
    /// What it has said so far.
    pub(super) fn read(&self) -> String {
        log(&self.0, &self.1).unwrap_or_default()
    }
}

/// What a container has written to its two outputs.
fn log(engine: &Engine, container: &str) -> Result<String, String> {
    let response = ask(engine, "GET", &format!("/containers/{container}/logs?stdout=1&stderr=1"))?;
    unframed(&accepted(response)?)
        .map(|octets| String::from_utf8_lossy(&octets).into_owned())
        .ok_or_else(|| "the engine's log of the container is cut".to_owned())
}

/// The engine frames both outputs: the stream's number, three zeros, the length in four octets, the octets.
fn unframed(mut octets: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    while let Some((head, rest)) = octets.split_first_chunk::<8>() {
        let length = usize::try_from(u32::from_be_bytes([head[4], head[5], head[6], head[7]])).ok()?;
        let (piece, rest) = rest.split_at_checked(length)?;
        text.extend_from_slice(piece);
        octets = rest;
    }
    octets.is_empty().then_some(text)
}

fn ask(engine: &Engine, method: &str, target: &str) -> Result<Response, String> {
    engine
        .request(method, target, bound())
        .map_err(|error| format!("the container engine does not answer {method} {target}: {error}"))
}

/// The content of a response that is a success.
fn accepted(response: Response) -> Result<Vec<u8>, String> {
    match response.status {
        200..300 => Ok(response.content),
        status => Err(format!("the container engine answers {status}: {}", message(&response.content))),
    }
}

fn message(content: &[u8]) -> String {
    let told = serde_json::from_slice::<Value>(content).ok();
    let told = told.as_ref().and_then(|value| value["message"].as_str());
    told.map_or_else(|| String::from_utf8_lossy(content).trim().to_owned(), str::to_owned)
}

fn json(engine: &Engine, target: &str) -> Result<Value, String> {
    let content = accepted(ask(engine, "GET", target)?)?;
    serde_json::from_slice(&content).map_err(|error| format!("the container engine's answer is not JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_taken_out_of_its_frames_and_a_cut_one_is_refused() {
        let framed = b"\x01\0\0\0\0\0\0\x03one\x02\0\0\0\0\0\0\x04two\n";
        assert_eq!(unframed(framed).as_deref(), Some(&b"onetwo\n"[..]));
        assert_eq!(unframed(b""), Some(Vec::new()));
        assert_eq!(unframed(&framed[..framed.len() - 1]), None);
        assert_eq!(unframed(&framed[..13]), None);
    }

    #[test]
    fn a_subnet_is_read_and_one_without_room_is_none() {
        assert_eq!(subnet("172.17.0.1/16"), Some((0xac11_0000, 16)));
        for not_one in ["172.17.0.0", "172.17.0.0/31", "172.17.0.0/0", "fd00::/64"] {
            assert_eq!(subnet(not_one), None, "{not_one}");
        }
    }
}
