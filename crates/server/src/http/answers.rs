//! `/_ii/answers`: rules that say what is in which picture, for tests in any language.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::routing::{MethodFilter, on};
use serde_json::{Value, json};

use super::body::Small;
use super::routes::{Gives, Route};
use super::{Api, ApiError};
use crate::script::{Rule, Unfit};

/// The most rules that one body holds.
const AT_ONCE: usize = 1_000;

/// Whoever may call these says what every job answers: for this machine only, or behind a guard.
pub(crate) fn routes() -> Vec<Route> {
    const PATH: &str = "/_ii/answers";
    vec![
        Route::post(PATH, "Adds a rule, or an array of them: all or none.", add, Gives::Many("AnswerRule"))
            .takes("AnswerRules")
            .also(&[429]),
        Route::get(PATH, "Lists the rules, the oldest first.", list, Gives::Many("AnswerRule")),
        Route::new("delete", PATH, "Forgets every rule.", on(MethodFilter::DELETE, clear), Gives::One("Forgotten")),
    ]
}

async fn add(State(api): State<Arc<Api>>, body: Small) -> Result<Json<Vec<Value>>, ApiError> {
    let wrong = |error: serde_json::Error| ApiError::bad_request(format!("the body: {error}"));
    let rules = match serde_json::from_slice(&body.bytes).map_err(wrong)? {
        Value::Array(rules) if rules.len() > AT_ONCE => {
            return Err(ApiError::bad_request(format!(
                "the body: {} rules given, at most {AT_ONCE} at once",
                rules.len()
            )));
        }
        Value::Array(rules) => {
            rules.into_iter().enumerate().map(|(index, rule)| Rule::read(rule, &format!("[{index}]"))).collect()
        }
        rule => Rule::read(rule, "").map(|rule| vec![rule]),
    };
    Ok(Json(api.rules.add(rules?)?))
}

async fn list(State(api): State<Arc<Api>>) -> Json<Vec<Value>> {
    Json(api.rules.list())
}

async fn clear(State(api): State<Arc<Api>>) -> Json<Value> {
    Json(json!({"forgotten": api.rules.clear()}))
}

impl From<Unfit> for ApiError {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Wrong(problem) => Self::bad_request(problem),
            Unfit::Full => Self::busy("there are too many rules; DELETE /_ii/answers forgets them", 60),
        }
    }
}
