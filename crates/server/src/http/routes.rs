//! The one table of routes: the router is made of it, and so is `/openapi.json`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use image_intelligence_core::Kind;

use super::auth::Caller;
use super::{Api, ApiError, feedback, healthz, images, jobs, openapi, recognition, storage, token, webhooks};

/// A call of the API: where it is, who may make it, what goes in and comes out.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) needs: Needs,
    pub(crate) query: &'static [&'static str],
    /// The schema of the body.
    pub(crate) takes: Option<&'static str>,
    pub(crate) gives: Gives,
    /// The statuses that it answers besides 200 and those that its path, its body and its caller bring about.
    pub(crate) also: &'static [u16],
    handler: MethodRouter<Arc<Api>>,
}

/// Who may make a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Anybody.
    Nothing,
    /// Whoever has a token.
    Token,
    /// Whoever has a token with this scope.
    Scope(&'static str),
}

/// What a call answers where all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gives {
    /// Something of this schema.
    One(&'static str),
    /// An array of them.
    Many(&'static str),
    /// A file, in one of the formats of pictures.
    Picture,
}

impl Route {
    /// A call whose handler says for itself which method it takes: `method` must be that.
    pub(crate) fn new(
        method: &'static str,
        path: &'static str,
        summary: &'static str,
        handler: MethodRouter<Arc<Api>>,
        gives: Gives,
    ) -> Self {
        Self { method, path, summary, needs: Needs::Nothing, query: &[], takes: None, gives, also: &[], handler }
    }

    pub(crate) fn get<H, T>(path: &'static str, summary: &'static str, handler: H, gives: Gives) -> Self
    where
        H: Handler<T, Arc<Api>>,
        T: 'static,
    {
        Self::new("get", path, summary, on(MethodFilter::GET, handler), gives)
    }

    pub(crate) fn post<H, T>(path: &'static str, summary: &'static str, handler: H, gives: Gives) -> Self
    where
        H: Handler<T, Arc<Api>>,
        T: 'static,
    {
        Self::new("post", path, summary, on(MethodFilter::POST, handler), gives)
    }

    pub(crate) fn scope(mut self, scope: &'static str) -> Self {
        self.needs = Needs::Scope(scope);
        self
    }

    fn token(mut self) -> Self {
        self.needs = Needs::Token;
        self
    }

    pub(crate) fn takes(mut self, schema: &'static str) -> Self {
        self.takes = Some(schema);
        self
    }

    fn query(mut self, names: &'static [&'static str]) -> Self {
        self.query = names;
        self
    }

    pub(crate) fn also(mut self, statuses: &'static [u16]) -> Self {
        self.also = statuses;
        self
    }
}

/// Every call but those of the emulator's own.
pub(crate) fn table() -> Vec<Route> {
    use Gives::{Many, One, Picture};
    const SEARCH: &[&str] = &["customId", "feedId", "before", "after"];

    let take_on = |path, kind: Kind, takes, gives| {
        Route::new("post", path, "Takes a job on.", jobs::create(kind), One(gives)).takes(takes).also(&[429])
    };
    let show = |path, kind, gives| Route::new("get", path, "Shows a job.", jobs::get(kind), One(gives)).also(&[404]);
    let find = |path, kind, gives| {
        Route::new("get", path, "Finds jobs, the oldest first.", jobs::search(kind), Many(gives)).query(SEARCH)
    };
    vec![
        Route::post("/v2/oauth/token", "Gives a token for credentials.", token::issue, One("Token"))
            .takes("TokenRequest")
            .also(&[401]),
        take_on("/v2/detect", Kind::Detect, "DetectRequest", "DetectJob").scope("detect:create"),
        find("/v2/detect", Kind::Detect, "DetectJob").scope("detect:read"),
        show("/v2/detect/{id}", Kind::Detect, "DetectJob").scope("detect:read"),
        take_on("/v2/match", Kind::Match, "MatchRequest", "MatchJob").scope("match:create"),
        find("/v2/match", Kind::Match, "MatchJob").scope("match:read"),
        show("/v2/match/{id}", Kind::Match, "MatchJob").scope("match:read"),
        take_on("/v2/ask", Kind::Ask, "AskRequest", "AskJob").scope("ask:create"),
        find("/v2/ask", Kind::Ask, "AskJob").scope("ask:read"),
        show("/v2/ask/{id}", Kind::Ask, "AskJob").scope("ask:read"),
        take_on("/v2/recognition/recognize/{namespace}", Kind::Recognize, "RecognizeRequest", "RecognizeJob")
            .scope("recognition:create"),
        show("/v2/recognition/recognize/{namespace}/{id}", Kind::Recognize, "RecognizeJob").scope("recognition:read"),
        Route::post(
            "/v2/recognition/recognize/{namespace}/search",
            "Finds recognize jobs.",
            jobs::search_recognized,
            Many("RecognizeJob"),
        )
        .takes("RecognitionSearch")
        .scope("recognition:read"),
        // As some pages of the documents write it.
        take_on("/v2/recognize", Kind::Recognize, "RecognizeRequest", "RecognizeJob")
            .query(&["namespace"])
            .scope("recognition:create"),
        show("/v2/recognize/{id}", Kind::Recognize, "RecognizeJob").query(&["namespace"]).scope("recognition:read"),
        Route::post(
            "/v2/recognition/identities/{namespace}",
            "Makes an identity.",
            recognition::create_identity,
            One("Identity"),
        )
        .takes("IdentityRequest")
        .also(&[429])
        .scope("recognition:create"),
        Route::post(
            "/v2/recognition/identities/{namespace}/search",
            "Finds identities.",
            recognition::search_identities,
            Many("Identity"),
        )
        .takes("RecognitionSearch")
        .scope("recognition:read"),
        Route::get(
            "/v2/recognition/identities/{namespace}/{id}",
            "Shows an identity.",
            recognition::get_identity,
            One("Identity"),
        )
        .also(&[404])
        .scope("recognition:read"),
        Route::new(
            "patch",
            "/v2/recognition/identities/{namespace}/{id}",
            "Changes an identity. A picture that was another's becomes this one's.",
            on(MethodFilter::PATCH, recognition::change_identity),
            One("Identity"),
        )
        .takes("IdentityChange")
        .also(&[404])
        .scope("recognition:update"),
        Route::new(
            "delete",
            "/v2/recognition/identities/{namespace}/{id}",
            "Removes an identity. Its pictures become nobody's.",
            on(MethodFilter::DELETE, recognition::delete_identity),
            One("Nothing"),
        )
        .also(&[404])
        .scope("recognition:remove"),
        Route::get(
            "/v2/recognition/images/{namespace}/{id}",
            "Shows a face; with `Accept: image/jpeg`, redirects to its picture.",
            recognition::get_face,
            One("FaceImage"),
        )
        .also(&[302, 404])
        .scope("recognition:read"),
        Route::post(
            "/v2/recognition/images/{namespace}/search",
            "Finds faces.",
            recognition::search_faces,
            Many("FaceImage"),
        )
        .takes("RecognitionSearch")
        .scope("recognition:read"),
        Route::get(
            "/v2/recognition/groups/{namespace}/{id}",
            "Shows a group.",
            recognition::get_group,
            One("FaceGroup"),
        )
        .also(&[404])
        .scope("recognition:read"),
        Route::post(
            "/v2/recognition/groups/{namespace}/search",
            "Finds groups.",
            recognition::search_groups,
            Many("FaceGroup"),
        )
        .takes("RecognitionSearch")
        .scope("recognition:read"),
        Route::post("/v2/feedback", "Takes feedback about a detect job.", feedback::create, One("Feedback"))
            .takes("FeedbackRequest")
            .also(&[404])
            .scope("feedback:create"),
        Route::get("/v2/feedback", "Finds feedback, the oldest first.", feedback::search, Many("Feedback"))
            .query(&["jobId"])
            .scope("feedback:read"),
        Route::get("/v2/feedback/{id}", "Shows feedback.", feedback::get, One("Feedback"))
            .also(&[404])
            .scope("feedback:read"),
        Route::post(
            "/v2/webhooks",
            "Registers the webhook of an organisation's application, for good.",
            webhooks::create,
            One("RegisteredWebhook"),
        )
        .takes("WebhookRequest")
        .token(),
        Route::get("/images/{id}", "The stored picture of a proxyUrl.", images::get, Picture).also(&[404]),
        Route::get("/storage/{id}", "The picture of a signed link.", storage::get, Picture)
            .query(&["expires", "signature"])
            .also(&[403, 404]),
        Route::get("/healthz", "Whether the server is up.", healthz, One("Health")),
        Route::get("/openapi.json", "This document.", openapi::get, One("Document")),
    ]
}

/// A router of these calls.
pub(crate) fn mount(routes: Vec<Route>, api: &Arc<Api>) -> Router<Arc<Api>> {
    routes.into_iter().fold(Router::new(), |router, route| {
        let scope = match route.needs {
            Needs::Nothing => return router.route(route.path, route.handler),
            Needs::Token => None,
            Needs::Scope(scope) => Some(scope),
        };
        let guard = from_fn_with_state((Arc::clone(api), scope), guard);
        router.route(route.path, route.handler.route_layer(guard))
    })
}

/// Lets a caller through whose token is good and carries the scope, before a byte of the body is read.
async fn guard(
    State((api, scope)): State<(Arc<Api>, Option<&'static str>)>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let caller = Caller::of(request.headers(), &api)?;
    if let Some(scope) = scope {
        caller.needs(scope)?;
    }
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}
