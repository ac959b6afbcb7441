//! What is stored as text stays readable: databases are full of it.

use std::time::Duration;

use crate::history::column::json;
use crate::history::database::Value;
use crate::model::cause::Cause;
use crate::model::cause::DnsFailure;
use crate::model::cause::Failure;
use crate::model::cause::Phase;
use crate::model::cause::TlsFailure;
use crate::model::fixture;
use crate::model::notice::Notice;
use crate::model::status::Status;

fn check<T>(value: &T, text: &str)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    assert_eq!(json(value), Value::text(text));
    assert_eq!(serde_json::from_str::<T>(text).unwrap(), *value);
}

#[test]
fn causes_are_stored_like_this() {
    let failed = Cause::Failed;
    let timed_out = |phase| failed(Failure::TimedOut { after: Duration::from_millis(30_500), phase });
    for (cause, text) in [
        (Cause::Slow(Duration::from_millis(12_300)), r#"{"slow":{"secs":12,"nanos":300000000}}"#),
        (Cause::Overloaded { cpu: Some(0.97), ram: None }, r#"{"overloaded":{"cpu":0.97,"ram":null}}"#),
        (Cause::Silent(Duration::from_secs(52)), r#"{"silent":{"secs":52,"nanos":0}}"#),
        (Cause::Reported(Status::Healthy), r#"{"reported":"healthy"}"#),
        (Cause::Reported(Status::Sick), r#"{"reported":"sick"}"#),
        (Cause::Reported(Status::Dead), r#"{"reported":"dead"}"#),
        (failed(Failure::Dns(DnsFailure::NotFound)), r#"{"failed":{"dns":"not_found"}}"#),
        (failed(Failure::Dns(DnsFailure::Unanswered)), r#"{"failed":{"dns":"unanswered"}}"#),
        (failed(Failure::Refused), r#"{"failed":"refused"}"#),
        (failed(Failure::Unreachable), r#"{"failed":"unreachable"}"#),
        (
            timed_out(Phase::Resolve),
            r#"{"failed":{"timed_out":{"after":{"secs":30,"nanos":500000000},"phase":"resolve"}}}"#,
        ),
        (
            timed_out(Phase::Connect),
            r#"{"failed":{"timed_out":{"after":{"secs":30,"nanos":500000000},"phase":"connect"}}}"#,
        ),
        (failed(Failure::Closed(Phase::Handshake)), r#"{"failed":{"closed":"handshake"}}"#),
        (failed(Failure::Closed(Phase::Answer)), r#"{"failed":{"closed":"answer"}}"#),
        (failed(Failure::Closed(Phase::Body)), r#"{"failed":{"closed":"body"}}"#),
        (failed(Failure::Tls(TlsFailure::Expired)), r#"{"failed":{"tls":"expired"}}"#),
        (failed(Failure::Tls(TlsFailure::NotYetValid)), r#"{"failed":{"tls":"not_yet_valid"}}"#),
        (failed(Failure::Tls(TlsFailure::UnknownIssuer)), r#"{"failed":{"tls":"unknown_issuer"}}"#),
        (failed(Failure::Tls(TlsFailure::WrongHost)), r#"{"failed":{"tls":"wrong_host"}}"#),
        (failed(Failure::Tls(TlsFailure::Revoked)), r#"{"failed":{"tls":"revoked"}}"#),
        (failed(Failure::Tls(TlsFailure::Other("odd".into()))), r#"{"failed":{"tls":{"other":"odd"}}}"#),
        (failed(Failure::HttpStatus(503)), r#"{"failed":{"http_status":503}}"#),
        (failed(Failure::Malformed("a \"quote\"".into())), r#"{"failed":{"malformed":"a \"quote\""}}"#),
        (failed(Failure::Other("é".into())), r#"{"failed":{"other":"é"}}"#),
    ] {
        check(&cause, text);
    }
}

#[test]
fn notices_are_stored_like_this() {
    let mut notice: Notice = fixture::death();
    notice.changes.extend(fixture::recovery().changes);
    let death = r#"{"at":"2026-11-24T01:12:05Z","status":"dead","changed":true,"sick":false,"dead":[{"node":{"service":"web","node":"api"},"replica":"tcp://10.0.0.1:80"}],"more_dead":0,"changes":[{"key":{"service":"web","node":"api"},"service":"Web","label":"API","to":"dead","since":"2026-11-24T01:12:02Z","was":null,"affected":[{"key":{"node":{"service":"web","node":"api"},"replica":"tcp://10.0.0.1:80"},"status":"dead","cause":{"failed":"refused"}}],"more_affected":0},{"key":{"service":"web","node":"api"},"service":"Web","label":"API","to":"healthy","since":"2026-11-24T01:12:02Z","was":["dead",{"secs":432,"nanos":900000000}],"affected":[],"more_affected":0}],"kind":"change"}"#;
    check(&notice, death);
    let test = r#"{"at":"2026-11-24T01:12:05Z","status":"healthy","changed":false,"sick":false,"dead":[],"more_dead":0,"changes":[],"kind":"test"}"#;
    check(&fixture::test_notice(), test);
}
