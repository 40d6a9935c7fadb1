//! Cutting a connection off under a request: what the client sees as "connection reset by peer".

use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// The switch of one connection. Every request on it carries a clone.
#[derive(Clone, Default)]
pub(crate) struct Cut(Arc<Switch>);

#[derive(Default)]
struct Switch {
    pulled: AtomicBool,
    changed: Notify,
}

impl Cut {
    /// Resets the connection. Never returns: the connection's task, and the caller with it, is dropped instead.
    pub(crate) async fn reset<T>(&self) -> T {
        self.0.pulled.store(true, Ordering::Release);
        self.0.changed.notify_one();
        pending().await
    }

    /// Resolves once somebody wants the connection reset. For the one task that serves it.
    pub(crate) async fn pulled(&self) {
        while !self.is_pulled() {
            self.0.changed.notified().await;
        }
    }

    fn is_pulled(&self) -> bool {
        self.0.pulled.load(Ordering::Acquire)
    }
}

/// A stream that ends with a reset, and not with an orderly close, where its switch was pulled.
pub(crate) struct Severable {
    stream: TcpStream,
    cut: Cut,
}

impl Severable {
    pub(crate) fn new(stream: TcpStream, cut: Cut) -> Self {
        Self { stream, cut }
    }
}

impl Drop for Severable {
    fn drop(&mut self) {
        if self.cut.is_pulled() {
            // Without linger the system throws away what is unsent and sends RST. Where it refuses, a close has to do.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Severable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Severable {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
