//! Answers that come over HTTP, as rules: what the fixtures of other languages use.

use std::sync::{Mutex, MutexGuard, PoisonError};

use image_intelligence_core::{ImageStatus, Kind};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Answer, AskedPicture, Found, FoundFace};
use crate::job::class_key;

/// How much rules may take in memory, as JSON, and how many there may be.
const MOST_BYTES: usize = 16 << 20;
const MOST_RULES: usize = 10_000;

/// A rule as it was posted, read.
pub(crate) struct Rule {
    wire: Wire,
    answer: Answer,
    /// The rule as it came, with an id.
    json: Map<String, Value>,
    bytes: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    kind: String,
    image: String,
    class: Option<String>,
    target: Option<String>,
    question: Option<String>,
    namespace: Option<String>,
    status: Option<String>,
    objects: Option<Vec<Found>>,
    matches: Option<bool>,
    answer: Option<YesOrNo>,
    faces: Option<Vec<FoundFace>>,
    confidence: Option<f64>,
    #[serde(default)]
    hitl: bool,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected \"yes\", \"no\", true or false")]
enum YesOrNo {
    Bool(bool),
    Word(Word),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Yes,
    No,
}

/// Why a rule is not taken.
#[derive(Debug)]
pub(crate) enum Unfit {
    /// It is wrong; the text says where.
    Wrong(String),
    /// There is no more room.
    Full,
}

impl Rule {
    /// Reads a rule; `field` is where it stands in the body.
    pub(crate) fn read(value: Value, field: &str) -> Result<Self, Unfit> {
        let bytes = value.to_string().len() + 512;
        let Value::Object(mut json) = value else {
            return Err(Unfit::Wrong(format!(
                "{}: a JSON object expected",
                if field.is_empty() { "the body" } else { field }
            )));
        };
        let place = |key: &str| if field.is_empty() { key.to_owned() } else { format!("{field}.{key}") };
        json.remove("id");
        let wire: Wire = serde_path_to_error::deserialize(Value::Object(json.clone())).map_err(|error| {
            let path = error.path().to_string();
            let at = if path == "." {
                if field.is_empty() { "the body".into() } else { field.into() }
            } else {
                place(&path)
            };
            Unfit::Wrong(format!("{at}: {}", error.into_inner()))
        })?;
        let answer = wire.answer(place)?;
        json.insert("id".to_owned(), Uuid::new_v4().to_string().into());
        Ok(Self { wire, answer, json, bytes })
    }

    fn fits(&self, picture: &AskedPicture<'_>) -> bool {
        let Wire { kind, class, target, question, namespace, .. } = &self.wire;
        let same = |wanted: &Option<String>, given: Option<&str>| wanted.is_none() || wanted.as_deref() == given;
        let of_class = |wanted: &str| {
            let wanted = class_key(wanted);
            let asked = picture.classes.iter().map(|class| class.class.as_str());
            asked.chain(picture.target.map(|target| target.class.as_str())).any(|class| class_key(class) == wanted)
        };
        kind == picture.kind.as_str()
            && class.as_deref().is_none_or(of_class)
            && same(target, picture.target.and_then(|target| target.custom_id.as_deref()))
            && same(question, picture.question)
            && same(namespace, picture.namespace)
    }

    fn names(&self, picture: &AskedPicture<'_>) -> bool {
        [picture.custom_id, picture.url].contains(&Some(self.wire.image.as_str()))
    }
}

impl Wire {
    /// What the rule answers. There is one answer, and it is to the question that its kind asks.
    fn answer(&self, place: impl Fn(&str) -> String) -> Result<Answer, Unfit> {
        let wrong = |key: &str, problem: &str| Err(Unfit::Wrong(format!("{}: {problem}", place(key))));
        let Some(kind) = Kind::from_name(&self.kind) else {
            return wrong("kind", "one of detect, match, ask, recognize wanted");
        };
        if self.image.is_empty() {
            return wrong("image", "empty; a picture's customId or URL wanted, or * for every picture");
        }
        let given = [
            ("objects", self.objects.is_some(), &[Kind::Detect][..]),
            ("matches", self.matches.is_some(), &[Kind::Match]),
            ("answer", self.answer.is_some(), &[Kind::Ask]),
            ("faces", self.faces.is_some(), &[Kind::Recognize]),
            ("class", self.class.is_some(), &[Kind::Detect, Kind::Match]),
            ("target", self.target.is_some(), &[Kind::Match]),
            ("question", self.question.is_some(), &[Kind::Ask]),
            ("namespace", self.namespace.is_some(), &[Kind::Recognize]),
            ("confidence", self.confidence.is_some(), &[Kind::Match, Kind::Ask]),
        ];
        for (key, given, kinds) in given {
            if given && !kinds.contains(&kind) {
                return wrong(key, &format!("not for {kind} jobs"));
            }
        }
        let confidences = self.objects.iter().flatten().map(|found| ("objects", found.confidence));
        let confidences = confidences.chain(self.faces.iter().flatten().map(|face| ("faces", face.confidence)));
        for (key, confidence) in confidences.chain(self.confidence.map(|confidence| ("confidence", confidence))) {
            if !(0.0..=1.0).contains(&confidence) {
                return wrong(key, &format!("a confidence of {confidence} given, 0 to 1 wanted"));
            }
        }
        let said = match (&self.objects, self.matches, &self.answer, &self.faces) {
            (Some(objects), ..) => Some(Answer::found(objects.iter().cloned())),
            (_, Some(true), ..) => Some(Answer::matches(1.0)),
            (_, Some(false), ..) => Some(Answer::no_match()),
            (_, _, Some(YesOrNo::Bool(true) | YesOrNo::Word(Word::Yes)), _) => Some(Answer::yes()),
            (_, _, Some(_), _) => Some(Answer::no()),
            (_, _, _, Some(faces)) => Some(Answer::faces(faces.iter().cloned())),
            _ => None,
        };
        let own = match kind {
            Kind::Match => "matches",
            Kind::Ask => "answer",
            Kind::Recognize => "faces",
            _ => "objects",
        };
        let answer = match (said, &self.status) {
            (Some(answer), None) => answer.sure(self.confidence),
            (None, Some(status)) if !status.is_empty() => {
                let status = ImageStatus::from(status.as_str());
                if matches!(status, ImageStatus::InProgress | ImageStatus::CompletedSuccessfully) {
                    return wrong("status", &format!("that is no end in error; say {own} for a good one"));
                }
                Answer::status(status)
            }
            (None, _) => return wrong(own, "missing; say what is answered, or a status"),
            (Some(_), Some(_)) => return wrong("status", &format!("given beside {own}; one of them wanted")),
        };
        Ok(if self.hitl { answer.by_a_person() } else { answer })
    }
}

/// The rules that a server has been given. They come before the script and the detector.
#[derive(Default)]
pub(crate) struct Rules(Mutex<Vec<Rule>>);

impl Rules {
    fn all(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds rules, all or none, and answers them with their ids.
    pub(crate) fn add(&self, rules: Vec<Rule>) -> Result<Vec<Value>, Unfit> {
        let mut all = self.all();
        let bytes: usize = all.iter().chain(&rules).map(|rule| rule.bytes).sum();
        if all.len() + rules.len() > MOST_RULES || bytes > MOST_BYTES {
            return Err(Unfit::Full);
        }
        let added = rules.iter().map(|rule| Value::Object(rule.json.clone())).collect();
        all.extend(rules);
        Ok(added)
    }

    pub(crate) fn list(&self) -> Vec<Value> {
        self.all().iter().map(|rule| Value::Object(rule.json.clone())).collect()
    }

    /// Forgets all of them, and says how many there were.
    pub(crate) fn clear(&self) -> usize {
        std::mem::take(&mut *self.all()).len()
    }

    /// The answer of the newest rule for this picture, else of the newest for every picture.
    pub(crate) fn answer(&self, picture: &AskedPicture<'_>) -> Option<Answer> {
        let all = self.all();
        let newest = |fits: &dyn Fn(&Rule) -> bool| {
            all.iter().rev().find(|rule| fits(rule) && rule.fits(picture)).map(|rule| rule.answer.clone())
        };
        newest(&|rule| rule.names(picture)).or_else(|| newest(&|rule| rule.wire.image == "*"))
    }
}

#[cfg(test)]
mod tests {
    use image_intelligence_core::{AskRequest, MatchRequest, Target};
    use serde_json::json;

    use super::*;
    use crate::job::Request;

    fn rules(rules: &[Value]) -> Rules {
        let all = Rules::default();
        all.add(rules.iter().map(|rule| Rule::read(rule.clone(), "").unwrap()).collect()).unwrap();
        all
    }

    #[test]
    fn the_newest_for_the_picture_wins_and_a_star_is_for_the_rest() {
        let all = rules(&[
            json!({"kind": "ask", "image": "door", "answer": "no"}),
            json!({"kind": "ask", "image": "door", "answer": true, "confidence": 0.7, "hitl": true}),
            json!({"kind": "ask", "image": "*", "answer": false}),
            json!({"kind": "ask", "image": "door", "answer": "no", "question": "Is it shut?"}),
            json!({"kind": "detect", "image": "door", "objects": []}),
        ]);
        let request = Request::Ask(AskRequest::new([], "Is it open?"));
        let about = AskedPicture::about(&request);
        let ask = |custom_id| all.answer(&AskedPicture { custom_id: Some(custom_id), ..about });
        assert_eq!(ask("door"), Some(Answer::yes().sure(Some(0.7)).by_a_person()));
        assert_eq!(ask("gate"), Some(Answer::no()));
        assert_eq!(all.clear(), 5);
        assert_eq!(all.answer(&about), None);
    }

    #[test]
    fn a_rule_may_be_for_one_target() {
        let all = rules(&[
            json!({"kind": "match", "image": "*", "matches": true, "target": "rex"}),
            json!({"kind": "match", "image": "*", "matches": false, "class": "cat"}),
        ]);
        let ask = |class: &str, name: Option<&str>| {
            let mut target = Target::new(class, ["https://example.com/rex.jpg"]);
            target.custom_id = name.map(str::to_owned);
            let request = Request::Match(MatchRequest::new([], target));
            all.answer(&AskedPicture::about(&request))
        };
        assert_eq!(ask("dog", Some("rex")), Some(Answer::matches(1.0)));
        assert_eq!(ask("Cat ", None), Some(Answer::no_match()));
        assert_eq!(ask("dog", None), None);
    }

    #[test]
    fn what_is_wrong_with_a_rule_is_said() {
        for (rule, expected) in [
            (json!([]), "the body: a JSON object expected"),
            (json!({"image": "a"}), "the body: missing field `kind`"),
            (json!({"kind": "look", "image": "a"}), "kind: one of detect"),
            (json!({"kind": "ask", "image": ""}), "image: empty"),
            (json!({"kind": "ask", "image": "a"}), "answer: missing"),
            (json!({"kind": "ask", "image": "a", "answer": "maybe"}), "answer: expected \"yes\""),
            (json!({"kind": "ask", "image": "a", "objects": []}), "objects: not for ask jobs"),
            (
                json!({"kind": "ask", "image": "a", "answer": "no", "status": "JOB_ERROR"}),
                "status: given beside answer",
            ),
            (json!({"kind": "ask", "image": "a", "status": "IN_PROGRESS"}), "status: that is no end"),
            (json!({"kind": "ask", "image": "a", "answr": "no"}), "answr: unknown field"),
            (json!({"kind": "match", "image": "a", "matches": true, "confidence": 2}), "confidence: a confidence of 2"),
            (
                json!({"kind": "detect", "image": "a", "objects": [{"class": "a", "confidence": "b"}]}),
                "objects[0].confidence: invalid type",
            ),
        ] {
            let Err(Unfit::Wrong(message)) = Rule::read(rule, "") else { panic!("{expected} was expected") };
            assert!(message.starts_with(expected), "{message:?} where {expected:?} was expected");
        }
    }
}
