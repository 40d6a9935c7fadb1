//! What recognition keeps of faces: identities, pictures and groups, each in a namespace.

use bytes::Bytes;
use image_intelligence_core::{
    Error, ErrorKind, FaceGroup, FaceImage, Failure, Identity, IdentityChange, IdentityRequest, RecognitionSearch,
    Repeat, Result, check_namespace,
};

use crate::client::Client;
use crate::create::{Lost, body, ignored, once};
use crate::http::{Answer, Failed, Request};
use crate::jobs::{Jobs, check_id, check_name};
use crate::kind::{Place, Recognize};
use crate::rows::Rows;

/// Recognition in one namespace, which keeps one user's identities apart from another's: `client.recognition("staff")`.
#[derive(Debug, Clone)]
pub struct Recognition {
    client: Client,
    namespace: String,
}

impl Recognition {
    pub(crate) fn new(client: Client, namespace: String) -> Self {
        Self { client, namespace }
    }

    /// Whom the service knows.
    pub fn identities(&self) -> Identities {
        Identities { at: self.clone() }
    }

    /// The pictures of faces.
    pub fn images(&self) -> FaceImages {
        FaceImages { at: self.clone() }
    }

    /// The groups that the service makes of faces.
    pub fn groups(&self) -> FaceGroups {
        FaceGroups { at: self.clone() }
    }

    /// Recognize jobs that were made before.
    pub fn jobs(&self) -> Jobs<Recognize> {
        Jobs::new(self.client.clone(), Some(self.namespace.clone()))
    }

    fn check(&self) -> Result<()> {
        check_namespace(&self.namespace, &self.client.inner().limits)
    }

    /// The URL of something in this namespace.
    fn url(&self, room: &str, rest: &[&str]) -> String {
        let path = [&["recognition", room, &self.namespace], rest].concat();
        self.client.inner().base.join(&path)
    }

    async fn one<T>(
        &self,
        room: &str,
        template: &'static str,
        what: &str,
        id: &str,
        read: impl Fn(&[u8]) -> Result<T>,
    ) -> Result<T> {
        self.check()?;
        check_id(id)?;
        self.client.inner().read(&Request::get(format!("{what} {id}"), template, self.url(room, &[id])), read).await
    }

    async fn search<T>(
        &self,
        (room, what, template): Room,
        search: &RecognitionSearch,
        read: impl Fn(&[u8]) -> Result<T>,
    ) -> Result<T> {
        let inner = self.client.inner();
        let at = Place { base: &inner.base, namespace: Some(&self.namespace), limits: &inner.limits };
        inner.read(&self::search(&at, room, what, template, search)?, read).await
    }
}

/// A part of the API: its path, what is in it, and the template of its search.
pub(crate) type Room = (&'static str, &'static str, &'static str);

pub(crate) const JOBS: Room = ("recognize", "recognize jobs", "/recognition/recognize/{namespace}/search");
pub(crate) const IDENTITIES: Room = ("identities", "identities", "/recognition/identities/{namespace}/search");
pub(crate) const IMAGES: Room = ("images", "pictures of faces", "/recognition/images/{namespace}/search");
pub(crate) const GROUPS: Room = ("groups", "groups", "/recognition/groups/{namespace}/search");

/// The request of a search, which is a read although it is posted.
pub(crate) fn search(
    at: &Place<'_>,
    room: &str,
    what: &str,
    template: &'static str,
    search: &RecognitionSearch,
) -> Result<Request> {
    let namespace = at.namespace.unwrap_or_default();
    check_namespace(namespace, at.limits)?;
    search.validate(at.limits)?;
    let url = at.base.join(&["recognition", room, namespace, "search"]);
    Ok(Request::post(format!("search of {what}"), template, url, search.to_json().into()))
}

/// Whom the service knows: `client.recognition("staff").identities()`.
#[derive(Debug, Clone)]
pub struct Identities {
    at: Recognition,
}

const IDENTITY: &str = "/recognition/identities/{namespace}/{id}";

impl Identities {
    /// Makes somebody known, with a name of your own and pictures of their face, or without.
    ///
    /// It is sent once: where the answer is lost, the error is `outcome_unknown`.
    ///
    /// ```
    /// use image_intelligence::{Client, IdentityRequest, RecognitionSearch};
    /// # use image_intelligence_server::{Answer, Answers, FoundFace, Server};
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let face = Answer::faces([FoundFace::new(0.97)]);
    /// # let answers = Answers::new().otherwise_answer(image_intelligence::Kind::Recognize, face);
    /// # let server = Server::builder().scripted(answers).start().await?;
    /// # let client = Client::builder().base_url(server.base_url()).credentials("local", "local").build()?;
    /// # client.recognize("staff", [b"..".to_vec()]).send().await?.wait().await?;
    /// let staff = client.recognition("staff");
    /// let newest = staff.images().search(&RecognitionSearch::new().limit(1)).await?;
    /// let faces = newest.into_iter().filter_map(|face| face.id);
    /// let ann = staff.identities().create(IdentityRequest::new().custom_id("ann").image_ids(faces)).await?;
    /// println!("{}: {} pictures", ann.id, ann.images.len());
    /// # assert_eq!(ann.images.len(), 1);
    /// # Ok::<(), image_intelligence::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn create(&self, request: IdentityRequest) -> Result<Identity> {
        self.at.check()?;
        check_name("customId", request.custom_id.as_deref())?;
        request.validate(&self.at.client.inner().limits)?;
        let template = "/recognition/identities/{namespace}";
        let post = Request::post(format!("POST {template}"), template, self.at.url("identities", &[]), body(&request)?);
        let custom_id = request.custom_id.as_deref();
        let look = match custom_id {
            Some(id) => format!("search the identities for customId {id}"),
            None => "search the newest identities".to_owned(),
        };
        once(&self.at.client, &post, Lost { look: &look, custom_id, secret: None }, Identity::from_json).await
    }

    /// Somebody by their id. Fails with `not_found` where the API does not know it.
    pub async fn get(&self, id: &str) -> Result<Identity> {
        self.at.one("identities", IDENTITY, "identity", id, Identity::from_json).await
    }

    /// Changes a name, adds pictures or takes them away: at most 20 of each at once.
    ///
    /// It is sent once: where the answer is lost, the error is `outcome_unknown`.
    pub async fn update(&self, id: &str, change: IdentityChange) -> Result<Identity> {
        self.at.check()?;
        check_id(id)?;
        check_name("customId", change.custom_id.as_deref())?;
        change.validate(&self.at.client.inner().limits)?;
        let url = self.at.url("identities", &[id]);
        let patch = Request::patch(format!("PATCH identity {id}"), IDENTITY, url, body(&change)?);
        let look = format!("read identity {id}");
        let lost = Lost { look: &look, ..Lost::default() };
        let updated = once(&self.at.client, &patch, lost, Identity::from_json).await;
        // The documents list no other status for one that is not known.
        updated.map_err(Error::read_as_not_found)
    }

    /// Forgets somebody; the pictures of their face are nobody's then.
    ///
    /// It is sent once: where the answer is lost, the error is `outcome_unknown`.
    pub async fn delete(&self, id: &str) -> Result<()> {
        self.at.check()?;
        check_id(id)?;
        let delete = Request::delete(format!("DELETE identity {id}"), IDENTITY, self.at.url("identities", &[id]));
        once(&self.at.client, &delete, Lost { look: &format!("read identity {id}"), ..Lost::default() }, ignored).await
    }

    /// One page of a search: at most 100 identities.
    pub async fn search(&self, search: &RecognitionSearch) -> Result<Vec<Identity>> {
        self.at.search(IDENTITIES, search, Identity::list_from_json).await
    }

    /// Every identity that a search is after, page by page, beyond the 200 that pages reach.
    pub fn all(&self, search: RecognitionSearch) -> Rows<Identity> {
        Rows::new(self.at.client.clone(), self.at.namespace.clone(), IDENTITIES, search)
    }
}

/// The pictures of faces: `client.recognition("staff").images()`.
#[derive(Debug, Clone)]
pub struct FaceImages {
    at: Recognition,
}

const IMAGE: &str = "/recognition/images/{namespace}/{id}";

impl FaceImages {
    /// What is known of a picture. Fails with `not_found` where the API does not know it.
    pub async fn get(&self, id: &str) -> Result<FaceImage> {
        self.at.one("images", IMAGE, "picture", id, FaceImage::from_json).await
    }

    /// The picture itself, a JPEG. The API says where it is, and it is fetched from there, without the token.
    pub async fn picture(&self, id: &str) -> Result<Bytes> {
        self.at.check()?;
        check_id(id)?;
        let inner = self.at.client.inner();
        let largest = inner.pictures.largest();
        let request = Request::get(format!("picture {id}"), IMAGE, self.at.url("images", &[id])).picture(largest);
        let read = |answer: &Answer| {
            let refuse = |problem: &str, failure| {
                let error = Error::new(ErrorKind::InvalidResponse, format!("picture {id}: {problem}"));
                Err(Failed { error: error.with_retryable(failure == Failure::Unreadable), failure })
            };
            match (&answer.location, answer.body.trim_ascii_start().first()) {
                (Some(location), _) => Ok(Err(location.clone())),
                (_, Some(b'{')) => {
                    let problem = "JSON came, no picture; its url says where it is: client.image(url)";
                    refuse(problem, Failure::Status(200))
                }
                (_, Some(b'<')) => refuse("HTML came, no picture; is there a proxy in between?", Failure::Unreadable),
                (_, None) => refuse("an empty body came, no picture", Failure::Unreadable),
                _ => Ok(Ok(answer.body.clone())),
            }
        };
        let call = inner.caller.call_for(&request, Repeat::Harmless, &inner.retry, read);
        let elsewhere = match inner.while_open(async { call.await.map_err(|failed| failed.error) }).await? {
            Ok(picture) => return Ok(picture),
            Err(location) => location,
        };
        inner.while_open(inner.pictures.fetch_from(inner, &request.url, &elsewhere)).await
    }

    /// One page of a search: at most 100 pictures.
    pub async fn search(&self, search: &RecognitionSearch) -> Result<Vec<FaceImage>> {
        self.at.search(IMAGES, search, FaceImage::list_from_json).await
    }

    /// Every picture that a search is after, page by page, beyond the 200 that pages reach.
    pub fn all(&self, search: RecognitionSearch) -> Rows<FaceImage> {
        Rows::new(self.at.client.clone(), self.at.namespace.clone(), IMAGES, search)
    }
}

/// The groups that the service makes of faces: `client.recognition("staff").groups()`.
#[derive(Debug, Clone)]
pub struct FaceGroups {
    at: Recognition,
}

impl FaceGroups {
    /// A group by its id. Fails with `not_found` where the API does not know it.
    pub async fn get(&self, id: &str) -> Result<FaceGroup> {
        self.at.one("groups", "/recognition/groups/{namespace}/{id}", "group", id, FaceGroup::from_json).await
    }

    /// One page of a search: at most 100 groups.
    pub async fn search(&self, search: &RecognitionSearch) -> Result<Vec<FaceGroup>> {
        self.at.search(GROUPS, search, FaceGroup::list_from_json).await
    }

    /// Every group that a search is after, page by page, beyond the 200 that pages reach.
    pub fn all(&self, search: RecognitionSearch) -> Rows<FaceGroup> {
        Rows::new(self.at.client.clone(), self.at.namespace.clone(), GROUPS, search)
    }
}
