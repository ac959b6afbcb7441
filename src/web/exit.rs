//! How a server ends so that nobody is turned away: neither those whose connection waits for a worker, nor those who keep
//! one open and are about to ask again.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::Error;
use actix_web::dev::ServerHandle;
use actix_web::dev::ServiceResponse;
use actix_web::http::ConnectionType;
use actix_web::rt::time::sleep;

use super::KEEP_ALIVE;

/// How long a worker has for the connections that were taken for it already.
const HANDED_TO_WORKERS: Duration = Duration::from_millis(100);

/// Whether a server is about to end. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Leaving(Arc<AtomicBool>);

impl Leaving {
    /// Marks an answer as the last on its connection, as soon as the server is about to end.
    pub(super) fn mark<B, F>(&self, answer: F) -> impl Future<Output = Result<ServiceResponse<B>, Error>> + use<B, F>
    where
        F: Future<Output = Result<ServiceResponse<B>, Error>>,
    {
        let leaving = self.clone();
        async move {
            let mut answer = answer.await?;
            if leaving.0.load(Ordering::Relaxed) {
                answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
            }
            Ok(answer)
        }
    }
}

/// The way to end a server. Clones end the same one; once is enough.
#[derive(Clone)]
pub struct Exit {
    handle: ServerHandle,
    leaving: Leaving,
}

impl Exit {
    pub(super) fn new(handle: ServerHandle, leaving: Leaving) -> Self {
        Self { handle, leaving }
    }

    /// Ends the server, and its address is free: what was asked of it is answered.
    pub async fn end(self) {
        self.end_after(HANDED_TO_WORKERS).await;
    }

    /// Ends the server now that another one serves on the same socket: connections move there with their next answer, and
    /// those on which nobody asks are closed when they always are.
    pub async fn hand_over(self) {
        self.end_after(KEEP_ALIVE + HANDED_TO_WORKERS).await;
    }

    async fn end_after(self, wait: Duration) {
        // Stopping drops the connections that no worker has taken up; so first no more are accepted.
        self.handle.pause().await;
        self.leaving.0.store(true, Ordering::Relaxed);
        sleep(wait).await;
        self.handle.stop(true).await;
    }
}
