//! Bodies as the service sends them, with ids of their own each time.

use std::time::{SystemTime, UNIX_EPOCH};

use image_intelligence::CallbackToken;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::args::EventName;

/// How long ago the job was made, in milliseconds.
const AGE: u64 = 9_000;
/// And the face that it found, or that the event is about.
const FACE_AGE: u64 = 2_000;

/// A finished job or an event. `to` is where it goes, which a job's body says too.
pub(crate) fn body(event: EventName, to: Option<&str>) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    match event {
        EventName::Detect => job(detect(), now, to),
        EventName::Match => job(matching(), now, to),
        EventName::Ask => job(ask(), now, to),
        EventName::Recognize => job(recognize(now), now, to),
        EventName::IdentityCreated => identity("IDENTITY_CREATED", 1, now),
        EventName::IdentityUpdated => identity("IDENTITY_UPDATED", 2, now),
    }
}

fn id() -> String {
    Uuid::new_v4().to_string()
}

/// What jobs of every kind have.
fn job(mut body: Value, now: u64, to: Option<&str>) -> Value {
    // A job that was made to call back at such a URL has the name that is in its token.
    let rid = to.and_then(CallbackToken::named_in);
    body["id"] = id().into();
    body["createdAt"] = now.saturating_sub(AGE).into();
    body["customId"] = rid.map_or_else(|| Uuid::new_v4().simple().to_string(), |rid| rid.to_string()).into();
    body["feedId"] = "camera-7".into();
    if body.get("status").is_none() {
        body["status"] = "COMPLETED_SUCCESSFULLY".into();
    }
    if let Some(to) = to {
        body["webhookUrl"] = to.into();
    }
    body
}

/// A picture as answers name it.
fn image(name: &str) -> Value {
    json!({
        "id": id(),
        "url": format!("https://images.example.com/{name}.jpg"),
        "proxyUrl": format!("https://api.quickpix.io/images/{}", id()),
        "customId": name,
    })
}

/// The same with more in it.
fn with(image: &Value, more: Value) -> Value {
    let mut image = image.clone();
    if let (Some(image), Value::Object(more)) = (image.as_object_mut(), more) {
        image.extend(more);
    }
    image
}

fn detect() -> Value {
    let (street, yard) = (image("street"), image("yard"));
    let found = |class, confidence| json!({"class": class, "confidence": confidence, "verdict": true});
    json!({
        "jobResults": [
            {"class": "person", "image": with(&street, json!({"confidence": 0.9971})), "hitl": true},
            {"class": "car", "image": with(&yard, json!({"confidence": 0.9388})), "hitl": false},
        ],
        "imageResults": [
            with(&street, json!({"objects": [found("person", 0.9971)], "status": "COMPLETED_SUCCESSFULLY"})),
            with(&yard, json!({"objects": [found("car", 0.9388)], "status": "COMPLETED_SUCCESSFULLY"})),
        ],
    })
}

fn matching() -> Value {
    let (park, street) = (image("park"), image("street"));
    json!({
        "jobResults": {
            "target": {"class": "dog", "customId": "rex", "images": ["https://images.example.com/rex.jpg"]},
            "image": park,
            "hitl": true,
        },
        "imageResults": [
            with(&park, json!({"status": "COMPLETED_SUCCESSFULLY"})),
            with(&street, json!({"status": "IMAGE_DOWNLOAD_ERROR"})),
        ],
        "status": "COMPLETED_PARTIAL_ERROR",
    })
}

fn ask() -> Value {
    let (door, gate) = (image("door"), image("gate"));
    json!({
        "question": "Is the door open?",
        "examples": {"yes": ["https://images.example.com/open.jpg"], "no": ["https://images.example.com/shut.jpg"]},
        "jobResults": {"image": door},
        "imageResults": [
            with(&door, json!({"status": "COMPLETED_SUCCESSFULLY"})),
            with(&gate, json!({"status": "COMPLETED_SUCCESSFULLY"})),
        ],
    })
}

fn recognize(now: u64) -> Value {
    let made = now.saturating_sub(FACE_AGE);
    let corners = json!({"xMin": 15, "yMin": 14, "xMax": 363, "yMax": 508});
    let known = json!({"identityId": id(), "confidence": 0.9713, "boundingBox": corners, "createdAt": made});
    let corners = json!({"xMin": 402, "yMin": 60, "xMax": 511, "yMax": 201});
    let unknown = json!({"confidence": 0.52, "boundingBox": corners, "createdAt": made});
    json!({
        "images": [
            with(&image("hall"), json!({"status": "COMPLETED_SUCCESSFULLY", "objects": [known, unknown]})),
            with(&image("yard"), json!({"status": "COMPLETED_SUCCESSFULLY", "objects": []})),
        ],
    })
}

fn identity(event: &str, faces: usize, now: u64) -> Value {
    let (identity, made) = (id(), now.saturating_sub(FACE_AGE));
    let face = |index| {
        json!({
            "id": id(),
            "customId": format!("hall-{index}"),
            "feedId": "camera-7",
            "identityId": identity,
            "url": format!("https://images.example.com/faces/{index}.jpg"),
            "boundingBox": {"xMin": 15, "yMin": 14, "xMax": 363, "yMax": 508},
            "boundingBoxConfidence": 0.99,
            "type": "FACE",
            "groupId": id(),
            "isFrontal": true,
            "sharpness": 41.5,
            "width": 348,
            "height": 494,
            "createdAt": made,
        })
    };
    json!({
        "event": event,
        "createdAt": now,
        "identity": {
            "id": identity,
            "customId": "ann",
            "images": (1..=faces).map(face).collect::<Vec<_>>(),
            "namespace": "staff",
            "createdAt": made,
        },
    })
}

#[cfg(test)]
mod tests {
    use image_intelligence::{CallbackKeys, EventKind, Kind, PublicBase, Rid, Timestamp, check, parse_webhook};

    use super::*;

    #[test]
    fn each_is_read_as_what_it_is_and_is_canonical() {
        for (event, kind) in [
            (EventName::Detect, EventKind::Detect),
            (EventName::Match, EventKind::Match),
            (EventName::Ask, EventKind::Ask),
            (EventName::Recognize, EventKind::Recognize),
            (EventName::IdentityCreated, EventKind::Event),
            (EventName::IdentityUpdated, EventKind::Event),
        ] {
            let bytes = body(event, Some("https://hooks.example.com/ii")).to_string().into_bytes();
            let read = parse_webhook(&bytes, None).unwrap();
            assert_eq!(read.kind(), kind);
            assert!(read.job_status().is_none_or(image_intelligence::JobStatus::is_done), "{event:?}");
            assert!(check(&bytes, None).unwrap().canonical, "{event:?}");
            assert_ne!(body(event, None), body(event, None), "fresh ids each time");
        }
    }

    #[test]
    fn a_job_for_a_callback_url_has_the_name_that_the_url_was_made_for() {
        let (rid, base) = (Rid::from_bytes([7; 16]), PublicBase::parse("https://hooks.example.com/ii").unwrap());
        let keys = CallbackKeys::new([(1, [9; 32])]).unwrap();
        let url = base.callback_url(&keys.mint(Kind::Ask, Timestamp::from_millis(1_800_000_000_000), rid, &base));
        let body = body(EventName::Ask, Some(&url));
        assert_eq!((&body["customId"], &body["webhookUrl"]), (&rid.to_string().into(), &url.into()));
    }
}
