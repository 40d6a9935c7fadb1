//! Groups: faces of one job that the service takes for those of one person.

use image_intelligence_core::{FaceGroup, LinkModifier, Timestamp};
use rusqlite::{params, params_from_iter};
use uuid::Uuid;

use super::{FaceRow, Recorded, Records, Space};
use crate::store::query::{Conditions, NameIn, Query};

/// A group as it is kept, with its faces.
#[derive(Debug, Clone)]
pub(crate) struct GroupRow {
    group: FaceGroup,
    faces: Vec<FaceRow>,
}

impl GroupRow {
    /// As the API answers it.
    pub(crate) fn answer(self, origin: &str) -> FaceGroup {
        let mut group = self.group;
        group.images = self.faces.into_iter().map(|face| face.answer(origin)).collect();
        group
    }
}

impl Records<'_> {
    pub(crate) fn group(&self, space: &Space, id: &str) -> Recorded<Option<GroupRow>> {
        let condition =
            Conditions::of(&space.owner).and("namespace = ?", space.namespace.clone()).and("id = ?", id.to_owned());
        Ok(self.select_groups(condition)?.pop())
    }

    /// A group has no name and no feed of its own: those of its faces count.
    pub(crate) fn groups(&self, space: &Space, query: &Query) -> Recorded<Vec<GroupRow>> {
        let of = |column| NameIn::Faces { tie: "face.face_group = face_group.id", column };
        let condition = Conditions::of(&space.owner).and("namespace = ?", space.namespace.clone());
        self.select_groups(condition.and_all(query, of("custom_id"), of("feed_id")))
    }

    fn select_groups(&self, condition: Conditions) -> Recorded<Vec<GroupRow>> {
        let sql = format!(
            "SELECT id, namespace, job, identity, linked_by, linked_at, created_at FROM face_group WHERE {}",
            condition.sql
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(condition.values))?;
        let mut groups = Vec::new();
        while let Some(row) = rows.next()? {
            let id: String = row.get("id")?;
            let mut group = FaceGroup::default();
            group.namespace = Some(row.get("namespace")?);
            group.batch_id = Some(row.get("job")?);
            group.identity_id = row.get("identity")?;
            group.link_modified_by =
                row.get::<_, Option<String>>("linked_by")?.map(|by| LinkModifier::from(by.as_str()));
            group.link_last_modified_at = row.get::<_, Option<i64>>("linked_at")?.map(Timestamp::from_millis);
            group.created_at = Some(Timestamp::from_millis(row.get("created_at")?));
            let faces = self.faces_of("face_group", &id)?;
            group.id = Some(id);
            groups.push(GroupRow { group, faces });
        }
        Ok(groups)
    }

    /// Makes a group for faces of a job, tied to an identity by somebody, and answers its id.
    pub(super) fn make_group(
        &self,
        space: &Space,
        job: &str,
        link: Option<(&str, &LinkModifier)>,
        now: Timestamp,
    ) -> Recorded<String> {
        let id = Uuid::new_v4().to_string();
        self.connection
            .prepare_cached(
                "INSERT INTO face_group (id, owner, namespace, job, identity, linked_by, linked_at, created_at)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                id,
                space.owner,
                space.namespace,
                job,
                link.map(|(identity, _)| identity),
                link.map(|(_, by)| by.as_str()),
                link.map(|_| now.as_millis()),
                now.as_millis(),
            ])?;
        Ok(id)
    }

    /// Ties each group to the one identity that all its faces now belong to, or to none. The caller has moved faces by hand.
    pub(super) fn link_again(&self, groups: &[String], now: Timestamp) -> Recorded<()> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE face_group SET identity = new.identity, linked_by = ?, linked_at = ?
             FROM (SELECT CASE WHEN count(*) = count(identity) AND min(identity) = max(identity) THEN min(identity) END
                          AS identity FROM face WHERE face_group = ?) AS new
             WHERE id = ? AND face_group.identity IS NOT new.identity",
        )?;
        for group in groups {
            statement.execute(params![LinkModifier::Manual.as_str(), now.as_millis(), group, group])?;
        }
        Ok(())
    }
}
