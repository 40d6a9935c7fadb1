//! The JSON Schema of the models, from which other languages' types are generated.

use serde_json::{Value, json};

use crate::describe::{self, Definitions};
use crate::detect::Verify;
use crate::model::Shape as _;
use crate::{
    AskJob, DetectJob, ExclusionZones, FaceGroup, Feedback, GaveUp, Identity, MatchJob, RecognizeJob, RegisteredEvent,
    RegisteredWebhook, SortOrder,
};

/// The models as JSON Schema 2020-12, each among `$defs`.
///
/// Of responses it tells their canonical form: what is not `required` may be absent, and nothing is `null`. A moment is an
/// integer of the format `unix-ms`; an enum is open: any other text may come.
///
/// ```
/// let schema = image_intelligence_core::schema();
/// assert_eq!(schema["$defs"]["DetectJob"]["properties"]["status"]["$ref"], "#/$defs/JobStatus");
/// ```
pub fn schema() -> Value {
    let mut definitions = Definitions::default();
    DetectJob::schema(&mut definitions);
    MatchJob::schema(&mut definitions);
    AskJob::schema(&mut definitions);
    RecognizeJob::schema(&mut definitions);
    Identity::schema(&mut definitions);
    FaceGroup::schema(&mut definitions);
    Feedback::schema(&mut definitions);
    RegisteredWebhook::schema(&mut definitions);
    RegisteredEvent::schema(&mut definitions);
    GaveUp::schema(&mut definitions);
    class(&mut definitions);
    target(&mut definitions);
    examples(&mut definitions);
    SortOrder::schema(&mut definitions);
    let (order, definitions) = definitions.into_parts();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Image Intelligence",
        "$defs": definitions,
        "x-order": order,
    })
}

/// Requests are read strictly, by serde, so they are no models; a test holds what is said here against what they write.
fn class(definitions: &mut Definitions) -> Value {
    definitions.refer("Class", |definitions| {
        let mut verify = Verify::schema(definitions);
        verify["default"] = Verify::default().as_str().into();
        let zones = zones(definitions);
        let mut class = describe::object(
            &["A class to look for."],
            vec![
                field("class", "Its name, such as `person`.", json!({"type": "string"}), true),
                field("verify", "Whether a human should check.", verify, false),
                field("exclusionZones", "Parts of the picture in which it is not looked for.", zones, false),
            ],
        );
        class["title"] = "DetectClass".into();
        class
    })
}

fn urls() -> Value {
    json!({"type": "array", "items": {"type": "string"}})
}

fn target(definitions: &mut Definitions) -> Value {
    definitions.refer("Target", |_| {
        describe::object(
            &["What a match job looks for: a class, and pictures that show this one of it."],
            vec![
                field("class", "What sort of thing it is, such as `dog`.", json!({"type": "string"}), true),
                field("images", "1 to 3 URLs of pictures that show it.", urls(), true),
                field("customId", "Your own name for it, at most 64 characters.", json!({"type": "string"}), false),
            ],
        )
    })
}

fn examples(definitions: &mut Definitions) -> Value {
    definitions.refer("Examples", |_| {
        describe::object(
            &["Pictures for which the answer to an ask job's question is known."],
            vec![
                field("yes", "1 to 3 URLs of pictures for which it is yes.", urls(), false),
                field("no", "1 to 3 URLs of pictures for which it is no.", urls(), false),
            ],
        )
    })
}

fn zones(definitions: &mut Definitions) -> Value {
    definitions.refer("ExclusionZones", |_| {
        let size = json!({"type": "integer", "enum": ExclusionZones::SIZES, "default": ExclusionZones::DEFAULT_SIZE});
        let rows = json!({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}});
        describe::object(
            &["Cells of a square grid, laid evenly over the picture, in which a class is not looked for."],
            vec![
                field("type", "Always `GRID`.", json!({"type": "string", "const": "GRID"}), true),
                field("size", "The finest grid the service may use: 16, 32, 64 or 128.", size, false),
                field("zones", "Rows from the top, each from the left: 1 leaves the cell out, 0 keeps it.", rows, true),
            ],
        )
    })
}

fn field(key: &'static str, description: &str, value: Value, must: bool) -> describe::Described {
    (key, description.to_owned(), value, must)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Class;

    fn keys(value: &Value) -> Vec<String> {
        let mut keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn requests_write_what_the_schema_says() {
        let schema = schema();
        let class = Class::new("car").exclusion_zones(ExclusionZones::grid(vec![vec![0]]));
        let written = serde_json::to_value(class).unwrap();
        assert_eq!(keys(&written), keys(&schema["$defs"]["Class"]["properties"]));
        assert_eq!(keys(&written["exclusionZones"]), keys(&schema["$defs"]["ExclusionZones"]["properties"]));
    }

    #[test]
    fn the_fields_of_a_job_stand_where_the_judge_looks_for_them() {
        use crate::model::Model;
        use crate::{DetectImageResult, DetectJobResult};
        assert_eq!([DetectJob::number("id"), MatchJob::number("id"), AskJob::number("id")], [Some(0); 3]);
        assert_eq!(RecognizeJob::number("id"), Some(0));
        assert_eq!(DetectJob::number("jobResults"), Some(DetectJob::JOB_RESULTS));
        assert_eq!(DetectJob::number("imageResults"), Some(DetectJob::IMAGE_RESULTS));
        assert_eq!(DetectJob::number("status"), Some(DetectJob::STATUS));
        assert_eq!(DetectJobResult::number("class"), Some(DetectJobResult::CLASS));
        assert_eq!(DetectImageResult::number("objects"), Some(DetectImageResult::OBJECTS));
        let schema = schema();
        let job = &schema["$defs"]["DetectJob"];
        assert_eq!(job["required"], json!(["id", "jobResults", "imageResults", "status"]));
        assert_eq!(job["properties"]["createdAt"]["format"], "unix-ms");
        let picture = &schema["$defs"]["DetectImageResult"];
        assert_eq!(picture["required"], json!(["objects", "status"]));
        assert_eq!(picture["properties"]["input"]["$ref"], "#/$defs/Input");
        assert_eq!(schema["$defs"]["JobStatus"]["anyOf"][0]["enum"][0], "IN_PROGRESS");
        assert_eq!(schema["$defs"]["JobStatus"]["x-descriptions"]["IN_PROGRESS"], "The server is at work.");
    }
}
