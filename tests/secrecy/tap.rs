//! Between a client and the server: what a client sends is read along, as only there its bearer tokens stand.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A port that leads to the server.
pub(crate) struct Tap {
    pub(crate) address: SocketAddr,
    read: Arc<Mutex<Vec<u8>>>,
}

impl Tap {
    pub(crate) async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, read) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<u8>>>::default());
        let tap = Self { address, read: Arc::clone(&read) };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(server).await else { continue };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(pass(from_client, to_server, Some(Arc::clone(&read))));
                tokio::spawn(pass(from_server, to_client, None));
            }
        });
        tap
    }

    /// All that was sent.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.read.lock().unwrap()).into_owned()
    }
}

/// Passes on what comes until either side closes.
async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, read: Option<Arc<Mutex<Vec<u8>>>>) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(length) = from.read(&mut buffer).await {
        if length == 0 {
            break;
        }
        if let Some(read) = &read {
            read.lock().unwrap().extend_from_slice(&buffer[..length]);
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
