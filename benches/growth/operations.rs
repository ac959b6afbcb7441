//! What is measured, in words, and how its cost is to grow.

/// Something that Vigil does.
pub(crate) struct Operation {
    /// Its name, by which `cargo bench -- NAME` finds it.
    pub(crate) id: &'static str,
    /// What it is, in words.
    pub(crate) words: &'static str,
    /// How its cost is to grow with the number of replicas.
    pub(crate) growth: Growth,
}

/// How a cost grows.
#[derive(Clone, Copy)]
pub(crate) enum Growth {
    /// It is the same for every page.
    Flat,
    /// It is proportional to the page.
    Linear,
}

/// All of them, in the order of the table.
pub(crate) const ALL: &[&Operation] = &[
    &CHECK,
    &CHECK_TURN,
    &CHECK_TURN_OUTAGE,
    &REPORT,
    &REPORT_TURN,
    &REPORT_NEW,
    &REPORT_HTTP,
    &NOTICE,
    &MINUTE,
    &PAGE,
    &PAGE_KNOWN,
    &PAGE_CHANGED,
    &COPY,
    &STATUS_TEXT,
    &STATUS_REPORT,
    &STATUS_REPORT_CHANGED,
    &HEALTH,
    &WRITE_CHANGE,
    &WRITE_MINUTE,
    &CONFIG,
];

/// Declares operations, each as `NAME: "id" grows Growth, "words"`.
macro_rules! operations {
    ($($name:ident: $id:literal grows $growth:ident, $words:literal;)*) => {
        $(
            pub(crate) const $name: Operation =
                Operation { id: $id, words: $words, growth: Growth::$growth };
        )*
    };
}

operations! {
    CHECK: "check" grows Flat, "the outcome of a check that changes nothing";
    CHECK_TURN: "check-turn" grows Flat, "the outcome of a check by which replica, node, service and page die or recover";
    CHECK_TURN_OUTAGE: "check-turn-outage" grows Flat, "the same while every other node of the service is dead";
    REPORT: "report" grows Flat, "a report that changes nothing";
    REPORT_TURN: "report-turn" grows Flat, "a report by which all of these become sick or healthy";
    REPORT_NEW: "report-new" grows Flat, "the first report of a replica, all in one node";
    REPORT_HTTP: "report-http" grows Flat, "`POST /reporter/..`: its token, its JSON, and all that follows";
    NOTICE: "notice" grows Linear, "a notice of one change";
    MINUTE: "minute" grows Linear, "closing a minute";
    PAGE: "page" grows Flat, "`GET /` in gzip, nothing changed";
    PAGE_KNOWN: "page-known" grows Flat, "the same for a browser that has it: 304";
    PAGE_CHANGED: "page-changed" grows Linear, "`GET /` in gzip, first after a change";
    COPY: "copy" grows Linear, "copying what that shows, most of it under the lock";
    STATUS_TEXT: "status-text" grows Flat, "`GET /status/text`";
    STATUS_REPORT: "status-report" grows Flat, "`GET /status/report`, nothing changed";
    STATUS_REPORT_CHANGED: "status-report-changed" grows Linear, "`GET /status/report`, first after a change";
    HEALTH: "health" grows Flat, "`GET /health`";
    WRITE_CHANGE: "write-change" grows Flat, "writing a second in which one replica, node, service and page changed";
    WRITE_MINUTE: "write-minute" grows Linear, "writing a minute";
    CONFIG: "config" grows Linear, "reading a configuration";
}
