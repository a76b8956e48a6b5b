//! WHATWG HTML 9.2.5 and 9.2.6 by the letter, over the whole octets at once.

use harness::wire::events::Event;

/// Type, data, last event ID.
pub type Plain = (String, String, String);

/// What a stream comes to if it ends here.
#[derive(Debug, PartialEq, Eq)]
pub struct Interpreted {
    pub events: Vec<Plain>,
    pub last_event_id: String,
    pub retry_ms: Option<u64>,
    pub comments: usize,
    /// Whether the end discards something that was, or could have become, part of an event, or a reconnection time.
    pub pending: bool,
}

pub fn plain(event: &Event) -> Plain {
    (event.event.to_string(), event.data.clone(), event.id.as_deref().unwrap_or_default().to_owned())
}

/// The field names of 9.2.6; every other line is ignored.
const FIELDS: [&str; 4] = ["event", "data", "id", "retry"];

pub fn by_the_letter(octets: &[u8]) -> Interpreted {
    // "Streams must be decoded using the UTF-8 decode algorithm", which strips one leading byte order mark.
    let text = String::from_utf8_lossy(octets);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    // Lines end with CRLF, LF, or CR; what follows the last line end is no line yet.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (lines, unfinished) = text.rsplit_once('\n').map_or((None, text.as_str()), |(lines, rest)| (Some(lines), rest));

    let (mut data, mut event_type, mut id) = (String::new(), String::new(), String::new());
    let (mut of_block, mut said) = (
        false,
        Interpreted { events: Vec::new(), last_event_id: String::new(), retry_ms: None, comments: 0, pending: false },
    );
    for line in lines.into_iter().flat_map(|lines| lines.split('\n')) {
        // "If the line is empty: dispatch the event."
        if line.is_empty() {
            said.last_event_id = id.clone();
            if !data.is_empty() {
                data.pop();
                let event_type = if event_type.is_empty() { "message".to_owned() } else { event_type.clone() };
                said.events.push((event_type, data.clone(), id.clone()));
            }
            (data, event_type, of_block) = (String::new(), String::new(), false);
            continue;
        }
        // "If the line starts with a U+003A COLON character: ignore the line."
        if line.starts_with(':') {
            said.comments += 1;
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => (event_type, of_block) = (value.to_owned(), true),
            "data" => {
                data.push_str(value);
                data.push('\n');
                of_block = true;
            }
            "id" if !value.contains('\0') => (id, of_block) = (value.to_owned(), true),
            "retry" if !value.is_empty() && value.chars().all(|found| found.is_ascii_digit()) => {
                said.retry_ms = Some(value.parse().unwrap_or(u64::MAX));
            }
            _ => {}
        }
    }
    let may_become_a_field = match unfinished.split_once(':') {
        Some((field, _)) => FIELDS.contains(&field),
        None => !unfinished.is_empty() && FIELDS.iter().any(|field| field.starts_with(unfinished)),
    };
    said.pending = of_block || may_become_a_field;
    said
}
