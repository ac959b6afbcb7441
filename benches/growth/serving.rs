//! Requests, from the route to the answer: without a socket, and without the parsing of HTTP.

use std::fmt::Debug;
use std::time::Duration;

use actix_web::App;
use actix_web::dev::Service;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::rt::System;
use actix_web::rt::SystemRunner;
use actix_web::test;
use actix_web::test::TestRequest;
use actix_web::web::Data;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::Criterion;
use criterion::measurement::Measurement as _;
use vigil_server::web;
use vigil_server::web::site::Live;
use vigil_server::web::site::Site;

use crate::cpu::CpuTime;
use crate::measure_custom;
use crate::operations;
use crate::operations::Operation;
use crate::page::Page;
use crate::page::TOKEN;

/// How many requests are made ready at a time.
const TOGETHER: u64 = 64;

/// What a browser accepts.
const GZIP: (&str, &str) = ("Accept-Encoding", "gzip, deflate, br");

/// Where the public finds the page.
const URL: &str = "https://status.example.com/";

/// What visitors and machines read.
pub(crate) fn reading(criterion: &mut Criterion<CpuTime>, page: &Page) {
    let system = System::new();
    let app = system.block_on(test::init_service(App::new().app_data(live(page)).configure(web::routes)));
    let site = Served { system: &system, app: &app, page };
    let ask = |path: &'static str| move || TestRequest::get().uri(path).insert_header(GZIP).to_request();
    let first = system.block_on(app.call(ask("/")())).unwrap();
    let etag = first.headers().get("ETag").unwrap().clone();
    let again = || {
        let request = TestRequest::get().uri("/").insert_header(GZIP);
        request.insert_header(("If-None-Match", etag.clone())).to_request()
    };
    site.measure(criterion, &operations::PAGE, StatusCode::OK, ask("/"));
    site.measure(criterion, &operations::PAGE_KNOWN, StatusCode::NOT_MODIFIED, again);
    site.measure(criterion, &operations::STATUS_TEXT, StatusCode::OK, ask("/status/text"));
    site.measure(criterion, &operations::STATUS_REPORT, StatusCode::OK, ask("/status/report"));
    site.measure(criterion, &operations::HEALTH, StatusCode::OK, ask("/health"));
    site.measure_changed(criterion, &operations::PAGE_CHANGED, ask("/"));
    site.measure_changed(criterion, &operations::STATUS_REPORT_CHANGED, ask("/status/report"));
}

/// Reports of applications.
pub(crate) fn reporting(criterion: &mut Criterion<CpuTime>, page: &Page) {
    let system = System::new();
    let app = system.block_on(test::init_service(App::new().app_data(live(page)).configure(web::routes)));
    let site = Served { system: &system, app: &app, page };
    let token = format!("Basic {}", STANDARD.encode(format!(":{TOKEN}")));
    let report = || {
        let key = page.next();
        let body = format!(r#"{{"replica":"{}","interval":30,"load":{{"cpu":0.3,"ram":0.4}}}}"#, key.replica);
        TestRequest::post()
            .uri(&format!("/reporter/{}/{}", key.node.service, key.node.node))
            .insert_header(("Authorization", token.as_str()))
            .insert_header(("Content-Type", "application/json"))
            .set_payload(body)
            .to_request()
    };
    site.measure(criterion, &operations::REPORT_HTTP, StatusCode::OK, report);
}

fn live(page: &Page) -> Data<Live> {
    Data::new(Live::new(Site::new(&page.config, URL, page.engine.handle()).unwrap()))
}

/// A page that is served.
struct Served<'a, A> {
    system: &'a SystemRunner,
    app: &'a A,
    page: &'a Page,
}

impl<A> Served<'_, A> {
    /// Measures requests that are answered so, while nothing happens.
    fn measure<R, B, E: Debug>(
        &self,
        criterion: &mut Criterion<CpuTime>,
        what: &Operation,
        status: StatusCode,
        request: impl Fn() -> R,
    ) where
        A: Service<R, Response = ServiceResponse<B>, Error = E>,
    {
        measure_custom(criterion, what, self.page.size, |times| {
            let (mut left, mut spent) = (times, Duration::ZERO);
            while left > 0 {
                let round = left.min(TOGETHER);
                spent += self.answer((0..round).map(|_| request()).collect(), status);
                left -= round;
            }
            spent
        });
    }

    /// Measures requests, before each of which a replica becomes sick or healthy.
    fn measure_changed<R, B, E: Debug>(
        &self,
        criterion: &mut Criterion<CpuTime>,
        what: &Operation,
        request: impl Fn() -> R,
    ) where
        A: Service<R, Response = ServiceResponse<B>, Error = E>,
    {
        let once = |_| {
            self.page.turn_sick();
            self.page.forget_entries();
            self.answer(vec![request()], StatusCode::OK)
        };
        measure_custom(criterion, what, self.page.size, |times| (0..times).map(once).sum());
    }

    /// What it takes to answer these, one after the other.
    fn answer<R, B, E: Debug>(&self, requests: Vec<R>, status: StatusCode) -> Duration
    where
        A: Service<R, Response = ServiceResponse<B>, Error = E>,
    {
        self.system.block_on(async {
            let start = CpuTime.start();
            for request in requests {
                assert_eq!(self.app.call(request).await.unwrap().status(), status);
            }
            CpuTime.end(start)
        })
    }
}
