//! Callback URLs: a sender that cannot sign is given a URL that nobody else can guess.
//!
//! A job's own webhook is unsigned. So each job is given a URL of its own, which ends in a token that only we can make:
//! 39 bytes, as 52 characters of the URL-safe alphabet.
//!
//! ```text
//! header = version 1 | key id | kind | expires, UNIX seconds, 4 bytes, big end first | rid, 16 bytes
//! tag    = the first 16 bytes of HMAC-SHA256(key, "ii-callback-v1\0" | public base | "\0" | header)
//! key    = HKDF-SHA256(master of key id, salt "ii-callback", info "key" | key id), 32 bytes
//! ```

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hkdf::{Hkdf, HmacImpl as _};
use hmac::Hmac;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};
use zeroize::Zeroizing;

use crate::{Error, ErrorKind, Kind, PublicBase, Result, Rid, Timestamp};

const VERSION: u8 = 1;
const HEADER: usize = 23;
const TAG: usize = 16;
const TOKEN: usize = 52;
const MASTER: usize = 32;
const MOST_KEYS: usize = 4;
const MOST_BASES: usize = 4;

/// The keys that make and check callback tokens: one to four, each of its own master, so that one can follow another.
///
/// ```
/// use image_intelligence_core::{CallbackKeys, Kind, PublicBase, Rid, Timestamp};
///
/// let master: [u8; 32] = std::array::from_fn(|index| index as u8); // yours is random
/// let keys = CallbackKeys::new([(1, master)])?;
/// let base = PublicBase::parse("https://hooks.example.com/ii")?;
/// let expires = Timestamp::from_millis(1_800_000_000_000);
/// let rid = Rid::from_bytes(std::array::from_fn(|index| index as u8));
///
/// let token = keys.mint(Kind::Detect, expires, rid, &base);
/// assert_eq!(token, "AQEBa0nSAAABAgMEBQYHCAkKCwwNDg8FZkrLGgH_fNyb3MY_jM8j");
///
/// let now = Timestamp::from_millis(1_799_999_999_999);
/// let read = keys.verify(&token, &[base.clone()], now)?;
/// assert_eq!((read.kind, read.rid, read.expires), (Kind::Detect, rid, expires));
///
/// let error = keys.verify(&token, &[base], expires).unwrap_err();
/// assert_eq!((error.kind().as_str(), error.reason()), ("webhook_verification", Some("expired")));
/// # Ok::<(), image_intelligence_core::Error>(())
/// ```
#[derive(Clone)]
pub struct CallbackKeys(Arc<[Key]>);

/// What is derived from a master; the master itself is not kept.
struct Key {
    id: u8,
    key: Zeroizing<[u8; 32]>,
}

impl CallbackKeys {
    /// For how long a callback URL is good after the submit, where nobody says otherwise: 14 days.
    pub const DEFAULT_LIFE: Duration = Duration::from_secs(14 * 24 * 60 * 60);

    /// A ring of masters by key id, each 32 random bytes. The last one signs; the others only check.
    ///
    /// Fails with `config` where there are none or more than four, an id comes twice, or a master has another length.
    pub fn new<M: AsRef<[u8]>>(masters: impl IntoIterator<Item = (u8, M)>) -> Result<Self> {
        let mut keys: Vec<Key> = Vec::new();
        for (id, master) in masters {
            let master = master.as_ref();
            if keys.len() == MOST_KEYS {
                return refuse_keys(format_args!("more than {MOST_KEYS} given; leave out the oldest"));
            }
            if keys.iter().any(|key| key.id == id) {
                return refuse_keys(format_args!("key {id} is given twice; each needs an id of its own"));
            }
            if master.len() != MASTER {
                let given = master.len();
                return refuse_keys(format_args!("key {id} has {given} bytes, {MASTER} are wanted; {MAKE_ONE}"));
            }
            keys.push(Key { id, key: derive(id, master) });
        }
        if keys.is_empty() {
            return refuse_keys(format_args!("none given; {MAKE_ONE}"));
        }
        Ok(Self(keys.into()))
    }

    /// Reads a ring as `II_CALLBACK_KEYS` holds it: `1:BASE64,2:BASE64`, each an id (0 to 255), a colon and the master's
    /// 32 bytes in base64 of either alphabet, padded or not. The last one signs.
    ///
    /// ```
    /// use image_intelligence_core::CallbackKeys;
    ///
    /// let keys = CallbackKeys::parse("1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")?;
    /// assert_eq!(format!("{keys:?}"), "CallbackKeys { ids: [1] }");
    /// assert!(CallbackKeys::parse("1:AAECAwQF").is_err()); // 6 bytes
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        if text.trim().is_empty() {
            return refuse_keys(format_args!("none given; {MAKE_ONE}"));
        }
        let mut masters = Vec::new();
        for (index, entry) in text.split(',').enumerate() {
            let place = index + 1;
            // What is wrong is said without the entry: it is a secret even where it is misspelt.
            let Some((id, master)) = entry.split_once(':') else {
                return refuse_keys(format_args!(
                    "entry {place} has no colon; one looks like 1:BASE64, with commas between"
                ));
            };
            let Ok(id) = id.trim().parse::<u8>() else {
                return refuse_keys(format_args!(
                    "entry {place} does not begin with a number from 0 to 255 and a colon"
                ));
            };
            let Some(master) = decode_master(master.trim()) else {
                return refuse_keys(format_args!("key {id} is not base64; {MAKE_ONE}"));
            };
            masters.push((id, master));
        }
        Self::new(masters)
    }

    /// The token of a job's callback URL. `expires` counts to the second, rounded down.
    pub fn mint(&self, kind: Kind, expires: Timestamp, rid: Rid, base: &PublicBase) -> String {
        let mut bytes = [0; HEADER + TAG];
        let seconds = u32::try_from(expires.as_millis().div_euclid(1000).max(0)).unwrap_or(u32::MAX);
        // Never empty, as `new` sees to; without a key nothing would verify.
        if let Some(signing) = self.0.last() {
            bytes[0] = VERSION;
            bytes[1] = signing.id;
            bytes[2] = number_of(kind);
            bytes[3..7].copy_from_slice(&seconds.to_be_bytes());
            bytes[7..HEADER].copy_from_slice(rid.as_bytes());
            let tag = signing.tag(base, &bytes[..HEADER]);
            bytes[HEADER..].copy_from_slice(&tag[..]);
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Checks a token, before anything else of a request is looked at. `bases` are the public base of today and up to three
    /// former ones, under which tokens may still be out.
    ///
    /// Fails with `webhook_verification`, and [`Error::reason`] says which fault: `malformed`, `unknown_version`,
    /// `unknown_key`, `mismatch` or `expired`. That is for your logs: tell the sender 404 and no more. Fails with `config`
    /// where there are no bases or more than four.
    pub fn verify(&self, token: &str, bases: &[PublicBase], now: Timestamp) -> Result<CallbackToken> {
        if bases.is_empty() || bases.len() > MOST_BASES {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "public bases: {} given, one to {MOST_BASES} wanted: today's and up to three former",
                    bases.len()
                ),
            ));
        }
        let malformed = || refuse("malformed", "not one of ours; is it whole?");
        // 52 characters are 39 bytes with no bit to spare, so that a token can be written in one way only.
        let mut bytes = [0; HEADER + TAG];
        if token.len() != TOKEN || URL_SAFE_NO_PAD.decode_slice(token, &mut bytes) != Ok(HEADER + TAG) {
            return malformed();
        }
        let (header, tag) = bytes.split_at(HEADER);
        let &[version, key_id, kind, e0, e1, e2, e3, ref rid @ ..] = header else { return malformed() };
        let Ok(rid) = <[u8; 16]>::try_from(rid) else { return malformed() };
        if version != VERSION {
            return refuse("unknown_version", "made by another version of this library; update the library");
        }
        let Some(key) = self.0.iter().find(|key| key.id == key_id) else {
            return refuse("unknown_key", "made with a key that is not in the ring; was a key taken out too soon?");
        };
        // Every base is tried, also after one that fits.
        let good = bases.iter().fold(Choice::from(0), |good, base| good | key.tag(base, header).ct_eq(tag));
        if !bool::from(good) {
            return refuse(
                "mismatch",
                "not made with our key for this public base; was the base changed, or is it forged?",
            );
        }
        let Some(kind) = Kind::ALL.into_iter().find(|known| number_of(*known) == kind) else {
            return refuse("unknown_version", "for a kind of job that this version does not know; update the library");
        };
        let expires = Timestamp::from_millis(i64::from(u32::from_be_bytes([e0, e1, e2, e3])) * 1000);
        if now >= expires {
            return refuse("expired", "it is past its time; the job's result is still to be had from the API");
        }
        Ok(CallbackToken { kind, rid: Rid::from_bytes(rid), expires, key_id })
    }

    /// As [`verify`](Self::verify), of a request's path or URL: the token is what follows its last `/`, up to a `?`.
    #[doc(hidden)]
    pub fn verify_path(&self, path: &str, bases: &[PublicBase], now: Timestamp) -> Result<CallbackToken> {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        self.verify(path.rsplit_once('/').map_or(path, |(_, token)| token), bases, now)
    }
}

/// Shows the ids and no key.
impl fmt::Debug for CallbackKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<u8> = self.0.iter().map(|key| key.id).collect();
        f.debug_struct("CallbackKeys").field("ids", &ids).finish()
    }
}

impl Key {
    fn tag(&self, base: &PublicBase, header: &[u8]) -> [u8; TAG] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key[..]);
        for part in [b"ii-callback-v1\0", base.as_str().as_bytes(), b"\0", header] {
            mac.update(part);
        }
        let whole = mac.finalize();
        std::array::from_fn(|index| whole[index])
    }
}

const MAKE_ONE: &str = "make one with: openssl rand -base64 32";

fn refuse_keys<T>(problem: fmt::Arguments<'_>) -> Result<T> {
    Err(Error::new(ErrorKind::Config, format!("callback keys: {problem}")))
}

fn refuse<T>(reason: &'static str, problem: &str) -> Result<T> {
    let message = format!("callback token: {problem}");
    Err(Error::new(ErrorKind::WebhookVerification, message).with_reason(reason))
}

fn derive(id: u8, master: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    // It fails only for more than 255 times what is asked for here.
    let _ = Hkdf::<Sha256>::new(Some(b"ii-callback"), master).expand_multi_info(&[b"key", &[id]], &mut key[..]);
    key
}

fn decode_master(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    // Made at its full size, as growing would leave a copy behind.
    let mut standard = Zeroizing::new(Vec::with_capacity(text.len()));
    standard.extend(text.bytes().map(|digit| match digit {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }));
    ENGINE.decode(&standard[..]).ok().map(Zeroizing::new)
}

const fn number_of(kind: Kind) -> u8 {
    match kind {
        Kind::Detect => 1,
        Kind::Match => 2,
        Kind::Ask => 3,
        Kind::Recognize => 4,
    }
}

/// What a callback token says. It was checked, so we said it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallbackToken {
    /// What the job does.
    pub kind: Kind,
    /// Our own name for the job.
    pub rid: Rid,
    /// From when on it is good no more; whole seconds.
    pub expires: Timestamp,
    /// The key that made it.
    pub key_id: u8,
}

impl CallbackToken {
    /// The name of the job of which a callback URL of ours speaks. Nothing is verified: it only tells, of a job that the API
    /// itself gave, whether it was made to call back at a URL for that name.
    ///
    /// ```
    /// use image_intelligence_core::{CallbackKeys, CallbackToken, Kind, PublicBase, Rid, Timestamp};
    ///
    /// let (rid, base) = (Rid::from_bytes([7; 16]), PublicBase::parse("https://hooks.example.com/ii")?);
    /// let keys = CallbackKeys::new([(1, [9; 32])])?;
    /// let url = base.callback_url(&keys.mint(Kind::Detect, Timestamp::from_millis(1_800_000_000_000), rid, &base));
    /// assert_eq!(CallbackToken::named_in(&url), Some(rid));
    /// assert_eq!(CallbackToken::named_in("https://hooks.example.com/ii/cb/x"), None);
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// ```
    pub fn named_in(url: &str) -> Option<Rid> {
        Self::named(url.rsplit_once("/cb/")?.1)
    }

    /// A text with `[secret]` in place of the token of each callback URL of ours: what may be shown.
    ///
    /// ```
    /// use image_intelligence_core::{CallbackKeys, CallbackToken, Kind, PublicBase, Rid, Timestamp};
    ///
    /// let (rid, base) = (Rid::from_bytes([7; 16]), PublicBase::parse("https://hooks.example.com/ii")?);
    /// let keys = CallbackKeys::new([(1, [9; 32])])?;
    /// let url = base.callback_url(&keys.mint(Kind::Detect, Timestamp::from_millis(1_800_000_000_000), rid, &base));
    /// assert_eq!(CallbackToken::hidden_in(&url), "https://hooks.example.com/ii/cb/[secret]");
    /// # Ok::<(), image_intelligence_core::Error>(())
    /// ```
    pub fn hidden_in(text: &str) -> Cow<'_, str> {
        crate::shown::without_tokens(text)
    }

    /// How many characters a token has.
    pub(crate) const LENGTH: usize = TOKEN;

    /// As [`named_in`](Self::named_in), of the token alone.
    pub(crate) fn named(token: &str) -> Option<Rid> {
        let mut bytes = [0; HEADER + TAG];
        if token.len() != TOKEN || URL_SAFE_NO_PAD.decode_slice(token, &mut bytes) != Ok(HEADER + TAG) {
            return None;
        }
        let rid = bytes.get(HEADER - 16..HEADER)?;
        (bytes.first() == Some(&VERSION)).then_some(Rid::from_bytes(rid.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn later(days: i64) -> Timestamp {
        Timestamp::from_millis(NOW.as_millis() + days * 86_400_000)
    }

    #[test]
    fn a_ring_shows_no_key() {
        let keys = CallbackKeys::new([(7, [b'k'; 32]), (9, [b'l'; 32])]).unwrap();
        assert_eq!(format!("{keys:?}"), "CallbackKeys { ids: [7, 9] }");
        for text in
            ["1:kkkkkkkkkkkkkkkk", "kkkkkkkkkkkkkkkk", "kkkkkkkkkkkkkkkk:kkkkkkkkkkkkkkkk", "1:kkkkkkkkkkkkkkkk!"]
        {
            let error = CallbackKeys::parse(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("kkk"), "{error}");
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_is_noticed() {
        let keys = CallbackKeys::new([(1, [7; 32]), (2, [9; 32])]).unwrap();
        let base = [PublicBase::parse("https://hooks.example.com").unwrap()];
        let token = keys.mint(Kind::Ask, later(14), Rid::from_bytes([0xab; 16]), &base[0]);
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let error = keys.verify(&URL_SAFE_NO_PAD.encode(bytes), &base, NOW).unwrap_err();
            let expected = match bit {
                0..8 => "unknown_version",
                // 2 with its two lowest bits the other way is 3 or 0; none of its neighbours is in the ring.
                8..16 => "unknown_key",
                _ => "mismatch",
            };
            assert_eq!(error.reason(), Some(expected), "bit {bit}");
        }
    }

    /// Nothing that a stranger may send brings it down, or gets by, or is repeated in the error.
    #[test]
    fn hostile_tokens_are_refused() {
        let keys = CallbackKeys::new([(1, [7; 32])]).unwrap();
        let base = [PublicBase::parse("https://hooks.example.com").unwrap()];
        let token = keys.mint(Kind::Detect, later(14), Rid::from_bytes([1; 16]), &base[0]);
        let mut dice = 0x1717_u64;
        for round in 0..20_000_usize {
            let mut below = |limit: usize| {
                dice ^= dice << 13;
                dice ^= dice >> 7;
                dice ^= dice << 17;
                usize::try_from(dice >> 33).unwrap_or_default() % limit
            };
            let mut bytes = token.clone().into_bytes();
            for _ in 0..=below(3) {
                let at = below(bytes.len().max(1));
                match below(4) {
                    _ if bytes.is_empty() => bytes.push(b'A'),
                    0 => bytes[at] = u8::try_from(below(256)).unwrap_or_default(),
                    1 => bytes.insert(at, b"=-_+/%\n\0A"[below(9)]),
                    2 => drop(bytes.remove(at)),
                    _ => bytes.truncate(at),
                }
            }
            let text = String::from_utf8_lossy(&bytes);
            match keys.verify(&text, &base, NOW) {
                Ok(_) => assert_eq!(text, token, "round {round}"),
                Err(error) => {
                    assert!(error.reason().is_some());
                    assert!(text.len() < 8 || !format!("{error:?}").contains(&*text));
                }
            }
        }
    }

    #[test]
    fn moments_that_do_not_fit_are_the_nearest_that_do() {
        let keys = CallbackKeys::new([(0, [7; 32])]).unwrap();
        let base = [PublicBase::parse("http://127.0.0.1:8080/").unwrap()];
        let expires = |millis: i64, now: i64| {
            let token = keys.mint(Kind::Detect, Timestamp::from_millis(millis), Rid::from_bytes([0; 16]), &base[0]);
            keys.verify(&token, &base, Timestamp::from_millis(now)).map(|token| token.expires.as_millis()).ok()
        };
        assert_eq!(expires(i64::MAX, 0), Some(i64::from(u32::MAX) * 1000));
        assert_eq!(expires(i64::MIN, -1), Some(0));
        assert_eq!(expires(-500, -1), Some(0));
        assert_eq!(expires(1_999, 1_000), None);
        assert_eq!(expires(2_999, 1_999), Some(2_000));
    }
}
