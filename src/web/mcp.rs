//! `/mcp/probes`: the report for language models, by the Model Context Protocol over Streamable HTTP:
//! <https://modelcontextprotocol.io/specification>. One tool, which only reads; nothing is kept between two requests.

use std::io;
use std::sync::Arc;

use actix_web::guard;
use actix_web::guard::GuardContext;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use rmcp::ErrorData;
use rmcp::RoleServer;
use rmcp::ServerHandler;
use rmcp::handler::server::common::schema_for_empty_input;
use rmcp::handler::server::tool::schema_for_output;
use rmcp::model::CallToolRequestParams;
use rmcp::model::CallToolResponse;
use rmcp::model::CallToolResult;
use rmcp::model::Implementation;
use rmcp::model::ListToolsResult;
use rmcp::model::PaginatedRequestParams;
use rmcp::model::ServerCapabilities;
use rmcp::model::ServerConfig;
use rmcp::model::Tool;
use rmcp::model::ToolAnnotations;
use rmcp::service::RequestContext;
use rmcp_actix_web::transport::LocalSessionManager;
use rmcp_actix_web::transport::StreamableHttpService;

use super::report::Report;
use super::site::Live;

/// The one tool.
const TOOL: &str = "get_report";

/// What a request may hold: a call of a tool without arguments is short.
const BODY_MAX: usize = 64 * 1024;

/// Answers one request.
struct Server(Live);

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("vigil", env!("CARGO_PKG_VERSION")))
            .with_instructions("Tells how the services of this status page are.")
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(vec![tool()]))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        (name == TOOL).then(tool)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if request.name != TOOL {
            return Err(ErrorData::invalid_params(format!("there is no such tool; there is `{TOOL}`"), None));
        }
        let report = serde_json::to_value(self.0.site().reports.report())
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        Ok(CallToolResult::structured(report).into())
    }
}

fn tool() -> Tool {
    let what = "How every service, node and replica of this status page is at present: healthy, sick or dead.";
    Tool::new(TOOL, what, schema_for_empty_input())
        .with_title("Status report")
        .with_raw_output_schema(schema_for_output::<Report>())
        .with_annotations(ToolAnnotations::new().read_only(true).idempotent(true).open_world(false))
}

/// Adds it to the routes of `live`; it is there while `mcp_server` is on.
pub(super) fn routes(app: &mut ServiceConfig, live: &Live) {
    let live = live.clone();
    let service = StreamableHttpService::builder()
        .service_factory(Arc::new(move || Ok::<_, io::Error>(Server(live.clone()))))
        .session_manager(Arc::new(LocalSessionManager::default()))
        .stateful_mode(false)
        .json_response(true)
        .max_request_body_bytes(BODY_MAX)
        // It tells what the page tells everybody, whatever name the page is asked by.
        .allowed_hosts(Vec::new())
        .build();
    app.service(service.scope_with_path("/mcp/probes").guard(guard::fn_guard(is_wanted)));
}

fn is_wanted(context: &GuardContext<'_>) -> bool {
    context.app_data::<Data<Live>>().is_some_and(|live| live.site().mcp_server)
}
