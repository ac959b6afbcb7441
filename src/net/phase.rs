//! What the attempt of this thread is busy with, so that a failure can say in which phase it happened.
//!
//! An attempt runs on one thread from its start to its end; the parts of the HTTP client that pass from one phase to
//! the next are not called by us, so they leave a note on the thread.

use std::cell::Cell;

use crate::model::cause::Phase;

thread_local! {
    static PHASE: Cell<Phase> = const { Cell::new(Phase::Resolve) };
}

/// Notes that this thread's attempt enters `phase`.
pub(super) fn enter(phase: Phase) {
    PHASE.set(phase);
}

/// What this thread's attempt is busy with.
pub(super) fn current() -> Phase {
    PHASE.get()
}
