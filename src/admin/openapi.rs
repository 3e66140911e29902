//! The description of the API, made from the table of routes, so that it cannot say anything else.

use axum::response::{IntoResponse, Response};
use http::header;
use serde_json::{Map, Value, json};

use super::routes::{Access, Kind, Route, TABLE};

/// `GET /api/openapi.json`
pub(super) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], description().to_string()).into_response()
}

/// The document.
pub(super) fn description() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in TABLE.iter().filter(|route| route.kind == Kind::Api) {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(method(route).to_lowercase(), operation(route));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "AsterFlow", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "security": [{ "token": [] }],
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": { "Problem": {
                "type": "object",
                "description": "RFC 9457; the detail says what to do",
                "required": ["type", "title", "status", "detail"],
                "properties": {
                    "type": { "type": "string" }, "title": { "type": "string" },
                    "status": { "type": "integer" }, "detail": { "type": "string" }
                }
            } }
        }
    })
}

/// The word of a route's method.
pub(super) fn method(route: &Route) -> &'static str {
    use axum::routing::MethodFilter;
    match route.method {
        MethodFilter::POST => "POST",
        MethodFilter::PATCH => "PATCH",
        MethodFilter::DELETE => "DELETE",
        _ => "GET",
    }
}

fn operation(route: &Route) -> Value {
    let role = match route.access {
        Access::Public => "everybody".to_owned(),
        Access::Machine(role) => format!("this machine without a login, else {role}"),
        Access::Role(role) => role.to_string(),
    };
    let problem = json!({
        "description": "A problem",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
    });
    let mut operation = json!({
        "summary": route.summary,
        "x-role": role,
        "responses": { "200": { "description": "As asked" }, "default": problem }
    });
    let fields = operation.as_object_mut();
    if let Some(fields) = fields.filter(|_| route.path.contains("{id}")) {
        fields.insert(
            "parameters".into(),
            json!([{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }]),
        );
    }
    operation
}
