//! The web server: the page for people, the reports of applications, the badges for machines.

mod announcement;
mod archive;
mod assets;
mod auth;
mod bar;
mod body;
mod brand;
mod cache;
mod chart;
mod days;
pub mod exit;
mod exposition;
mod files;
mod fresh;
mod incident;
mod incidents;
mod isolated;
mod maintenance;
mod manager;
mod mcp;
mod metrics;
mod month;
mod node;
#[cfg(test)]
mod outages;
mod page;
mod parts;
mod places;
mod rendered;
mod replica;
mod report;
mod reporter;
mod respond;
mod sample;
mod sample_past;
#[cfg(test)]
mod scene;
mod series;
pub mod site;
mod status;
mod templates;
mod view;
mod windows;

use std::io;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::time::Duration;

use actix_web::App;
use actix_web::HttpResponse;
use actix_web::HttpServer;
use actix_web::Resource;
use actix_web::Route;
use actix_web::dev::Server;
use actix_web::dev::Service;
use actix_web::guard;
use actix_web::guard::GuardContext;
use actix_web::middleware::DefaultHeaders;
use actix_web::middleware::NormalizePath;
use actix_web::web;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;

use crate::config::Config;

use self::assets::Assets;
use self::exit::Exit;
use self::exit::Leaving;
use self::site::Live;
use self::site::Site;
use self::templates::TemplateError;

/// How long an idle connection is kept: below the 10 s after which the Node.js reporter gives up on one.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// How long a request's head may take to come in.
const HEAD_TIME: Duration = Duration::from_secs(5);

/// How many connections a worker takes at least, however few descriptors there are, and at most.
const CONNECTIONS_MIN: usize = 4;
const CONNECTIONS_MAX: usize = 25_000;

/// How long requests under way may take at the end, in seconds.
const SHUTDOWN_S: u64 = 1;

/// What the page may load: only its own files, and the pictures that the branding names.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http: data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// The same for pages with `custom_html`: it is the operator's, and what it brings is meant to run.
const POLICY_CUSTOM: &str = "default-src * data: blob: 'unsafe-inline' 'unsafe-eval'; base-uri 'none'; \
                             frame-ancestors 'self'; object-src 'none'";

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// A template of the operator cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A page of the operator's templates cannot be made.
    #[error("a template cannot be filled in: {0}")]
    Render(#[from] handlebars::RenderError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {}", reason(error))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The server's threads cannot be started.
    #[error("the web server cannot be started: {0}")]
    Start(#[from] io::Error),
}

/// Why an address cannot be had, in words that say what to do.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there".to_owned(),
        io::ErrorKind::AddrNotAvailable => {
            "this host does not have that address; without IPv6, take `inet = \"127.0.0.1:8080\"`".to_owned()
        }
        io::ErrorKind::PermissionDenied => "not permitted; take a port from 1024 on, or grant this one".to_owned(),
        _ => error.to_string(),
    }
}

/// Takes the address of the page.
///
/// # Errors
/// [`WebError::Listen`], when it is taken or not ours.
pub fn listen(config: &Config) -> Result<TcpListener, WebError> {
    let address = config.server.inet;
    TcpListener::bind(address).map_err(|error| WebError::Listen { address, error })
}

/// Tries whether the page can be made with the operator's assets.
///
/// # Errors
/// [`WebError`], when a template is faulty.
pub fn check(config: &Config) -> Result<(), WebError> {
    page::try_templates(config, &Assets::load(config))
}

/// A server of `live` with so many worker threads, which serves once it is waited for, at most `visitors` connections at
/// a time; and the way to end it.
///
/// # Errors
/// [`WebError`], when its threads cannot be started.
pub fn serve(
    live: &Live,
    listener: TcpListener,
    workers: NonZeroUsize,
    visitors: usize,
) -> Result<(Server, Exit), WebError> {
    let live = Data::new(live.clone());
    let leaving = Leaving::default();
    let left = leaving.clone();
    let server = HttpServer::new(move || {
        let leaving = left.clone();
        App::new()
            .wrap(headers())
            .wrap(NormalizePath::trim())
            .wrap_fn(move |request, service| leaving.mark(service.call(request)))
            .app_data(live.clone())
            .configure(routes)
            .default_service(web::to(page::not_found))
    });
    let server = server
        .workers(workers.get())
        .max_connections((visitors / workers).clamp(CONNECTIONS_MIN, CONNECTIONS_MAX))
        .disable_signals()
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIME)
        .shutdown_timeout(SHUTDOWN_S)
        .listen(listener)?
        .run();
    let exit = Exit::new(server.handle(), leaving);
    Ok((server, exit))
}

fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("Content-Security-Policy", POLICY))
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("X-Frame-Options", "SAMEORIGIN"))
        .add(("Referrer-Policy", "strict-origin-when-cross-origin"))
        .add(("Permissions-Policy", "camera=(), geolocation=(), microphone=()"))
        .add(("Cross-Origin-Opener-Policy", "same-origin"))
}

/// Adds every address of the page to an app, whose data is the [`Live`] that it serves.
pub fn routes(app: &mut ServiceConfig) {
    app.service(read("/").route(get().to(page::get)))
        .service(read("/node/{service}/{node}").route(get().to(node::get)))
        .service(read("/history").route(get().to(month::get)))
        .service(read("/status/text").route(get().to(status::text)))
        .service(read("/status/report").route(get().to(report::get)))
        .service(read("/badge/{kind}").route(get().to(status::badge)))
        .service(read("/health").route(get().to(status::health)))
        .service(read("/metrics").route(get().to(metrics::get)))
        .service(read("/robots.txt").route(get().to(files::robots)))
        .service(read("/assets/{name:.*}").route(get().to(files::asset)))
        .service(mcp("/mcp/probes").route(web::post().to(mcp::post)))
        .service(reporter("/reporter/{service}/{node}", "POST").route(web::post().to(reporter::report)))
        .service(reporter("/reporter/{service}/{node}/{replica}", "DELETE").route(web::delete().to(reporter::forget)))
        .configure(manager::routes);
}

/// A resource that is there only while there is a token for it.
fn reporter(path: &str, methods: &'static str) -> Resource {
    only(path, methods).guard(guard::fn_guard(|context| wants(context, |site| site.reporter_token.is_some())))
}

/// What language models ask; it is there only while that is wanted.
fn mcp(path: &str) -> Resource {
    only(path, "POST").guard(guard::fn_guard(|context| wants(context, |site| site.mcp_server)))
}

/// Whether the present site is so that there is something at an address.
fn wants(context: &GuardContext<'_>, is_so: impl FnOnce(&Site) -> bool) -> bool {
    context.app_data::<Data<Live>>().is_some_and(|live| is_so(&live.site()))
}

/// A resource that is only read.
fn read(path: &str) -> Resource {
    only(path, "GET, HEAD")
}

/// A resource that names its methods to whoever uses another.
fn only(path: &str, methods: &'static str) -> Resource {
    let refuse = move || async move { HttpResponse::MethodNotAllowed().insert_header(("Allow", methods)).finish() };
    web::resource(path).default_service(web::to(refuse))
}

/// GET, and HEAD for those who want the head alone.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
