//! What several keys take, as it reads after "write".

pub(super) const FLAG: &str = "`true` or `false`";
pub(super) const TEXT: &str = "a string";
pub(super) const WEB_URL: &str = "an `http` or `https` URL";
pub(super) const LINK: &str = "an `http`, `https`, `mailto` or `tel` URL";
pub(super) const COLOR: &str = "a colour such as `#1972f5` or `#17f`";
pub(super) const SECONDS: &str = "a whole number of seconds, 1 to 86400";
pub(super) const MILLISECONDS: &str = "a whole number of milliseconds, 0 to 86400000";
pub(super) const POLL_RETRY: &str =
    "a whole number of seconds, 0 to 86400, or of tries, 0 to 100, if `poll_retry_wait` is given";
pub(super) const STATUS_ABOVE: &str = "an HTTP status, 100 to 599";
pub(super) const STATUS_BELOW: &str = "an HTTP status, 101 to 600";
pub(super) const SILENCE: &str = "a whole number of seconds, 0 to 604800";
pub(super) const WHOLE: &str = "a whole number";
pub(super) const DAYS: &str = "a whole number of days, 1 to 36500";
pub(super) const LOAD: &str = "a number above 0, such as `0.90`";
pub(super) const EMAIL: &str = "an email address, such as `ops@example.com`";
pub(super) const CHANNEL: &str = "a name of 1 to 64 letters, digits, `-` and `_`";
pub(super) const CHANNELS: &str = "a list of the names of channels, such as `[\"slack\"]`";
pub(super) const RECIPIENTS: &str = "an email address, such as `ops@example.com`, or a list of them";
