//! The description of the API: paths, methods and roles come from the table of routes, so that they cannot be others;
//! parameters, bodies and schemas from `openapi/details.json`, which tests hold against real answers.

use axum::response::{IntoResponse, Response};
use http::header;
use serde_json::{Map, Value, json};

use super::error::Refusal;
use super::routes::{Access, Kind, Route, TABLE};

/// What the table does not know of the routes.
const DETAILS: &str = include_str!("openapi/details.json");

/// `GET /api/openapi.json`
pub(super) async fn openapi() -> Response {
    match description() {
        Ok(document) => ([(header::CONTENT_TYPE, "application/json")], document.to_string()).into_response(),
        Err(error) => {
            tracing::error!(%error, "the details of the API's description are no JSON");
            Refusal::internal().into_response()
        }
    }
}

/// The document.
pub(super) fn description() -> Result<Value, serde_json::Error> {
    let mut details: Value = serde_json::from_str(DETAILS)?;
    let mut paths: Map<String, Value> = Map::new();
    for route in TABLE.iter().filter(|route| route.kind == Kind::Api) {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        let own = details["operations"][format!("{} {}", method(route), route.path)].take();
        if let Some(methods) = path.as_object_mut() {
            methods.insert(method(route).to_lowercase(), operation(route, own));
        }
    }
    Ok(json!({
        "openapi": "3.1.0",
        "info": { "title": "AsterFlow", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "security": [{ "token": [] }],
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": details["schemas"].take()
        }
    }))
}

/// The word of a route's method.
pub(super) fn method(route: &Route) -> &'static str {
    use axum::routing::MethodFilter;
    match route.method {
        MethodFilter::POST => "POST",
        MethodFilter::PATCH => "PATCH",
        MethodFilter::PUT => "PUT",
        MethodFilter::DELETE => "DELETE",
        _ => "GET",
    }
}

/// The words for who may.
pub(super) fn role(access: Access) -> String {
    match access {
        Access::Public => "everybody".to_owned(),
        Access::Machine(role) => format!("this machine without a login, else {role}"),
        Access::Role(role) => role.to_string(),
    }
}

/// One operation: what the table says, and of `own` the parameters, the body and the answers.
fn operation(route: &Route, mut own: Value) -> Value {
    let mut parameters = match own["parameters"].take() {
        Value::Array(list) => list,
        _ => Vec::new(),
    };
    for name in route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        parameters
            .push(json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    }
    let mut responses = own["responses"].take();
    if let Some(answers) = responses.as_object_mut() {
        let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
        let content = json!({ "application/problem+json": problem });
        answers.insert("default".into(), json!({ "description": "A problem", "content": content }));
    }
    let mut operation = json!({
        "summary": route.summary, "x-role": role(route.access), "responses": responses, "parameters": parameters
    });
    if let (Some(fields), Value::Object(body)) = (operation.as_object_mut(), own["requestBody"].take()) {
        fields.insert("requestBody".into(), Value::Object(body));
    }
    operation
}
