//! Where a check goes from redirect to redirect (RFC 9110, 15.4), and what it may take along.

use jiff::Timestamp;
use url::Url;

use crate::config::Credentials;
use crate::config::http::Method;
use crate::model::cause::Failure;
use crate::model::cause::RedirectFailure;

/// How many redirects are followed; more are a loop.
const MOST: u32 = 10;

/// Where a check has come to.
pub(super) struct Trip {
    home: Url,
    url: Url,
    method: Method,
    redirects: u32,
    /// Whether it has ever been elsewhere than at the scheme, host and port of `home`.
    is_away: bool,
    valid_until: Option<Timestamp>,
}

impl Trip {
    /// The beginning of a trip.
    pub(super) fn new(url: Url, method: Method) -> Self {
        Self { home: url.clone(), url, method, redirects: 0, is_away: false, valid_until: None }
    }

    /// What is asked next.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// By which method.
    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    /// Whether what is meant for the target alone must not go along: once somebody else has said where to go, it
    /// stays behind.
    pub(super) fn is_away(&self) -> bool {
        self.is_away
    }

    /// Until when all certificates on the way are valid.
    pub(super) fn valid_until(&self) -> Option<Timestamp> {
        self.valid_until
    }

    /// Notes a certificate.
    pub(super) fn note(&mut self, valid_until: Option<Timestamp>) {
        self.valid_until = [self.valid_until, valid_until].into_iter().flatten().min();
    }

    /// Follows a redirect with that status to what its `Location` says.
    pub(super) fn follow(&mut self, status: u16, location: &str) -> Result<(), Failure> {
        if self.redirects == MOST {
            return Err(Failure::Redirect(RedirectFailure::TooMany(MOST)));
        }
        let url = self.url.join(location).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let url = url.ok_or(Failure::Redirect(RedirectFailure::Nowhere))?;
        self.is_away |= url.origin() != self.home.origin();
        self.url = bare(url);
        self.redirects += 1;
        self.method = match (status, std::mem::take(&mut self.method)) {
            (303, Method::Post(_) | Method::Put(_) | Method::Patch(_)) | (301 | 302, Method::Post(_)) => Method::Get,
            (_, Method::Post(_) | Method::Put(_) | Method::Patch(_)) if self.is_away => {
                return Err(Failure::Redirect(RedirectFailure::WithBody));
            }
            (_, method) => method,
        };
        Ok(())
    }

    /// A failure at the end of the trip, with what led there.
    pub(super) fn end(self, failure: Failure) -> Failure {
        if self.redirects == 0 || matches!(failure, Failure::Redirect(_)) {
            return failure;
        }
        // Causes are public and name no host; the query may be a secret.
        let shown = self.url.as_str().split('?').next().unwrap_or_default();
        log::debug!("{} redirects led to {shown}: {failure}", self.redirects);
        let away = self.url.host() != self.home.host();
        Failure::Redirected { times: self.redirects, away, to: Box::new(failure) }
    }
}

/// Whether an answer with that status sends on.
pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The URL without user and password, which go into a header or nowhere, and without its fragment, which stays with us.
pub(super) fn bare(mut url: Url) -> Url {
    let _ = Credentials::take(&mut url);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn trip(method: Method) -> Trip {
        Trip::new(Url::parse("https://example.com/a/b?q=1").unwrap(), method)
    }

    /// Where a redirect leads, whether that is away, and by which method; or why it cannot be followed.
    fn check(method: &Method, status: u16, location: &str, wanted: &str) {
        let mut trip = trip(method.clone());
        let found = match trip.follow(status, location) {
            Ok(()) => format!("{:?} {}{}", trip.method, trip.url, if trip.is_away { " away" } else { "" }),
            Err(failure) => failure.to_string(),
        };
        assert_eq!(found, wanted, "{status} {location}");
    }

    #[test]
    fn a_redirect_leads_where_its_location_says() {
        for (location, wanted) in [
            ("/c", "HeadOrGet https://example.com/c"),
            ("c?d#e", "HeadOrGet https://example.com/a/c?d"),
            ("", "HeadOrGet https://example.com/a/b?q=1"),
            ("//other.example/", "HeadOrGet https://other.example/ away"),
            ("https://example.com:8443/", "HeadOrGet https://example.com:8443/ away"),
            ("https://EXAMPLE.com:443/", "HeadOrGet https://example.com/"),
            ("http://example.com/", "HeadOrGet http://example.com/ away"),
            ("https://user:pass@example.com/", "HeadOrGet https://example.com/"),
            ("ftp://example.com/", "a redirect to what is no URL"),
            ("file:///etc/passwd", "a redirect to what is no URL"),
            ("mailto:a@example.com", "a redirect to what is no URL"),
            ("https://[", "a redirect to what is no URL"),
        ] {
            check(&Method::HeadOrGet, 302, location, wanted);
        }
    }

    #[test]
    fn a_body_goes_along_only_where_it_is_meant_to() {
        let post = Method::Post(Secret::new("hunter2"));
        for (status, location, wanted) in [
            (301, "/c", "Get https://example.com/c"),
            (302, "https://other.example/", "Get https://other.example/ away"),
            (303, "/c", "Get https://example.com/c"),
            (307, "/c", "Post([secret]) https://example.com/c"),
            (308, "https://other.example/", "a redirect that takes the body elsewhere"),
            (307, "http://example.com/", "a redirect that takes the body elsewhere"),
        ] {
            check(&post, status, location, wanted);
        }
        check(&Method::Patch(Secret::new("")), 302, "/c", "Patch([secret]) https://example.com/c");
        check(&Method::Head, 303, "/c", "Head https://example.com/c");
    }

    #[test]
    fn what_stays_behind_once_is_not_taken_up_again() {
        let mut trip = trip(Method::Get);
        trip.follow(302, "https://other.example/").unwrap();
        trip.follow(302, "https://example.com/a/b").unwrap();
        assert!(trip.is_away());
    }

    #[test]
    fn the_end_says_how_far_it_went() {
        let end = |locations: &[&str]| {
            let mut trip = trip(Method::Get);
            let failed = locations.iter().find_map(|location| trip.follow(302, location).err());
            trip.end(failed.unwrap_or(Failure::HttpStatus(404))).to_string()
        };
        assert_eq!(end(&[]), "HTTP 404");
        assert_eq!(end(&["/c"]), "HTTP 404, after 1 redirect");
        assert_eq!(end(&["/c", "//other.example"]), "HTTP 404, after 2 redirects to another host");
        assert_eq!(end(&["http://example.com:8080/"]), "HTTP 404, after 1 redirect");
        assert_eq!(end(&["/c"; 10]), "HTTP 404, after 10 redirects");
        assert_eq!(end(&["/c"; 11]), "more than 10 redirects");
    }

    #[test]
    fn the_certificate_that_ends_first_counts() {
        let mut trip = trip(Method::Get);
        assert_eq!(trip.valid_until(), None);
        for second in [30, 20, 40] {
            trip.note(Some(Timestamp::from_second(second).unwrap()));
            trip.note(None);
        }
        assert_eq!(trip.valid_until().map(Timestamp::as_second), Some(20));
    }
}
