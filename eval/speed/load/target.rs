//! Where the requests go: plain HTTP, this machine only unless it is said otherwise.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs as _};

use anyhow::{Context as _, bail, ensure};

/// An address that may be sent to.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// `host:port`, as it was written.
    pub(crate) authority: String,
    pub(crate) path: String,
    /// Sent with every request, as the shape has it.
    pub(crate) key: Option<String>,
}

/// Whether texts may leave this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Loopback,
    Anywhere,
}

impl Target {
    /// From `http://HOST:PORT/PATH`.
    ///
    /// # Errors
    /// When it is something else, cannot be resolved, or is not this machine and `reach` does not allow that.
    pub(crate) fn parse(url: &str, reach: Reach, key: Option<String>) -> anyhow::Result<Self> {
        let rest = url.strip_prefix("http://").context(
            "the address must begin with http://; put a proxy that speaks TLS before this one if need be",
        )?;
        let (authority, path) = match rest.find('/') {
            Some(at) => (&rest[..at], &rest[at..]),
            None => (rest, "/"),
        };
        ensure!(
            !authority.is_empty() && url.bytes().all(|b| b.is_ascii_graphic()) && !url.contains(['@', '#']),
            "the address must be http://HOST:PORT/PATH"
        );
        if let Some(key) = &key {
            let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
            ensure!(!key.is_empty() && key.bytes().all(fits), "the key has characters that no key has");
        }
        let port = authority.rsplit(']').next().is_some_and(|tail| tail.contains(':'));
        let dialled = if port { authority.to_owned() } else { format!("{authority}:80") };
        let addresses: Vec<SocketAddr> =
            dialled.to_socket_addrs().with_context(|| format!("cannot find {authority}"))?.collect();
        let Some(address) = addresses.first().copied() else { bail!("{authority} has no address") };
        ensure!(
            reach == Reach::Anywhere || addresses.iter().all(|a| a.ip().is_loopback()),
            "{authority} is not this machine: texts would be sent to {}; say --allow-remote if that is meant",
            address.ip()
        );
        Ok(Self { address, authority: authority.to_owned(), path: path.to_owned(), key })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.path)
    }
}

/// Without the key.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_sent_to_unless_it_is_said_otherwise() {
        for url in
            ["http://127.0.0.1:8080/predict", "http://127.9.9.9/x", "http://[::1]:81/a", "http://localhost"]
        {
            assert!(Target::parse(url, Reach::Loopback, None).is_ok(), "{url}");
        }
        for url in ["http://192.0.2.1:80/x", "http://0.0.0.0:80/", "http://[2001:db8::1]:80/"] {
            let refused = Target::parse(url, Reach::Loopback, None).expect_err(url).to_string();
            assert!(refused.contains("--allow-remote"), "{refused}");
            assert!(Target::parse(url, Reach::Anywhere, None).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in ["https://127.0.0.1/", "127.0.0.1:80", "http://", "http://a b/", "http://me@127.0.0.1/"] {
            assert!(Target::parse(url, Reach::Anywhere, None).is_err(), "{url}");
        }
        let target = Target::parse("http://127.0.0.1:1", Reach::Loopback, None).expect("an address");
        assert_eq!((target.path.as_str(), target.address.port()), ("/", 1));
        assert_eq!(
            Target::parse("http://127.0.0.1/x", Reach::Loopback, None).expect("fits").address.port(),
            80
        );
    }

    #[test]
    fn the_key_is_checked_and_not_printed() {
        let with = |key: &str| Target::parse("http://127.0.0.1/", Reach::Loopback, Some(key.to_owned()));
        assert!(with("a\r\nb: c").is_err() && with("a&b").is_err() && with("").is_err());
        let target = with("cv_secret-1").expect("a key");
        assert!(!format!("{target:?} {target}").contains("secret"));
    }
}
