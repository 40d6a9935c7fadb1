//! Who may call: client ids, their secrets and what each is allowed.

use std::path::Path;
use std::sync::Arc;

use image_intelligence_core::{Error, ErrorKind, Result, Secret};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Every scope that the API names; what an account is allowed unless it says otherwise.
pub const ALL_SCOPES: &[&str] = &[
    "detect:create",
    "detect:read",
    "match:create",
    "match:read",
    "ask:create",
    "ask:read",
    "feedback:create",
    "feedback:read",
    "recognition:read",
    "recognition:create",
    "recognition:update",
    "recognition:remove",
];

/// One client: its id and secret, whose it is, what it may do.
#[derive(Debug, Clone)]
pub struct Account {
    pub(crate) client_id: String,
    client_secret: Secret,
    pub(crate) org_name: String,
    pub(crate) app_name: String,
    pub(crate) scopes: Vec<String>,
}

impl Account {
    /// An account that may do everything, of the organisation and application `local`.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            org_name: "local".into(),
            app_name: "local".into(),
            scopes: ALL_SCOPES.iter().map(|&scope| scope.to_owned()).collect(),
        }
    }

    /// Names its organisation.
    pub fn org_name(mut self, name: impl Into<String>) -> Self {
        self.org_name = name.into();
        self
    }

    /// Names its application.
    pub fn app_name(mut self, name: impl Into<String>) -> Self {
        self.app_name = name.into();
        self
    }

    /// Allows these scopes and no others, such as `detect:read`.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    pub(crate) fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|allowed| allowed == scope)
    }
}

/// The accounts that a server knows.
///
/// ```
/// use image_intelligence_server::{Account, Credentials};
///
/// let credentials = Credentials::new([
///     Account::new("camera", "s3cret-of-the-camera").scopes(["detect:create"]),
///     Account::new("desk", "s3cret-of-the-desk"),
/// ])?;
/// assert_eq!(credentials.len(), 2);
/// # Ok::<(), image_intelligence_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Credentials(Vec<Arc<Account>>);

impl Credentials {
    /// The client id and the secret of a server that was given none. Anybody knows them, so they are good on this
    /// machine only.
    pub const LOCAL: (&'static str, &'static str) = ("local", "local");

    /// These accounts. Fails with `config` where there is none, an id or a secret is empty, or an id comes twice.
    pub fn new(accounts: impl IntoIterator<Item = Account>) -> Result<Self> {
        let accounts: Vec<_> = accounts.into_iter().map(Arc::new).collect();
        let refuse = |problem: String| Err(Error::new(ErrorKind::Config, format!("credentials: {problem}")));
        if accounts.is_empty() {
            return refuse("none given; a server needs at least one client".into());
        }
        for (index, account) in accounts.iter().enumerate() {
            if account.client_id.is_empty() || account.client_secret.expose().is_empty() {
                return refuse(format!("[{index}]: clientId and clientSecret must not be empty"));
            }
            if accounts[..index].iter().any(|other| other.client_id == account.client_id) {
                return refuse(format!("[{index}].clientId: \"{}\" comes twice", account.client_id));
            }
        }
        Ok(Self(accounts))
    }

    /// The account `local` with the secret `local`.
    pub fn local() -> Self {
        Self(vec![Arc::new(Account::new(Self::LOCAL.0, Self::LOCAL.1))])
    }

    /// Reads accounts from a file: a JSON array of `{clientId, clientSecret, orgName?, appName?, scope?}`, where `scope`
    /// is space-delimited. Fails with `config`, naming the file and the field; never showing a secret.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let named =
            |problem: String| Error::new(ErrorKind::Config, format!("credentials {}: {problem}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| named(error.to_string()))?;
        Self::from_json(&text).map_err(|error| named(error.message().to_owned()))
    }

    /// Reads accounts from the JSON that [`from_file`](Self::from_file) describes.
    ///
    /// ```
    /// use image_intelligence_server::Credentials;
    ///
    /// let json = r#"[{"clientId": "camera", "clientSecret": "s3cret", "scope": "detect:create detect:read"}]"#;
    /// assert_eq!(Credentials::from_json(json)?.len(), 1);
    ///
    /// let error = Credentials::from_json(r#"[{"clientId": "camera"}]"#).unwrap_err();
    /// assert_eq!(error.message(), "[0]: missing field `clientSecret`");
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// ```
    pub fn from_json(json: &str) -> Result<Self> {
        let refuse = |problem: String| Error::new(ErrorKind::Config, problem);
        let entries: Vec<Entry> = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(json))
            .map_err(|error| {
                let (path, inner) = (error.path().to_string(), error.into_inner());
                // serde's text of a wrong type may quote the value, and the value may be a secret
                let problem = match inner.classify() {
                    serde_json::error::Category::Data if inner.to_string().starts_with("missing field") => {
                        inner.to_string().split(" at line").next().unwrap_or_default().to_owned()
                    }
                    serde_json::error::Category::Data => "wrong type; every field is a string".to_owned(),
                    _ => format!("not JSON, see line {}", inner.line()),
                };
                refuse(if path == "." {
                    format!("{problem} (a JSON array of clients is wanted)")
                } else {
                    format!("{path}: {problem}")
                })
            })?;
        Self::new(entries.into_iter().map(Account::from))
    }

    /// How many accounts there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never true: a server needs at least one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the secret that everybody knows is among them.
    /// The account of a client id.
    pub(crate) fn account(&self, client_id: &str) -> Option<&Account> {
        self.0.iter().find(|account| account.client_id == client_id).map(|account| &**account)
    }

    pub(crate) fn has_local(&self) -> bool {
        self.find(Self::LOCAL.0, &Self::LOCAL.1.into()).is_some()
    }

    /// The account with this id and this secret. Takes as long for a wrong secret as for a right one, and as long for an
    /// unknown id.
    pub(crate) fn find(&self, client_id: &str, client_secret: &Secret) -> Option<Arc<Account>> {
        let digest = |secret: &str| <[u8; 32]>::from(Sha256::digest(secret.as_bytes()));
        let account = self.0.iter().find(|account| account.client_id == client_id);
        let expected = digest(account.map_or("", |account| account.client_secret.expose()));
        let equal = bool::from(expected.ct_eq(&digest(client_secret.expose())));
        account.filter(|_| equal).cloned()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    client_id: String,
    client_secret: Secret,
    org_name: Option<String>,
    app_name: Option<String>,
    scope: Option<String>,
}

impl From<Entry> for Account {
    fn from(entry: Entry) -> Self {
        let mut account = Self::new(entry.client_id, entry.client_secret);
        account.org_name = entry.org_name.unwrap_or(account.org_name);
        account.app_name = entry.app_name.unwrap_or(account.app_name);
        if let Some(scope) = entry.scope {
            account.scopes = scope.split_whitespace().map(str::to_owned).collect();
        }
        account
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_secret_of_a_known_client_is_found() {
        let credentials = Credentials::new([Account::new("a", "one"), Account::new("b", "two")]).unwrap();
        let found =
            |id: &str, secret: &str| credentials.find(id, &secret.into()).map(|account| account.client_id.clone());
        assert_eq!(found("a", "one").as_deref(), Some("a"));
        assert_eq!(found("a", "two"), None);
        assert_eq!(found("c", ""), None);
        assert!(Credentials::local().has_local());
        assert!(!credentials.has_local());
    }

    #[test]
    fn a_bad_file_is_told_without_its_secrets() {
        let message = |json: &str| Credentials::from_json(json).unwrap_err().message().to_owned();
        assert_eq!(message("[]"), "credentials: none given; a server needs at least one client");
        assert_eq!(message("[\n"), "not JSON, see line 2 (a JSON array of clients is wanted)");
        assert!(message("{}").ends_with("(a JSON array of clients is wanted)"));
        let twice = r#"[{"clientId":"a","clientSecret":"x"},{"clientId":"a","clientSecret":"y"}]"#;
        assert_eq!(message(twice), "credentials: [1].clientId: \"a\" comes twice");
        let number = message(r#"[{"clientId":"a","clientSecret":48151623}]"#);
        assert_eq!(number, "[0].clientSecret: wrong type; every field is a string");
        assert!(message(r#"[{"clientId":"a","clientSecret":""}]"#).contains("must not be empty"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Credentials::from_file("/nowhere/clients.json").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().starts_with("credentials /nowhere/clients.json: "), "{error}");
    }
}
