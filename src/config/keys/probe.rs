//! `[[probe.service]]` and `[[probe.service.node]]`

use super::Key;
use super::takes::FLAG;
use super::takes::LINK;
use super::takes::TEXT;
use super::takes::WHOLE;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    // [[probe.service]]
    Key::new("probe.service", "id", "an id of 1 to 128 bytes", "The name of the service in reports and logs, unique in the file; visitors do not see it.").required(),
    Key::new("probe.service", "label", "the name that people read", "The name of the service on the page and in notices.").required(),
    // [[probe.service.node]]
    Key::new("probe.service.node", "id", "an id of 1 to 128 bytes", "The name of the node in reports and logs, unique in its service; visitors do not see it.").required(),
    Key::new("probe.service.node", "label", "the name that people read", "The name of the node on the page and in notices.").required(),
    Key::new("probe.service.node", "mode", "one of `poll`, `push`, `local` and `script`", "How its replicas are known: Vigil asks them (`poll`), they report their load (`push`), or a vigil-local daemon reports their health (`local`). The mode `script` is known and not supported yet: nothing watches such a node.").required(),
    Key::new("probe.service.node", "replicas", "a list of URLs, such as `[\"https://example.com/\", \"tcp://example.com:25\"]`", "The addresses that Vigil asks, each a replica: `http://`, `https://`, or `tcp://` with a port. Only for the mode `poll`. `icmp://` and `ssh://` are known and not supported yet.").each("a URL such as `https://example.com/` or `tcp://example.com:25`").default("[]"),
    Key::new("probe.service.node", "scripts", "a list of scripts", "Shell scripts, each a replica whose exit code says how it is. Only for the mode `script`.").default("[]").not_yet(),
    Key::new("probe.service.node", "http_headers", "a table of names and values", "Further headers of the request.").default("{}").not_yet(),
    Key::new("probe.service.node", "http_method", "one of `HEAD`, `GET`, `POST`, `PUT` and `PATCH`", "The method of the request.").not_yet(),
    Key::new("probe.service.node", "http_body", TEXT, "The body of the request.").not_yet(),
    Key::new("probe.service.node", "http_body_healthy_match", "a regular expression", "What the body of a healthy answer matches.").not_yet(),
    Key::new("probe.service.node", "reveal_replica_name", FLAG, "Whether the page shows the names of the replicas: the URLs as written here, or what reports call themselves.").default("false"),
    Key::new("probe.service.node", "link_url", LINK, "A link under the node's name, such as to its documentation. Visitors see it."),
    Key::new("probe.service.node", "link_label", TEXT, "The words of that link; without it, the address itself."),
    Key::new("probe.service.node", "rabbitmq_queue", TEXT, "The RabbitMQ queue that the node reads.").not_yet(),
    Key::new("probe.service.node", "rabbitmq_queue_nack_healthy_below", WHOLE, "For this node, in place of `queue_nack_healthy_below`.").not_yet(),
    Key::new("probe.service.node", "rabbitmq_queue_nack_dead_above", WHOLE, "For this node, in place of `queue_nack_dead_above`.").not_yet(),
];
