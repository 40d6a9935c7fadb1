//! Which addresses a picture may be fetched from, and a webhook sent to.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use image_intelligence_core::AddressClass;

/// Somebody else chooses the URLs, so they must not reach what only this machine can: its own services, its network,
/// the cloud's metadata.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AddressPolicy {
    loopback: bool,
    private: bool,
}

impl AddressPolicy {
    /// On a loopback bind callers are on this machine already, so loopback is open to them; on any other, public
    /// addresses only. `allow_private` opens everything.
    pub(crate) fn new(bind: SocketAddr, allow_private: bool) -> Self {
        Self { loopback: bind.ip().is_loopback() || allow_private, private: allow_private }
    }

    /// Says why an address is refused.
    pub(crate) fn check(self, address: IpAddr) -> Result<(), Refused> {
        let (allowed, sort) = match AddressClass::of(address) {
            AddressClass::Public => (true, "public"),
            AddressClass::Loopback => (self.loopback, "loopback"),
            AddressClass::Private => (self.private, "private"),
            AddressClass::LinkLocal => (self.private, "link-local"),
            _ => (self.private, "special"),
        };
        if allowed { Ok(()) } else { Err(Refused { address, sort }) }
    }
}

/// An address that this server does not call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    address: IpAddr,
    sort: &'static str,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused address: {} is {}", self.address, self.sort)
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_what_the_bind_says() {
        let refused = |bind: &str, private, address: &str| {
            AddressPolicy::new(bind.parse().unwrap(), private).check(address.parse().unwrap()).err()
        };
        for address in
            ["169.254.169.254", "10.1.2.3", "192.168.0.1", "0.0.0.0", "fe80::1", "::ffff:10.0.0.1", "100.64.0.1"]
        {
            assert!(refused("127.0.0.1:0", false, address).is_some(), "{address}");
            assert!(refused("127.0.0.1:0", true, address).is_none(), "{address}");
        }
        for address in ["127.0.0.1", "::1", "127.8.8.8"] {
            assert!(refused("127.0.0.1:0", false, address).is_none(), "{address}");
            assert!(refused("0.0.0.0:0", false, address).is_some(), "{address}");
        }
        assert!(refused("0.0.0.0:0", false, "1.1.1.1").is_none());
        assert_eq!(
            refused("127.0.0.1:0", false, "169.254.169.254").unwrap().to_string(),
            "refused address: 169.254.169.254 is link-local"
        );
    }
}
