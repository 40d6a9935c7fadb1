//! Where to listen, as it stands on a command line.

use std::net::{Ipv4Addr, SocketAddr};

/// Reads `127.0.0.1:8787`, `[::1]:8787`, `localhost:8787`, and a port alone, which is one of this machine.
pub(crate) fn parse(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    if let Ok(port) = port.parse::<u16>() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    text.parse().map_err(|_| "one looks like 127.0.0.1:8787, 0.0.0.0:8443, or 8787".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, address) in [
            ("8787", "127.0.0.1:8787"),
            ("localhost:0", "127.0.0.1:0"),
            ("0.0.0.0:8443", "0.0.0.0:8443"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(parse(text).map(|address| address.to_string()), Ok(address.to_owned()));
        }
        for wrong in ["", "70000", "hooks.example.com:80", "127.0.0.1", ":80"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
