//! Faces: each found by a recognize job, and perhaps somebody's.

use std::collections::{BTreeSet, HashMap};

use image_intelligence_core::{FaceImage, LinkModifier, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params, params_from_iter};
use uuid::Uuid;

use super::{Recorded, Records, Space};
use crate::job::{Job, Outcome, Request};
use crate::script::FoundFace;
use crate::store::query::{Conditions, NameIn, Query};
use crate::store::{StoreError, json, read};

const COLUMNS: &str = "id, picture, source, custom_id, feed_id, identity, face_group, facts, created_at";

/// A face as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct FaceRow {
    pub(crate) id: String,
    /// The picture that it is part of.
    pub(crate) picture: String,
    /// Where that picture is, where this server does not keep it.
    source: Option<String>,
    custom_id: Option<String>,
    feed_id: Option<String>,
    identity: Option<String>,
    group: Option<String>,
    facts: FoundFace,
    created_at: Timestamp,
}

impl FaceRow {
    /// As the API answers it.
    pub(crate) fn answer(self, origin: &str) -> FaceImage {
        let Self { id, picture, source, custom_id, feed_id, identity, group, facts, created_at } = self;
        let place = facts.bounding_box;
        let mut face = FaceImage::default();
        face.id = Some(id);
        face.custom_id = custom_id;
        face.feed_id = feed_id;
        face.identity_id = identity;
        face.url = source.or_else(|| Some(format!("{origin}/images/{picture}")));
        face.bounding_box = place;
        face.bounding_box_confidence = facts.bounding_box_confidence;
        face.of = Some("FACE".to_owned());
        face.group_id = group;
        face.is_frontal = facts.is_frontal;
        face.sharpness = facts.sharpness;
        face.width = facts.width.or_else(|| place.map(|place| place.width()));
        face.height = facts.height.or_else(|| place.map(|place| place.height()));
        face.created_at = Some(created_at);
        face
    }
}

impl Records<'_> {
    pub(crate) fn face(&self, space: &Space, id: &str) -> Recorded<Option<FaceRow>> {
        let condition =
            Conditions::of(&space.owner).and("namespace = ?", space.namespace.clone()).and("id = ?", id.to_owned());
        Ok(self.select_faces(condition)?.pop())
    }

    /// The picture of a face, whosever it is: a signed link knows no caller.
    pub(crate) fn picture_of_face(&self, id: &str) -> Recorded<Option<String>> {
        let mut statement = self.connection.prepare_cached("SELECT picture FROM face WHERE id = ?")?;
        Ok(statement.query_row([id], |row| row.get(0)).optional()?)
    }

    pub(crate) fn faces(&self, space: &Space, query: &Query) -> Recorded<Vec<FaceRow>> {
        let condition = Conditions::of(&space.owner).and("namespace = ?", space.namespace.clone());
        self.select_faces(condition.and_all(query, NameIn::Column("custom_id"), NameIn::Column("feed_id")))
    }

    /// The faces of an identity or a group, in the order in which they were found.
    pub(super) fn faces_of(&self, tie: &str, id: &str) -> Recorded<Vec<FaceRow>> {
        let condition = format!("{tie} = ? ORDER BY place");
        self.select_faces(Conditions { sql: condition, values: vec![id.to_owned().into()] })
    }

    fn select_faces(&self, condition: Conditions) -> Recorded<Vec<FaceRow>> {
        let sql = format!("SELECT {COLUMNS} FROM face WHERE {}", condition.sql);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(condition.values))?;
        let mut faces = Vec::new();
        while let Some(row) = rows.next()? {
            faces.push(face(row)?);
        }
        Ok(faces)
    }

    /// Keeps the faces that a recognize job found, says whose they are, and makes groups of them: those of one identity,
    /// else those to which the script gave one key. `kept` says which pictures this server can show. Answers the identities
    /// to which faces came.
    pub(crate) fn keep_faces(
        &self,
        job: &Job,
        outcomes: &mut [Outcome],
        now: Timestamp,
        kept: &dyn Fn(&str) -> Result<bool, StoreError>,
    ) -> Recorded<BTreeSet<String>> {
        let mut gained = BTreeSet::new();
        let Request::Recognize { namespace, .. } = &*job.request else { return Ok(gained) };
        let space = Space { owner: job.owner.clone(), namespace: namespace.clone() };
        let mut groups = HashMap::new();
        for (index, outcome) in outcomes.iter_mut().enumerate() {
            let (Some(picture), Some(image)) = (job.pictures.get(index), job.request.images().get(index)) else {
                continue;
            };
            if outcome.faces.is_empty() {
                continue;
            }
            outcome.found_at = Some(now);
            let source = if kept(picture)? { None } else { image.url.clone() };
            let linked_by = if outcome.hitl { LinkModifier::Hitl } else { LinkModifier::Ml };
            for found in &mut outcome.faces {
                let key = self.recognize(&space, found)?;
                let identity = found.identity_id.as_deref();
                gained.extend(identity.map(str::to_owned));
                let group = match key {
                    Some(key) if !groups.contains_key(&key) => {
                        let link = identity.map(|identity| (identity, &linked_by));
                        let group = self.make_group(&space, &job.id, link, now)?;
                        groups.insert(key, group.clone());
                        Some(group)
                    }
                    Some(key) => groups.get(&key).cloned(),
                    None => None,
                };
                let feed_id = &job.request.options().feed_id;
                self.connection
                    .prepare_cached(
                        "INSERT INTO face (id, owner, namespace, picture, source, custom_id, feed_id, identity,
                                           face_group, facts, created_at)
                         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    )?
                    .execute(params![
                        Uuid::new_v4().to_string(),
                        space.owner,
                        space.namespace,
                        picture,
                        source,
                        image.custom_id,
                        feed_id,
                        identity,
                        group,
                        json(found)?,
                        now.as_millis(),
                    ])?;
            }
        }
        self.trim_faces()?;
        Ok(gained)
    }

    /// Puts the id of whose face it is in the place of what the script said of it, and answers by what the face is grouped
    /// with others.
    fn recognize(&self, space: &Space, found: &mut FoundFace) -> Recorded<Option<(&'static str, String)>> {
        let (by_id, by_name) = (found.identity_id.take(), &found.identity_custom_id);
        let identity = match (&by_id, by_name) {
            (Some(id), _) => self.identity_by_id(space, id)?,
            (None, Some(name)) => self.identity_named(space, name)?,
            (None, None) => None,
        };
        let keyed = |what: &'static str, key: Option<&String>| key.map(|key| (what, key.clone()));
        let key = keyed("identity", identity.as_ref()).or_else(|| keyed("group", found.group.as_ref()));
        let key = key.or_else(|| keyed("id", by_id.as_ref())).or_else(|| keyed("name", by_name.as_ref()));
        found.identity_id = identity;
        Ok(key)
    }

    fn trim_faces(&self) -> Recorded<()> {
        let Some(most) = self.bounds.faces else { return Ok(()) };
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let kept: i64 = self.connection.query_row("SELECT count(*) FROM face", [], |row| row.get(0))?;
        let mut statement = self.connection.prepare_cached(
            "DELETE FROM face WHERE place IN (SELECT place FROM face ORDER BY identity IS NOT NULL, place LIMIT ?)
             RETURNING face_group",
        )?;
        let gone = statement.query_map([(kept - most).max(0)], |row| row.get::<_, Option<String>>(0))?;
        let groups: BTreeSet<String> = gone.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        for group in groups {
            self.connection.execute(
                "DELETE FROM face_group WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM face WHERE face_group = ?1)",
                [group],
            )?;
        }
        Ok(())
    }
}

fn face(row: &Row<'_>) -> Recorded<FaceRow> {
    Ok(FaceRow {
        id: row.get("id")?,
        picture: row.get("picture")?,
        source: row.get("source")?,
        custom_id: row.get("custom_id")?,
        feed_id: row.get("feed_id")?,
        identity: row.get("identity")?,
        group: row.get("face_group")?,
        facts: read(row.get_ref("facts")?.as_str().map_err(rusqlite::Error::from)?)?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
    })
}
