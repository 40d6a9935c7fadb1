//! The schemas of what is sent, and of small answers that are no models of core's.

use image_intelligence_core::{FeedbackCode, Kind, Limits, Verify};
use serde_json::{Map, Value, json};

/// Adds them, beside the models.
pub(super) fn add(schemas: &mut Map<String, Value>, limits: &Limits) {
    bound(schemas, limits);
    let job = |own: Value, longest_webhook: usize| {
        let mut job = own;
        for (key, schema) in [
            (
                "images",
                json!({"type": "array", "minItems": 1, "maxItems": limits.images, "items": model("ImageRequest")}),
            ),
            ("webhookUrl", or_null(url(longest_webhook))),
            ("customId", or_null(text(limits.custom_id))),
            ("feedId", or_null(text(limits.custom_id))),
        ] {
            job["properties"][key] = schema;
        }
        if let Some(required) = job["required"].as_array_mut() {
            required.push("images".into());
        }
        job
    };
    let classes = json!({"type": "array", "minItems": 1, "maxItems": limits.classes, "items": model("Class")});
    let ids = |least: usize, most: Option<usize>| {
        let mut ids = json!({"type": "array", "minItems": least, "uniqueItems": true, "items": {"type": "string", "minLength": 1}});
        if let Some(most) = most {
            ids["maxItems"] = most.into();
        }
        ids
    };
    let rows = |least: usize, default: usize| {
        or_null(json!({"type": "integer", "minimum": least, "maximum": limits.search_rows, "default": default}))
    };
    let change = object(
        &["add", "remove"],
        json!({"add": ids(0, Some(limits.identity_images)), "remove": ids(0, Some(limits.identity_images))}),
    );
    let mut image = object(
        &[],
        json!({
            "url": or_null(url(limits.url)),
            "blob": or_null(json!({"type": "string", "minLength": 1, "contentEncoding": "base64"})),
            "customId": or_null(text(limits.custom_id)),
        }),
    );
    image["anyOf"] = json!([
        {"required": ["url"], "properties": {"url": {"type": "string"}}},
        {"required": ["blob"], "properties": {"blob": {"type": "string"}}},
    ]);
    let wrong = object(
        &["class", "code"],
        json!({"class": name(limits.class), "code": {"type": "string", "enum": FeedbackCode::KNOWN}}),
    );
    for (key, schema) in [
        ("ImageRequest", image),
        (
            "DetectRequest",
            job(
                object(&["classes"], json!({"classes": classes, "boundingBox": or_null(json!({"type": "boolean"}))})),
                limits.url,
            ),
        ),
        ("MatchRequest", job(object(&["target"], json!({"target": model("Target")})), limits.url)),
        (
            "AskRequest",
            job(
                object(
                    &["question"],
                    json!({"question": name(limits.question), "examples": json!({"anyOf": [model("Examples"), {"type": "null"}]})}),
                ),
                limits.url,
            ),
        ),
        ("RecognizeRequest", job(object(&[], json!({})), limits.long_url)),
        (
            "TokenRequest",
            object(
                &["clientId", "clientSecret"],
                json!({"clientId": {"type": "string"}, "clientSecret": {"type": "string"}}),
            ),
        ),
        (
            "IdentityRequest",
            object(
                &[],
                json!({"customId": or_null(text(limits.identity_custom_id)), "imageIds": or_null(ids(1, None))}),
            ),
        ),
        (
            "IdentityChange",
            object(&[], json!({"customId": or_null(text(limits.identity_custom_id)), "images": or_null(change)})),
        ),
        (
            "RecognitionSearch",
            object(
                &[],
                json!({
                    "limit": rows(1, 20), "offset": rows(0, 0), "start": or_null(moment()), "end": or_null(moment()),
                    "sortBy": {"anyOf": [model("SortOrder"), {"type": "null"}], "enum": ["ASC", "DESC", null], "default": "DESC"},
                    "ids": or_null(ids(0, Some(limits.search_rows))),
                    "feedIds": names("feedId", limits), "customIds": names("customId", limits),
                }),
            ),
        ),
        (
            "FeedbackRequest",
            object(
                &["jobId", "classes", "createdAt"],
                json!({
                    "jobId": {"type": "string", "minLength": 1}, "createdAt": moment(),
                    "classes": {"type": "array", "minItems": 1, "maxItems": limits.classes, "items": wrong},
                }),
            ),
        ),
        (
            "WebhookRequest",
            object(
                &["url"],
                json!({"url": url(limits.long_url), "secretKey": {"type": ["string", "null"], "minLength": 8, "maxLength": 256}}),
            ),
        ),
    ] {
        schemas.insert(key.to_owned(), schema);
    }
    answers(schemas);
    rules(schemas);
}

/// Core's schemas of parts of requests name no limits.
fn bound(schemas: &mut Map<String, Value>, limits: &Limits) {
    let urls = json!({"type": "array", "minItems": 1, "maxItems": limits.reference_images, "items": url(limits.url)});
    for (model, key, schema) in [
        ("Class", "class", name(limits.class)),
        ("Class", "verify", json!({"enum": Verify::KNOWN})),
        ("Target", "class", name(limits.class)),
        ("Target", "customId", or_null(text(limits.custom_id))),
        ("Target", "images", urls.clone()),
        ("Examples", "yes", or_null(urls.clone())),
        ("Examples", "no", or_null(urls)),
    ] {
        let field = schemas.get_mut(model).and_then(|model| model["properties"].get_mut(key)?.as_object_mut());
        if let (Some(field), Value::Object(schema)) = (field, schema) {
            field.extend(schema);
        }
    }
}

fn answers(schemas: &mut Map<String, Value>) {
    let token = json!({
        "accessToken": {"type": "string"}, "issuedAt": moment(), "expiresAt": moment(), "orgName": {"type": "string"},
        "appName": {"type": "string"},
        "scope": {"type": "string", "description": "Space-delimited; scopes that this server does not know are kept."},
    });
    let every: Vec<_> = token.as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect();
    schemas.insert("Token".into(), object(&every, token.clone()));
    let error = json!({
        "error": {"type": "string", "description": "What sort of error it is, in one word."},
        "message": {"type": "string", "description": "What is wrong, and what to do about it."},
    });
    schemas.insert("Error".into(), object(&["error", "message"], error));
    schemas.insert("Nothing".into(), json!({"type": "object", "maxProperties": 0}));
    schemas.insert("Health".into(), object(&["status"], json!({"status": {"const": "ok"}})));
    let document = json!({"openapi": {"type": "string"}, "info": {"type": "object"}, "paths": {"type": "object"},
        "components": {"type": "object"}, "servers": {"type": "array"}});
    schemas.insert("Document".into(), object(&["openapi", "info", "paths"], document));
}

/// What goes to `/_ii/answers`.
fn rules(schemas: &mut Map<String, Value>) {
    let sure = json!({"type": "number", "minimum": 0, "maximum": 1});
    let (number, flag, string) = (json!({"type": "number"}), json!({"type": "boolean"}), json!({"type": "string"}));
    let optional = |properties: Value| match properties {
        Value::Object(properties) => properties.into_iter().map(|(key, schema)| (key, or_null(schema))).collect(),
        other => other,
    };
    let found = json!({"class": string, "confidence": sure, "boundingBox": model("BoundingBox")});
    let mut face = optional(json!({
        "identityId": string, "identityCustomId": string, "group": string, "boundingBox": model("BoundingBox"),
        "boundingBoxConfidence": number, "isFrontal": flag, "sharpness": number, "width": number, "height": number,
    }));
    face["confidence"] = sure.clone();
    let mut rule = optional(json!({
        "class": string, "target": string, "question": string, "namespace": string, "status": string,
        "objects": {"type": "array", "items": object(&["class", "confidence"], found)},
        "matches": flag, "answer": {"enum": ["yes", "no", true, false]},
        "faces": {"type": "array", "items": object(&["confidence"], face)}, "confidence": sure,
    }));
    rule["id"] = string;
    rule["hitl"] = flag;
    rule["kind"] = json!({"type": "string", "enum": Kind::ALL.map(Kind::as_str)});
    rule["image"] = json!({"type": "string", "minLength": 1, "description": "A picture's customId or URL; * is every picture that has no rule of its own."});
    schemas.insert("AnswerRule".into(), object(&["kind", "image"], rule));
    let many = json!({"type": "array", "maxItems": 1000, "items": model("AnswerRule")});
    schemas.insert("AnswerRules".into(), json!({"anyOf": [model("AnswerRule"), many]}));
    schemas.insert("Forgotten".into(), object(&["forgotten"], json!({"forgotten": {"type": "integer", "minimum": 0}})));
}

fn object(required: &[&str], properties: impl Into<Value>) -> Value {
    json!({"type": "object", "properties": properties.into(), "required": required})
}

fn model(name: &str) -> Value {
    super::named(name)
}

fn text(most: usize) -> Value {
    json!({"type": "string", "maxLength": most})
}

/// Text that is not blank.
fn name(most: usize) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": most, "pattern": "\\S"})
}

fn url(most: usize) -> Value {
    json!({"type": "string", "format": "uri", "maxLength": most})
}

fn moment() -> Value {
    json!({"type": "integer", "format": "unix-ms"})
}

fn names(of: &str, limits: &Limits) -> Value {
    json!({
        "type": ["array", "null"], "maxItems": limits.search_names, "uniqueItems": true,
        "items": {"type": "string", "minLength": 1},
        "description": format!("Null is for those that have no {of}, which is not the same as leaving this out."),
    })
}

/// `null` is the same as absent.
fn or_null(mut schema: Value) -> Value {
    match schema.get("type").cloned() {
        Some(Value::String(only)) => schema["type"] = json!([only, "null"]),
        Some(_) => {}
        None if schema.get("enum").is_some() => {
            if let Some(values) = schema["enum"].as_array_mut() {
                values.push(Value::Null);
            }
        }
        None => schema = json!({"anyOf": [schema, {"type": "null"}]}),
    }
    schema
}
