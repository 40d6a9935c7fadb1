//! Which addresses may be called on somebody else's word.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// What sort of place an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressClass {
    /// Reachable on the public internet.
    Public,
    /// This machine.
    Loopback,
    /// A private network.
    Private,
    /// This link only; cloud metadata services answer here.
    LinkLocal,
    /// Reserved, multicast, documentation and the like: nothing to call there.
    Special,
}

/// Whether a URL names this very machine: by a loopback address, or the name `localhost`.
pub fn stays_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => AddressClass::of(address.into()) == AddressClass::Loopback,
        Some(Host::Ipv6(address)) => AddressClass::of(address.into()) == AddressClass::Loopback,
        None => false,
    }
}

impl AddressClass {
    /// Tells what sort of place an address is. An IPv4 address inside an IPv6 one counts as that IPv4 address.
    ///
    /// ```
    /// use image_intelligence_core::AddressClass;
    ///
    /// let of = |text: &str| AddressClass::of(text.parse().unwrap());
    /// assert_eq!(of("169.254.169.254"), AddressClass::LinkLocal);
    /// assert_eq!(of("::ffff:10.0.0.1"), AddressClass::Private);
    /// assert_eq!(of("1.1.1.1"), AddressClass::Public);
    /// ```
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            [127, ..] => Self::Loopback,
            [169, 254, ..] => Self::LinkLocal,
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Self::Private,
            [0 | 224..=255, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _] => Self::Special,
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        let v4 = |high: u16, low: u16| {
            let [first, second] = high.to_be_bytes();
            let [third, fourth] = low.to_be_bytes();
            Self::of_v4(Ipv4Addr::new(first, second, third, fourth))
        };
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            // mapped, compatible, NAT64 and 6to4 addresses carry an IPv4 one
            [0, 0, 0, 0, 0, 0xffff, high, low]
            | [0, 0, 0, 0, 0, 0, high @ 1..=0xffff, low]
            | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
            | [0x2002, high, low, ..] => v4(high, low),
            [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Self::Private,
            [0xfe80..=0xfebf, ..] => Self::LinkLocal,
            [0x2001, 0..=0x01ff | 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Self::Special,
            [0x2000..=0x3fff, ..] => Self::Public,
            _ => Self::Special,
        }
    }
}
