//! Chromium, and a page in it.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use command_fds::{CommandFdExt as _, FdMapping};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::{Value, json};

/// How long the browser may take for one answer, in seconds.
const PATIENCE_S: i64 = 60;

/// Chromium, spoken to over its debugging pipe: JSON objects that end with NUL.
pub struct Browser {
    child: Child,
    to: File,
    from: File,
    unread: Vec<u8>,
    events: VecDeque<Value>,
    calls: u64,
    session: Option<String>,
    _profile: tempfile::TempDir,
}

impl Browser {
    fn start(program: &str) -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        let (its_in, to) = rustix::pipe::pipe().expect("a pipe");
        let (from, its_out) = rustix::pipe::pipe().expect("a pipe");
        let mut command = Command::new(program);
        // Without a sandbox: the page is ours, and root may not have one.
        command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]);
        command.args(["--disable-dev-shm-usage", "--no-first-run", "--disable-extensions"]);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mappings =
            vec![FdMapping { parent_fd: its_in, child_fd: 3 }, FdMapping { parent_fd: its_out, child_fd: 4 }];
        let child = command.fd_mappings(mappings).expect("two descriptors").spawn().expect("the browser starts");
        Self {
            child,
            to: File::from(to),
            from: File::from(from),
            unread: Vec::new(),
            events: VecDeque::new(),
            calls: 0,
            session: None,
            _profile: profile,
        }
    }

    fn receive(&mut self) -> Value {
        loop {
            if let Some(end) = self.unread.iter().position(|octet| *octet == 0) {
                let message: Vec<u8> = self.unread.drain(..=end).collect();
                return serde_json::from_slice(&message[..end]).expect("JSON");
            }
            let bound = Timespec { tv_sec: PATIENCE_S, tv_nsec: 0 };
            let ready = poll(&mut [PollFd::new(&self.from, PollFlags::IN)], Some(&bound)).expect("a poll");
            assert!(ready > 0, "the browser says nothing for {PATIENCE_S} s");
            let mut octets = vec![0; 64 * 1024];
            let count = self.from.read(&mut octets).expect("a read");
            assert!(count > 0, "the browser is gone: {:?}", self.child.try_wait());
            self.unread.extend_from_slice(&octets[..count]);
        }
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let mut message = json!({ "id": self.calls, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut octets = serde_json::to_vec(&message).expect("JSON");
        octets.push(0);
        self.to.write_all(&octets).expect("a write");
        loop {
            let message = self.receive();
            if message["id"] == self.calls {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.events.push_back(message);
        }
    }

    fn wait_for(&mut self, event: &str) {
        while !self.events.iter().any(|message| message["method"] == event) {
            let message = self.receive();
            self.events.push_back(message);
        }
    }

    /// The value of an expression in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let result = self.call("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true }));
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    pub fn width(&mut self, width: u32, height: u32, mobile: bool, dark: bool) {
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile });
        self.call("Emulation.setDeviceMetricsOverride", screen);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", features);
    }

    /// Starts, and loads a page at the width of a desk.
    pub fn open(page: &Path) -> Self {
        let program = std::env::var("LASTCHUNK_CHROMIUM").unwrap_or("chromium".to_owned());
        let mut browser = Self::start(&program);
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached =
            browser.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Network.enable"] {
            browser.call(domain, json!({}));
        }
        browser.width(1280, 900, false, false);
        browser.call("Page.navigate", json!({ "url": format!("file://{}", page.display()) }));
        browser.wait_for("Page.loadEventFired");
        browser
    }

    /// Sets a filter, as a reader does.
    pub fn choose(&mut self, id: &str, value: &str) {
        let select = format!("const s = document.getElementById('{id}'); s.value = '{value}';");
        let is_there = self.value(&format!("(() => {{ {select} s.onchange(); return s.value; }})()"));
        assert_eq!(is_there, value, "{id}");
    }

    /// Nothing failed, and nobody was asked for anything.
    pub fn is_content(&self) {
        let is = |method: &'static str| move |message: &&Value| message["method"] == method;
        let failed: Vec<&Value> = self
            .events
            .iter()
            .filter(|message| {
                is("Runtime.exceptionThrown")(message)
                    || is("Log.entryAdded")(message)
                    || is("Runtime.consoleAPICalled")(message)
            })
            .collect();
        assert!(failed.is_empty(), "{failed:?}");
        let asked = self.events.iter().filter(is("Network.requestWillBeSent"));
        let asked: Vec<&str> = asked.filter_map(|message| message["params"]["request"]["url"].as_str()).collect();
        assert!(asked.iter().all(|url| url.starts_with("file://")) && asked.len() == 1, "{asked:?}");
    }

    /// Writes what is seen below target/, for somebody to look at.
    pub fn picture(&mut self, name: &str) {
        let encoded = self.call("Page.captureScreenshot", json!({}));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        fs::write(folder.join(format!("{name}.base64")), encoded["data"].as_str().unwrap_or_default()).expect("a file");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}
