//! A PostgreSQL server of the tests' own: one a test process, in a folder of its own, on a free port of the loopback
//! address. It ends with the process, however that ends.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use tempfile::TempDir;

use crate::history::database::Database;
use crate::history::postgres::Postgres;

/// A server that runs.
struct Server {
    port: u16,
    certificate: String,
    /// The shell that ends the server when its input is closed, by whatever closes it.
    _shell: Mutex<Child>,
}

/// Makes a cluster, starts it, says so, and waits for the end of its input.
const SCRIPT: &str = r#"
set -eu
trap '' HUP INT TERM
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }
if [ "$(id -u)" = 0 ]; then chown -R postgres "$FOLDER"; fi
cd "$FOLDER"
as "$BIN/initdb" --pgdata=data --username=vigil --auth=trust --encoding=UTF8 --locale=C --no-sync >initdb.log 2>&1 ||
  { cat initdb.log; exit 1; }
as "$BIN/pg_ctl" --pgdata=data --log=server.log -w --timeout=60 \
  --options="-F -c listen_addresses=127.0.0.1 -p $PORT -c unix_socket_directories='' -c max_connections=200 \
  -c ssl=on -c ssl_cert_file=$FOLDER/certificate.pem -c ssl_key_file=$FOLDER/key.pem" start >start.log 2>&1 ||
  { cat start.log server.log; exit 1; }
echo ready
cat >/dev/null || true
as "$BIN/pg_ctl" --pgdata=data -m immediate stop >/dev/null 2>&1 || true
rm -rf "$FOLDER"
"#;

/// The one server.
fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(start)
}

/// Its certificate, which it signed itself.
pub(super) fn certificate() -> &'static str {
    &server().certificate
}

/// An empty database of its own.
pub(super) fn database() -> tokio_postgres::Config {
    static NAMES: AtomicU64 = AtomicU64::new(0);
    let port = server().port;
    let name = format!("test{}", NAMES.fetch_add(1, Ordering::Relaxed));
    let config = |database: &str| -> tokio_postgres::Config {
        format!("postgres://vigil@127.0.0.1:{port}/{database}?sslmode=disable").parse().unwrap()
    };
    run(&config("postgres"), &format!("CREATE DATABASE {name}"));
    config(&name)
}

/// Runs a script as the administrator.
pub(super) fn run(config: &tokio_postgres::Config, script: &str) {
    Postgres::connect(config, &[]).unwrap().run(script).unwrap();
}

fn start() -> Server {
    let bin = programs().expect("this test needs the programs of PostgreSQL: apt-get install postgresql");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = TempDir::with_prefix("vigil-postgres-").unwrap();
    let signed = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = signed.cert.pem();
    fs::write(folder.path().join("certificate.pem"), &certificate).unwrap();
    fs::write(folder.path().join("key.pem"), signed.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(folder.path().join("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    let mut shell = Command::new("sh")
        .args(["-c", SCRIPT])
        .env("BIN", bin)
        .env("FOLDER", folder.keep())
        .env("PORT", port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = Vec::new();
    for line in BufReader::new(shell.stdout.take().unwrap()).lines().map_while(Result::ok) {
        if line == "ready" {
            return Server { port, certificate, _shell: Mutex::new(shell) };
        }
        said.push(line);
    }
    panic!("PostgreSQL does not start: {said:#?}, {:?}", shell.wait());
}

/// Where the newest version has its programs: Debian keeps them out of the path.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.max_by_key(|entry| entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()))?;
    Some(newest.path().join("bin")).filter(|bin| bin.join("initdb").exists())
}
