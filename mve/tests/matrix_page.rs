//! The page in a real browser: it loads, a click opens a transcript, a filter filters, nothing fails, nothing that a peer
//! wrote becomes markup.

#[path = "matrix/browser.rs"]
mod browser;
#[path = "matrix/reviewed.rs"]
mod reviewed;

use std::fs;

use harness::verdict::Outcome;
use mve::matrix::axes::{Framing, Protocol, Version};
use mve::matrix::page::page;
use mve::matrix::row::{Facts, Row};
use mve::matrix::run::run;
use mve::matrix::table::Keys;
use mve::matrix::{chains, table::Table};
use serde_json::json;

use browser::Browser;

fn file_of(rows: &[Row]) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".html").tempfile().expect("a file");
    fs::write(file.path(), page(rows)).expect("the file can be written");
    file
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
    let file = file_of(&rows());
    let mut browser = Browser::open(file.path());

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
    browser.choose("reader", "http/2");
    browser.choose("gateway", "nginx");
    assert_eq!(browser.value("document.querySelectorAll('td button').length"), 61);
    let heads = browser.value("[...document.querySelectorAll('thead th small')].map((n) => n.textContent).join(' ')");
    assert!(heads.as_str().is_some_and(|text| text.ends_with("default http/2")), "{heads}");
    browser.choose("conf", "all");
    browser.choose("reader", "all");
    assert_eq!(browser.value("document.querySelectorAll('td button').length"), 366);

    // On a telephone the page is no wider than the screen; the table scrolls in its own place.
    browser.width(390, 844, true, true);
    browser.choose("gateway", "all");
    browser.picture("telephone");
    let wide = "[...document.querySelectorAll('body > *')].filter((n) => n.getBoundingClientRect().right > 390).map((n) => n.outerHTML.slice(0, 60))";
    assert_eq!(browser.value(wide), json!([]));
    assert_eq!(browser.value("document.documentElement.scrollWidth"), 390);

    // What a peer wrote is text.
    browser.value("[...document.querySelectorAll('td button')].find((b) => b.textContent === '!').click()");
    assert_eq!(browser.value("document.querySelector('dialog pre').textContent"), EVIL);
    assert_eq!(browser.value("document.querySelectorAll('img, td b, th b, pre b').length"), 0);
    assert_eq!(browser.value("typeof window.driven"), "undefined");

    browser.is_content();
}

/// Every cell that was reviewed: its letter, and in place of its transcript one of that many lines.
fn every_row() -> Vec<Row> {
    let letters = reviewed::letters();
    let row = |(cell, letter): (&String, &char)| {
        let words: Vec<&str> = cell.split('/').collect();
        let [table, of, conf, origin, cut, end, reader] = words[..] else { panic!("{cell} is no cell") };
        let (gateway, version) = of.split_once('-').expect("a gateway and its version");
        let (framing, version_of_origin) = match origin.strip_suffix("-1.0") {
            Some(framing) => (framing, Version::V10),
            None => (origin, Version::V11),
        };
        let reader = Protocol::ALL.iter().find(|its| its.name().replace('/', "-") == reader).expect("a reader");
        let outcome = match letter {
            '.' => Outcome::Intact,
            'v' => Outcome::CutVisible,
            's' | 'S' => Outcome::CutSilent,
            'A' => Outcome::Altered,
            'H' => Outcome::Hung,
            'h' => Outcome::Held,
            'L' => Outcome::Leaked,
            other => panic!("{cell} is {other}"),
        };
        let transcript = (0..30).map(|line| format!("     o>p  line {line} of {cut}/{end}\n")).collect();
        Row {
            table: Table::named(table).expect("a table"),
            gateway: gateway.to_owned(),
            version: version.to_owned(),
            conf: conf.to_owned(),
            keys: Keys {
                origin_framing: Framing::named(framing).expect("a framing").name(),
                origin_version: version_of_origin.name(),
                cut: cut.to_owned(),
                end: ["fin", "rst", "open", "half-close", "cancel"]
                    .into_iter()
                    .find(|its| *its == end)
                    .expect("an end"),
                reader: reader.name(),
            },
            result: Ok(Facts {
                framing: String::new(),
                status: Some(200),
                ending: String::new(),
                lost: 0,
                added: 0,
                outcome,
                tail: String::new(),
                transcript,
            }),
        }
    };
    letters.iter().map(row).collect()
}

#[test]
#[ignore = "needs Chromium: on PATH, or LASTCHUNK_CHROMIUM names it"]
fn the_page_with_every_cell_works_in_a_browser() {
    let rows = every_row();
    let of = |table: Table| rows.iter().filter(|row| row.table == table).count();
    assert_eq!(Table::ALL.map(of), [10346, 1704, 1070, 390]);
    let file = file_of(&rows);
    let mut browser = Browser::open(file.path());
    let cells = "document.querySelectorAll('td button').length";
    // The newest version of each gateway, default conf, HTTP/1.1; two cells are left to a race in Varnish.
    assert_eq!(browser.value(cells), 12 * 61 - 2);
    let legend = "document.getElementById('legend').textContent.includes('left out')";
    assert_eq!(browser.value(legend), true);

    for table in Table::ALL {
        browser.choose("table", table.name());
        for filter in ["gateway", "version", "conf", "reader"] {
            browser.choose(filter, "all");
        }
        assert_eq!(browser.value(cells), of(table), "{table}");
        let colours = "[...document.querySelectorAll('td:has(button):not(.own)')].every((td) => getComputedStyle(td).backgroundColor !== 'rgba(0, 0, 0, 0)')";
        assert_eq!(browser.value(colours), true, "{table}");
        // Each click opens what belongs to its cell, and says how to play it.
        browser.value("[...document.querySelectorAll('td button')].at(-1).click()");
        let command = browser.value("document.querySelector('dialog code').textContent");
        let cell =
            command.as_str().and_then(|text| text.strip_prefix("lastchunk show ")).unwrap_or_default().to_owned();
        assert!(rows.iter().any(|row| row.name() == cell), "{command}");
        browser.picture(&format!("every-{table}"));
        browser.value("document.querySelector('dialog button').click()");
        browser.width(390, 844, true, true);
        assert_eq!(browser.value("document.documentElement.scrollWidth"), 390, "{table}");
        browser.width(1280, 900, false, false);
    }
    // One gateway, all its versions.
    browser.choose("table", "truncation");
    browser.choose("gateway", "haproxy");
    browser.choose("version", "all");
    assert_eq!(browser.value(cells), 4 * 2 * 3 * 61);
    browser.is_content();
}
