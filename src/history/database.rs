//! A connection to a database, whatever the backend: what the SQL of [`super::store`] is run with.

use super::error::HistoryError;

/// A connection. Placeholders are `$1`, `$2` and so on, and first appear in that order.
pub(super) trait Database: Send {
    /// Runs a statement; gives the number of rows that it changed.
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, HistoryError>;

    /// Runs a query; gives its rows in order.
    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, HistoryError>;

    /// Runs a script of many statements without values.
    fn run(&mut self, script: &str) -> Result<(), HistoryError>;

    /// Begins a transaction.
    fn begin(&mut self, access: Access) -> Result<(), HistoryError>;

    /// Ends it: all of it is done.
    fn commit(&mut self) -> Result<(), HistoryError>;

    /// Ends it: nothing of it was done. When even that fails, the connection is of no more use.
    fn rollback(&mut self);

    /// Whether it is still there, and still the one that was opened.
    fn check(&mut self) -> Result<(), HistoryError>;

    /// Whether it has a schema of ours.
    fn has_schema(&mut self) -> Result<bool, HistoryError>;

    /// Makes a copy before the schema of that version is changed, where that is of use.
    fn back_up(&mut self, version: i64) -> Result<(), HistoryError>;

    /// Opens another connection to the same database, that only reads.
    fn reader(&self) -> Result<Box<dyn Database>, HistoryError>;

    /// What it is called in messages, without its password.
    fn place(&self) -> &str;

    /// The scripts that make its schema, by version, from 1.
    fn migrations(&self) -> &'static [&'static str];
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// It reads: all of it sees the same state.
    Read,
    /// It writes.
    Write,
    /// It changes the schema, which may take its time.
    Migrate,
}

/// A value in a row, or for a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// None.
    Null,
    /// A whole number: an id, a count, a time.
    Int(i64),
    /// Text without NUL.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// A row of a query. Columns are taken from it in their order; what is not there or of another kind is none.
#[derive(Debug)]
pub(super) struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    /// The next column, if it is a number.
    pub(super) fn int(&mut self) -> Option<i64> {
        if let Some(Value::Int(number)) = self.0.next() { Some(number) } else { None }
    }

    /// The next column, if it is a text.
    pub(super) fn text(&mut self) -> Option<String> {
        if let Some(Value::Text(text)) = self.0.next() { Some(text) } else { None }
    }

    /// The next column, if it is bytes.
    pub(super) fn blob(&mut self) -> Option<Vec<u8>> {
        if let Some(Value::Blob(bytes)) = self.0.next() { Some(bytes) } else { None }
    }
}

impl Value {
    /// A text; NUL, which PostgreSQL cannot store, is left out.
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.replace('\0', ""))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::text(&text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(bytes)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
