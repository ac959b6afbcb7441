//! `[plugins.rabbitmq]`

use super::Key;
use super::takes::TEXT;
use super::takes::WEB_URL;
use super::takes::WHOLE;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    // [plugins.rabbitmq]
    Key::new("plugins.rabbitmq", "api_url", WEB_URL, "The management interface of the RabbitMQ server.").not_yet(),
    Key::new("plugins.rabbitmq", "auth_username", TEXT, "Its user name.").not_yet(),
    Key::new("plugins.rabbitmq", "auth_password", TEXT, "Its password.").secret("auth_password_file").not_yet(),
    Key::new(
        "plugins.rabbitmq",
        "virtualhost",
        TEXT,
        "The virtual host that holds the queues, as it is spelled in a path.",
    )
    .not_yet(),
    Key::new(
        "plugins.rabbitmq",
        "queue_ready_healthy_below",
        WHOLE,
        "From this many waiting messages a queue is loaded.",
    )
    .not_yet(),
    Key::new(
        "plugins.rabbitmq",
        "queue_nack_healthy_below",
        WHOLE,
        "From this many unacknowledged messages a queue is loaded.",
    )
    .not_yet(),
    Key::new(
        "plugins.rabbitmq",
        "queue_ready_dead_above",
        WHOLE,
        "Above this many waiting messages a queue is stalled.",
    )
    .not_yet(),
    Key::new(
        "plugins.rabbitmq",
        "queue_nack_dead_above",
        WHOLE,
        "Above this many unacknowledged messages a queue is stalled.",
    )
    .not_yet(),
    Key::new(
        "plugins.rabbitmq",
        "queue_loaded_retry_delay",
        "a whole number of milliseconds",
        "The wait before a loaded queue is looked at once more.",
    )
    .not_yet(),
];
