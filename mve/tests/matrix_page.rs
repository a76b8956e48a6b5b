//! The page in a real browser: it loads, a click opens a transcript, a filter filters, nothing fails, nothing that a peer
//! wrote becomes markup.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use command_fds::{CommandFdExt as _, FdMapping};
use mve::matrix::page::page;
use mve::matrix::run::{Row, run};
use mve::matrix::{chains, table::Table};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::{Value, json};

/// How long the browser may take for one answer, in seconds.
const PATIENCE_S: i64 = 60;

/// Chromium, spoken to over its debugging pipe: JSON objects that end with NUL.
struct Browser {
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
    fn value(&mut self, expression: &str) -> Value {
        let result = self.call("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true }));
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    fn width(&mut self, width: u32, height: u32, mobile: bool, dark: bool) {
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile });
        self.call("Emulation.setDeviceMetricsOverride", screen);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", features);
    }

    /// Writes what is seen below target/, for somebody to look at.
    fn picture(&mut self, name: &str) {
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

const EVIL: &str = "</script><img src=x onerror=\"window.driven=1\"><b>bold</b>";

fn rows() -> Vec<Row> {
    let nginx = fixtures::nginx::binary().expect("nginx can be built");
    let mut found = chains::of(Table::Truncation, &|name| name == "nginx", &[]).expect("sound folders");
    found.chains.retain(|chain| chain.version() == nginx.version);
    let mut rows = run(Table::Truncation, &found.chains, 2, &|_, _| true, &|_| ());
    let mut evil = rows[0].clone();
    evil.gateway = EVIL.to_owned();
    evil.result = Err(EVIL.to_owned());
    rows.push(evil);
    rows
}

#[test]
#[ignore = "needs Chromium: on PATH, or LASTCHUNK_CHROMIUM names it"]
fn the_page_works_in_a_browser_on_a_desk_and_on_a_telephone() {
    let file = tempfile::Builder::new().suffix(".html").tempfile().expect("a file");
    fs::write(file.path(), page(&rows())).expect("the file can be written");
    let program = std::env::var("LASTCHUNK_CHROMIUM").unwrap_or("chromium".to_owned());
    let mut browser = Browser::start(&program);
    let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
    let attached = browser.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
    browser.session = attached["sessionId"].as_str().map(str::to_owned);
    for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Network.enable"] {
        browser.call(domain, json!({}));
    }
    browser.width(1280, 900, false, false);
    browser.call("Page.navigate", json!({ "url": format!("file://{}", file.path().display()) }));
    browser.wait_for("Page.loadEventFired");

    // It loads: the newest version, the default conf, the reader of HTTP/1.1.
    assert_eq!(browser.value("document.querySelectorAll('td button').length"), 61 + 1);
    browser.picture("desk");

    // A click opens the transcript of that cell.
    browser.value("[...document.querySelectorAll('td button')].find((b) => b.textContent === 's').click()");
    assert_eq!(browser.value("document.getElementById('cell').open"), true);
    let text = browser.value("document.querySelector('dialog pre').textContent");
    let text = text.as_str().unwrap_or_default();
    assert!(text.contains("o>p  -- FIN") && text.contains("outcome: cut-silent"), "{text}");
    browser.picture("transcript");
    browser.value("document.querySelector('dialog button').click()");
    assert_eq!(browser.value("document.getElementById('cell').open"), false);

    // A filter filters.
    let choose = |id: &str, value: &str| {
        format!("(() => {{ const s = document.getElementById('{id}'); s.value = '{value}'; s.onchange(); }})()")
    };
    browser.value(&choose("reader", "http/2"));
    browser.value(&choose("gateway", "nginx"));
    assert_eq!(browser.value("document.querySelectorAll('td button').length"), 61);
    let heads = browser.value("[...document.querySelectorAll('thead th small')].map((n) => n.textContent).join(' ')");
    assert!(heads.as_str().is_some_and(|text| text.ends_with("default http/2")), "{heads}");
    browser.value(&choose("conf", "all"));
    browser.value(&choose("reader", "all"));
    assert_eq!(browser.value("document.querySelectorAll('td button').length"), 366);

    // On a telephone the page is no wider than the screen; the table scrolls in its own place.
    browser.width(390, 844, true, true);
    browser.value(&choose("gateway", "all"));
    browser.picture("telephone");
    let wide = "[...document.querySelectorAll('body > *')].filter((n) => n.getBoundingClientRect().right > 390).map((n) => n.outerHTML.slice(0, 60))";
    assert_eq!(browser.value(wide), json!([]));
    assert_eq!(browser.value("document.documentElement.scrollWidth"), 390);

    // What a peer wrote is text.
    browser.value("[...document.querySelectorAll('td button')].find((b) => b.textContent === '!').click()");
    assert_eq!(browser.value("document.querySelector('dialog pre').textContent"), EVIL);
    assert_eq!(browser.value("document.querySelectorAll('img, td b, th b, pre b').length"), 0);
    assert_eq!(browser.value("typeof window.driven"), "undefined");

    // Nothing failed, and nobody was asked for anything.
    let is = |method: &'static str| move |message: &&Value| message["method"] == method;
    let failed: Vec<&Value> = browser
        .events
        .iter()
        .filter(|message| {
            is("Runtime.exceptionThrown")(message)
                || is("Log.entryAdded")(message)
                || is("Runtime.consoleAPICalled")(message)
        })
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
    let asked = browser.events.iter().filter(is("Network.requestWillBeSent"));
    let asked: Vec<&str> = asked.filter_map(|message| message["params"]["request"]["url"].as_str()).collect();
    assert!(asked.iter().all(|url| url.starts_with("file://")) && asked.len() == 1, "{asked:?}");
}
