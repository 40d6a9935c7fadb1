//! Whatever stands at the other end of a connection: a receiver of webhooks, an API, a proxy. It answers as a test says,
//! and keeps what came.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// `POST /ii HTTP/1.1`
    pub(crate) first: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    /// The values of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(header, _)| header == name).map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// What it does with a request.
pub(crate) enum Reply {
    /// These bytes, and the end.
    Bytes(String),
    /// These bytes, and then nothing more while the test runs.
    Hang(String),
}

impl Reply {
    /// An answer with these header lines (each with its end) and this body.
    pub(crate) fn answer(status: u16, lines: &str, body: &str) -> Self {
        let length = body.len();
        Self::Bytes(format!(
            "HTTP/1.1 {status} Said\r\n{lines}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        ))
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::answer(status, "", "")
    }
}

/// Listens for as long as the tests run.
pub(crate) struct Receiver {
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    came: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    pub(crate) fn start(reply: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let came = Arc::<Mutex<Vec<Received>>>::default();
        let (kept, reply) = (Arc::clone(&came), Arc::new(reply));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (kept, reply) = (Arc::clone(&kept), Arc::clone(&reply));
                std::thread::spawn(move || serve(stream, &kept, &*reply));
            }
        });
        Self { url, came }
    }

    /// One that answers always alike.
    pub(crate) fn status(status: u16) -> Self {
        Self::start(move |_| Reply::status(status))
    }

    /// What came so far.
    pub(crate) fn came(&self) -> Vec<Received> {
        self.came.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Received>>, reply: &dyn Fn(&Received) -> Reply) {
    let Some(received) = read(&stream) else { return };
    kept.lock().unwrap().push(received.clone());
    match reply(&received) {
        Reply::Bytes(bytes) => {
            let _ = stream.write_all(bytes.as_bytes());
        }
        Reply::Hang(bytes) => {
            let _ = stream.write_all(bytes.as_bytes());
            // Until the other side has had enough.
            let _ = stream.read(&mut [0; 16]);
        }
    }
}

fn read(stream: &TcpStream) -> Option<Received> {
    let mut lines = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        lines.read_line(&mut line).ok().filter(|&count| count > 0)?;
        Some(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut headers = Vec::new();
    while let Some((name, value)) = line()?.split_once(':') {
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    lines.read_exact(&mut body).ok()?;
    Some(Received { first, headers, body })
}
