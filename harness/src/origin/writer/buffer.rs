//! Go's `bufio.Writer`: a buffer that is passed on when it is full, or when somebody flushes.

use super::error::Error;

/// Where a buffer's octets go.
pub(super) trait Sink: Send {
    fn write(&mut self, octets: &[u8]) -> impl Future<Output = Result<(), Error>> + Send;
}

/// A buffer of a fixed size before a sink.
///
/// A write that fits is kept. One that does not fit fills the buffer, which is passed on whole; what is left then bypasses an empty
/// buffer if it is larger than the buffer. An error sticks: every later call returns it.
pub(super) struct Buffered<S> {
    pub(super) sink: S,
    kept: Vec<u8>,
    size: usize,
    error: Option<Error>,
}

impl<S: Sink> Buffered<S> {
    pub(super) fn new(size: usize, sink: S) -> Self {
        Self { sink, kept: Vec::with_capacity(size), size, error: None }
    }

    pub(super) async fn write(&mut self, mut octets: &[u8]) -> Result<(), Error> {
        self.check()?;
        while octets.len() > self.size - self.kept.len() {
            if self.kept.is_empty() {
                self.pass_on(octets).await?;
                return Ok(());
            }
            let (fits, rest) = octets.split_at(self.size - self.kept.len());
            self.kept.extend_from_slice(fits);
            octets = rest;
            self.flush().await?;
        }
        self.kept.extend_from_slice(octets);
        Ok(())
    }

    pub(super) async fn flush(&mut self) -> Result<(), Error> {
        self.check()?;
        if self.kept.is_empty() {
            return Ok(());
        }
        let kept = std::mem::take(&mut self.kept);
        self.pass_on(&kept).await
    }

    /// Whether an error sticks.
    pub(super) fn has_failed(&self) -> bool {
        self.error.is_some()
    }

    fn check(&self) -> Result<(), Error> {
        self.error.map_or(Ok(()), Err)
    }

    async fn pass_on(&mut self, octets: &[u8]) -> Result<(), Error> {
        // stands for as long as the future is not polled to its end
        self.error = Some(Error::Dropped);
        let result = self.sink.write(octets).await;
        self.error = result.err();
        result
    }
}
