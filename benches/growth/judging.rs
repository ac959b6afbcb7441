//! What the engine does, most of it under its lock.

use std::time::Duration;

use criterion::Criterion;

use crate::cpu::CpuTime;
use crate::measure;
use crate::measure_rounds;
use crate::operations;
use crate::operations::Operation;
use crate::page::Page;
use crate::page::Size;
use crate::page::WELL;
use crate::page::up;

/// How many changes come together until they are taken to be written.
const TOGETHER: u64 = 256;

/// Checks, and what follows from them.
pub(crate) fn checks(criterion: &mut Criterion<CpuTime>, page: &Page) {
    let shared = page.engine.handle().shared;
    measure(criterion, &operations::CHECK, page.size, || page.engine.record_check(page.next(), up()));
    measure(criterion, &operations::COPY, page.size, || shared.shown());
    measure_turns(criterion, &operations::CHECK_TURN, page, || page.turn_dead());
    let minute = || {
        page.forget_entries();
        page.check_all();
        page.clock.advance(Duration::from_mins(1));
    };
    measure_rounds(criterion, &operations::MINUTE, page.size, 1, minute, |()| page.engine.close_minutes());
    page.forget_entries();
}

/// A notice, which comes a second after the one before it at the earliest.
pub(crate) fn notices(criterion: &mut Criterion<CpuTime>, page: &Page) {
    let change = || {
        page.turn_dead();
        page.forget_entries();
        page.clock.advance(Duration::from_secs(1));
    };
    let notice = |(): &()| assert!(page.engine.notice().is_some());
    change();
    // What the changes before it have left to tell.
    let _ = page.engine.notice();
    measure_rounds(criterion, &operations::NOTICE, page.size, 1, change, notice);
}

/// A node that dies after all the others of its service, and recovers before them.
pub(crate) fn outage(criterion: &mut Criterion<CpuTime>, size: Size) {
    let page = Page::checked(size.in_one_service());
    page.break_all_nodes();
    measure_turns(criterion, &operations::CHECK_TURN_OUTAGE, &page, || page.turn_last_dead());
}

/// Reports.
pub(crate) fn reports(criterion: &mut Criterion<CpuTime>, page: &Page) {
    measure(criterion, &operations::REPORT, page.size, || page.report(page.next(), WELL));
    measure_turns(criterion, &operations::REPORT_TURN, page, || page.turn_sick_by_report());
}

/// A replica that joins a node.
pub(crate) fn joining(criterion: &mut Criterion<CpuTime>, size: Size) {
    let page = Page::reported(size.in_one_node());
    let key = page.newcomer();
    let shared = page.engine.handle().shared;
    let leave = || {
        // Before the first time it is not there.
        let _ = shared.remove(&key);
        page.forget_entries();
    };
    measure_rounds(criterion, &operations::REPORT_NEW, size, 1, leave, |()| page.report(&key, WELL));
}

/// Changes, of which what is to be written is taken now and then, as somebody does who writes it.
fn measure_turns(criterion: &mut Criterion<CpuTime>, what: &Operation, page: &Page, turn: impl Fn()) {
    measure_rounds(criterion, what, page.size, TOGETHER, || page.forget_entries(), |()| turn());
}
