//! What is special to a server.

use std::process::Command;

use super::backend::Backend;
use super::backend::WALL;
use super::backend::healthy;
use super::backend::minutes;
use super::backend::node;
use super::backend::postgres;
use super::server;
use crate::history::Batch;
use crate::history::database::Row;
use crate::history::postgres::Postgres;
use crate::history::store::History;
use crate::model::tier::Tier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The one column of the one row.
fn ask(history: &mut History, sql: &str) -> Option<String> {
    history.database.query(sql, &[]).unwrap().first_mut().and_then(Row::text)
}

/// That database, with this more in its URL.
fn with(config: &tokio_postgres::Config, user: &str, more: &str) -> Backend {
    let (port, name) = (config.get_ports()[0], config.get_dbname().unwrap());
    let config = format!("postgres://{user}@127.0.0.1:{port}/{name}?sslmode=disable{more}").parse().unwrap();
    Backend { storage: postgres(config), folder: None }
}

#[test]
fn all_is_in_a_schema_of_its_own_unless_the_url_names_another() {
    let config = server::database();
    let mut first = with(&config, "vigil", "").open();
    assert_eq!(ask(&mut first, "SELECT current_schema()::text").unwrap(), "vigil");
    first.write(&minutes(healthy(&node(), WALL, 1)), WALL).unwrap();
    server::run(&config, "CREATE SCHEMA staging");
    // Another page in the same database.
    let mut second = with(&config, "vigil", "&options=-c%20search_path%3Dstaging").open();
    assert_eq!(ask(&mut second, "SELECT current_schema()::text").unwrap(), "staging");
    assert_eq!(second.series(&node(), Tier::Minute, WALL, WALL + Tier::Minute.length()).unwrap(), []);
    assert_eq!(ask(&mut second, "SELECT count(*)::text FROM vigil.chunks").unwrap(), "1");
}

#[test]
fn a_user_without_the_right_to_make_schemas_uses_the_one_there_is() {
    let config = server::database();
    let name = config.get_dbname().unwrap();
    let user = format!("user_of_{name}");
    let script = format!("CREATE ROLE {user} LOGIN; REVOKE CREATE ON DATABASE {name} FROM PUBLIC");
    server::run(&config, &script);
    let backend = with(&config, &user, "");
    let error = History::open(&backend.storage, WALL).err().unwrap();
    assert!(
        !error.forbids_start() && error.to_string().ends_with(&format!("permission denied for database {name}")),
        "{error}"
    );
    server::run(&config, &format!("CREATE SCHEMA vigil AUTHORIZATION {user}"));
    backend.open().write(&minutes(healthy(&node(), WALL, 1)), WALL).unwrap();
}

#[test]
fn a_database_that_cannot_hold_every_name_is_refused() {
    let mut config = server::database();
    let name = format!("{}_latin1", config.get_dbname().unwrap());
    let like = "TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'";
    server::run(&config, &format!("CREATE DATABASE {name} ENCODING 'LATIN1' {like}"));
    config.dbname(&name);
    let error = History::open(&postgres(config.clone()), WALL).err().unwrap();
    assert!(error.forbids_start() && error.to_string().contains("has the encoding LATIN1, in which"), "{error}");
    server::run(&config, "CREATE SCHEMA vigil");
}

#[test]
fn a_lost_connection_is_noticed_and_made_anew() {
    let backend = Backend::postgres();
    let mut history = backend.open();
    let mut reader = history.reader().unwrap();
    history.write(&minutes(healthy(&node(), WALL, 1)), WALL).unwrap();
    let own = "pid <> pg_backend_pid() AND datname = current_database()";
    let kill = format!("SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE {own}");
    reader.database.query(&kill, &[]).unwrap();
    let error = history.write(&minutes(healthy(&node(), WALL, 1)), WALL).unwrap_err();
    assert!(!error.forbids_start(), "{error}");
    assert!(!history.check().unwrap_err().forbids_start());
    reader.check().unwrap();
    let mut history = backend.restart(history);
    history.check().unwrap();
    assert_eq!(history.series(&node(), Tier::Minute, WALL, WALL + Tier::Minute.length()).unwrap().len(), 1);
}

#[test]
fn a_server_that_is_away_may_come_back() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = format!("postgres://vigil:hunter2@127.0.0.1:{port}/vigil?sslmode=disable").parse().unwrap();
    let error = History::open(&postgres(config), WALL).err().unwrap();
    assert!(!error.forbids_start());
    let wanted =
        format!("PostgreSQL at 127.0.0.1:{port}, database vigil: error connecting to server: Connection refused");
    assert!(error.to_string().starts_with(&wanted), "{error}");
}

#[test]
fn nothing_takes_for_ever() {
    let mut history = Backend::postgres().open();
    let error = history.database.query("SELECT pg_sleep(60)::text", &[]).err().unwrap();
    assert!(error.to_string().ends_with("canceling statement due to statement timeout"), "{error}");
    history.write(&Batch::default(), WALL).unwrap();
}

#[test]
fn a_server_that_accepts_and_is_silent_is_given_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = format!("postgres://vigil@127.0.0.1:{port}/vigil?sslmode=disable").parse().unwrap();
    let error = History::open(&postgres(config), WALL).err().unwrap();
    assert!(error.to_string().ends_with("no session within 10 s"), "{error}");
}

#[test]
fn a_session_that_hangs_is_given_up() {
    let mut history = Backend::postgres().open();
    let process = ask(&mut history, "SELECT pg_backend_pid()::text").unwrap();
    let signal = |name: &str| {
        assert!(Command::new("kill").args([name, &process]).status().unwrap().success());
    };
    signal("-STOP");
    let error = history.write(&minutes(healthy(&node(), WALL, 1)), WALL).unwrap_err();
    assert!(error.to_string().ends_with("no answer within 10 s"), "{error}");
    assert!(history.check().unwrap_err().to_string().contains("connection closed"));
    signal("-CONT");
}

#[test]
fn encryption_needs_a_certificate_that_is_trusted() {
    let mut config = server::database();
    config.ssl_mode(tokio_postgres::config::SslMode::Require);
    let trusted = CertificateDer::from_pem_slice(server::certificate().as_bytes()).unwrap();
    let mut opened = Postgres::connect(&config, &[trusted]).unwrap();
    let sql = "SELECT CASE WHEN ssl THEN version END FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let mut rows = crate::history::database::Database::query(&mut opened, sql, &[]).unwrap();
    assert_eq!(rows.first_mut().and_then(Row::text), Some("TLSv1.3".to_owned()));
    let error = Postgres::connect(&config, &[]).err().unwrap();
    assert!(error.to_string().contains("invalid peer certificate"), "{error}");
}
