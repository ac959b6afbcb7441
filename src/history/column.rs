//! How values of the model stand in columns.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::Now;
use crate::clock::back_at;
use crate::model::id::Id;
use crate::model::id::ReplicaId;
use crate::model::incident::End;
use crate::model::incident::Ended;
use crate::model::status::Status;
use crate::model::transition::NodeKey;
use crate::model::transition::ReplicaKey;
use crate::model::transition::Subject;

use super::database::Row;
use super::database::Value;

/// A row that is not as this program writes it; what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable(pub(super) &'static str);

impl From<Timestamp> for Value {
    /// Whole milliseconds since 1970.
    fn from(at: Timestamp) -> Self {
        Self::Int(at.as_millisecond())
    }
}

impl From<Duration> for Value {
    /// Whole milliseconds.
    fn from(time: Duration) -> Self {
        Self::Int(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
    }
}

impl From<Status> for Value {
    fn from(status: Status) -> Self {
        Self::text(status.word())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<End> for Value {
    fn from(end: End) -> Self {
        Self::text(word(end))
    }
}

fn word(end: End) -> &'static str {
    match end {
        End::Recovered => "recovered",
        End::Unwatched => "unwatched",
    }
}

/// As JSON; what has none is none.
pub(super) fn json(value: &impl Serialize) -> Value {
    serde_json::to_string(value).ok().into()
}

/// The names of a subject; those that it does not have are empty.
pub(super) fn names(what: &Subject) -> [&str; 3] {
    match what {
        Subject::Replica(key) => [key.node.service.as_str(), key.node.node.as_str(), key.replica.as_str()],
        Subject::Node(key) => [key.service.as_str(), key.node.as_str(), ""],
        Subject::Service(id) => [id.as_str(), "", ""],
        Subject::Page => [""; 3],
    }
}

impl Row {
    /// The next column, a text that must be there and mean something.
    pub(super) fn word<T>(
        &mut self,
        what: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Unreadable> {
        self.text().as_deref().and_then(read).ok_or(Unreadable(what))
    }

    /// The next column, a text that may not be there.
    fn word_if_any<T>(
        &mut self,
        what: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Unreadable> {
        self.text().map(|text| read(&text).ok_or(Unreadable(what))).transpose()
    }

    /// The next column, a number that must be there.
    pub(super) fn number(&mut self, what: &'static str) -> Result<i64, Unreadable> {
        self.int().ok_or(Unreadable(what))
    }

    /// The next column, a number that is not negative.
    pub(super) fn count(&mut self, what: &'static str) -> Result<u64, Unreadable> {
        self.number(what)?.try_into().map_err(|_| Unreadable(what))
    }

    /// The next column, a moment in milliseconds, with the monotonic clock as it must have been.
    pub(super) fn moment(&mut self, what: &'static str, now: Now) -> Result<Now, Unreadable> {
        self.moment_if_any(what, now)?.ok_or(Unreadable(what))
    }

    /// The same, which may not be there.
    pub(super) fn moment_if_any(&mut self, what: &'static str, now: Now) -> Result<Option<Now>, Unreadable> {
        Ok(self.time(what)?.map(|wall| back_at(now, wall)))
    }

    /// The next column, a moment in milliseconds on the wall clock alone, which may not be there.
    pub(super) fn time(&mut self, what: &'static str) -> Result<Option<Timestamp>, Unreadable> {
        let read = |ms| Timestamp::from_millisecond(ms).map_err(|_| Unreadable(what));
        self.int().map(read).transpose()
    }

    /// The next column, a duration in milliseconds that may not be there.
    pub(super) fn duration(&mut self, what: &'static str) -> Result<Option<Duration>, Unreadable> {
        let read = |ms| u64::try_from(ms).map(Duration::from_millis).map_err(|_| Unreadable(what));
        self.int().map(read).transpose()
    }

    /// The next column, a status that may not be there.
    pub(super) fn status(&mut self, what: &'static str) -> Result<Option<Status>, Unreadable> {
        self.word_if_any(what, |word| Status::ALL.into_iter().find(|status| status.word() == word))
    }

    /// The next two columns, when and how something ended, if it has.
    pub(super) fn ended(&mut self, what: &'static str, now: Now) -> Result<Option<Ended>, Unreadable> {
        let at = self.moment_if_any(what, now)?;
        let how =
            self.word_if_any(what, |text| [End::Recovered, End::Unwatched].into_iter().find(|end| word(*end) == text));
        Ok(at.zip(how?).map(|(at, how)| Ended { at, how }))
    }

    /// The next column, JSON that must be there.
    pub(super) fn json<T: DeserializeOwned>(&mut self, what: &'static str) -> Result<T, Unreadable> {
        self.word(what, |text| serde_json::from_str(text).ok())
    }

    /// The next column, JSON that may not be there.
    pub(super) fn json_if_any<T: DeserializeOwned>(&mut self, what: &'static str) -> Result<Option<T>, Unreadable> {
        self.word_if_any(what, |text| serde_json::from_str(text).ok())
    }

    /// The next column, an id.
    pub(super) fn id(&mut self, what: &'static str) -> Result<Id, Unreadable> {
        self.word(what, |text| Id::new(text).ok())
    }

    /// The next three columns, the names of a subject.
    pub(super) fn subject(&mut self) -> Result<Subject, Unreadable> {
        let unreadable = Unreadable("name");
        let mut name = || self.text().ok_or(unreadable);
        let (service, node, replica) = (name()?, name()?, name()?);
        if service.is_empty() {
            return Ok(Subject::Page);
        }
        let id = |text: &str| Id::new(text).map_err(|_| unreadable);
        let service = id(&service)?;
        if node.is_empty() {
            return Ok(Subject::Service(service));
        }
        let node = NodeKey { service, node: id(&node)? };
        if replica.is_empty() {
            return Ok(Subject::Node(node));
        }
        let replica = ReplicaId::configured(&replica).map_err(|_| unreadable)?;
        Ok(Subject::Replica(ReplicaKey { node, replica }))
    }
}

/// Leaves out what cannot be read, and says so once.
pub(super) fn readable<T>(table: &str, rows: impl IntoIterator<Item = Result<T, Unreadable>>) -> Vec<T> {
    let mut readable = Vec::new();
    let mut odd: Vec<Unreadable> = Vec::new();
    for row in rows {
        match row {
            Ok(row) => readable.push(row),
            Err(what) => odd.push(what),
        }
    }
    if let Some(Unreadable(what)) = odd.first() {
        log::warn!("history: {} rows of `{table}` are left out, the first for its {what}", odd.len());
    }
    readable
}
