//! What the engine goes on from.

use jiff::Timestamp;

use crate::clock::Now;
use crate::history::Memory;
use crate::history::error::HistoryError;
use crate::history::store::History;
use crate::model::span::Span;
use crate::model::tier::Tier;
use crate::model::transition::NodeKey;

/// What a database remembers, and the database.
pub(super) struct Recalled {
    pub(super) history: Option<History>,
    pub(super) memory: Memory,
    /// Days and hours of nodes, each with when it began.
    pub(super) pasts: Vec<(NodeKey, Tier, Timestamp, Span)>,
}

impl Recalled {
    /// Reads it. What cannot be read is said in the log, and not known.
    pub(super) fn from(history: Option<History>, now: Now) -> Self {
        let Some(mut history) = history else { return Self::nothing(now) };
        match read(&mut history, now) {
            Ok((memory, pasts)) => Self { history: Some(history), memory: renumbered(memory, now), pasts },
            Err(error) => {
                log::error!("history cannot be read: {error}");
                Self::nothing(now)
            }
        }
    }

    /// What there is to say about it at the start.
    pub(super) fn words(&self) -> Option<String> {
        self.history.as_ref()?;
        let (known, owed) = (self.memory.subjects.len(), self.memory.owed.len());
        Some(match (known, owed) {
            (0, _) => "history begins".to_owned(),
            (_, 0) => "history goes on".to_owned(),
            (_, 1) => "history goes on; 1 notice is owed".to_owned(),
            (_, owed) => format!("history goes on; {owed} notices are owed"),
        })
    }

    fn nothing(now: Now) -> Self {
        Self { history: None, memory: renumbered(Memory::default(), now), pasts: Vec::new() }
    }
}

/// With numbers that begin where none of before can be, since there were fewer than milliseconds: neither in this
/// database, nor in one that somebody puts in its place, such as a backup.
fn renumbered(memory: Memory, now: Now) -> Memory {
    let least = u64::try_from(now.wall.as_millisecond()).unwrap_or(1);
    Memory { next_incident: memory.next_incident.max(least), next_notice: memory.next_notice.max(least), ..memory }
}

type Past = Vec<(NodeKey, Tier, Timestamp, Span)>;

fn read(history: &mut History, now: Now) -> Result<(Memory, Past), HistoryError> {
    Ok((history.memory(now)?, history.pasts(now.wall)?))
}
