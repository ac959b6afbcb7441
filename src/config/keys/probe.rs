//! `[[probe.service]]` and `[[probe.service.node]]`

use super::Key;
use super::takes::CHANNELS;
use super::takes::DAYS;
use super::takes::FLAG;
use super::takes::LINK;
use super::takes::MILLISECONDS;
use super::takes::POLL_RETRY;
use super::takes::SECONDS;
use super::takes::STATUS_ABOVE;
use super::takes::STATUS_BELOW;
use super::takes::TEXT;
use super::takes::WHOLE;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    // [[probe.service]]
    Key::new("probe.service", "id", "an id of 1 to 128 bytes", "The name of the service in reports and logs, unique in the file; visitors do not see it.").required(),
    Key::new("probe.service", "label", "the name that people read", "The name of the service on the page and in notices.").required(),
    Key::new("probe.service", "notify", CHANNELS, "The channels that hear of its nodes, by their names; `[]` is nobody. Without it: all channels.").each("the name of a channel"),
    // [[probe.service.node]]
    Key::new("probe.service.node", "id", "an id of 1 to 128 bytes", "The name of the node in reports and logs, unique in its service; visitors do not see it.").required(),
    Key::new("probe.service.node", "label", "the name that people read", "The name of the node on the page and in notices.").required(),
    Key::new("probe.service.node", "mode", "one of `poll`, `push`, `local` and `script`", "How its replicas are known: Vigil asks them (`poll`), they report their load (`push`), a vigil-local daemon reports their health (`local`), or scripts tell (`script`).").required(),
    Key::new("probe.service.node", "replicas", "a list of URLs, such as `[\"https://example.com/\", \"tcp://example.com:25\"]`", "The addresses that Vigil asks, each a replica: `http://`, `https://`, `tcp://`, `tls://` or `ssh://` with a port, `icmp://` without one, or `dns://` with a server and a name. Only for the mode `poll`.").each("a URL such as `https://example.com/` or `tcp://example.com:25`").default("[]"),
    Key::new("probe.service.node", "scripts", "a list of scripts", "Texts that `sh` runs, each a replica that is as the exit code says: 0 healthy, 1 sick, anything else dead. They are named by their place in the list, from `0`. Only for the mode `script`.").each("the text of a script").default("[]"),
    Key::new("probe.service.node", "notify", CHANNELS, "For this node, in place of that of its service.").each("the name of a channel"),
    // What it says in place of `[metrics]`.
    Key::new("probe.service.node", "poll_interval", SECONDS, "For this node, in place of that of `[metrics]`."),
    Key::new("probe.service.node", "poll_retry", POLL_RETRY, "For this node, in place of that of `[metrics]`; a number of tries if the node or `[metrics]` has `poll_retry_wait`."),
    Key::new("probe.service.node", "poll_retry_wait", MILLISECONDS, "For this node, in place of that of `[metrics]`."),
    Key::new("probe.service.node", "poll_http_status_healthy_above", STATUS_ABOVE, "For this node, in place of that of `[metrics]`."),
    Key::new("probe.service.node", "poll_http_status_healthy_below", STATUS_BELOW, "For this node, in place of that of `[metrics]`."),
    Key::new("probe.service.node", "poll_delay_dead", SECONDS, "For this node, in place of that of `[metrics]`."),
    Key::new("probe.service.node", "poll_delay_sick", SECONDS, "For this node, in place of that of `[metrics]`."),
    Key::new("probe.service.node", "script_interval", SECONDS, "For this node, in place of that of `[metrics]`."),
    Key::new("probe.service.node", "script_timeout", SECONDS, "For this node, in place of that of `[metrics]`, which an interval that is shorter cuts short."),
    // How HTTP targets are asked, and what certificates are held to.
    Key::new("probe.service.node", "http_headers", "a table of names and values, such as `{ X-Api-Key = \"...\" }`", "Further headers of the request, in place of the usual ones of the same name; a value may be a list, for a header that is sent several times. For `http://` and `https://`, as are all `http_*` keys.").each("the value of a header, or a list of them, as strings").default("{}"),
    Key::new("probe.service.node", "http_method", "one of `HEAD`, `GET`, `POST`, `PUT` and `PATCH`", "The method of the request. Without it: HEAD, and GET where a target answers that with 405 or 501; or GET if the body of the answer is to be looked at."),
    Key::new("probe.service.node", "http_body", TEXT, "The body of the request, for `POST`, `PUT` and `PATCH`; its type goes into `http_headers`."),
    Key::new("probe.service.node", "http_body_healthy_match", "a regular expression", "What the body of a healthy answer matches, anywhere in it; in the syntax of https://docs.rs/regex/#syntax. At most 1 MiB of the body is read."),
    Key::new("probe.service.node", "http_json_healthy_match", "a table of JSON pointers and values, such as `{ \"/status\" = \"ok\" }`", "What the JSON in the body of a healthy answer has at each of these pointers (RFC 6901).").each("a string, a number, `true` or `false`").default("{}"),
    Key::new("probe.service.node", "http_follow_redirects", FLAG, "Whether redirects are followed, at most 10, so that the last answer counts. Headers, credentials and body of the node go only to the scheme, host and port of the replica itself.").default("false"),
    Key::new("probe.service.node", "http_tls_verify", FLAG, "Whether certificates are verified, of `https://` and of `tls://`. With `false`, which is warned about, that of anybody will do.").default("true"),
    Key::new("probe.service.node", "http_ca_file", "the path of a PEM file with a certificate", "Certificates that are trusted besides those of the system, for targets with a private CA; relative to the folder of the configuration file."),
    Key::new("probe.service.node", "http_tls_expiry_sick_below", DAYS, "How long a certificate has to be valid, or its replica is sick."),
    Key::new("probe.service.node", "reveal_replica_name", FLAG, "Whether the page shows the names of the replicas: the URLs as written here, or what reports call themselves.").default("false"),
    Key::new("probe.service.node", "link_url", LINK, "A link under the node's name, such as to its documentation. Visitors see it."),
    Key::new("probe.service.node", "link_label", TEXT, "The words of that link; without it, the address itself."),
    Key::new("probe.service.node", "rabbitmq_queue", TEXT, "The RabbitMQ queue that the node reads.").not_yet(),
    Key::new("probe.service.node", "rabbitmq_queue_nack_healthy_below", WHOLE, "For this node, in place of `queue_nack_healthy_below`.").not_yet(),
    Key::new("probe.service.node", "rabbitmq_queue_nack_dead_above", WHOLE, "For this node, in place of `queue_nack_dead_above`.").not_yet(),
];
