//! Matrix: <https://spec.matrix.org/latest/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid>.
//!
//! The HTML is that which people know; what changed follows as a list, and all of it as text for those who show none.
//! A notice has the same transaction whenever it is tried again, so the server takes it once. What errors mean:
//! <https://spec.matrix.org/latest/client-server-api/#standard-error-response>, and after too many requests:
//! <https://spec.matrix.org/latest/client-server-api/#rate-limiting>.

mod login;
mod message;

use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;
use std::sync::Arc;

use serde_json::Value;

use crate::config;
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
            Err(refusal) => Err(self.session.mind(refusal)),
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

#[cfg(test)]
mod tests {
    use crate::model::fixture::death;
    use crate::model::fixture::recovery;
    use crate::model::fixture::test_notice;
    use crate::model::notice::Urgent;

    use super::super::tests::hostile;
    use super::super::tests::reminder;
    use super::super::tests::sick;
    use super::super::tests::startup;
    use super::super::tests::wire;

    use super::*;

    const KEYS: &str = "homeserver_url = \"{url}\"\naccess_token = \"token\"\nroom_id = \"!room:example.com\"";

    fn told(notice: &Notice) -> String {
        wire("matrix", KEYS, notice)
    }

    #[test]
    fn a_startup() {
        insta::assert_snapshot!(told(&startup()), @r#"
        PUT /_matrix/client/v3/rooms/!room:example.com/send/m.room.message/vigil-1795482725000000000-d5ab879771899ba3
        authorization: Bearer token
        content-type: application/json

        {
          "body": "You received a Vigil alert.\n✅ Status started up, as: HEALTHY.\nStatus page: https://status.example.com/?a=1&b=2\nTime: 01:12:05 UTC+00:00",
          "format": "org.matrix.custom.html",
          "formatted_body": "<p>✅ Status started up, as: <em>HEALTHY</em>.</p><p>Status page: https://status.example.com/?a=1&amp;b=2</p><p>Time: 01:12:05 UTC+00:00</p>",
          "msgtype": "m.text"
        }
        "#);
    }

    #[test]
    fn a_death() {
        insta::assert_snapshot!(told(&death()), @r#"
        PUT /_matrix/client/v3/rooms/!room:example.com/send/m.room.message/vigil-1795482725000000000-224d55f2c2cb50d6
        authorization: Bearer token
        content-type: application/json

        {
          "body": "You received a Vigil alert.\n❌ Status changed to: DEAD.\n- web:api: 1 dead\nStatus page: https://status.example.com/?a=1&b=2\nTime: 01:12:05 UTC+00:00\n\n- Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
          "format": "org.matrix.custom.html",
          "formatted_body": "<p>❌ Status changed to: <em>DEAD</em>.</p><ul><li><code>web:api</code>: 1 dead</li></ul><p>Status page: https://status.example.com/?a=1&amp;b=2</p><p>Time: 01:12:05 UTC+00:00</p><ul><li>Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)</li></ul>",
          "msgtype": "m.text"
        }
        "#);
    }

    #[test]
    fn something_sick() {
        insta::assert_snapshot!(told(&sick()), @r#"
        PUT /_matrix/client/v3/rooms/!room:example.com/send/m.room.message/vigil-1795482725000000000-e7faecca728ff1d3
        authorization: Bearer token
        content-type: application/json

        {
          "body": "You received a Vigil alert.\n⚠ Status changed to: SICK.\nStatus page: https://status.example.com/?a=1&b=2\nTime: 01:12:05 UTC+00:00\n\n- Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s\n  - a is sick: slow, answered after 12 s\n  - b is sick: slow, answered after 12 s",
          "format": "org.matrix.custom.html",
          "formatted_body": "<p>⚠ Status changed to: <em>SICK</em>.</p><p>Status page: https://status.example.com/?a=1&amp;b=2</p><p>Time: 01:12:05 UTC+00:00</p><ul><li>Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s<ul><li>a is sick: slow, answered after 12 s</li><li>b is sick: slow, answered after 12 s</li></ul></li></ul>",
          "msgtype": "m.text"
        }
        "#);
    }

    #[test]
    fn a_reminder() {
        insta::assert_snapshot!(told(&reminder(Urgent::All)), @r#"
        PUT /_matrix/client/v3/rooms/!room:example.com/send/m.room.message/vigil-1795482725000000000-a3a2d9b34399007c
        authorization: Bearer token
        content-type: application/json

        {
          "body": "You received a Vigil alert.\n❌ Status is still: DEAD.\n- web:api: 1 dead\nStatus page: https://status.example.com/?a=1&b=2\nTime: 01:12:05 UTC+00:00\n\n- Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
          "format": "org.matrix.custom.html",
          "formatted_body": "<p>❌ Status is still: <em>DEAD</em>.</p><ul><li><code>web:api</code>: 1 dead</li></ul><p>Status page: https://status.example.com/?a=1&amp;b=2</p><p>Time: 01:12:05 UTC+00:00</p><ul><li>Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)</li></ul>",
          "msgtype": "m.text"
        }
        "#);
    }

    #[test]
    fn a_recovery() {
        insta::assert_snapshot!(told(&recovery()), @r#"
        PUT /_matrix/client/v3/rooms/!room:example.com/send/m.room.message/vigil-1795482725000000000-2714423bd8c7e16a
        authorization: Bearer token
        content-type: application/json

        {
          "body": "You received a Vigil alert.\n✅ Status changed to: HEALTHY.\nStatus page: https://status.example.com/?a=1&b=2\nTime: 01:12:05 UTC+00:00\n\n- Web, API (web:api) is healthy again, it was dead for 7 min 12 s",
          "format": "org.matrix.custom.html",
          "formatted_body": "<p>✅ Status changed to: <em>HEALTHY</em>.</p><p>Status page: https://status.example.com/?a=1&amp;b=2</p><p>Time: 01:12:05 UTC+00:00</p><ul><li>Web, API (web:api) is healthy again, it was dead for 7 min 12 s</li></ul>",
          "msgtype": "m.text"
        }
        "#);
    }

    #[test]
    fn a_test_notice() {
        insta::assert_snapshot!(told(&test_notice()), @r#"
        PUT /_matrix/client/v3/rooms/!room:example.com/send/m.room.message/vigil-1795482725000000000-cede6b1cc1f9e2d5
        authorization: Bearer token
        content-type: application/json

        {
          "body": "You received a Vigil alert.\nThis is a test notice, nothing has changed.\nStatus page: https://status.example.com/?a=1&b=2\nTime: 01:12:05 UTC+00:00",
          "format": "org.matrix.custom.html",
          "formatted_body": "<p>This is a test notice, nothing has changed.</p><p>Status page: https://status.example.com/?a=1&amp;b=2</p><p>Time: 01:12:05 UTC+00:00</p>",
          "msgtype": "m.text"
        }
        "#);
    }

    #[test]
    fn what_is_hostile_is_escaped() {
        insta::assert_snapshot!(told(&hostile()), @r#"
        PUT /_matrix/client/v3/rooms/!room:example.com/send/m.room.message/vigil-1795482725000000000-dae925775cc2a286
        authorization: Bearer token
        content-type: application/json

        {
          "body": "You received a Vigil alert.\n❌ Status changed to: DEAD.\n- web:api: 1 dead\nStatus page: https://status.example.com/?a=1&b=2\nTime: 01:12:05 UTC+00:00\n\n- Web, <b>&amp; *x* _y_ `z` @**all** [a](http://b) ~~c~~ \"q\" (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
          "format": "org.matrix.custom.html",
          "formatted_body": "<p>❌ Status changed to: <em>DEAD</em>.</p><ul><li><code>web:api</code>: 1 dead</li></ul><p>Status page: https://status.example.com/?a=1&amp;b=2</p><p>Time: 01:12:05 UTC+00:00</p><ul><li>Web, &lt;b&gt;&amp;amp; *x* _y_ `z` @**all** [a](http://b) ~~c~~ &quot;q&quot; (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)</li></ul>",
          "msgtype": "m.text"
        }
        "#);
    }
}
