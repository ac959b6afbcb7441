//! Planned maintenance: `GET /manager/maintenance`, `POST /manager/maintenance` and `DELETE /manager/maintenance/{id}`.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::web::Path;
use actix_web::web::Payload;
use jiff::Timestamp;
use serde_derive::Deserialize;
use serde_derive::Serialize;

use crate::model::maintenance::Draft;
use crate::model::maintenance::Maintenance;
use crate::model::maintenance::Phase;
use crate::model::maintenance::Target;
use crate::model::maintenance::Unfit;
use crate::web::body;
use crate::web::site::Live;

use super::json;
use super::managed;
use super::new_id;

/// A maintenance as it is sent. What is not known is refused: a start that is misspelled would be now.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    title: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    targets: Vec<String>,
    #[serde(default)]
    starts_at: Option<String>,
    ends_at: String,
}

/// What is told of one.
#[derive(Serialize)]
struct Told<'m> {
    id: String,
    title: &'m str,
    text: Option<&'m str>,
    /// Ids of services, and of nodes as `service:node`; the whole page if there are none.
    targets: &'m [Target],
    /// RFC 3339, in UTC.
    starts_at: String,
    ends_at: String,
    /// When somebody ended it, or called it off before it began; none if nobody did.
    ended_at: Option<String>,
    /// `upcoming`, `active`, `past` or `cancelled`.
    phase: &'static str,
}

fn told(one: &Maintenance, now: Timestamp) -> Told<'_> {
    let Maintenance { id, title, text, targets, starts_at, ends_at, ended_at } = one;
    Told {
        id: id.to_string(),
        title,
        text: text.as_deref(),
        targets,
        starts_at: starts_at.to_string(),
        ends_at: ends_at.to_string(),
        ended_at: ended_at.map(|at| at.to_string()),
        phase: word(one.phase(now)),
    }
}

fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Upcoming => "upcoming",
        Phase::Active => "active",
        Phase::Past => "past",
        Phase::Cancelled => "cancelled",
    }
}

/// `GET /manager/maintenance`: what is to come and under way, the first to begin first; with `?past=true` what is over
/// or was called off, the last first.
pub(super) async fn list(request: HttpRequest, live: Data<Live>) -> HttpResponse {
    let site = match managed(&request, &live) {
        Ok(site) => site,
        Err(refused) => return refused,
    };
    let wants_past = match request.query_string() {
        "" | "past=false" => false,
        "past=true" => true,
        _ => return body::text(StatusCode::BAD_REQUEST, "there is one parameter: `past`, which is `true` or `false`"),
    };
    let (mut all, now) = (site.engine.shared.maintenance(), site.engine.shared.now().wall);
    let is_past = |one: &Arc<Maintenance>| matches!(one.phase(now), Phase::Past | Phase::Cancelled);
    all.retain(|one| is_past(one) == wants_past);
    if wants_past {
        all.reverse();
    }
    json(&all.iter().map(|one| told(one, now)).collect::<Vec<_>>())
}

/// `POST /manager/maintenance`
pub(super) async fn plan(request: HttpRequest, payload: Payload, live: Data<Live>) -> HttpResponse {
    let site = match managed(&request, &live) {
        Ok(site) => site,
        Err(refused) => return refused,
    };
    let body = match body::read(&request, payload).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let Some(id) = new_id() else {
        return body::text(StatusCode::SERVICE_UNAVAILABLE, "there are no random numbers for an id: try again");
    };
    let body = match body::parse::<Body>(&body) {
        Ok(body) => body,
        Err(why) => return body::text(StatusCode::BAD_REQUEST, &why),
    };
    let shared = &site.engine.shared;
    let planned = drafted(body).map(|draft| shared.plan_maintenance(draft, id));
    match planned {
        Ok(Ok(planned)) => json(&told(&planned, shared.now().wall)),
        Ok(Err(full @ Unfit::Many)) => body::text(StatusCode::CONFLICT, &full.to_string()),
        Ok(Err(unfit)) => body::text(StatusCode::UNPROCESSABLE_ENTITY, &unfit.to_string()),
        Err(why) => body::text(StatusCode::UNPROCESSABLE_ENTITY, &why),
    }
}

/// `DELETE /manager/maintenance/{id}`: ends it now, or calls it off; a body is not waited for.
pub(super) async fn end(request: HttpRequest, id: Path<String>, live: Data<Live>) -> HttpResponse {
    let site = match managed(&request, &live) {
        Ok(site) => site,
        Err(refused) => return refused,
    };
    // What is no id is the id of nothing.
    let ended = id.parse().ok().and_then(|id| site.engine.shared.end_maintenance(id));
    HttpResponse::new(if ended.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND })
}

/// What a body asks for.
///
/// # Errors
/// What is wrong with it, and what would be right.
fn drafted(body: Body) -> Result<Draft, String> {
    let Body { title, text, targets, starts_at, ends_at } = body;
    let target = |text: String| text.parse::<Target>().map_err(|error| format!("`targets`: `{text}` {error}"));
    let targets = targets.into_iter().map(target).collect::<Result<_, _>>()?;
    let starts_at = starts_at.map(|text| moment("starts_at", &text)).transpose()?;
    Ok(Draft { title, text, targets, starts_at, ends_at: moment("ends_at", &ends_at)? })
}

fn moment(name: &str, text: &str) -> Result<Timestamp, String> {
    let why = || {
        format!(
            "`{name}` is not a moment after RFC 3339, such as `2026-11-24T22:00:00Z` or `2026-11-24T23:00:00+01:00`"
        )
    };
    text.parse().map_err(|_| why())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::uuid::Uuid;

    fn parsed(text: &str) -> Result<Draft, String> {
        body::parse::<Body>(text.as_bytes()).and_then(drafted)
    }

    #[test]
    fn a_body_is_understood_or_refused_with_what_would_be_right() {
        let draft = parsed(
            r#"{"title":"Disks","targets":["web","app:push"],"starts_at":"2026-11-24T23:00:00+01:00","ends_at":"2026-11-24T23:00:00Z"}"#,
        );
        let Draft { title, text, targets, starts_at, ends_at } = draft.unwrap();
        assert_eq!((title.as_str(), text, targets.len()), ("Disks", None, 2));
        assert_eq!(ends_at.duration_since(starts_at.unwrap()).as_hours(), 1);
        let least = parsed(r#"{"title":"Disks","ends_at":"2026-11-24T23:00:00Z"}"#).unwrap();
        assert_eq!((least.targets, least.starts_at), (Vec::new(), None));
        let rfc = "is not a moment after RFC 3339, such as `2026-11-24T22:00:00Z` or `2026-11-24T23:00:00+01:00`";
        for (body, wanted) in [
            (r#"{"title":"Disks"}"#, "Json deserialize error: missing field `ends_at` at line 1 column 17".to_owned()),
            (r#"{"title":"x","ends_at":"tomorrow"}"#, format!("`ends_at` {rfc}")),
            (r#"{"title":"x","ends_at":"2026-11-24T22:00:00"}"#, format!("`ends_at` {rfc}")),
            (r#"{"title":"x","starts_at":"22:00","ends_at":"2026-11-24T22:00:00Z"}"#, format!("`starts_at` {rfc}")),
            (
                r#"{"title":"x","targets":["web",""],"ends_at":"2026-11-24T22:00:00Z"}"#,
                "`targets`: `` is empty".to_owned(),
            ),
        ] {
            assert_eq!(parsed(body).unwrap_err(), wanted, "{body}");
        }
        let misspelled = parsed(r#"{"title":"x","start_at":"2026-11-24T22:00:00Z","ends_at":"2026-11-24T22:00:00Z"}"#);
        assert!(misspelled.unwrap_err().contains("unknown field `start_at`, expected one of `title`, `text`"));
    }

    #[test]
    fn a_maintenance_is_told_like_this() {
        let now: Timestamp = "2026-11-24T22:30:00Z".parse().unwrap();
        let one = Maintenance {
            id: Uuid::of_random([7; 16]),
            title: "Disks".to_owned(),
            text: None,
            targets: vec!["web:api".parse().unwrap()],
            starts_at: "2026-11-24T22:00:00Z".parse().unwrap(),
            ends_at: "2026-11-24T23:00:00.5Z".parse().unwrap(),
            ended_at: None,
        };
        let words = |one: &Maintenance, now| serde_json::to_string(&told(one, now)).unwrap();
        insta::assert_snapshot!(
            words(&one, now),
            @r#"{"id":"07070707-0707-4707-8707-070707070707","title":"Disks","text":null,"targets":["web:api"],"starts_at":"2026-11-24T22:00:00Z","ends_at":"2026-11-24T23:00:00.5Z","ended_at":null,"phase":"active"}"#
        );
        let ended =
            Maintenance { ended_at: Some(now), text: Some("a\nb".to_owned()), targets: Vec::new(), ..one.clone() };
        insta::assert_snapshot!(
            words(&ended, now),
            @r#"{"id":"07070707-0707-4707-8707-070707070707","title":"Disks","text":"a\nb","targets":[],"starts_at":"2026-11-24T22:00:00Z","ends_at":"2026-11-24T23:00:00.5Z","ended_at":"2026-11-24T22:30:00Z","phase":"past"}"#
        );
        assert!(words(&one, one.starts_at - std::time::Duration::from_secs(1)).contains("upcoming"));
        let cancelled = Maintenance { ended_at: Some("2026-11-24T21:15:00Z".parse().unwrap()), ..one };
        assert!(
            words(&cancelled, now).ends_with(r#""ended_at":"2026-11-24T21:15:00Z","phase":"cancelled"}"#),
            "{}",
            words(&cancelled, now)
        );
    }
}
