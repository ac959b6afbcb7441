//! `[plugins.rabbitmq]`

use super::Key;
use super::takes::HEALTHY_MESSAGES;
use super::takes::MESSAGES;
use super::takes::MILLISECONDS;
use super::takes::SECONDS;
use super::takes::TEXT;
use super::takes::WEB_URL;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    // [plugins.rabbitmq]
    Key::new(
        "plugins.rabbitmq",
        "api_url",
        WEB_URL,
        "The management interface of the RabbitMQ server: what stands before `/api`, such as `http://127.0.0.1:15672`.",
    )
    .required(),
    Key::new(
        "plugins.rabbitmq",
        "auth_username",
        TEXT,
        "The user name, of one with the tag `management` who may see the virtual host.",
    )
    .required(),
    Key::new("plugins.rabbitmq", "auth_password", TEXT, "The password.").required().secret("auth_password_file"),
    Key::new(
        "plugins.rabbitmq",
        "virtualhost",
        "the name of a virtual host",
        "The virtual host that holds the queues, as it is called or as it stands in a URL: `/` and `%2F` are the same.",
    )
    .default("\"/\""),
    Key::new(
        "plugins.rabbitmq",
        "queue_ready_healthy_below",
        HEALTHY_MESSAGES,
        "From this many waiting messages on a queue is sick. Without it, no number is sick.",
    ),
    Key::new(
        "plugins.rabbitmq",
        "queue_nack_healthy_below",
        HEALTHY_MESSAGES,
        "From this many messages that are delivered and not acknowledged yet a queue is sick. Without it, no number is sick.",
    ),
    Key::new(
        "plugins.rabbitmq",
        "queue_ready_dead_above",
        MESSAGES,
        "Above this many waiting messages a queue is dead. Without it, no number is dead.",
    ),
    Key::new(
        "plugins.rabbitmq",
        "queue_nack_dead_above",
        MESSAGES,
        "Above this many messages that are delivered and not acknowledged yet a queue is dead. Without it, no number is dead.",
    ),
    Key::new(
        "plugins.rabbitmq",
        "queue_loaded_retry_delay",
        MILLISECONDS,
        "How long after a queue was found too long it is looked at once more; only what is found then counts. Without it, the first look does.",
    ),
    Key::new("plugins.rabbitmq", "queue_interval", SECONDS, "The time from one look at a queue to the next.")
        .default("30"),
    Key::new(
        "plugins.rabbitmq",
        "queue_parallelism",
        "a whole number, 1 to 1024",
        "The most queues that are looked at at a time. They never wait for other checks, nor other checks for them.",
    )
    .default("4"),
];
