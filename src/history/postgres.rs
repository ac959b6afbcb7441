//! History in a database of a PostgreSQL server.
//!
//! It is in a schema of its own, `vigil`, unless the options of the URL set a `search_path`. One Vigil writes it: its
//! session holds an advisory lock, which ends with the session. A proxy that gives each transaction another session
//! (PgBouncer in its mode `transaction`) cannot be between.
//!
//! The client is asynchronous, and runs on the thread that calls it, until the answer is there or its time is up.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::Client;
use tokio_postgres::Column;
use tokio_postgres::Statement;
use tokio_postgres::types::IsNull;
use tokio_postgres::types::ToSql;
use tokio_postgres::types::Type;
use tokio_postgres::types::to_sql_checked;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::StorageUrl;
use crate::net::roots;

use super::database::Access;
use super::database::Database;
use super::database::Row;
use super::database::Value;
use super::error::HistoryError;
use super::error::Refusal;

/// The scripts that make the schema, by version, from 1.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/postgres/0001.sql"),
    include_str!("schema/postgres/0002.sql"),
    include_str!("schema/postgres/0003.sql"),
];

/// The first number of the advisory lock, "Vigl"; the second one is made of the name of the schema.
const LOCK: i64 = 0x5669_676c;

/// For how long to wait for each address, and after how much silence to see whether the other side is still there.
const PATIENCE: Duration = Duration::from_secs(5);

/// For how long to wait for a session, with TLS and the password, or for an answer. The server ends a statement itself
/// before that; it answers nothing at all when it hangs.
const SILENCE: Duration = Duration::from_secs(10);

/// The same while the schema is changed, for which the server has no limit.
const SILENCE_MIGRATING: Duration = Duration::from_hours(1);

/// No statement takes longer but those of a migration, no lock is waited for longer, and a connection whose other side
/// is gone ends soon on the server, too, so that its lock does.
const SETTINGS: &str = "SET statement_timeout = '5s'; SET lock_timeout = '5s'; SET client_min_messages = warning; \
     SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3";

/// The encodings of a database in which every name can be stored; the second one takes bytes as they come.
const HOLDS_ALL: [&str; 2] = ["UTF8", "SQL_ASCII"];

/// A connection to a server.
pub(super) struct Postgres {
    config: Box<tokio_postgres::Config>,
    place: String,
    client: Client,
    /// Speaks with the server while somebody waits for an answer.
    connection: JoinHandle<()>,
    runtime: Runtime,
    statements: HashMap<String, Statement>,
    silence: Duration,
}

/// Opens the database for reading and writing; its schema is made if it does not exist.
///
/// # Errors
/// Refused when another Vigil has it.
pub(super) fn open(config: &tokio_postgres::Config) -> Result<Box<dyn Database>, HistoryError> {
    let mut opened = Postgres::connect(config, &roots::system())?;
    let encoding = opened.query("SELECT current_setting('server_encoding')", &[])?.first_mut().and_then(Row::text);
    if let Some(encoding) = encoding.filter(|encoding| !HOLDS_ALL.contains(&encoding.as_str())) {
        return Err(HistoryError::Refused { place: opened.place.clone(), why: Refusal::Encoding(encoding) });
    }
    if !opened.has_own_path() {
        // Even if it exists, `IF NOT EXISTS` needs the right to make one.
        if opened.query("SELECT 1 FROM pg_namespace WHERE nspname = 'vigil'", &[])?.is_empty() {
            opened.run("CREATE SCHEMA vigil")?;
        }
    }
    let sql = "SELECT CASE WHEN pg_try_advisory_lock($1::int8::int4, hashtext(current_schema())) THEN 1::int8 END";
    if opened.query(sql, &[LOCK.into()])?.first_mut().and_then(Row::int).is_none() {
        return Err(HistoryError::Refused { place: opened.place.clone(), why: Refusal::InUse });
    }
    Ok(Box::new(opened))
}

/// Opens the database only to read, beside the Vigil that writes it.
///
/// # Errors
/// When it cannot be reached.
pub(super) fn look(config: &tokio_postgres::Config) -> Result<Box<dyn Database>, HistoryError> {
    let mut opened = Postgres::connect(config, &roots::system())?;
    opened.run("SET default_transaction_read_only = on")?;
    Ok(Box::new(opened))
}

impl Postgres {
    pub(super) fn connect(
        config: &tokio_postgres::Config,
        roots: &[CertificateDer<'static>],
    ) -> Result<Self, HistoryError> {
        let place = StorageUrl::Postgres(Box::new(config.clone())).to_string();
        let failed = |what: String| HistoryError::Failed { place: place.clone(), what };
        let mut config = Box::new(config.clone());
        config.application_name("vigil").connect_timeout(PATIENCE).tcp_user_timeout(PATIENCE);
        config.keepalives_idle(2 * PATIENCE).keepalives_interval(PATIENCE).keepalives_retries(3);
        let tls = tls(roots).map_err(failed)?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| failed(error.to_string()))?;
        // What it tries one after the other has a limit each.
        let addresses = u32::try_from(config.get_hosts().len()).unwrap_or(u32::MAX);
        let limit = SILENCE.saturating_mul(addresses);
        let connected = runtime.block_on(async { timeout(limit, config.connect(tls)).await });
        let (client, connection) = match connected {
            Ok(Ok(connected)) => connected,
            Ok(Err(error)) => return Err(failed(given_up(runtime, words(&error)))),
            Err(_) => return Err(failed(given_up(runtime, format!("no session within {} s", limit.as_secs())))),
        };
        let connection = runtime.spawn(async move {
            // Whoever waits for an answer hears why there is none.
            let _ = connection.await;
        });
        let statements = HashMap::new();
        let mut opened = Self { config, place, client, connection, runtime, statements, silence: SILENCE };
        opened.run(SETTINGS)?;
        if !opened.has_own_path() {
            opened.run("SET search_path = vigil")?;
        }
        Ok(opened)
    }

    /// Whether the URL says in which schema it is.
    fn has_own_path(&self) -> bool {
        self.config.get_options().is_some_and(|options| options.contains("search_path"))
    }

    /// Asks the server. When it is silent for too long the connection is given up.
    fn ask<T>(&self, question: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, HistoryError> {
        let failed = |what: String| HistoryError::Failed { place: self.place.clone(), what };
        if let Ok(answer) = self.runtime.block_on(async { timeout(self.silence, question).await }) {
            return answer.map_err(|error| failed(words(&error)));
        }
        self.connection.abort();
        // Lets it end.
        self.runtime.block_on(tokio::task::yield_now());
        Err(failed(format!("no answer within {} s", self.silence.as_secs())))
    }

    fn prepared(&mut self, sql: &str) -> Result<Statement, HistoryError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.ask(self.client.prepare(sql))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl Database for Postgres {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, HistoryError> {
        let statement = self.prepared(sql)?;
        self.ask(self.client.execute(&statement, &parameters(values)))
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, HistoryError> {
        let statement = self.prepared(sql)?;
        let rows = self.ask(self.client.query(&statement, &parameters(values)))?;
        let values = |row: &tokio_postgres::Row| (0..row.len()).map(|at| value(row, at)).collect();
        Ok(rows.iter().map(|row| Row::new(values(row))).collect())
    }

    fn run(&mut self, script: &str) -> Result<(), HistoryError> {
        self.ask(self.client.batch_execute(script))
    }

    fn begin(&mut self, access: Access) -> Result<(), HistoryError> {
        self.silence = if access == Access::Migrate { SILENCE_MIGRATING } else { SILENCE };
        self.run(match access {
            Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Access::Write => "BEGIN",
            Access::Migrate => "BEGIN; SET LOCAL statement_timeout = 0",
        })
    }

    fn commit(&mut self) -> Result<(), HistoryError> {
        self.run("COMMIT")
    }

    fn rollback(&mut self) {
        // Without a connection there is no transaction either.
        if !self.client.is_closed()
            && let Err(error) = self.run("ROLLBACK")
        {
            log::warn!("history: {error}");
        }
    }

    fn check(&mut self) -> Result<(), HistoryError> {
        self.run("SELECT 1")
    }

    fn has_schema(&mut self) -> Result<bool, HistoryError> {
        let sql = "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'schema'";
        Ok(!self.query(sql, &[])?.is_empty())
    }

    /// Here all of a migration is one transaction, those statements that change tables too, and copies are the
    /// administrator's: a second one of everything in the same database would protect from little.
    fn back_up(&mut self, _version: i64) -> Result<(), HistoryError> {
        Ok(())
    }

    fn reader(&self) -> Result<Box<dyn Database>, HistoryError> {
        look(&self.config)
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn migrations(&self) -> &'static [&'static str] {
        MIGRATIONS
    }
}

impl Drop for Postgres {
    /// Gives the lock back before the connection ends, of which the server hears later: who opens the database next must
    /// not be refused.
    fn drop(&mut self) {
        if !self.client.is_closed() {
            self.silence = PATIENCE;
            let _ = self.run("SELECT pg_advisory_unlock_all()");
        }
    }
}

/// Leaves alone what may still look for the name of the host.
fn given_up(runtime: Runtime, why: String) -> String {
    runtime.shutdown_background();
    why
}

fn tls(roots: &[CertificateDer<'static>]) -> Result<MakeRustlsConnect, String> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?.with_root_certificates(store).with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// What went wrong, in the words of the server or of the deepest cause.
fn words(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        return said.message().to_owned();
    }
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = error.source();
    }
    words
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// What stands in a column; none when it is of a type that no column of ours has.
fn value(row: &tokio_postgres::Row, at: usize) -> Value {
    let found = match *row.columns().get(at).map_or(&Type::UNKNOWN, Column::type_) {
        Type::INT8 => row.try_get::<_, Option<i64>>(at).map(Value::from),
        Type::INT4 => row.try_get::<_, Option<i32>>(at).map(|number| number.map(i64::from).into()),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(at).map(Value::from),
        Type::TEXT | Type::NAME | Type::VARCHAR => row.try_get::<_, Option<String>>(at).map(Value::from),
        _ => Ok(Value::Null),
    };
    found.unwrap_or(Value::Null)
}

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Blob(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::TEXT | Type::BYTEA)
    }

    to_sql_checked!();
}
