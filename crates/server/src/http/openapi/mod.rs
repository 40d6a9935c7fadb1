//! `/openapi.json`: what the table of routes, core's models and its limits say, as `OpenAPI` 3.1.

mod requests;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use image_intelligence_core::{Limits, schema};
use serde_json::{Map, Value, json};

use super::Api;
use super::routes::{Gives, Needs, Route};
use crate::credentials::ALL_SCOPES;
use crate::format::CONTENT_TYPES;

pub(crate) async fn get(State(api): State<Arc<Api>>) -> Response {
    let document = api
        .document
        .get_or_init(|| document(&super::routes(api.admin.exists()), &api.limits).to_string().into())
        .clone();
    ([(header::CONTENT_TYPE, "application/json")], Bytes::clone(&document)).into_response()
}

fn document(routes: &[Route], limits: &Limits) -> Value {
    let mut paths = Map::new();
    for route in routes {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method] = operation(route, limits);
    }
    let scopes = ALL_SCOPES.join(" ");
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Image Intelligence",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The whole API in one process, as this server speaks it.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas(limits),
            "responses": responses(),
            "securitySchemes": {"token": {
                "type": "http",
                "scheme": "bearer",
                "description": format!("The accessToken of POST /v2/oauth/token. Beside each call stands the scope that it needs, of: {scopes}."),
            }},
        },
    })
}

fn operation(route: &Route, limits: &Limits) -> Value {
    let mut operation = json!({"summary": route.summary, "responses": answers(route)});
    let parameters: Vec<_> = parameters(route, limits).collect();
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(schema) = route.takes {
        let content = json!({"application/json": {"schema": named(schema)}});
        operation["requestBody"] = json!({"required": true, "content": content});
    }
    match route.needs {
        Needs::Nothing => operation["security"] = json!([]),
        Needs::Token => operation["security"] = json!([{"token": []}]),
        Needs::Scope(scope) => operation["security"] = json!([{"token": [scope]}]),
    }
    operation
}

fn named(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn parameters(route: &Route, limits: &Limits) -> impl Iterator<Item = Value> {
    let in_path = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let moment = json!({"type": "integer", "format": "unix-ms"});
    let text = |most: usize| json!({"type": "string", "maxLength": most});
    let (namespace, name) = (text(limits.namespace), text(limits.custom_id));
    let schema = move |name_of: &str| match name_of {
        "namespace" => namespace.clone(),
        "before" | "after" | "expires" => moment.clone(),
        "customId" | "feedId" => name.clone(),
        _ => json!({"type": "string"}),
    };
    let in_query = route.query.iter().map(|&name| ("query", name, route.path.starts_with("/storage")));
    in_path.map(|name| ("path", name, true)).chain(in_query).map(
        move |(place, name, required)| json!({"name": name, "in": place, "required": required, "schema": schema(name)}),
    )
}

/// Each status that the call answers, and what comes with it.
fn answers(route: &Route) -> Value {
    let mut answers = Map::new();
    let schema = match route.gives {
        Gives::One(schema) => named(schema),
        Gives::Many(schema) => json!({"type": "array", "items": named(schema)}),
        Gives::Picture => Value::Null,
    };
    let content = if route.gives == Gives::Picture {
        let types = CONTENT_TYPES.iter().chain(&["application/octet-stream"]);
        types.map(|&kind| (kind.to_owned(), json!({}))).collect::<Map<_, _>>().into()
    } else {
        json!({"application/json": {"schema": schema}})
    };
    answers.insert("200".into(), json!({"description": "It was done.", "content": content}));

    let mut statuses = route.also.to_vec();
    if route.takes.is_some() {
        statuses.push(413);
    }
    if route.takes.is_some() || route.path.contains('{') || !route.query.is_empty() {
        statuses.push(400);
    }
    match route.needs {
        Needs::Nothing => {}
        Needs::Token => statuses.push(401),
        Needs::Scope(_) => statuses.extend([401, 403]),
    }
    for status in statuses {
        answers.insert(status.to_string(), json!({"$ref": format!("#/components/responses/{status}")}));
    }
    answers.insert("default".into(), json!({"$ref": "#/components/responses/default"}));
    answers.into()
}

fn responses() -> Value {
    let error = |description: &str| json!({"description": description, "content": {"application/json": {"schema": named("Error")}}});
    let mut responses: Map<_, _> = [
        ("400", "Malformed: the message names the field and the limit."),
        ("401", "No token, a wrong or an expired one; for the token itself, wrong credentials."),
        ("403", "The token's scope does not allow it, or a signed link is not good."),
        ("404", "Nothing of this id."),
        ("413", "The body is too large."),
        ("429", "Too much at once."),
        ("default", "Anything else that went wrong, such as 405, 408 or 500."),
    ]
    .map(|(status, description)| (status.to_owned(), error(description)))
    .into_iter()
    .collect();
    let header =
        |description: &str, kind: &str| json!({"description": description, "required": true, "schema": {"type": kind}});
    if let Some(busy) = responses.get_mut("429") {
        busy["headers"] = json!({"Retry-After": header("When to come back, in seconds.", "integer")});
    }
    let location =
        json!({"Location": header("A link to the picture, good for 5 minutes and without a token.", "string")});
    responses.insert("302".into(), json!({"description": "The picture is there.", "headers": location}));
    responses.into()
}

/// Core's models as they travel, and what they say nothing of.
fn schemas(limits: &Limits) -> Value {
    let mut schema = schema();
    let mut models = schema.get_mut("$defs").and_then(Value::as_object_mut).map(std::mem::take).unwrap_or_default();
    // What is the client's own, and what an inbox says.
    for ours in ["Input", "GaveUp", "GaveUpReason"] {
        models.remove(ours);
    }
    for model in models.values_mut() {
        as_it_travels(model);
    }
    if let Some(webhook) = models.get_mut("RegisteredWebhook") {
        webhook["properties"]["secretKey"] = json!({"type": "string", "description": "The secret that was given with it: each event is signed with it."});
    }
    requests::add(&mut models, limits);
    models.into()
}

/// Turns references to where they are here, and takes out what is for generators of code, and the field that is only the
/// client's own.
fn as_it_travels(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.retain(|key, _| !matches!(key.as_str(), "x-order" | "x-read" | "x-raw"));
            if let Some(fields) = object.get_mut("properties").and_then(Value::as_object_mut) {
                fields.retain(|_, field| field.get("$ref") != Some(&json!("#/$defs/Input")));
            }
            if let Some(Value::String(reference)) = object.get_mut("$ref") {
                *reference = reference.replace("#/$defs/", "#/components/schemas/");
            }
            object.values_mut().for_each(as_it_travels);
        }
        Value::Array(items) => items.iter_mut().for_each(as_it_travels),
        _ => {}
    }
}
