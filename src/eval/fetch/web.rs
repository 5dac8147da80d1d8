//! Files over HTTP. Every wait has an end; redirects are followed, since what arrives is hashed anyway.

use std::io::Read;
use std::time::Duration;

use crate::eval::fetch::MOST_BYTES;

/// To connect, to answer, and between two pieces of an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// For a whole file.
const WHOLE: Duration = Duration::from_hours(1);

/// A client that keeps its connections.
#[derive(Debug)]
pub(super) struct Web {
    agent: ureq::Agent,
}

impl Web {
    pub(super) fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            .timeout_global(Some(WHOLE))
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            // A server that packs a packed file once more would confuse the unpacking of ours.
            .accept_encoding("identity")
            .build();
        Self { agent: config.new_agent() }
    }

    /// The bytes at an address.
    pub(super) fn get(&self, url: &str) -> Result<Box<dyn Read>, String> {
        let answer = self.agent.get(url).call().map_err(|e| match e {
            ureq::Error::StatusCode(404) => "it is not there (404)".to_owned(),
            ureq::Error::StatusCode(code) => format!("the server answered {code}"),
            other => other.to_string(),
        })?;
        let length = answer.body().content_length();
        if length.is_some_and(|bytes| bytes > MOST_BYTES) {
            return Err(format!("larger than {MOST_BYTES} bytes, the most that is fetched"));
        }
        Ok(Box::new(answer.into_body().into_with_config().limit(MOST_BYTES).reader()))
    }
}
