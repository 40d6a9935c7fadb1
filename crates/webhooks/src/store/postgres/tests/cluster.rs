//! A Postgres of the tests' own: started once, gone when the tests' process is, however that ends.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::{Client, NoTls};

pub(super) const PASSWORD: &str = "only-for-tests";

/// Makes a cluster, says so, and takes it away once whoever wanted it closes our input or ends.
const KEEPER: &str = r#"
set -eu
bin=$1 dir=$2 port=$3
trap '"$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
"$bin/initdb" -D "$dir/data" -U postgres -E UTF8 --locale=C --auth=trust --no-sync >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
# To be asked for a password costs each connection tens of milliseconds; so only one user is.
cat >"$dir/data/pg_hba.conf" <<END
host all guarded 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
END
cat >>"$dir/data/postgresql.conf" <<END
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = ''
max_connections = 300
shared_buffers = 32MB
END
"$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w start </dev/null >/dev/null 2>&1 || { cat "$dir/log" >&2; exit 1; }
echo ready
cat >/dev/null
"#;

/// A running cluster.
pub(crate) struct Cluster {
    pub(super) port: u16,
    bin: PathBuf,
    dir: PathBuf,
    /// `postgres` refuses to be root; so who is, becomes Debian's user of that name.
    as_root: bool,
    keeper: Child,
    input: Option<ChildStdin>,
}

impl Cluster {
    /// Starts one.
    pub(crate) fn start() -> Self {
        // Another may take the port between the look and the start.
        (0..3).find_map(|_| Self::try_start()).expect("a Postgres that starts; see what it said above")
    }

    fn try_start() -> Option<Self> {
        let bin = programs();
        let dir = tempfile::Builder::new().prefix("ii-postgres-").tempdir().unwrap().keep();
        let as_root = fs::metadata(&dir).unwrap().uid() == 0;
        if as_root {
            assert!(Command::new("chown").arg("postgres").arg(&dir).status().unwrap().success());
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let mut command = unprivileged(as_root, Path::new("sh"));
        command.args(["-c", KEEPER, "sh"]).arg(&bin).arg(&dir).arg(port.to_string());
        // A group of its own, so that what ends the tests by a key leaves it to tidy up.
        command.current_dir(&dir).process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = command.spawn().unwrap();
        let input = keeper.stdin.take();
        let mut said = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut said).unwrap();
        if said.trim() == "ready" {
            return Some(Self { port, bin, dir, as_root, keeper, input });
        }
        keeper.wait().unwrap();
        None
    }

    /// The address of one of its databases.
    pub(super) fn url(&self, database: &str) -> String {
        format!("postgres://postgres:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// The address of a new schema, which costs a tenth of a new database; statements of a test's own find it first.
    pub(super) fn schema(&self) -> String {
        let name = Self::name();
        format!("{}?schema={name}&options=-c%20search_path%3D{name}", self.url("postgres"))
    }

    /// The address of a new database.
    pub(crate) async fn database(&self) -> String {
        let name = Self::name();
        client(&self.url("postgres")).await.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        self.url(&name)
    }

    fn name() -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Puts a file into its folder of data, which only it may read.
    pub(super) fn put(&self, name: &str, text: &str) {
        let file = self.dir.join("data").join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        if self.as_root {
            assert!(Command::new("chown").arg("postgres").arg(&file).status().unwrap().success());
        }
    }

    /// Ends it as a crash would, and starts it again.
    pub(crate) fn crash(&self) {
        let mut command = unprivileged(self.as_root, &self.bin.join("pg_ctl"));
        command.arg("-D").arg(self.dir.join("data")).arg("-l").arg(self.dir.join("log"));
        command.args(["-m", "immediate", "-w", "restart"]).current_dir(&self.dir);
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.keeper.wait();
    }
}

/// The one that most tests share; each has a database or a schema of its own in it.
pub(super) fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(Cluster::start)
}

/// A client of no store, to look or to meddle.
pub(crate) async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Where the programs of the newest Postgres are: Debian's, or those of the path.
fn programs() -> PathBuf {
    let debian =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = debian.collect::<Vec<_>>();
    places.sort_by_key(|bin| bin.iter().rev().nth(1).and_then(|version| version.to_str()?.parse::<u32>().ok()));
    places.reverse();
    places.extend(std::env::split_paths(&path));
    places
        .into_iter()
        .find(|bin| bin.join("initdb").exists() && bin.join("pg_ctl").exists())
        .expect("no Postgres on this machine: `cargo xtask test` installs it (on Debian: apt-get install postgresql)")
}

fn unprivileged(as_root: bool, program: &Path) -> Command {
    if !as_root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}
