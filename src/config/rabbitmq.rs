//! Queues of RabbitMQ: `[plugins.rabbitmq]`, and the `rabbitmq_*` keys of `[[probe.service.node]]`.

use std::num::NonZeroUsize;
use std::time::Duration;

use url::Url;

use crate::model::id::ReplicaId;
use crate::model::queue::QueueLimits;
use crate::secret::Secret;

/// `[plugins.rabbitmq]`: the server that tells how long queues are.
#[derive(Clone, Debug)]
pub struct RabbitMq {
    /// Its management API, up to what stands before `/api`: without a slash at the end, a query or credentials.
    pub api_url: Url,
    /// The user name.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// The virtual host that holds the queues, as it is called.
    pub virtual_host: String,
    /// How long after it was found too long a queue is looked at once more; none for never.
    pub second_look: Option<Duration>,
    /// From one look at a queue to the next.
    pub interval: Duration,
    /// The most queues that are looked at at a time.
    pub parallelism: NonZeroUsize,
}

/// The queue of a node.
#[derive(Clone, Debug)]
pub struct Queue {
    /// How it is called among the replicas of its node.
    pub replica: ReplicaId,
    /// Its name.
    pub name: String,
    /// How long it may be.
    pub limits: QueueLimits,
}

impl RabbitMq {
    /// Where the API is, with what stands before `/api`.
    #[must_use]
    pub fn base(&self) -> &str {
        self.api_url.as_str().trim_end_matches('/')
    }
}
