//! `/metrics`: what Vigil has to say of its own work, for Prometheus. What it watches is not in it, and no name that is not
//! public: channels are named as in `/health`, their targets are counted.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::engine::ChannelHealth;
use crate::engine::Handle;
use crate::engine::keep::KeeperHealth;
use crate::engine::metrics::CheckFigures;
use crate::engine::metrics::DELAYS;
use crate::engine::metrics::Followed;
use crate::model::unsure::Unsure;

use super::exposition::CONTENT_TYPE;
use super::exposition::Exposition;
use super::exposition::Kind;
use super::site::Live;

/// A gauge: its name, what it is, and its value for one of several.
type Gauge<T> = (&'static str, &'static str, fn(&T) -> usize);

/// `GET /metrics`
pub(super) async fn get(live: Data<Live>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(CONTENT_TYPE)
        .insert_header(("Cache-Control", "no-cache"))
        .body(text(&live.site().engine))
}

fn text(engine: &Handle) -> String {
    let figures = engine.figures();
    let mut text = Exposition::default();
    text.family("vigil_build_info", Kind::Gauge, "The version of Vigil that runs; always 1.")
        .sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    of_configuration(&mut text, figures.followed);
    of_checks(&mut text, &figures.checks);
    text.family("vigil_reports_total", Kind::Counter, "Reports of applications that were taken.")
        .sample(&[], figures.reports);
    let Unsure { blind, unread } = engine.shared.read(|map| map.unsure);
    let help = "Replicas that could not be checked the last time, for want of something of Vigil's own.";
    text.family("vigil_replicas_blind", Kind::Gauge, help).sample(&[], blind);
    let help = "Queues of RabbitMQ whose length was not known the last time.";
    text.family("vigil_queues_unread", Kind::Gauge, help).sample(&[], unread);
    of_channels(&mut text, &engine.channels());
    of_history(&mut text, &engine.keeper());
    text.family("vigil_panics_total", Kind::Counter, "Steps of Vigil that panicked, each a fault of Vigil's own.")
        .sample(&[], engine.shared.panics());
    text.into_text()
}

fn of_configuration(text: &mut Exposition, followed: Followed) {
    let help = "Whether the configuration was taken the last time that it was read.";
    text.family("vigil_config_last_reload_successful", Kind::Gauge, help).sample(&[], u8::from(followed.is_latest));
    let help = "When the configuration was taken the last time, in seconds since 1970.";
    text.family("vigil_config_last_reload_success_timestamp_seconds", Kind::Gauge, help)
        .sample(&[], followed.since.as_second());
}

fn of_checks(text: &mut Exposition, checks: &[CheckFigures]) {
    let help = "How long after it was due each attempt of a check began.";
    let mut family = text.family("vigil_check_start_delay_seconds", Kind::Histogram, help);
    for one in checks {
        family.histogram(&[("kind", one.kind)], &DELAYS, &one.delays.counts, one.delays.sum);
    }
    let mut family = text.family("vigil_checks_total", Kind::Counter, "Checks that came to their outcome.");
    for one in checks {
        family.sample(&[("kind", one.kind)], one.checks);
    }
    let gauges: [Gauge<CheckFigures>; 5] = [
        ("vigil_checks_waiting", "Attempts that are due and wait for a thread.", |one| one.crowd.waiting),
        ("vigil_check_threads", "Threads that make checks.", |one| one.crowd.threads),
        ("vigil_check_threads_busy", "Of these, those that make one now.", |one| one.crowd.busy),
        ("vigil_check_threads_resolving", "Of these, those that wait for the address of a name.", |one| one.resolving),
        ("vigil_check_threads_max", "The most threads that may make checks.", |one| one.crowd.most),
    ];
    for (name, help, value) in gauges {
        let mut family = text.family(name, Kind::Gauge, help);
        for one in checks {
            family.sample(&[("kind", one.kind)], value(one));
        }
    }
}

fn of_channels(text: &mut Exposition, channels: &[ChannelHealth]) {
    let gauges: [Gauge<ChannelHealth>; 3] = [
        ("vigil_notices_owed", "Notices that are not delivered yet, each counted for every target.", |channel| {
            channel.targets.iter().map(|target| target.owed).sum()
        }),
        ("vigil_channel_targets", "Targets of a channel, such as the recipients of an email.", |channel| {
            channel.targets.len()
        }),
        ("vigil_channel_targets_failing", "Targets to which the last try to deliver failed.", |channel| {
            channel.targets.iter().filter(|target| target.failure.is_some()).count()
        }),
    ];
    for (name, help, value) in gauges {
        let mut family = text.family(name, Kind::Gauge, help);
        for channel in channels {
            family.sample(&[("channel", &channel.channel)], value(channel));
        }
    }
}

fn of_history(text: &mut Exposition, keeper: &KeeperHealth) {
    text.family("vigil_history_failing", Kind::Gauge, "Whether the last try to write history failed.")
        .sample(&[], u8::from(keeper.failure.is_some()));
    text.family("vigil_history_failures_total", Kind::Counter, "Tries to write history that failed.")
        .sample(&[], keeper.failures);
    let help = "Entries of history that were lost, since they waited for too long.";
    text.family("vigil_history_lost_total", Kind::Counter, help).sample(&[], keeper.lost);
}
