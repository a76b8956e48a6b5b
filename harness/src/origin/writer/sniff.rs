//! The media type that Go guesses (`http.DetectContentType`), after the MIME Sniffing Standard of WHATWG.

/// At most this much of the content is looked at.
const LOOKED_AT: usize = 512;

const TEXT: &str = "text/plain; charset=utf-8";

/// Begin an HTML document (section 7.1), if a space or `>` follows.
const HTML: [&[u8]; 17] = [
    b"<!DOCTYPE HTML",
    b"<HTML",
    b"<HEAD",
    b"<SCRIPT",
    b"<IFRAME",
    b"<H1",
    b"<DIV",
    b"<FONT",
    b"<TABLE",
    b"<A",
    b"<STYLE",
    b"<TITLE",
    b"<B",
    b"<BODY",
    b"<BR",
    b"<P",
    b"<!--",
];

/// Patterns at the first octet. `.` stands for any octet.
const PATTERNS: &[(&[u8], &str)] = &[
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"\xFE\xFF..", "text/plain; charset=utf-16be"),
    (b"\xFF\xFE..", "text/plain; charset=utf-16le"),
    (b"\xEF\xBB\xBF.", TEXT),
    (b"\0\0\x01\0", "image/x-icon"),
    (b"\0\0\x02\0", "image/x-icon"),
    (b"BM", "image/bmp"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"RIFF....WEBPVP", "image/webp"),
    (b"\x89PNG\r\n\x1A\n", "image/png"),
    (b"\xFF\xD8\xFF", "image/jpeg"),
    (b"FORM....AIFF", "audio/aiff"),
    (b"ID3", "audio/mpeg"),
    (b"OggS\0", "application/ogg"),
    (b"MThd\0\0\0\x06", "audio/midi"),
    (b"RIFF....AVI ", "video/avi"),
    (b"RIFF....WAVE", "audio/wave"),
];

/// The patterns that stand after the one for MP4, which is no pattern of octets.
const PATTERNS_AFTER_MP4: &[(&[u8], &str)] = &[
    (b"\x1A\x45\xDF\xA3", "video/webm"),
    (b"..................................LP", "application/vnd.ms-fontobject"),
    (b"\0\x01\0\0", "font/ttf"),
    (b"OTTO", "font/otf"),
    (b"ttcf", "font/collection"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"\x1F\x8B\x08", "application/x-gzip"),
    (b"PK\x03\x04", "application/zip"),
    (b"Rar!\x1A\x07\0", "application/x-rar-compressed"),
    (b"Rar!\x1A\x07\x01\0", "application/x-rar-compressed"),
    (b"\0asm", "application/wasm"),
];

/// The media type of content that begins with these octets.
pub(super) fn media_type(content: &[u8]) -> &'static str {
    let content = &content[..content.len().min(LOOKED_AT)];
    let blank = content.iter().take_while(|octet| b"\t\n\x0C\r ".contains(octet)).count();
    let trimmed = &content[blank..];
    if HTML.iter().any(|tag| begins_with_tag(trimmed, tag)) {
        "text/html; charset=utf-8"
    } else if trimmed.starts_with(b"<?xml") {
        "text/xml; charset=utf-8"
    } else if let Some(found) = look_up(PATTERNS, content) {
        found
    } else if is_mp4(content) {
        "video/mp4"
    } else if let Some(found) = look_up(PATTERNS_AFTER_MP4, content) {
        found
    } else if trimmed.iter().any(|octet| matches!(octet, 0..=0x08 | 0x0B | 0x0E..=0x1A | 0x1C..=0x1F)) {
        "application/octet-stream"
    } else {
        TEXT
    }
}

fn begins_with_tag(content: &[u8], tag: &[u8]) -> bool {
    content.len() > tag.len()
        && content[..tag.len()].eq_ignore_ascii_case(tag)
        && matches!(content[tag.len()], b' ' | b'>')
}

fn look_up(patterns: &[(&[u8], &'static str)], content: &[u8]) -> Option<&'static str> {
    let fits = |pattern: &[u8]| {
        content.len() >= pattern.len()
            && pattern.iter().zip(content).all(|(&wanted, &octet)| wanted == b'.' || wanted == octet)
    };
    patterns.iter().find(|(pattern, _)| fits(pattern)).map(|&(_, media_type)| media_type)
}

/// A first box `ftyp` that names a brand beginning with `mp4` (section 6.2.1); its second word is a version.
fn is_mp4(content: &[u8]) -> bool {
    let Some((size, rest)) = content.split_first_chunk::<4>() else {
        return false;
    };
    let size = u32::from_be_bytes(*size) as usize;
    if content.len() < 12 || content.len() < size || !size.is_multiple_of(4) || !rest.starts_with(b"ftyp") {
        return false;
    }
    (8..size).step_by(4).any(|at| at != 12 && content[at..].starts_with(b"mp4"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `http.DetectContentType` of Go 1.27.3 answers.
    #[rstest::rstest]
    #[case(b"", TEXT)]
    #[case(b"data: one\n\n", TEXT)]
    #[case(b"\n <!doctype html>", "text/html; charset=utf-8")]
    #[case(b"<!doctype html", TEXT)]
    #[case(b"<p class=x>", "text/html; charset=utf-8")]
    #[case(b"<pre>", TEXT)]
    #[case(b"<!--a", TEXT)]
    #[case(b"<!-- a", "text/html; charset=utf-8")]
    #[case(b" <?xml version=", "text/xml; charset=utf-8")]
    #[case(b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp")]
    #[case(b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "video/mp4")]
    #[case(b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isomiso2", "application/octet-stream")]
    #[case(b"\xEF\xBB\xBFx", TEXT)]
    #[case(b"\xEF\xBB\xBF", TEXT)]
    #[case(b"\x1bok", TEXT)]
    #[case(b"\x7f", TEXT)]
    #[case(b"a\x00", "application/octet-stream")]
    #[case(b"\x00asm", "application/wasm")]
    #[case(b"PK\x03\x04", "application/zip")]
    fn guesses_as_go_does(#[case] content: &[u8], #[case] expected: &str) {
        assert_eq!(media_type(content), expected);
    }
}
