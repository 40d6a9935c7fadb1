//! Decides one case of a shared table, for the test suites of the bindings: so that every language runs the same cases
//! through its own border. `tests/vectors/README.md` says what each table holds and what comes back.

use std::time::Duration;

use base64::Engine as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::{
    BaseUrl, CallbackKeys, DetectRequest, Error, ErrorKind, Failure, JobStatus, Kind, Limits, PollPolicy, PublicBase,
    Repeat, Result, ResumeToken, Rid, Secret, Seen, SignatureOptions, Step, Timestamp, Wait, decode_blob,
    parse_retry_after, sign, verify_signature,
};

/// Decides a case of a table, and gives the case back with what core decided in the place of what was expected. For the
/// table `errors` it fails with the error that the case describes.
pub fn decide(table: &str, case: &str) -> Result<String> {
    let mut answer: Map<String, Value> = read(case)?;
    // The name is the table's own business.
    let name = answer.remove("name");
    let case = Value::Object(answer.clone());
    match table {
        "poll" => poll(read_value(case)?, &mut answer)?,
        "retry" => retry(&read_value(case)?, &mut answer),
        "retry_after" => retry_after(&read_value(case)?, &mut answer),
        "validation" => validation(read_value(case)?, &mut answer)?,
        "resume" => resume(&read_value(case)?, &mut answer)?,
        "signature" => signature(&read_value(case)?, &mut answer)?,
        "callback" => callback(&read_value(case)?, &mut answer)?,
        "errors" => return Err(error(read_value(case)?)?),
        _ => return Err(odd(format_args!("no table {table:?} is decided here"))),
    }
    answer.extend(name.map(|name| ("name".to_owned(), name)));
    Ok(Value::Object(answer).to_string())
}

fn odd(problem: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Config, format!("decide: {problem}"))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(odd)
}

fn read_value<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(odd)
}

fn kind_named(name: &str) -> Result<Kind> {
    Kind::from_name(name).ok_or_else(|| odd(format_args!("no kind {name:?}")))
}

/// To the microsecond, as the tables are.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// What a table says of an error: its kind, its reason if it has one, and words of its message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(rename = "reason")]
    _reason: Option<String>,
    contains: Vec<String>,
}

/// The same of the error that came: of the words those that are really there, and the message where some are not.
fn refusal(error: &Error, expected: Option<&Refusal>) -> Value {
    let words = expected.map(|refusal| refusal.contains.as_slice()).unwrap_or_default();
    let found: Vec<&String> = words.iter().filter(|words| error.message().contains(words.as_str())).collect();
    let mut refusal = json!({"kind": error.kind().as_str(), "contains": found});
    if let Some(reason) = error.reason() {
        refusal["reason"] = reason.into();
    }
    if found.len() < words.len() || expected.is_none() {
        refusal["message"] = error.message().into();
    }
    refusal
}

/// Puts what came in its place, and takes the other place away.
fn outcome(answer: &mut Map<String, Value>, place: &str, found: Result<Value>, expected: Option<&Refusal>) {
    for place in [place, "error"] {
        answer.remove(place);
    }
    match found {
        Ok(found) => answer.insert(place.to_owned(), found),
        Err(error) => answer.insert("error".to_owned(), refusal(&error, expected)),
    };
}

/// Bytes in one of the forms that the tables have. A file cannot be read here: its runner hands in the bytes in base64.
fn bytes(json: Option<&Value>, text: Option<&Value>, base64: Option<&str>) -> Result<Vec<u8>> {
    match (json, text, base64) {
        (Some(json), None, None) => Ok(expand(json)?.to_string().into_bytes()),
        (None, Some(text), None) => match expand(text)? {
            Value::String(text) => Ok(text.into_bytes()),
            _ => Err(odd("a text that is none")),
        },
        (None, None, Some(base64)) => base64::engine::general_purpose::STANDARD.decode(base64).map_err(odd),
        _ => Err(odd("exactly one of json, text and base64 is wanted")),
    }
}

/// Writes out what a table abbreviates: `{"$repeat": x, "times": n}` and `{"$concat": [..]}`.
fn expand(value: &Value) -> Result<Value> {
    if let (Some(item), Some(times)) = (value.get("$repeat"), value.get("times").and_then(Value::as_u64)) {
        let times = usize::try_from(times).map_err(odd)?;
        return Ok(match expand(item)? {
            Value::String(text) => text.repeat(times).into(),
            item => vec![item; times].into(),
        });
    }
    if let Some(parts) = value.get("$concat").and_then(Value::as_array) {
        let mut text = String::new();
        for part in parts {
            text.push_str(expand(part)?.as_str().ok_or_else(|| odd("a part that is no text"))?);
        }
        return Ok(text.into());
    }
    match value {
        Value::Array(items) => items.iter().map(expand).collect::<Result<Vec<_>>>().map(Value::from),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| Ok((key.clone(), expand(value)?)))
            .collect::<Result<Map<_, _>>>()
            .map(Value::from),
        other => Ok(other.clone()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PollCase {
    age_ms: u64,
    limit_ms: u64,
    policy: Option<PolicyOf>,
    first: Option<First>,
    steps: Vec<PollStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyOf {
    share_of_age: f64,
    shortest_ms: u64,
    longest_ms: u64,
    spread: f64,
    not_found_grace_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    jitter: f64,
    #[serde(rename = "again_ms")]
    _again_ms: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PollStep {
    at_ms: u64,
    jitter: f64,
    seen: SeenOf,
    #[serde(rename = "expect")]
    _expect: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum SeenOf {
    Status(String),
    Error { kind: String, status: Option<u16>, retry_after_ms: Option<u64> },
}

fn poll(case: PollCase, answer: &mut Map<String, Value>) -> Result<()> {
    let mut policy = PollPolicy::default();
    if let Some(own) = case.policy {
        policy.share_of_age = own.share_of_age;
        policy.shortest = Duration::from_millis(own.shortest_ms);
        policy.longest = Duration::from_millis(own.longest_ms);
        policy.spread = own.spread;
        policy.not_found_grace = Duration::from_millis(own.not_found_grace_ms);
    }
    let wait = Wait::new(policy, Duration::from_millis(case.age_ms), Duration::from_millis(case.limit_ms));
    if let Some(first) = case.first {
        answer["first"]["again_ms"] = millis(wait.first(first.jitter)).into();
    }
    for (index, step) in case.steps.into_iter().enumerate() {
        let (status, error);
        let seen = match step.seen {
            SeenOf::Status(text) => {
                status = JobStatus::from(text.as_str());
                Seen::Status(&status)
            }
            SeenOf::Error { kind, status, retry_after_ms } => {
                let bare =
                    Error::new(error_kind(&kind)?, "").with_retry_after(retry_after_ms.map(Duration::from_millis));
                error = status.map_or(bare.clone(), |status| bare.with_status(status));
                Seen::Failed(&error)
            }
        };
        answer["steps"][index]["expect"] = match wait.step(Duration::from_millis(step.at_ms), seen, step.jitter) {
            Step::Again(pause) => json!({"again_ms": millis(pause)}),
            Step::Finish => "finish".into(),
            Step::Fail => "fail".into(),
            Step::Lost => "lost".into(),
            Step::TimeOut => "time_out".into(),
        };
    }
    Ok(())
}

fn error_kind(name: &str) -> Result<ErrorKind> {
    let found = ErrorKind::ALL.iter().find(|kind| kind.as_str() == name);
    found.copied().ok_or_else(|| odd(format_args!("no kind of error {name:?}")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RetryCase {
    failure: FailureOf,
    #[serde(rename = "may_repeat_read")]
    _may_repeat_read: bool,
    #[serde(rename = "may_repeat_create")]
    _may_repeat_create: bool,
    #[serde(rename = "may_have_created")]
    _may_have_created: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum FailureOf {
    Connect,
    Lost,
    Unreadable,
    Status(u16),
}

fn retry(case: &RetryCase, answer: &mut Map<String, Value>) {
    let failure = match case.failure {
        FailureOf::Connect => Failure::Connect,
        FailureOf::Lost => Failure::Lost,
        FailureOf::Unreadable => Failure::Unreadable,
        FailureOf::Status(status) => Failure::Status(status),
    };
    answer.insert("may_repeat_read".to_owned(), failure.may_repeat(Repeat::Harmless).into());
    answer.insert("may_repeat_create".to_owned(), failure.may_repeat(Repeat::Creates).into());
    answer.insert("may_have_created".to_owned(), failure.may_have_created().into());
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RetryAfterCase {
    value: String,
    now_ms: i64,
    #[serde(rename = "wait_ms")]
    _wait_ms: Option<u64>,
}

fn retry_after(case: &RetryAfterCase, answer: &mut Map<String, Value>) {
    let wait = parse_retry_after(&case.value, Timestamp::from_millis(case.now_ms));
    answer.insert("wait_ms".to_owned(), wait.map(millis).into());
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValidationCase {
    request: Value,
    limits: Option<LimitsOf>,
    #[serde(rename = "error")]
    _error: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsOf {
    url: usize,
}

fn validation(case: ValidationCase, answer: &mut Map<String, Value>) -> Result<()> {
    let request: DetectRequest = read_value(expand(&case.request)?)?;
    let mut limits = Limits::default();
    if let Some(own) = case.limits {
        limits.url = own.url;
    }
    let checked = request.validate(&limits).and_then(|()| {
        let mut blobs = request.images.iter().filter_map(|image| image.blob.as_deref());
        blobs.try_for_each(|blob| decode_blob("blob", blob).map(drop))
    });
    answer.remove("error");
    if let Err(error) = checked {
        let field = error.message().split(": ").next();
        answer.insert(
            "error".to_owned(),
            json!({"kind": error.kind().as_str(), "field": field, "message": error.message()}),
        );
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResumeCase {
    api: String,
    token: String,
    #[serde(rename = "fields")]
    _fields: Option<Value>,
    writes: Option<bool>,
    error: Option<Refusal>,
}

fn resume(case: &ResumeCase, answer: &mut Map<String, Value>) -> Result<()> {
    let api = BaseUrl::parse(&case.api)?;
    let read = ResumeToken::parse(&case.token, &api);
    if case.writes.is_some() {
        let writes = read.as_ref().is_ok_and(|token| token.to_string() == case.token);
        answer.insert("writes".to_owned(), writes.into());
    }
    let fields = read.map(|token| {
        let mut fields = json!({
            "kind": token.kind.as_str(),
            "id": token.id,
            "rid": token.rid,
            "created": token.created.as_millis(),
        });
        if let Some(namespace) = token.namespace {
            fields["ns"] = namespace.into();
        }
        fields
    });
    outcome(answer, "fields", fields, case.error.as_ref());
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureCase {
    headers: Vec<(String, String)>,
    text: Option<Value>,
    base64: Option<String>,
    secrets: Vec<Secret>,
    #[serde(default)]
    allow_sha1: bool,
    #[serde(rename = "good")]
    _good: Option<bool>,
    signed: Option<String>,
    error: Option<Refusal>,
}

fn signature(case: &SignatureCase, answer: &mut Map<String, Value>) -> Result<()> {
    let body = bytes(None, case.text.as_ref(), case.base64.as_deref())?;
    let headers = case.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let checked = verify_signature(headers, &body, &case.secrets, &SignatureOptions { allow_sha1: case.allow_sha1 });
    outcome(answer, "good", checked.map(|()| true.into()), case.error.as_ref());
    if case.signed.is_some() {
        let secret = case.secrets.first().ok_or_else(|| odd("no secret to sign with"))?;
        answer.insert("signed".to_owned(), sign(&body, secret).into());
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallbackCase {
    keys: String,
    bases: Vec<String>,
    mint: Option<Mint>,
    token: Option<String>,
    now_ms: Option<i64>,
    normalised: Option<Vec<String>>,
    #[serde(rename = "minted")]
    _minted: Option<String>,
    #[serde(rename = "url")]
    _url: Option<String>,
    #[serde(rename = "says")]
    _says: Option<Value>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mint {
    kind: String,
    expires_ms: i64,
    rid: Rid,
}

fn callback(case: &CallbackCase, answer: &mut Map<String, Value>) -> Result<()> {
    let bases = case.bases.iter().map(|text| PublicBase::parse(text)).collect::<Result<Vec<_>>>();
    let ready = CallbackKeys::parse(&case.keys).and_then(|keys| Ok((keys, bases?)));
    let (keys, bases) = match ready {
        Ok(ready) => ready,
        Err(error) => {
            for place in ["normalised", "minted", "url"] {
                answer.remove(place);
            }
            outcome(answer, "says", Err(error), case.error.as_ref());
            return Ok(());
        }
    };
    if case.normalised.is_some() {
        let bases: Vec<&str> = bases.iter().map(PublicBase::as_str).collect();
        answer.insert("normalised".to_owned(), bases.into());
    }
    if let (Some(mint), Some(base)) = (&case.mint, bases.first()) {
        let token = keys.mint(kind_named(&mint.kind)?, Timestamp::from_millis(mint.expires_ms), mint.rid, base);
        answer.insert("url".to_owned(), base.callback_url(&token).into());
        answer.insert("minted".to_owned(), token.into());
    }
    match (&case.token, case.now_ms) {
        (Some(token), Some(now)) => {
            let read = keys.verify(token, &bases, Timestamp::from_millis(now));
            let says = read.map(|token| {
                json!({
                    "kind": token.kind.as_str(),
                    "rid": token.rid,
                    "expires_ms": token.expires.as_millis(),
                    "key_id": token.key_id,
                })
            });
            outcome(answer, "says", says, case.error.as_ref());
        }
        // Nothing failed, whatever the table expects.
        _ => drop(answer.remove("error")),
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorCase {
    answer: Option<AnswerOf>,
    made: Option<MadeOf>,
    #[serde(rename = "expect")]
    _expect: Value,
}

/// An answer of the API that is no success.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerOf {
    what: String,
    status: u16,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    now_ms: i64,
    json: Option<Value>,
    text: Option<Value>,
    base64: Option<String>,
}

/// An error that is made by its constructor.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MadeOf {
    kind: String,
    message: String,
    reason: Option<String>,
    retryable: Option<bool>,
    status: Option<u16>,
    request_id: Option<String>,
    retry_after_ms: Option<u64>,
    last_status: Option<String>,
    resume_token: Option<String>,
    custom_id: Option<String>,
    #[serde(default)]
    candidates: Vec<String>,
}

fn error(case: ErrorCase) -> Result<Error> {
    const REASONS: [&str; 7] =
        ["missing", "doubled", "malformed", "mismatch", "unknown_version", "unknown_key", "expired"];
    let made = match (case.answer, case.made) {
        (Some(answer), None) => {
            let body = bytes(answer.json.as_ref(), answer.text.as_ref(), answer.base64.as_deref())?;
            let headers = answer.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
            return Ok(Error::from_answer(&answer.what, answer.status, &body)
                .with_answer_headers(headers, Timestamp::from_millis(answer.now_ms)));
        }
        (None, Some(made)) => made,
        _ => return Err(odd("exactly one of answer and made is wanted")),
    };
    let mut error = Error::new(error_kind(&made.kind)?, made.message)
        .with_request_id(made.request_id)
        .with_retry_after(made.retry_after_ms.map(Duration::from_millis));
    if let Some(status) = made.status {
        error = error.with_status(status);
    }
    if let Some(retryable) = made.retryable {
        error = error.with_retryable(retryable);
    }
    if let Some(reason) = made.reason {
        let known = REASONS.into_iter().find(|known| *known == reason);
        error = error.with_reason(known.ok_or_else(|| odd(format_args!("no reason {reason:?}")))?);
    }
    if let Some(token) = made.resume_token {
        error = error.with_job(made.last_status.as_deref().map(JobStatus::from), token);
    }
    if let Some(custom_id) = made.custom_id {
        error = error.with_candidates(custom_id, made.candidates);
    }
    Ok(error)
}
