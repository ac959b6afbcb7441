//! Matrix: <https://spec.matrix.org/latest/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid>.
//!
//! The HTML is that which people know; what changed follows as a list, and all of it as text for those who show none.
//! A notice has the same transaction whenever it is tried again, so the server takes it once. What errors mean:
//! <https://spec.matrix.org/latest/client-server-api/#standard-error-response>, and after too many requests:
//! <https://spec.matrix.org/latest/client-server-api/#rate-limiting>.

mod login;
mod message;
#[cfg(test)]
mod tests;

use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;
use std::sync::Arc;

use serde_json::Value;

use crate::config;
use crate::config::Held;
use crate::model::notice::Notice;
use crate::net::client::Client;

use self::login::Session;
use self::message::message;

use super::Notifier;
use super::Page;
use super::SendError;
use super::Target;
use super::call;
use super::call::Answers;
use super::call::Call;
use super::discreet::Blanks;

/// How a home server's answers are understood. Servers of before 1.10 tell the wait in the body only.
const ANSWERS: Answers = Answers::of("the home server").words("/error").milliseconds("/retry_after_ms");

/// Where the API begins, below the URL of the home server.
const API: [&str; 3] = ["_matrix", "client", "v3"];

/// The one target.
pub(super) fn targets(config: &config::Matrix, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let session = Session::new(&config.account, &config.homeserver_url, client);
    let notifier = Matrix { config: config.clone(), page: page.clone(), client: client.clone(), session };
    vec![Target::only(notifier)]
}

struct Matrix {
    config: config::Matrix,
    page: Arc<Page>,
    client: Client,
    session: Session,
}

impl Notifier for Matrix {
    fn send(&self, notice: &Notice) -> Result<(), SendError> {
        let token = self.session.token()?;
        let call = request(notice, &self.config, &self.page, token.reveal())?;
        match call.make(&self.client, &ANSWERS) {
            Ok(_) => Ok(()),
            // The token may be one that the server gave, which is not among the secrets of the configuration.
            Err(refusal) => Err(Blanks::of(&[Held::Token(&token)]).clear(self.session.mind(refusal))),
        }
    }
}

fn request(notice: &Notice, config: &config::Matrix, page: &Page, token: &str) -> Result<Call, SendError> {
    let message = message(notice, page);
    let transaction = transaction(notice, &message);
    let room = ["rooms", &config.room_id, "send", "m.room.message", &transaction];
    let url = call::below(&config.homeserver_url, &[&API[..], &room].concat());
    Ok(Call::json(url, &message)?.put().bearer(token))
}

/// The same for the same notice, whenever it is sent, and another one for every other, also where two channels share
/// an account.
fn transaction(notice: &Notice, message: &Value) -> String {
    let mut hasher = DefaultHasher::new();
    message.to_string().hash(&mut hasher);
    format!("vigil-{}-{:016x}", notice.at.as_nanosecond(), hasher.finish())
}
