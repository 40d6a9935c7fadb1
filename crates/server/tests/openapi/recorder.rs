//! A caller that holds every answer, and every request that was taken, to the document, and remembers what it has seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use image_intelligence_server::Server;
use jsonschema::Validator;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{self, Caller};

/// What has been seen, by any of the recorders that share it.
#[derive(Default)]
pub(crate) struct Seen {
    /// Path, method and the documented status, or `default`.
    pub(crate) answers: BTreeSet<(String, String, String)>,
    /// Each schema of a request with the keys that were sent in it.
    pub(crate) sent: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Clone)]
pub(crate) struct Recorder {
    pub(crate) document: Arc<Value>,
    strict: Arc<Value>,
    validators: Arc<Mutex<BTreeMap<String, Arc<Validator>>>>,
    seen: Arc<Mutex<Seen>>,
    origin: String,
    token: Option<String>,
}

/// Every operation of a document: path, method and itself.
pub(crate) fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let operations = item.as_object().unwrap().iter();
        operations.map(|(method, operation)| (path.clone(), method.clone(), operation.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

/// Lets no object have a field that it does not name.
fn strictly(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.get("type") == Some(&json!("object")) && object.contains_key("properties") {
                object.insert("additionalProperties".into(), false.into());
            }
            object.values_mut().for_each(strictly);
        }
        Value::Array(items) => items.iter_mut().for_each(strictly),
        _ => {}
    }
}

impl Recorder {
    pub(crate) async fn of(server: &Server, seen: Arc<Mutex<Seen>>) -> Self {
        let origin = format!("http://{}", server.address());
        let answer = support::http().get(format!("{origin}/openapi.json")).send().await.unwrap();
        let document: Value = answer.json().await.unwrap();
        let mut strict = document["components"].clone();
        let document_schema = strict["schemas"]["Document"].take();
        strictly(&mut strict["schemas"]);
        strict["schemas"]["Document"] = document_schema;
        let validators = Arc::default();
        Self { document: Arc::new(document), strict: Arc::new(strict), validators, seen, origin, token: None }
    }

    pub(crate) fn by(&self, token: Option<&str>) -> Self {
        Self { token: token.map(str::to_owned), ..self.clone() }
    }

    pub(crate) async fn of_caller(server: &Server, id: &str, seen: &Arc<Mutex<Seen>>) -> Self {
        let caller = Caller::of(server, id, id).await;
        Self::of(server, Arc::clone(seen)).await.by(Some(&caller.token))
    }

    /// The same for another server.
    pub(crate) async fn at(&self, server: &Server) -> Self {
        Self::of_caller(server, "local", &self.seen).await
    }

    /// Why a value is not of a schema, if it is not.
    pub(crate) fn fault(&self, schema: &Value, value: &Value) -> Option<String> {
        let mut whole = schema.clone();
        whole["components"] = (*self.strict).clone();
        let key = schema.to_string();
        let mut validators = self.validators.lock().unwrap();
        let validator = validators.entry(key).or_insert_with(|| {
            Arc::new(jsonschema::draft202012::new(&whole).unwrap_or_else(|error| panic!("{error}")))
        });
        let faults: Vec<_> =
            validator.iter_errors(value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
        (!faults.is_empty()).then(|| faults.join("; "))
    }

    /// Calls an operation of the document at a path of its own, and answers the status and the JSON, `null` for a picture.
    pub(crate) async fn call(&self, method: &str, template: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let text = body.map(|body| if let Value::String(text) = body { text.clone() } else { body.to_string() });
        let answer = self.send(method, path, text, &[]).await;
        self.check(method, template, body, answer).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
        headers: &[(&'static str, &'static str)],
    ) -> Response {
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let mut call = support::http().request(method, format!("{}{path}", self.origin));
        if let Some(token) = &self.token {
            call = call.bearer_auth(token);
        }
        if let Some(body) = body {
            call = call.body(body);
        }
        for (name, value) in headers {
            call = call.header(*name, *value);
        }
        call.send().await.unwrap()
    }

    pub(crate) async fn check(
        &self,
        method: &str,
        template: &str,
        body: Option<&Value>,
        answer: Response,
    ) -> (u16, Value) {
        let operation = &self.document["paths"][template][method];
        assert!(operation.is_object(), "{method} {template} is not in the document");
        let status = answer.status().as_u16();
        let call = format!("{method} {template} with {status}");
        let documented = &operation["responses"];
        let entry = if documented.get(status.to_string()).is_some() { status.to_string() } else { "default".into() };
        let mut response = &documented[&entry];
        if let Some(reference) = response["$ref"].as_str() {
            response = self.document.pointer(reference.trim_start_matches('#')).unwrap();
        }
        for (name, header) in response["headers"].as_object().into_iter().flatten() {
            assert!(header["required"] != true || answer.headers().contains_key(name), "{call}: no {name}");
        }
        self.seen.lock().unwrap().answers.insert((template.to_owned(), method.to_owned(), entry));

        let Some(content) = response["content"].as_object() else {
            assert!(answer.bytes().await.unwrap().is_empty(), "{call}: a body");
            return (status, Value::Null);
        };
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        let schema = content.get(&kind).unwrap_or_else(|| panic!("{call}: {kind} is not documented"));
        if kind != "application/json" {
            return (status, Value::Null);
        }
        let value: Value = answer.json().await.unwrap();
        if let Some(fault) = self.fault(&schema["schema"], &value) {
            panic!("{call}: {fault} in {value}");
        }
        if let (Some(body), 200) = (body, status) {
            self.check_request(&call, &operation["requestBody"]["content"]["application/json"]["schema"], body);
        }
        (status, value)
    }

    fn check_request(&self, call: &str, schema: &Value, body: &Value) {
        if let Some(fault) = self.fault(schema, body) {
            panic!("{call} took what the document refuses: {fault}");
        }
        let name = schema["$ref"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let keys = body.as_object().into_iter().flat_map(|object| object.keys().cloned());
        self.seen.lock().unwrap().sent.entry(name).or_default().extend(keys);
    }
}
