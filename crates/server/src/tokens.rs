//! Access tokens: made at random, kept only as hashes, dead when their time is over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use image_intelligence_core::{Timestamp, TokenAnswer};
use sha2::{Digest as _, Sha256};

use crate::clock::after;
use crate::credentials::Account;

/// How many live tokens one account may hold; the one that ends first makes room. Callers cache theirs, so this only
/// bounds one that does not.
const MOST_PER_ACCOUNT: usize = 1_000;

pub(crate) struct Tokens {
    life: Duration,
    live: Mutex<HashMap<[u8; 32], Grant>>,
}

struct Grant {
    account: Arc<Account>,
    expires_at: Timestamp,
}

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Unknown,
    Expired,
}

impl Tokens {
    pub(crate) fn new(life: Duration) -> Self {
        Self { life, live: Mutex::default() }
    }

    pub(crate) fn issue(&self, account: &Arc<Account>, now: Timestamp) -> Result<TokenAnswer, getrandom::Error> {
        let mut random = [0_u8; 32];
        getrandom::fill(&mut random)?;
        let token = URL_SAFE_NO_PAD.encode(random);
        let expires_at = after(now, self.life);

        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.retain(|_, grant| grant.expires_at > now);
        let own = |grant: &Grant| grant.account.client_id == account.client_id;
        if live.values().filter(|grant| own(grant)).count() >= MOST_PER_ACCOUNT {
            let first = live.iter().filter(|(_, grant)| own(grant)).min_by_key(|(_, grant)| grant.expires_at);
            if let Some(hash) = first.map(|(hash, _)| *hash) {
                live.remove(&hash);
            }
        }
        live.insert(hash(&token), Grant { account: Arc::clone(account), expires_at });

        let scopes: Vec<&str> = account.scopes.iter().map(String::as_str).collect();
        let mut answer = TokenAnswer::new(token, now, expires_at, &scopes);
        answer.org_name = Some(account.org_name.clone());
        answer.app_name = Some(account.app_name.clone());
        Ok(answer)
    }

    /// Whose token this is. Looked up by its hash, so the time it takes tells nothing about the tokens that exist.
    pub(crate) fn check(&self, token: &str, now: Timestamp) -> Result<Arc<Account>, Refused> {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let grant = live.get(&hash(token)).ok_or(Refused::Unknown)?;
        if grant.expires_at > now { Ok(Arc::clone(&grant.account)) } else { Err(Refused::Expired) }
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_as_long_as_it_says() {
        let tokens = Tokens::new(Duration::from_secs(10));
        let account = Arc::new(Account::new("camera", "s3cret"));
        let at = Timestamp::from_millis;
        let answer = tokens.issue(&account, at(1_000)).unwrap();
        let token = answer.access_token.expose();

        assert_eq!(answer.expires_at, Some(at(11_000)));
        assert_eq!(tokens.check(token, at(10_999)).unwrap().client_id, "camera");
        assert_eq!(tokens.check(token, at(11_000)).unwrap_err(), Refused::Expired);
        assert_eq!(tokens.check("from elsewhere", at(1_000)).unwrap_err(), Refused::Unknown);
    }

    #[test]
    fn one_account_cannot_fill_the_memory() {
        let tokens = Tokens::new(Duration::from_secs(10));
        let account = Arc::new(Account::new("camera", "s3cret"));
        for millis in 0..1_005 {
            tokens.issue(&account, Timestamp::from_millis(millis)).unwrap();
        }
        assert_eq!(tokens.live.lock().unwrap().len(), MOST_PER_ACCOUNT);
    }
}
