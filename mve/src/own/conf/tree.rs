//! A conf as a tree of directives, with what it includes in its place.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glob::MatchOptions;

use super::lexer::{Lexer, Token, Unexpected, Word};

/// How deep blocks may lie in each other, and files include each other.
const DEEPEST: usize = 64;
/// How many octets all files may have together.
const LARGEST: u64 = 16 << 20;
/// How many files one `include` may name.
const MOST: usize = 10_000;

/// Where a directive stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as the user named it or as the conf includes it.
    pub file: Arc<Path>,
    /// The line, from 1; 0 of the whole.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.file.display()),
            line => write!(f, "{}:{line}", self.file.display()),
        }
    }
}

/// A directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Its name and its parameters; never empty.
    pub words: Vec<Word>,
    /// What follows.
    pub body: Body,
    /// Where it begins.
    pub place: Place,
}

/// What follows the words of a directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// `;`
    None,
    /// `{ .. }`
    Block(Vec<Directive>),
    /// `{ .. }` with code of another language inside.
    Code(String),
}

impl Directive {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.words.first().map_or("", |word| &word.value)
    }

    /// What the parameter at this place means, from 0.
    #[must_use]
    pub fn parameter(&self, at: usize) -> Option<&str> {
        self.words.get(at + 1).map(|word| word.value.as_str())
    }

    /// The directives inside.
    #[must_use]
    pub fn block(&self) -> &[Directive] {
        match &self.body {
            Body::Block(block) => block,
            _ => &[],
        }
    }
}

/// As it stands in the file, in one line, without what is inside.
impl fmt::Display for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.words.iter().map(|word| word.raw.as_str()).collect();
        f.write_str(&words.join(" "))?;
        f.write_str(if matches!(self.body, Body::None) { ";" } else { " { .. }" })
    }
}

/// A conf that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conf {
    /// What stands at the top.
    pub directives: Vec<Directive>,
}

/// Why a conf cannot be read: in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Refused {
    /// What is wrong, in the words of nginx where it has some.
    pub what: String,
    /// Where.
    pub place: Place,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, place } = self;
        // Of the conf itself, what is wrong may name it.
        match place.line {
            0 if what.contains(&place.to_string()) => f.write_str(what),
            _ => write!(f, "{what} in {place}"),
        }
    }
}

impl Conf {
    /// Reads a conf and everything that it includes: relative to its own folder, as nginx does.
    ///
    /// # Errors
    /// When a file cannot be read, or is no conf.
    pub fn read(file: &Path) -> Result<Self, Refused> {
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        let mut reading = Reading { folder: Some(folder), depth: 0, octets: 0 };
        let place = Place { file: file.into(), line: 0 };
        Ok(Self { directives: reading.file(file, &place)? })
    }
}

impl Conf {
    /// The same with another value as the only parameter of each directive for which there is one; one that is included
    /// twice is asked for in both places.
    #[must_use]
    pub fn with<'a>(&self, value: &impl Fn(&Directive) -> Option<&'a str>) -> Self {
        fn change<'a>(all: &mut [Directive], value: &impl Fn(&Directive) -> Option<&'a str>) {
            for one in all {
                if let Some(value) = value(one) {
                    one.words.truncate(1);
                    one.words.push(Word::plain(value));
                } else if let Body::Block(inside) = &mut one.body {
                    change(inside, value);
                }
            }
        }
        let mut conf = self.clone();
        change(&mut conf.directives, value);
        conf
    }
}

impl Conf {
    /// Reads a text as a conf of this name. What it includes is not read: each `include` stays as it is.
    ///
    /// # Errors
    /// When it is no conf.
    pub fn of_text(name: &str, text: &str) -> Result<Self, Refused> {
        let mut reading = Reading { folder: None, depth: 0, octets: 0 };
        let directives = reading.block(&mut Lexer::new(text.as_bytes()), &Arc::from(Path::new(name)), None)?;
        Ok(Self { directives })
    }
}

struct Reading {
    /// What an `include` is relative to; none if it is not followed.
    folder: Option<PathBuf>,
    depth: usize,
    octets: u64,
}

impl Reading {
    fn file(&mut self, file: &Path, asked: &Place) -> Result<Vec<Directive>, Refused> {
        let refused = |what: String| Refused { what, place: asked.clone() };
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(refused(format!("\"{}\" includes itself", file.display())));
        }
        let open = |error: std::io::Error| refused(format!("open() \"{}\" failed ({error})", file.display()));
        let about = fs::metadata(file).map_err(open)?;
        // A device or a pipe would be read for ever.
        if !about.is_file() {
            return Err(refused(format!("\"{}\" is no file", file.display())));
        }
        self.octets += about.len();
        if self.octets > LARGEST {
            return Err(refused(format!("more than {} MiB of conf", LARGEST >> 20)));
        }
        let text = fs::read(file).map_err(open)?;
        let name: Arc<Path> = file.into();
        let mut lexer = Lexer::new(&text);
        let block = self.block(&mut lexer, &name, None)?;
        self.depth -= 1;
        Ok(block)
    }

    /// The directives up to the brace that closes the block, or up to the end of the file.
    fn block(
        &mut self,
        lexer: &mut Lexer<'_>,
        file: &Arc<Path>,
        inside: Option<usize>,
    ) -> Result<Vec<Directive>, Refused> {
        let depth = inside.unwrap_or(0);
        let refused =
            |error: Unexpected| Refused { what: error.what, place: Place { file: Arc::clone(file), line: error.line } };
        let unexpected = |line: usize, what: &str| refused(Unexpected { line, what: what.to_owned() });
        if depth > DEEPEST {
            return Err(unexpected(lexer.line, "blocks are nested too deeply"));
        }
        let mut directives = Vec::new();
        let mut words: Vec<Word> = Vec::new();
        let mut began = lexer.line;
        loop {
            let token = lexer.token().map_err(refused)?;
            let line = lexer.line;
            match token {
                Some(Token::Word(word)) => {
                    if words.is_empty() {
                        began = line - word.raw.matches('\n').count();
                    }
                    words.push(word);
                }
                Some(Token::End) if words.is_empty() => return Err(unexpected(line, "unexpected \";\"")),
                Some(Token::Open) if words.is_empty() => return Err(unexpected(line, "unexpected \"{\"")),
                Some(Token::End) => {
                    let place = Place { file: Arc::clone(file), line: began };
                    let directive = Directive { words: std::mem::take(&mut words), body: Body::None, place };
                    match self.folder.clone() {
                        Some(folder) if directive.name() == "include" && directive.words.len() == 2 => {
                            directives.extend(self.included(&directive, &folder)?);
                        }
                        _ => directives.push(directive),
                    }
                }
                Some(Token::Open) => {
                    let is_code = words[0].value.ends_with("_by_lua_block");
                    let body = if is_code {
                        Body::Code(lexer.code().map_err(refused)?)
                    } else {
                        Body::Block(self.block(lexer, file, Some(depth + 1))?)
                    };
                    let place = Place { file: Arc::clone(file), line: began };
                    directives.push(Directive { words: std::mem::take(&mut words), body, place });
                }
                Some(Token::Close) if !words.is_empty() || inside.is_none() => {
                    return Err(unexpected(line, "unexpected \"}\""));
                }
                Some(Token::Close) => return Ok(directives),
                None if !words.is_empty() => {
                    return Err(unexpected(line, "unexpected end of file, expecting \";\" or \"}\""));
                }
                None if inside.is_some() => {
                    return Err(unexpected(line, "unexpected end of file, expecting \"}\""));
                }
                None => return Ok(directives),
            }
        }
    }

    /// What an `include` stands for.
    fn included(&mut self, include: &Directive, folder: &Path) -> Result<Vec<Directive>, Refused> {
        let named = include.parameter(0).unwrap_or_default();
        let path = folder.join(named);
        if !named.contains(['*', '?', '[']) {
            return self.file(&path, &include.place);
        }
        let refused = |what: String| Refused { what, place: include.place.clone() };
        let folder = folder.to_str().ok_or_else(|| refused("a folder whose name is not UTF-8".to_owned()))?;
        let pattern = Path::new(&glob::Pattern::escape(folder)).join(as_of_glob_3(named));
        let options =
            MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
        let found = glob::glob_with(&pattern.to_string_lossy(), options)
            .map_err(|error| refused(format!("\"{named}\" is no pattern: {}", error.msg)))?;
        // As in nginx, a pattern that meets no file includes nothing.
        let mut files: Vec<PathBuf> = found.filter_map(Result::ok).take(MOST + 1).collect();
        if files.len() > MOST {
            return Err(refused(format!("\"{named}\" meets more than {MOST} files")));
        }
        files.sort();
        let mut directives = Vec::new();
        for file in files {
            directives.extend(self.file(&file, &include.place)?);
        }
        Ok(directives)
    }
}

/// A pattern as glob(3), which nginx asks, understands it, in the crate's signs: there two stars are one, and never any
/// depth of folders, and `[^` is `[!`.
fn as_of_glob_3(pattern: &str) -> String {
    let mut signs = String::new();
    let mut rest = pattern;
    while let Some(sign) = rest.chars().next() {
        rest = &rest[sign.len_utf8()..];
        if sign != '*' || !signs.ends_with('*') {
            signs.push(sign);
        }
        if sign == '[' {
            let inside = rest.strip_prefix(['!', '^']);
            let (negation, inside) = inside.map_or(("", rest), |inside| ("!", inside));
            // In the first place a closing bracket is a character like others.
            if let Some((end, _)) = inside.char_indices().skip(1).find(|(_, sign)| *sign == ']') {
                signs.extend([negation, &inside[..=end]]);
                rest = &inside[end + 1..];
            }
        }
    }
    signs
}
