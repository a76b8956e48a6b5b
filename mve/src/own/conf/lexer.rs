//! The tokens of a conf, by the rules of nginx: what ends a word, what quotes do, where a comment begins.

/// A word of a directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// As it stands in the file, quotes and all.
    pub raw: String,
    /// What nginx understands.
    pub value: String,
}

impl Word {
    /// A word that needs no quotes.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        let raw = text.into();
        Self { value: raw.clone(), raw }
    }
}

/// A token, and the line on which it ends, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    /// `;`
    End,
    /// `{`
    Open,
    /// `}`
    Close,
}

/// Why the text is no conf; the words are those of nginx where it has some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unexpected {
    pub(super) line: usize,
    pub(super) what: String,
}

/// Reads a text token by token.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    pub(super) line: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        // A byte order mark is no part of the first word.
        let at = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self { text, at, line: 1 }
    }

    /// How far it has read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn step(&mut self) -> Option<u8> {
        let octet = self.peek()?;
        self.at += 1;
        self.line += usize::from(octet == b'\n');
        Some(octet)
    }

    fn unexpected<T>(&self, what: impl Into<String>) -> Result<T, Unexpected> {
        Err(Unexpected { line: self.line, what: what.into() })
    }

    /// The next token; none at the end of the text.
    pub(super) fn token(&mut self) -> Result<Option<Token>, Unexpected> {
        loop {
            match self.peek() {
                None => return Ok(None),
                Some(b' ' | b'\t' | b'\r' | b'\n') => drop(self.step()),
                Some(b'#') => while !matches!(self.step(), None | Some(b'\n')) {},
                Some(b';') => return self.mark(Token::End),
                Some(b'{') => return self.mark(Token::Open),
                Some(b'}') => return self.mark(Token::Close),
                Some(quote @ (b'"' | b'\'')) => return self.quoted(quote).map(Some),
                Some(_) => return self.word().map(Some),
            }
        }
    }

    fn mark(&mut self, token: Token) -> Result<Option<Token>, Unexpected> {
        self.step();
        Ok(Some(token))
    }

    /// A word ends with a space, `;` or `{`; not with `{` behind `$`, which is a variable's, nor with more of them behind that
    /// one, and not with what follows a backslash. `#`, `}` and quotes inside it are characters.
    fn word(&mut self) -> Result<Token, Unexpected> {
        let from = self.at;
        let mut variable = false;
        while let Some(octet) = self.peek() {
            match octet {
                b' ' | b'\t' | b'\r' | b'\n' | b';' => break,
                b'{' if !variable => break,
                b'\\' => {
                    self.step();
                }
                _ => {}
            }
            variable = octet == b'$' || variable && octet == b'{';
            self.step();
        }
        if self.at >= self.text.len() {
            return self.unexpected("unexpected end of file, expecting \";\" or \"}\"");
        }
        self.spelled(from, from..self.at)
    }

    fn quoted(&mut self, quote: u8) -> Result<Token, Unexpected> {
        let from = self.at;
        self.step();
        loop {
            match self.step() {
                None => return self.unexpected("unexpected end of file, expecting \";\" or \"}\""),
                Some(b'\\') => drop(self.step()),
                Some(octet) if octet == quote => break,
                Some(_) => {}
            }
        }
        let token = self.spelled(from, from + 1..self.at - 1)?;
        match self.peek() {
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' | b')') => Ok(token),
            Some(other) => self.unexpected(format!("unexpected \"{}\"", char::from(other).escape_default())),
        }
    }

    fn spelled(&self, from: usize, inside: std::ops::Range<usize>) -> Result<Token, Unexpected> {
        let text = |range: std::ops::Range<usize>| {
            let text = self.text.get(range).unwrap_or_default();
            if text.contains(&0) {
                return self.unexpected("a NUL inside a word");
            }
            String::from_utf8(text.to_vec()).or_else(|_| self.unexpected("a word that is not UTF-8"))
        };
        let (raw, inside) = (text(from..self.at)?, text(inside)?);
        let mut value = String::with_capacity(inside.len());
        let mut letters = inside.chars();
        while let Some(letter) = letters.next() {
            if letter != '\\' {
                value.push(letter);
                continue;
            }
            match letters.next() {
                Some(quoted @ ('"' | '\'' | '\\')) => value.push(quoted),
                Some('t') => value.push('\t'),
                Some('r') => value.push('\r'),
                Some('n') => value.push('\n'),
                Some(other) => value.extend(['\\', other]),
                None => value.push('\\'),
            }
        }
        Ok(Token::Word(Word { raw, value }))
    }

    /// The code of another language up to the brace that closes it, which is taken too: Lua, of which strings, long
    /// brackets and comments may hold braces.
    pub(super) fn code(&mut self) -> Result<String, Unexpected> {
        let from = self.at;
        let mut depth = 1;
        while depth > 0 {
            match self.step() {
                None => return self.unexpected("unexpected end of file, expecting \"}\""),
                Some(b'{') => depth += 1,
                Some(b'}') => depth -= 1,
                Some(quote @ (b'"' | b'\'')) => loop {
                    match self.step() {
                        None | Some(b'\n') => break,
                        Some(b'\\') => drop(self.step()),
                        Some(octet) if octet == quote => break,
                        Some(_) => {}
                    }
                },
                Some(b'[') => drop(self.long_bracket()),
                Some(b'-') if self.peek() == Some(b'-') => {
                    self.step();
                    let is_long = self.peek() == Some(b'[') && {
                        self.step();
                        self.long_bracket()
                    };
                    if !is_long {
                        while !matches!(self.peek(), None | Some(b'\n')) {
                            self.step();
                        }
                    }
                }
                Some(_) => {}
            }
        }
        let code = self.text[from..self.at - 1].to_vec();
        String::from_utf8(code).or_else(|_| self.unexpected("a block of code that is not UTF-8"))
    }

    /// Behind `[`: takes a whole `[[..]]` or `[=[..]=]`, if it is one.
    fn long_bracket(&mut self) -> bool {
        let level = self.text[self.at..].iter().take_while(|octet| **octet == b'=').count();
        if self.text.get(self.at + level) != Some(&b'[') {
            return false;
        }
        let close = [b"]".as_slice(), &vec![b'='; level], b"]"].concat();
        while self.at < self.text.len() && !self.text[self.at..].starts_with(&close) {
            self.step();
        }
        for _ in 0..close.len() {
            self.step();
        }
        true
    }
}
