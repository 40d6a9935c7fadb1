//! Signatures of registered webhooks, made and checked: HMAC over the body's very bytes.

use std::fmt::Write as _;

use hkdf::HmacImpl;
use hmac::Hmac;
use sha1::Sha1;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

use crate::{Error, ErrorKind, Result, Secret};

/// The header's two names: the service's own, and the one that it may come to use.
const HEADERS: [&str; 2] = ["X-Niro-Signature", "X-II-Signature"];
const SHA256: &[u8] = b"sha256=";
const SHA1: &[u8] = b"sha=";
const MOST_SECRETS: usize = 4;

/// How strictly signatures are checked.
///
/// ```
/// use image_intelligence_core::SignatureOptions;
///
/// let mut options = SignatureOptions::default();
/// options.allow_sha1 = true; // for a sender that signs as the old sample shows
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SignatureOptions {
    /// Whether `sha=` and 40 hex digits, which is HMAC-SHA1, will do too: no.
    pub allow_sha1: bool,
}

/// Checks that a webhook's body was signed with one of the secrets.
///
/// `headers` are all headers of the request; their names compare in any case. `body` must be the bytes as they came. Up to
/// four secrets are active at once, so that one can follow another. The time taken tells nothing of the secrets.
///
/// No time is signed: the same body with the same signature is good for ever, so a replay must be caught by what the body
/// says.
///
/// Fails with `webhook_verification`, and [`Error::reason`] says which fault: `missing`, `doubled` (two signatures, under
/// either name), `malformed` or `mismatch`. Fails with `config` where the secrets themselves are at fault.
///
/// ```
/// use image_intelligence_core::{Secret, SignatureOptions, sign, verify_signature};
///
/// let secret = Secret::from("jknjknwefbhjghui289whuuh28y02y892y8f/S/zsefzgskjzdrbkg");
/// let body = br#"{"example_id":"1"}"#;
/// let signature = sign(body, &secret);
/// assert_eq!(signature, "sha256=66f1e1ecd1cec40e2e931ec0f9709bc94250e8d8615c2f17bc7ee2b93e8c1677");
///
/// let headers = [("content-type", &b"application/json"[..]), ("x-niro-signature", signature.as_bytes())];
/// let secrets = [secret];
/// verify_signature(headers, body, &secrets, &SignatureOptions::default())?;
///
/// let written_again = br#"{"example_id": "1"}"#;
/// let error = verify_signature(headers, written_again, &secrets, &SignatureOptions::default()).unwrap_err();
/// assert_eq!((error.kind().as_str(), error.reason()), ("webhook_verification", Some("mismatch")));
/// # Ok::<(), image_intelligence_core::Error>(())
/// ```
pub fn verify_signature<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    body: &[u8],
    secrets: &[Secret],
    options: &SignatureOptions,
) -> Result<()> {
    check_secrets(secrets)?;
    let mut signatures = headers
        .into_iter()
        .filter(|(name, _)| HEADERS.iter().any(|header| name.eq_ignore_ascii_case(header)))
        .map(|(_, value)| value);
    let Some(signature) = signatures.next() else {
        return refuse(
            "missing",
            "no signature came (header X-Niro-Signature); was the webhook registered with a secretKey, and are all headers \
             passed on? A job's own webhook is never signed",
        );
    };
    // Many a server joins headers of one name with commas.
    if signatures.next().is_some() || signature.contains(&b',') {
        return refuse("doubled", "more than one signature came, and none of them counts; does a proxy add one?");
    }
    let good = if let Some(digits) = signature.strip_prefix(SHA256) {
        matches::<Hmac<Sha256>, 32>(digits, body, secrets)
    } else if let Some(digits) = signature.strip_prefix(SHA1) {
        let signed = matches::<Hmac<Sha1>, 20>(digits, body, secrets);
        if signed.is_some() && !options.allow_sha1 {
            return refuse(
                "malformed",
                "the signature is HMAC-SHA1 (sha=), which is taken only where allow_sha1 is set",
            );
        }
        signed
    } else {
        None
    };
    match good {
        Some(true) => Ok(()),
        Some(false) => refuse(
            "mismatch",
            format!(
                "signature does not match: {} bytes were checked; was the body parsed and written again before it got here? \
                 pass the raw bytes",
                thousands(body.len())
            ),
        ),
        None if options.allow_sha1 => {
            refuse("malformed", "the signature is malformed: sha256= and 64 hex digits are wanted, or sha= and 40")
        }
        None => refuse("malformed", "the signature is malformed: sha256= and 64 hex digits are wanted"),
    }
}

/// Signs a body as the service does: the value of the header `X-Niro-Signature`.
pub fn sign(body: &[u8], secret: &Secret) -> String {
    let mut text = String::from("sha256=");
    for byte in mac::<Hmac<Sha256>>(body, secret).as_slice() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn refuse<T>(reason: &'static str, message: impl Into<String>) -> Result<T> {
    Err(Error::new(ErrorKind::WebhookVerification, message).with_reason(reason))
}

fn check_secrets(secrets: &[Secret]) -> Result<()> {
    let refuse = |problem: &str| Err(Error::new(ErrorKind::Config, format!("webhook secrets: {problem}")));
    match secrets.len() {
        0 => refuse("none given; pass the secretKey with which the webhook was registered"),
        given if given > MOST_SECRETS => {
            refuse(&format!("{given} given, at most {MOST_SECRETS} can be active; leave out the oldest"))
        }
        // Anybody can sign with it; and with zero bytes alone, which HMAC fills short keys up with.
        _ if secrets.iter().any(|secret| secret.expose().bytes().all(|byte| byte == 0)) => {
            refuse("an empty one given; is the variable that should hold it set?")
        }
        _ => Ok(()),
    }
}

/// Whether the hex digits are the body's signature with one of the secrets; `None` where they are not `N` bytes in hex.
fn matches<M: HmacImpl, const N: usize>(digits: &[u8], body: &[u8], secrets: &[Secret]) -> Option<bool> {
    let claimed = from_hex::<N>(digits)?;
    // Every secret is tried, also after one that fits: the time must not tell which one it was.
    let good = secrets.iter().fold(Choice::from(0), |good, secret| good | mac::<M>(body, secret).ct_eq(&claimed[..]));
    Some(good.into())
}

/// hkdf's trait, because it says what hmac's own does not: a key of any length will do.
fn mac<M: HmacImpl>(body: &[u8], secret: &Secret) -> hmac::digest::Output<M> {
    let mut mac = M::new_from_slice(secret.expose().as_bytes());
    mac.update(body);
    mac.finalize()
}

fn from_hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            *byte = *byte << 4 | char::from(*digit).to_digit(16)? as u8;
        }
    }
    Some(bytes)
}

/// `1,932`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_commas() {
        let written = [0, 12, 999, 1_000, 1_932, 4_194_304].map(thousands);
        assert_eq!(written, ["0", "12", "999", "1,000", "1,932", "4,194,304"]);
    }

    /// HMAC fills a short key up with zero bytes.
    #[test]
    fn a_secret_that_signs_as_none_does_is_refused() {
        let body = b"{}";
        let anybodys = sign(body, &Secret::from(""));
        for secret in ["\0", "\0\0\0"] {
            let headers = [("X-Niro-Signature", anybodys.as_bytes())];
            let error = verify_signature(headers, body, &[secret.into()], &SignatureOptions::default()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
        }
    }

    #[test]
    fn no_error_repeats_what_is_secret() {
        let secrets = ["hunter2hunter2", "swordfish-1"].map(Secret::from);
        let value = format!("sha256={}", "ab".repeat(32));
        let headers = |value: &'static str| vec![("X-Niro-Signature", value.as_bytes())];
        let value: &'static str = value.leak();
        for headers in
            [vec![], headers(value), headers("sha256=zzzz-not-hex"), [headers(value), headers(value)].concat()]
        {
            let error = verify_signature(headers, b"{\"a\":\"body-text\"}", &secrets, &SignatureOptions::default());
            let shown = format!("{0} {0:?}", error.unwrap_err());
            for hidden in ["hunter2", "swordfish", "abab", "zzzz", "body-text"] {
                assert!(!shown.contains(hidden), "{shown}");
            }
        }
    }

    #[test]
    fn a_changed_byte_anywhere_is_noticed() {
        let secret = Secret::from("hunter2hunter2");
        let body = "{\"name\":\"Zoë\"}".as_bytes();
        let signature = sign(body, &secret);
        let check = |signature: &[u8], body: &[u8]| {
            let headers = [("x-ii-signature", signature)];
            verify_signature(headers, body, std::slice::from_ref(&secret), &SignatureOptions::default())
                .map_err(|error| error.reason().unwrap_or_default())
        };
        assert_eq!(check(signature.as_bytes(), body), Ok(()));
        for bit in 0..body.len() * 8 {
            let mut body = body.to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(check(signature.as_bytes(), &body), Err("mismatch"));
        }
        for bit in 0..signature.len() * 8 {
            let mut signature = signature.clone().into_bytes();
            signature[bit / 8] ^= 1 << (bit % 8);
            // A digit's bit 5 is its case.
            let same = signature.eq_ignore_ascii_case(sign(body, &secret).as_bytes()) && signature.starts_with(SHA256);
            assert_eq!(check(&signature, body).is_ok(), same, "bit {bit}");
        }
    }
}
