//! `GET` and `PUT /manager/prober/alerts/ignored`: the time for which nobody is to be reminded of what is known.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::web::Payload;
use serde_derive::Deserialize;
use serde_derive::Serialize;

use crate::web::body;
use crate::web::site::Live;

use super::json;
use super::managed;

/// The longest time that may be asked for, some 18 hours: whoever made that up may sleep, and not forget it for ever.
const SECONDS_MAX: u16 = u16::MAX;

/// For how long, as it is sent; null or nothing has everybody reminded again.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    reminders_seconds: Option<f64>,
}

/// For how long yet; none when reminders are sent.
#[derive(Serialize)]
struct Ignored {
    reminders_seconds: Option<u64>,
}

/// `GET /manager/prober/alerts/ignored`
pub(super) async fn get(request: HttpRequest, live: Data<Live>) -> HttpResponse {
    match managed(&request, &live) {
        Ok(site) => {
            let left = site.engine.shared.reminders_ignored();
            json(&Ignored { reminders_seconds: left.map(|time| time.as_secs()) })
        }
        Err(refused) => refused,
    }
}

/// `PUT /manager/prober/alerts/ignored`
pub(super) async fn put(request: HttpRequest, payload: Payload, live: Data<Live>) -> HttpResponse {
    let site = match managed(&request, &live) {
        Ok(site) => site,
        Err(refused) => return refused,
    };
    let body = match body::read(&request, payload).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    match body::parse(&body).and_then(time) {
        Ok(time) => {
            site.engine.shared.ignore_reminders(time);
            match time {
                Some(time) => log::info!("reminders are ignored for {} s", time.as_secs()),
                None => log::info!("reminders are not ignored"),
            }
            HttpResponse::Ok().finish()
        }
        Err(why) => body::text(StatusCode::BAD_REQUEST, &why),
    }
}

/// The time that is asked for.
///
/// # Errors
/// That it is out of range, and what would be right.
fn time(Body { reminders_seconds }: Body) -> Result<Option<Duration>, String> {
    let Some(seconds) = reminders_seconds else { return Ok(None) };
    let time =
        Duration::try_from_secs_f64(seconds).ok().filter(|time| *time <= Duration::from_secs(SECONDS_MAX.into()));
    match time {
        Some(time) => Ok((!time.is_zero()).then_some(time)),
        None => {
            Err(format!("`reminders_seconds` is out of range: send 0 to {SECONDS_MAX}, or null to be reminded again"))
        }
    }
}
