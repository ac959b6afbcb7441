//! What a configuration asks for, made by every command alike: the page's address, the tools of probes, the channels.

use std::env;
use std::error::Error;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use vigil_server::config;
use vigil_server::config::Config;
use vigil_server::config::error::Warning;
use vigil_server::net::client::Client;
use vigil_server::net::resolve::Resolver;
use vigil_server::notify;
use vigil_server::notify::Channel;
use vigil_server::notify::Page;
use vigil_server::probe::Tools;

/// What part of the file descriptors checks may use, and what part visitors may: the rest is for notices, files, and for
/// Vigil to stay in command whatever either does.
const CHECKS_SHARE: usize = 4;
const VISITORS_SHARE: usize = 2;

/// Understands the file; `listening` is the address of a socket that is there already and takes the place of `inet`.
pub(crate) fn load(file: &Path, listening: Option<SocketAddr>) -> Result<(Config, Vec<Warning>), Box<dyn Error>> {
    let loaded = config::load_for(file, &|name| env::var(name), listening)?;
    Ok((loaded.config, loaded.warnings))
}

/// How many file descriptors this process may have; as many as the system allows it.
fn descriptors() -> usize {
    let allowed = rlimit::increase_nofile_limit(rlimit::INFINITY).unwrap_or(1_024);
    usize::try_from(allowed).unwrap_or(usize::MAX)
}

/// How many connections visitors may have.
pub(crate) fn visitors() -> usize {
    descriptors() / VISITORS_SHARE
}

/// Where the host itself can open what listens at `address`, without asking a resolver: an image need not have one.
pub(crate) fn url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}/", SocketAddr::new(ip, address.port()))
}

/// Where the public finds the page; when that was not said, the address as the host itself can open it.
pub(crate) fn page_url(config: &Config, address: SocketAddr) -> String {
    config.branding.page_url.as_ref().map_or_else(|| url(address), ToString::to_string)
}

pub(crate) fn tools(page_url: &str) -> Tools {
    let resolver = Arc::new(Resolver::default());
    let client = Client::new(&format!("vigil (+{page_url})"), resolver.clone());
    Tools { resolver, client, at_a_time: descriptors() / CHECKS_SHARE }
}

pub(crate) fn channels(config: &Config, page_url: &str, client: &Client) -> Vec<Channel> {
    let page = Arc::new(Page { title: config.branding.page_title.clone(), url: page_url.to_owned() });
    notify::build(&config.notify, &page, client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_page_url_notices_lead_to_where_the_page_listens() {
        let nothing = |_: &str| Err(env::VarError::NotPresent);
        let url = |text: &str, address: &str| {
            let loaded = config::load_bytes(Path::new("test.cfg"), text.as_bytes(), &nothing).unwrap();
            page_url(&loaded.config, address.parse().unwrap())
        };
        for (address, wanted) in [
            ("[::1]:8080", "http://[::1]:8080/"),
            ("127.0.0.1:80", "http://127.0.0.1:80/"),
            ("[fe80::1%3]:8080", "http://[fe80::1]:8080/"),
            ("[::]:8080", "http://[::1]:8080/"),
            ("0.0.0.0:8080", "http://127.0.0.1:8080/"),
        ] {
            assert_eq!(url("", address), wanted);
        }
        let given = "[branding]\npage_url = \"https://status.example.com\"";
        assert_eq!(url(given, "[::]:8080"), "https://status.example.com/");
    }
}
