//! WHATWG HTML 9.2.5 and 9.2.6 word by word: slow, whole, and by nobody's cleverness.

/// An event as it was dispatched: type, data, last event ID.
pub type Dispatched = (String, String, String);

/// What a stream comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Interpreted {
    /// In order.
    pub events: Vec<Dispatched>,
    /// The last event ID string.
    pub last_event_id: String,
    /// The reconnection time in milliseconds, if a field set it.
    pub retry_ms: Option<u64>,
}

/// Interprets a whole stream.
pub fn interpreted(octets: &[u8]) -> Interpreted {
    // UTF-8 decode: with the byte order mark taken off.
    let text = String::from_utf8_lossy(octets);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut result = Interpreted::default();
    let (mut data, mut event_type, mut id) = (String::new(), String::new(), String::new());
    for line in lines(text) {
        if line.is_empty() {
            result.last_event_id.clone_from(&id);
            if data.is_empty() {
                event_type.clear();
                continue;
            }
            data.pop();
            let kind = if event_type.is_empty() { "message".to_owned() } else { std::mem::take(&mut event_type) };
            result.events.push((kind, std::mem::take(&mut data), result.last_event_id.clone()));
            event_type.clear();
            continue;
        }
        let (field, value) = match line.split_once(':') {
            Some(("", _)) => continue,
            Some((field, value)) => (field, value.strip_prefix(' ').unwrap_or(value)),
            None => (line, ""),
        };
        match field {
            "event" => value.clone_into(&mut event_type),
            "data" => {
                data.push_str(value);
                data.push('\n');
            }
            "id" if !value.contains('\0') => value.clone_into(&mut id),
            "retry" if !value.is_empty() && value.bytes().all(|digit| digit.is_ascii_digit()) => {
                result.retry_ms = Some(value.parse().unwrap_or(u64::MAX));
            }
            _ => {}
        }
    }
    result
}

/// The lines that have ended, by CRLF, LF or CR.
fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(['\r', '\n']) {
        lines.push(&rest[..end]);
        let length = if rest[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = &rest[end + length..];
    }
    lines
}
