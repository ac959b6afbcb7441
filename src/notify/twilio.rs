//! Text messages through Twilio: <https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource>.
//!
//! Each number is a target. The lines are those that people know; what changed follows. What its errors mean:
//! <https://www.twilio.com/docs/usage/twilios-response> and, for a rate limit,
//! <https://www.twilio.com/docs/api/errors/20429>.

use std::sync::Arc;

use crate::config;
use crate::config::TwilioSender;
use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::model::words;
use crate::net::client::Client;

use super::Page;
use super::Target;
use super::call;
use super::call::Answers;
use super::call::Call;
use super::call::Calling;
use super::fit;
use super::plain;
use super::text;

/// How much is sent, in bytes. Twilio takes 1,600 characters (<https://www.twilio.com/docs/api/errors/21617>), but each
/// 153 of them are a message that is paid for.
const TEXT_MAX: usize = 1_000;

/// How much of it the list of replicas may take.
const NODES_MAX: usize = 400;

/// How much of it the page's title may take.
const TITLE_MAX: usize = 100;

/// A target a number.
pub(super) fn targets(config: &config::Twilio, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let answers = Answers::of("Twilio").words("/message");
    let target = |to: &String| {
        let (config, page, number) = (config.clone(), page.clone(), to.clone());
        Target::named(to, Calling::new(client, answers, move |notice| Ok(request(notice, &number, &config, &page))))
    };
    config.to.iter().map(target).collect()
}

fn request(notice: &Notice, to: &str, config: &config::Twilio, page: &Page) -> Call {
    let sender = match &config.sender {
        TwilioSender::Service(sid) => ("MessagingServiceSid", sid.as_str()),
        TwilioSender::Number(number) => ("From", number.as_str()),
    };
    let body = body(notice, page);
    let url = call::below(&config.api_url, &["2010-04-01", "Accounts", &config.account_sid, "Messages.json"]);
    let call = Call::form(url, &[sender, ("To", to), ("Body", &body)]);
    call.basic(&config.account_sid, config.auth_token.reveal())
}

fn body(notice: &Notice, page: &Page) -> String {
    let kind = match notice.kind {
        Kind::Startup => "Startup alert for: ",
        Kind::Change => "",
        Kind::Reminder { .. } => "Reminder for: ",
        Kind::Test => "Test notice for: ",
    };
    let mut lines = vec![format!("{kind}{}", fit::line(&page.title, TITLE_MAX, fit::bytes)), String::new()];
    if notice.kind != Kind::Test {
        lines.push(format!("Status: {}", text::capital(notice.status)));
    }
    let dead = text::dead(notice, NODES_MAX);
    if !dead.is_empty() {
        lines.push(format!("Nodes: {dead}"));
    }
    lines.push(format!("Time: {}", words::time(notice.at)));
    lines.extend(plain::changes(notice, plain::as_it_is));
    fit::lines(&lines, TEXT_MAX, fit::bytes)
}

#[cfg(test)]
mod tests {
    use crate::model::fixture::death;
    use crate::model::fixture::recovery;
    use crate::model::fixture::test_notice;
    use crate::model::notice::Urgent;

    use super::super::tests::endpoint::Reply;
    use super::super::tests::endpoint::page;
    use super::super::tests::enormous;
    use super::super::tests::failure;
    use super::super::tests::reminder;
    use super::super::tests::sick;
    use super::super::tests::startup;
    use super::super::tests::wire;

    use super::*;

    const KEYS: &str = "to = [\"+33600000001\"]\nservice_sid = \"MG1\"\naccount_sid = \"AC1\"\nauth_token = \"token\"\napi_url = \"{url}\"";

    fn told(notice: &Notice) -> String {
        wire("twilio", KEYS, notice)
    }

    #[test]
    fn a_startup() {
        insta::assert_snapshot!(told(&startup()), @"
        POST /2010-04-01/Accounts/AC1/Messages.json
        authorization: Basic QUMxOnRva2Vu
        content-type: application/x-www-form-urlencoded

        MessagingServiceSid=MG1
        To=+33600000001
        Body=Startup alert for: Acme & Co

        Status: Healthy
        Time: 01:12:05 UTC+00:00
        ");
    }

    #[test]
    fn a_death() {
        insta::assert_snapshot!(told(&death()), @"
        POST /2010-04-01/Accounts/AC1/Messages.json
        authorization: Basic QUMxOnRva2Vu
        content-type: application/x-www-form-urlencoded

        MessagingServiceSid=MG1
        To=+33600000001
        Body=Acme & Co

        Status: Dead
        Nodes: web:api:tcp://10.0.0.1:80
        Time: 01:12:05 UTC+00:00

        - Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)
        ");
    }

    #[test]
    fn something_sick() {
        insta::assert_snapshot!(told(&sick()), @"
        POST /2010-04-01/Accounts/AC1/Messages.json
        authorization: Basic QUMxOnRva2Vu
        content-type: application/x-www-form-urlencoded

        MessagingServiceSid=MG1
        To=+33600000001
        Body=Acme & Co

        Status: Sick
        Time: 01:12:05 UTC+00:00

        - Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s
          - a is sick: slow, answered after 12 s
          - b is sick: slow, answered after 12 s
        ");
    }

    #[test]
    fn a_reminder() {
        insta::assert_snapshot!(told(&reminder(Urgent::All)), @"
        POST /2010-04-01/Accounts/AC1/Messages.json
        authorization: Basic QUMxOnRva2Vu
        content-type: application/x-www-form-urlencoded

        MessagingServiceSid=MG1
        To=+33600000001
        Body=Reminder for: Acme & Co

        Status: Dead
        Nodes: web:api:tcp://10.0.0.1:80
        Time: 01:12:05 UTC+00:00

        - Web, API (web:api) is still dead, since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)
        ");
    }

    #[test]
    fn a_recovery() {
        insta::assert_snapshot!(told(&recovery()), @"
        POST /2010-04-01/Accounts/AC1/Messages.json
        authorization: Basic QUMxOnRva2Vu
        content-type: application/x-www-form-urlencoded

        MessagingServiceSid=MG1
        To=+33600000001
        Body=Acme & Co

        Status: Healthy
        Time: 01:12:05 UTC+00:00

        - Web, API (web:api) is healthy again, it was dead for 7 min 12 s
        ");
    }

    #[test]
    fn a_test_notice() {
        insta::assert_snapshot!(told(&test_notice()), @"
        POST /2010-04-01/Accounts/AC1/Messages.json
        authorization: Basic QUMxOnRva2Vu
        content-type: application/x-www-form-urlencoded

        MessagingServiceSid=MG1
        To=+33600000001
        Body=Test notice for: Acme & Co

        Time: 01:12:05 UTC+00:00
        ");
    }

    #[test]
    fn no_more_is_sent_than_is_taken() {
        let text = body(&enormous(), &page());
        assert!(fit::bytes(&text) <= 1_000, "{text}");
        assert!(text.contains("Time: ") && text.ends_with("\n[..]"), "{text}");
    }

    #[test]
    fn each_number_is_told_and_a_number_may_send() {
        let keys =
            KEYS.replace("[\"+33600000001\"]", "[\"+1\", \"+2\"]").replace("service_sid = \"MG1\"", "from = \"+9\"");
        let told = wire("twilio", &keys, &death());
        let requests: Vec<&str> = told.split("---").collect();
        assert_eq!(requests.len(), 2, "{told}");
        assert!(
            requests[0].contains("\nFrom=+9\nTo=+1\nBody=") && requests[1].contains("\nFrom=+9\nTo=+2\nBody="),
            "{told}"
        );
    }

    #[test]
    fn one_number_that_sends_to_one_is_as_it_was_up_to_1_8() {
        let keys = KEYS.replace("[\"+33600000001\"]", "\"+1\"").replace("service_sid = \"MG1\"", "from = \"+9\"");
        assert!(wire("twilio", &keys, &death()).contains("\nFrom=+9\nTo=+1\nBody="));
    }

    #[test]
    fn it_says_itself_why() {
        let wrong = r#"{"code":21211,"message":"Invalid 'To' Phone Number: +1","more_info":"","status":400}"#;
        let error = failure("twilio", KEYS, Reply::Status(400, wrong));
        assert_eq!(error.what, "Twilio answered HTTP 400: Invalid 'To' Phone Number: +1");
        assert!(error.permanent);
    }
}
