//! Identities: whom the caller knows, by pictures of their face. A picture belongs to one identity or to none.

use std::collections::BTreeSet;

use image_intelligence_core::{Identity, IdentityChange, IdentityRequest, Timestamp};
use rusqlite::{OptionalExtension as _, params, params_from_iter};
use uuid::Uuid;

use super::{FaceRow, RecordError, Recorded, Records, Space};
use crate::store::query::{Conditions, NameIn, Query};

/// An identity as it is kept, with its faces.
#[derive(Debug, Clone)]
pub(crate) struct IdentityRow {
    identity: Identity,
    faces: Vec<FaceRow>,
}

impl IdentityRow {
    /// As the API answers it.
    pub(crate) fn answer(self, origin: &str) -> Identity {
        let mut identity = self.identity;
        identity.images = self.faces.into_iter().map(|face| face.answer(origin)).collect();
        identity
    }
}

/// An identity that somebody made or changed.
pub(crate) struct Changed {
    pub(crate) identity: IdentityRow,
    /// Those whose faces it took.
    pub(crate) robbed: Vec<String>,
}

impl Records<'_> {
    pub(crate) fn identity(&self, space: &Space, id: &str) -> Recorded<IdentityRow> {
        let condition =
            Conditions::of(&space.owner).and("namespace = ?", space.namespace.clone()).and("id = ?", id.to_owned());
        self.select_identities(condition)?.pop().ok_or(RecordError::Missing)
    }

    /// An identity has no feed of its own: those of its faces count.
    pub(crate) fn identities(&self, space: &Space, query: &Query) -> Recorded<Vec<IdentityRow>> {
        let feed_id = NameIn::Faces { tie: "face.identity = identity.id", column: "feed_id" };
        let condition = Conditions::of(&space.owner).and("namespace = ?", space.namespace.clone());
        self.select_identities(condition.and_all(query, NameIn::Column("custom_id"), feed_id))
    }

    fn select_identities(&self, condition: Conditions) -> Recorded<Vec<IdentityRow>> {
        let sql = format!("SELECT id, custom_id, namespace, created_at FROM identity WHERE {}", condition.sql);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(condition.values))?;
        let mut identities = Vec::new();
        while let Some(row) = rows.next()? {
            let mut identity = Identity::default();
            identity.id = row.get("id")?;
            identity.custom_id = row.get("custom_id")?;
            identity.namespace = Some(row.get("namespace")?);
            identity.created_at = Some(Timestamp::from_millis(row.get("created_at")?));
            let faces = self.faces_of("identity", &identity.id)?;
            identities.push(IdentityRow { identity, faces });
        }
        Ok(identities)
    }

    pub(super) fn identity_by_id(&self, space: &Space, id: &str) -> Recorded<Option<String>> {
        let sql = "SELECT id FROM identity WHERE owner = ? AND namespace = ? AND id = ?";
        Ok(self
            .connection
            .prepare_cached(sql)?
            .query_row([&space.owner, &space.namespace, id], |row| row.get(0))
            .optional()?)
    }

    /// The newest identity with this customId: names need not be unique.
    pub(super) fn identity_named(&self, space: &Space, custom_id: &str) -> Recorded<Option<String>> {
        let sql =
            "SELECT id FROM identity WHERE owner = ? AND namespace = ? AND custom_id = ? ORDER BY place DESC LIMIT 1";
        let named = [&space.owner, &space.namespace, custom_id];
        Ok(self.connection.prepare_cached(sql)?.query_row(named, |row| row.get(0)).optional()?)
    }

    pub(crate) fn create_identity(
        &self,
        space: &Space,
        request: &IdentityRequest,
        now: Timestamp,
    ) -> Recorded<Changed> {
        if let Some(most) = self.bounds.identities {
            let kept: i64 = self.connection.query_row("SELECT count(*) FROM identity", [], |row| row.get(0))?;
            if usize::try_from(kept).unwrap_or(usize::MAX) >= most {
                return Err(RecordError::TooMany(most));
            }
        }
        let id = Uuid::new_v4().to_string();
        self.connection
            .prepare_cached(
                "INSERT INTO identity (id, owner, namespace, custom_id, created_at) VALUES (?, ?, ?, ?, ?)",
            )?
            .execute(params![id, space.owner, space.namespace, request.custom_id, now.as_millis()])?;
        let images = request.image_ids.as_deref().unwrap_or_default();
        let robbed = self.owners(space, images)?;
        let groups = self.move_faces(space, "imageIds", images, None, Some(&id))?;
        self.link_again(&groups, now)?;
        Ok(Changed { identity: self.identity(space, &id)?, robbed: robbed.into_iter().collect() })
    }

    pub(crate) fn change_identity(
        &self,
        space: &Space,
        id: &str,
        change: &IdentityChange,
        now: Timestamp,
    ) -> Recorded<Changed> {
        self.identity_by_id(space, id)?.ok_or(RecordError::Missing)?;
        if let Some(custom_id) = &change.custom_id {
            self.connection.execute("UPDATE identity SET custom_id = ? WHERE id = ?", [custom_id, id])?;
        }
        let mut robbed = self.owners(space, change.added())?;
        robbed.remove(id);
        let mut groups = self.move_faces(space, "images.add", change.added(), None, Some(id))?;
        groups.extend(self.move_faces(space, "images.remove", change.removed(), Some(id), None)?);
        self.link_again(&groups, now)?;
        Ok(Changed { identity: self.identity(space, id)?, robbed: robbed.into_iter().collect() })
    }

    /// Whose these faces are.
    fn owners(&self, space: &Space, faces: &[String]) -> Recorded<BTreeSet<String>> {
        let sql = "SELECT identity FROM face WHERE owner = ? AND namespace = ? AND id = ? AND identity IS NOT NULL";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut owners = BTreeSet::new();
        for face in faces {
            owners.extend(statement.query_row([&space.owner, &space.namespace, face], |row| row.get(0)).optional()?);
        }
        Ok(owners)
    }

    /// Its faces become nobody's.
    pub(crate) fn delete_identity(&self, space: &Space, id: &str, now: Timestamp) -> Recorded<()> {
        self.identity_by_id(space, id)?.ok_or(RecordError::Missing)?;
        let mut statement = self
            .connection
            .prepare_cached("UPDATE face SET identity = NULL WHERE identity = ? RETURNING face_group")?;
        let groups =
            statement.query_map([id], |row| row.get::<_, Option<String>>(0))?.collect::<Result<Vec<_>, _>>()?;
        let groups: BTreeSet<String> = groups.into_iter().flatten().collect();
        self.link_again(&groups.into_iter().collect::<Vec<_>>(), now)?;
        self.connection.execute("DELETE FROM identity WHERE id = ?", [id])?;
        Ok(())
    }

    /// Gives faces to an identity or to nobody; where `from` is given, only those that are its own. Answers the groups in
    /// which they are. `field` is where their ids stand in the request.
    fn move_faces(
        &self,
        space: &Space,
        field: &str,
        ids: &[String],
        from: Option<&str>,
        to: Option<&str>,
    ) -> Recorded<Vec<String>> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE face SET identity = iif(?1 IS NULL OR identity IS ?1, ?2, identity)
             WHERE owner = ?3 AND namespace = ?4 AND id = ?5 RETURNING face_group",
        )?;
        let mut groups = BTreeSet::new();
        for (index, id) in ids.iter().enumerate() {
            let moved = params![from, to, space.owner, space.namespace, id];
            let group = statement.query_row(moved, |row| row.get::<_, Option<String>>(0)).optional()?;
            let unknown = || RecordError::UnknownImage { field: format!("{field}[{index}]"), id: id.clone() };
            groups.extend(group.ok_or_else(unknown)?);
        }
        Ok(groups.into_iter().collect())
    }
}
