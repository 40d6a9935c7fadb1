//! The secret with which webhooks are signed: from a file or the environment, never from the command line.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use image_intelligence::Secret;

use crate::failure::Failure;

/// The variable that may hold the secret itself.
pub(crate) const VARIABLE: &str = "II_WEBHOOK_SECRET";
/// No secret is longer: 256 characters of 4 bytes, and a line end.
const MOST: u64 = 1026;

/// The secret of the file, else of the environment.
pub(crate) fn of_webhooks(file: Option<&Path>) -> Result<Option<Secret>, Failure> {
    match file {
        Some(path) => of_file(path).map(Some),
        None => of_environment(),
    }
}

/// The secret of [`VARIABLE`]; an empty one counts as none.
pub(crate) fn of_environment() -> Result<Option<Secret>, Failure> {
    match std::env::var(VARIABLE) {
        Ok(secret) if secret.is_empty() => Ok(None),
        Ok(secret) => Ok(Some(secret.into())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(Failure::config(format!("{VARIABLE}: not text"))),
    }
}

/// The one line of the file. Its line end is the editor's and no part of it.
fn of_file(path: &Path) -> Result<Secret, Failure> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MOST + 1).read_to_string(&mut text));
    read.map_err(|error| Failure::config(format!("--secret-key-file {}: it cannot be read: {error}", path.display())))?;
    let secret = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if secret.is_empty() || secret.contains('\n') {
        let what = if secret.is_empty() { "empty" } else { "of several lines" };
        return Err(Failure::config(format!("--secret-key-file {}: it is {what}", path.display()))
            .hint("one line of 8 to 256 characters, such as of: openssl rand -hex 32"));
    }
    Ok(secret.into())
}
