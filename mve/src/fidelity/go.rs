//! Real Go plays a program: one process for any number of programs, and a raw reader on this side.

use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use fixtures::go::{Toolchain, fidelity};
use harness::{address, patience};
use socket2::{Domain, Socket, Type};

use super::excluded::Exclusion;
use super::outcome::{End, Outcome};
use super::program::Program;
use super::witness::{Fault, Witness};

/// `net/http` of one version.
#[derive(Debug)]
pub struct Go {
    toolchain: Toolchain,
    process: Child,
    served: SocketAddr,
    asked: SocketAddr,
    /// Connections for questions that nobody uses just now.
    idle: Mutex<Vec<Questions>>,
}

impl Go {
    /// Builds the program, if it is not built yet, and starts it.
    ///
    /// # Errors
    /// When it does not build or start.
    pub fn start(toolchain: &Toolchain) -> Result<Self, Fault> {
        let program = fidelity(toolchain).map_err(|error| Fault(error.to_string()))?;
        let failed = |error: &dyn std::fmt::Display| Fault(format!("failed to start {}: {error}", program.display()));
        let mut command = Command::new(&program);
        // A signal from the terminal is ours to hear: it ends when we are done with it.
        command.process_group(0).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().map_err(|error| failed(&error))?;
        let mut line = String::new();
        let output = process.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut line).map_err(|error| failed(&error))?;
        let addresses: Vec<SocketAddr> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [served, asked] = addresses[..] else {
            return Err(failed(&format_args!("it said {line:?}")));
        };
        Ok(Self { toolchain: toolchain.clone(), process, served, asked, idle: Mutex::default() })
    }

    /// What it was built with.
    #[must_use]
    pub fn toolchain(&self) -> &Toolchain {
        &self.toolchain
    }

    fn questions(&self) -> io::Result<Questions> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| Questions::new(self.asked), Ok)
    }

    /// A connection from an address of its own.
    fn connect(&self) -> io::Result<TcpStream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::new(address::next(), 0).into())?;
        socket.connect(&self.served.into())?;
        socket.set_tcp_nodelay(true)?;
        socket.set_read_timeout(Some(patience::bound()))?;
        Ok(socket.into())
    }

    /// Plays a program; a wait that exceeds the failure bound is an outcome too: the connection is still open.
    fn converse(&self, program: &Program) -> io::Result<Outcome> {
        let mut outcome =
            Outcome { octets: Vec::new(), arrived: Vec::new(), end: End::Open, writes: Vec::new(), notes: Vec::new() };
        let mut questions = self.questions()?;
        match self.converse_to_the_end(program, &mut questions, &mut outcome) {
            Ok(()) => self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(questions),
            Err(error) if error.kind() == ErrorKind::WouldBlock => outcome.end = End::Open,
            Err(error) => return Err(error),
        }
        Ok(outcome)
    }

    fn converse_to_the_end(
        &self,
        program: &Program,
        questions: &mut Questions,
        outcome: &mut Outcome,
    ) -> io::Result<()> {
        let mut stream = self.connect()?;
        let reader = stream.local_addr()?;
        let mut sent = 0;
        for (at, stimulus) in program.stimuli().iter().enumerate() {
            if at > 0 {
                let Some(count) = questions.quiet(reader, sent)? else { break };
                read(&mut stream, &mut outcome.octets, count)?;
                outcome.arrived.push(outcome.octets.len());
            }
            sent += stimulus.octets.len();
            // a server that has closed need not take it
            stream.write_all(&stimulus.octets).ok();
            if stimulus.half_close {
                stream.shutdown(Shutdown::Write).ok();
            }
        }
        outcome.end = read(&mut stream, &mut outcome.octets, usize::MAX)?;
        for line in questions.account(reader)? {
            match line.split_once(' ') {
                Some(("writes", sizes)) => {
                    outcome.writes = sizes.split_whitespace().filter_map(|size| size.parse().ok()).collect();
                }
                Some((_, note)) => outcome.notes.push(note.to_owned()),
                None => return Err(io::Error::other(format!("an account said {line:?}"))),
            }
        }
        Ok(())
    }
}

impl Witness for Go {
    fn name(&self) -> String {
        format!("net/http of Go {}", self.toolchain.version)
    }

    fn excludes(&self, program: &Program) -> Option<Exclusion> {
        Exclusion::of(program).or_else(|| Exclusion::of_older(program, &self.toolchain))
    }

    fn play(&self, program: &Program) -> Result<Outcome, Fault> {
        self.converse(program).map_err(|error| Fault(format!("failed to play a program on {}: {error}", self.name())))
    }
}

impl Drop for Go {
    fn drop(&mut self) {
        // it exits when its standard input ends; who cannot be waited for is gone already
        drop(self.process.stdin.take());
        self.process.wait().ok();
    }
}

/// Reads until so many octets are there, or to the end, which it tells.
fn read(stream: &mut TcpStream, octets: &mut Vec<u8>, count: usize) -> io::Result<End> {
    let mut buffer = [0; 16 << 10];
    while octets.len() < count {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(End::Fin),
            Ok(n) => octets.extend_from_slice(&buffer[..n]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(End::Rst),
            Err(error) => return Err(error),
        }
    }
    Ok(End::Open)
}

/// A connection for questions about the others.
#[derive(Debug)]
struct Questions(BufReader<TcpStream>);

impl Questions {
    fn new(asked: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(asked)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience::bound()))?;
        Ok(Self(BufReader::new(stream)))
    }

    fn ask(&mut self, question: &str) -> io::Result<()> {
        self.0.get_mut().write_all(question.as_bytes())
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        match line.strip_suffix('\n') {
            Some(line) => Ok(line.to_owned()),
            None => Err(io::Error::other("it has exited")),
        }
    }

    /// Waits until the server has read what was sent and waits for more; tells how much it has written, or nothing if the connection
    /// is over.
    fn quiet(&mut self, reader: SocketAddr, sent: usize) -> io::Result<Option<usize>> {
        self.ask(&format!("await {reader} {sent}\n"))?;
        let line = self.line()?;
        Ok(line.strip_prefix("quiet ").and_then(|count| count.parse().ok()))
    }

    fn account(&mut self, reader: SocketAddr) -> io::Result<Vec<String>> {
        self.ask(&format!("account {reader}\n"))?;
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            if line == "." {
                return Ok(lines);
            }
            lines.push(line);
        }
    }
}
