//! `/mcp/probes`: the report for language models, by the Model Context Protocol over Streamable HTTP:
//! <https://modelcontextprotocol.io/specification/2025-11-25/basic/transports>.
//!
//! There is one tool, which only reads, and nothing is kept between two requests: each is a JSON-RPC message that is
//! answered by itself. The official library does the same with 2.1 MB more program.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::web::Payload;
use serde_derive::Deserialize;
use serde_derive::Serialize;
use serde_json::Value;
use serde_json::json;

use super::body;
use super::rendered::JSON;
use super::report::Report;
use super::respond;
use super::site::Live;

/// The versions of the protocol that have what is needed here, the latest first.
const VERSIONS: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];

/// The one tool.
const TOOL: &str = "get_report";

/// A message of a client: a request, or, without an id, one that wants no answer.
#[derive(Deserialize)]
struct Message {
    id: Option<Value>,
    /// None in an answer, of which there are none to expect.
    method: Option<String>,
    #[serde(default)]
    params: Params,
}

/// What is of interest in the parameters of any method.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Params {
    protocol_version: String,
    name: String,
}

#[derive(Debug, PartialEq, Serialize)]
struct Answer {
    jsonrpc: &'static str,
    id: Value,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Result(Value),
    Error { code: i32, message: String },
}

/// Codes of JSON-RPC 2.0.
const NO_REQUEST: i32 = -32_600;
const NO_METHOD: i32 = -32_601;
const BAD_PARAMETERS: i32 = -32_602;

/// `POST /mcp/probes`
pub(super) async fn post(request: HttpRequest, payload: Payload, live: Data<Live>) -> HttpResponse {
    if respond::header(&request, "mcp-protocol-version").is_some_and(|version| !VERSIONS.contains(&version)) {
        let known = format!("this version of the protocol is not known; there are {}", VERSIONS.join(", "));
        return body::text(StatusCode::BAD_REQUEST, &known);
    }
    let body = match body::read(&request, payload).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let (status, answer) = match body::parse(&body) {
        Ok(message) => (StatusCode::OK, answer(message, || live.site().reports.report())),
        Err(why) => (StatusCode::BAD_REQUEST, Some(Answer::error(Value::Null, NO_REQUEST, why))),
    };
    match answer {
        Some(answer) => HttpResponse::build(status)
            .content_type(JSON)
            .insert_header(("Cache-Control", "no-store"))
            .body(serde_json::to_vec(&answer).unwrap_or_default()),
        None => HttpResponse::Accepted().finish(),
    }
}

/// The answer to a message, if it wants one.
fn answer(message: Message, report: impl FnOnce() -> Report) -> Option<Answer> {
    let Message { id, method, params } = message;
    let (id, method) = id.zip(method)?;
    let result = match method.as_str() {
        "initialize" => json!({
            "protocolVersion": VERSIONS.into_iter().find(|version| *version == params.protocol_version).unwrap_or(VERSIONS[0]),
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "vigil", "version": env!("CARGO_PKG_VERSION") },
            "instructions": "Tells how the services of this status page are.",
        }),
        "ping" => json!({}),
        "tools/list" => json!({ "tools": [tool()] }),
        "tools/call" if params.name == TOOL => {
            let report = report();
            // Plain structures with string keys: there is nothing in them that JSON cannot say.
            let text = serde_json::to_string(&report).unwrap_or_default();
            json!({ "content": [{ "type": "text", "text": text }], "structuredContent": report, "isError": false })
        }
        "tools/call" => {
            return Some(Answer::error(id, BAD_PARAMETERS, format!("there is no such tool; there is `{TOOL}`")));
        }
        _ => return Some(Answer::error(id, NO_METHOD, "there is no such method".to_owned())),
    };
    Some(Answer { jsonrpc: "2.0", id, outcome: Outcome::Result(result) })
}

impl Answer {
    fn error(id: Value, code: i32, message: String) -> Self {
        Self { jsonrpc: "2.0", id, outcome: Outcome::Error { code, message } }
    }
}

/// What there is to call, and the shape of a [`Report`].
fn tool() -> Value {
    let status = json!({ "type": "string", "enum": ["healthy", "sick", "dead"] });
    let text = json!({ "type": "string" });
    let object = |properties: Value| {
        let names: Vec<&String> = properties.as_object().into_iter().flatten().map(|(name, _)| name).collect();
        json!({ "type": "object", "required": names, "properties": properties })
    };
    let list = |items: Value| json!({ "type": "array", "items": items });
    let node = object(json!({ "name": text, "status": status, "replicas": list(status.clone()) }));
    let service = object(json!({ "name": text, "status": status, "nodes": list(node) }));
    let page = object(json!({ "name": text, "url": text }));
    json!({
        "name": TOOL,
        "title": "Status report",
        "description": "How every service, node and replica of this status page is at present: healthy, sick or dead.",
        "inputSchema": { "type": "object", "properties": {} },
        "outputSchema": object(json!({ "health": status, "page": page, "probes": list(service) })),
        "annotations": { "readOnlyHint": true, "idempotentHint": true, "openWorldHint": false },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(message: Value) -> Option<Value> {
        let answer = answer(serde_json::from_value(message).unwrap(), || panic!("nobody asked for a report"));
        answer.map(|answer| serde_json::to_value(answer).unwrap())
    }

    #[test]
    fn a_version_that_both_know_is_agreed_on() {
        for (asked, wanted) in [
            ("2025-03-26", "2025-03-26"),
            ("2025-06-18", "2025-06-18"),
            ("2025-11-25", "2025-11-25"),
            ("2024-11-05", "2025-11-25"),
            ("2099-01-01", "2025-11-25"),
            ("", "2025-11-25"),
        ] {
            let message =
                json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "protocolVersion": asked } });
            assert_eq!(told(message).unwrap()["result"]["protocolVersion"], wanted, "{asked}");
        }
    }

    #[test]
    fn what_is_asked_is_answered_under_its_id_and_what_is_not_is_taken_note_of() {
        let empty = |id: Value| Some(json!({ "jsonrpc": "2.0", "id": id, "result": {} }));
        assert_eq!(told(json!({ "id": "a", "method": "ping" })), empty("a".into()));
        assert_eq!(told(json!({ "id": 7, "method": "ping", "params": {} })), empty(7.into()));
        for message in [
            json!({ "method": "notifications/initialized" }),
            json!({ "id": null, "method": "ping" }),
            json!({ "id": 1, "result": {} }),
        ] {
            assert_eq!(told(message.clone()), None, "{message}");
        }
    }

    #[test]
    fn what_there_is_not_is_an_error_with_its_code() {
        let code = |message| told(message).unwrap()["error"]["code"].clone();
        assert_eq!(code(json!({ "id": 1, "method": "resources/list" })), NO_METHOD);
        assert_eq!(code(json!({ "id": 1, "method": "tools/call" })), BAD_PARAMETERS);
        assert_eq!(code(json!({ "id": 1, "method": "tools/call", "params": { "name": "restart" } })), BAD_PARAMETERS);
    }
}
