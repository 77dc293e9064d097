//! One direction of a session: bytes in, cipher and records, bytes out.

use std::collections::VecDeque;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use zaun_crypto::ctr::AesCtr256;
use zaun_link::Io;
use zaun_transport::faketls::{self, Records};
use zaun_transport::relay::PacketEnds;

use crate::limits::{KEPT_BYTES, MAX_MESSAGE_BYTES, READ_BYTES};
use crate::users::Usage;

/// What a direction does with what it reads.
pub(crate) trait Stage {
    /// Appends to `out` what `bytes` become.
    fn push(&mut self, bytes: &mut [u8], out: &mut Outbox) -> io::Result<()>;
}

/// What waits to be written.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub bytes: BytesMut,
    /// Lengths of the messages at its front, for carriers of messages.
    pub messages: VecDeque<usize>,
    /// Whether bytes behind those wait for the rest of their message.
    pub whole_messages: bool,
}

impl Outbox {
    /// How much may be written at once.
    fn ready(&self) -> usize {
        match self.messages.front() {
            Some(length) => *length,
            None if self.whole_messages && self.bytes.len() < MAX_MESSAGE_BYTES => 0,
            None => self.bytes.len(),
        }
    }

    fn sent(&mut self, count: usize) {
        self.bytes.advance(count);
        if let Some(length) = self.messages.front_mut() {
            *length -= count;
            if *length == 0 {
                self.messages.pop_front();
            }
        }
    }
}

/// A direction.
#[derive(Debug, Default)]
pub(crate) struct Pump {
    pub out: Outbox,
    unflushed: bool,
    /// The source has ended.
    pub ended: bool,
    /// The sink was told.
    pub done: bool,
    /// Bytes that were read.
    pub read_bytes: u64,
}

impl Pump {
    /// Moves what can be moved; ready when the source has ended and everything was written. The sink is flushed whenever
    /// the source runs dry.
    pub fn poll<S: Stage>(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Box<dyn Io>,
        to: &mut Box<dyn Io>,
        stage: &mut S,
    ) -> Poll<io::Result<()>> {
        self.poll_held(cx, from, to, stage, false)
    }

    /// The same, but while it is `held` the end of the source is not told to the sink.
    pub fn poll_held<S: Stage>(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Box<dyn Io>,
        to: &mut Box<dyn Io>,
        stage: &mut S,
        held: bool,
    ) -> Poll<io::Result<()>> {
        if self.done {
            return Poll::Ready(Ok(()));
        }
        loop {
            if self.poll_write(cx, to)?.is_pending() {
                return Poll::Pending;
            }
            if self.ended && held {
                return Poll::Pending;
            }
            if self.ended {
                let shut = Pin::new(&mut *to).poll_shutdown(cx);
                self.done = shut.is_ready();
                return shut;
            }
            let mut space = [MaybeUninit::uninit(); READ_BYTES];
            let mut buffer = ReadBuf::uninit(&mut space);
            match Pin::new(&mut *from).poll_read(cx, &mut buffer) {
                Poll::Pending => {
                    if self.unflushed && Pin::new(&mut *to).poll_flush(cx)?.is_ready() {
                        self.unflushed = false;
                    }
                    return Poll::Pending;
                }
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                    self.ended = true;
                    // What is left of a message is no message any more.
                    self.out.whole_messages = false;
                }
                Poll::Ready(Ok(())) => {
                    self.read_bytes += u64::try_from(buffer.filled().len()).unwrap_or(0);
                    stage.push(buffer.filled_mut(), &mut self.out)?;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, to: &mut Box<dyn Io>) -> Poll<io::Result<()>> {
        loop {
            let ready = self.out.ready();
            let Some(bytes) = self.out.bytes.get(..ready).filter(|bytes| !bytes.is_empty()) else { break };
            match Pin::new(&mut *to).poll_write(cx, bytes) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => {
                    self.out.sent(count);
                    self.unflushed = true;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        if self.out.bytes.is_empty() && self.out.bytes.capacity() > KEPT_BYTES {
            self.out.bytes = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

/// Adds to what was used.
pub(crate) fn count(counter: &AtomicU64, bytes: usize) {
    counter.fetch_add(u64::try_from(bytes).unwrap_or(0), Ordering::Relaxed);
}

/// From the client: out of records, out of its cipher.
#[derive(Debug)]
pub(crate) struct Opener {
    pub records: Option<Records>,
    pub from_client: AesCtr256,
}

impl Opener {
    /// Appends the clear bytes to `clear`.
    pub fn open(&mut self, bytes: &mut [u8], clear: &mut BytesMut) -> io::Result<()> {
        let start = clear.len();
        match &mut self.records {
            None => clear.extend_from_slice(bytes),
            Some(records) => {
                records.feed(bytes);
                while let Some(content) = records.next_content().map_err(io::Error::other)? {
                    clear.extend_from_slice(&content);
                }
                records.release_idle();
            }
        }
        self.from_client.apply(clear.get_mut(start..).unwrap_or_default());
        Ok(())
    }
}

/// From the client to the server.
#[derive(Debug)]
pub(crate) struct Up<'a> {
    pub opener: &'a mut Opener,
    pub sealer: &'a mut Sealer,
    /// What the client has said so far, in clear, as long as another path may have to hear it.
    pub flight: &'a mut Option<BytesMut>,
    /// Whose traffic it is.
    pub usage: &'a Usage,
}

impl Stage for Up<'_> {
    fn push(&mut self, bytes: &mut [u8], out: &mut Outbox) -> io::Result<()> {
        count(&self.usage.up_bytes, bytes.len());
        let start = out.bytes.len();
        self.opener.open(bytes, &mut out.bytes)?;
        let new = out.bytes.get_mut(start..).unwrap_or_default();
        if let Some(flight) = self.flight.as_mut() {
            flight.extend_from_slice(new);
        }
        self.sealer.seal(new, &mut out.messages);
        Ok(())
    }
}

/// Encrypts for the server, and marks where messages end.
#[derive(Debug)]
pub(crate) struct Sealer {
    pub to_server: AesCtr256,
    pub ends: Option<PacketEnds>,
    /// Bytes of the message that has begun.
    pub begun: usize,
}

impl Sealer {
    /// Encrypts in place.
    pub fn seal(&mut self, clear: &mut [u8], messages: &mut VecDeque<usize>) {
        if let Some(ends) = &mut self.ends {
            let mut rest = &clear[..];
            while !rest.is_empty() {
                let (length, ended) = ends.advance(rest);
                rest = rest.get(length..).unwrap_or_default();
                self.begun += length;
                if ended || self.begun >= MAX_MESSAGE_BYTES {
                    messages.push_back(std::mem::take(&mut self.begun));
                }
            }
        }
        self.to_server.apply(clear);
    }
}

/// From the server to the client.
#[derive(Debug)]
pub(crate) struct Down {
    pub from_server: Option<AesCtr256>,
    pub to_client: AesCtr256,
    pub records: bool,
    pub usage: Arc<Usage>,
}

impl Stage for Down {
    fn push(&mut self, bytes: &mut [u8], out: &mut Outbox) -> io::Result<()> {
        count(&self.usage.down_bytes, bytes.len());
        if let Some(from_server) = &mut self.from_server {
            from_server.apply(bytes);
            self.to_client.apply(bytes);
        }
        if self.records {
            faketls::seal(bytes, &mut out.bytes);
        } else {
            out.bytes.extend_from_slice(bytes);
        }
        Ok(())
    }
}
