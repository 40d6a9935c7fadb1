//! Running `ii`: alone to its end, as a server that ends with the test, and under way with its output watched.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Nothing here takes so long unless it hangs.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// `examples/photos/NAME`.
pub(crate) fn photo(name: &str) -> String {
    format!("{}/../../examples/photos/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// `ii` with these arguments and a clean environment.
pub(crate) fn ii(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ii"));
    for name in [
        "II_BASE_URL",
        "II_ADMIN_TOKEN",
        "II_CLIENT_ID",
        "II_CLIENT_SECRET",
        "II_WEBHOOK_SECRET",
        "II_CALLBACK_KEYS",
        "II_INBOX",
        "HTTPS_PROXY",
        "https_proxy",
        "NO_PROXY",
        "no_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: Option<i32>,
}

impl Said {
    /// The JSON on stdout, of a command that did well.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:#?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The error on stderr, of a command that was asked for JSON and failed with this exit code.
    #[track_caller]
    pub(crate) fn error(&self, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.err.lines().count(), 1, "{self:#?}");
        let mut document: Value = serde_json::from_str(&self.err).unwrap_or_else(|error| panic!("{error}: {self:#?}"));
        document["error"].take()
    }
}

/// Runs a command to its end.
pub(crate) fn run(mut command: Command) -> Said {
    said(command.output().unwrap())
}

/// The same, with these bytes on stdin.
pub(crate) fn run_with_stdin(mut command: Command, bytes: &[u8]) -> Said {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    said(child.wait_with_output().unwrap())
}

fn said(output: std::process::Output) -> Said {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { out: text(output.stdout), err: text(output.stderr), code: output.status.code() }
}

/// A command under way. Killed when dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    err: Receiver<String>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (send, err) = channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| send.send(line)));
        Self { child, err }
    }

    /// Waits for a line on stderr that contains the text.
    pub(crate) fn until_it_says(&self, text: &str) -> String {
        let end = Instant::now() + DEADLINE;
        loop {
            let line = self.err.recv_timeout(end.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("it never said \"{text}\""));
            if line.contains(text) {
                return line;
            }
        }
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Waits for the end, and gives what stderr had left to say.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let end = Instant::now() + DEADLINE;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > end => panic!("it does not end"),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        let rest: Vec<String> = std::iter::from_fn(|| self.err.recv_timeout(DEADLINE).ok()).collect();
        (status, rest.join("\n"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An `ii serve` on a free port. Killed when dropped.
pub(crate) struct Server {
    _running: Running,
    pub(crate) base_url: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(options: &[&str]) -> Self {
        let arguments = [&["serve", "--port", "0", "--json"], options].concat();
        let mut running = Running::start(ii(&arguments));
        let mut line = String::new();
        BufReader::new(running.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        let base_url = ready["baseUrl"].as_str().unwrap().to_owned();
        Self { _running: running, base_url }
    }

    /// `ii` at this server.
    pub(crate) fn ii(&self, arguments: &[&str]) -> Command {
        let mut command = ii(arguments);
        command.env("II_BASE_URL", &self.base_url);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        run(self.ii(arguments))
    }

    /// Says what is in which picture: rules for `POST /_ii/answers`.
    pub(crate) fn answers(&self, rules: &Value) {
        let host = self.base_url.trim_start_matches("http://").trim_end_matches("/v2");
        let body = rules.to_string();
        let mut stream = TcpStream::connect(host).unwrap();
        let head = format!("POST /_ii/answers HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
        write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

/// Serves a photo at every path, on a free port, for as long as the tests run.
pub(crate) fn photo_host(name: &str) -> String {
    let bytes = std::fs::read(photo(name)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", bytes.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&bytes));
        }
    });
    format!("http://{address}")
}
