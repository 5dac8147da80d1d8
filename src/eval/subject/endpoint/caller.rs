//! Requests to one address: no faster than allowed, repeated when the service has no room, never without an end.

use std::time::{Duration, Instant};

use secrecy::{ExposeSecret as _, SecretString};
use ureq::http::Response;

use crate::eval::subject::endpoint::cost::Cost;
use crate::eval::subject::endpoint::shape::{self, Reply};
use crate::eval::subject::endpoint::spec::{Shape, Spec};

/// An answer to some hundred texts is far smaller.
const MOST_BYTES: u64 = 16 << 20;
/// A service that asks for more patience than this is out of order.
const LONGEST_WAIT: Duration = Duration::from_mins(10);

#[derive(Debug)]
pub(super) struct Caller {
    agent: ureq::Agent,
    key: Option<SecretString>,
    /// When the next request may be sent.
    next: Option<Instant>,
}

/// What came of one request.
enum Outcome {
    Answered(Vec<Reply>),
    /// Worth another try, after this time if the service named one.
    Again(String, Option<Duration>),
}

impl Caller {
    pub(super) fn new(spec: &Spec, key: Option<SecretString>) -> Result<Self, String> {
        if spec.shape == Shape::Perspective && key.is_none() {
            return Err("shape `perspective` needs a key".to_owned());
        }
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_millis(spec.timeout_ms)))
            .http_status_as_error(false)
            // Texts and key go to the address that was given, and to no other.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { agent: config.new_agent(), key, next: None })
    }

    /// The replies to some texts, in order.
    pub(super) fn ask(
        &mut self,
        spec: &Spec,
        texts: &[&str],
        language: Option<&str>,
        cost: &mut Cost,
    ) -> Result<Vec<Reply>, String> {
        let body = shape::request(spec, texts, language).to_string();
        let started = Instant::now();
        let mut attempt = 0;
        let result = loop {
            self.wait_for_turn(spec.requests_per_second);
            cost.requests += 1;
            let (reason, named) = match self.post(spec, &body, texts.len()) {
                Ok(Outcome::Answered(replies)) => break Ok(replies),
                Ok(Outcome::Again(reason, named)) => (reason, named),
                Err(reason) => break Err(reason),
            };
            let wait = named.unwrap_or_else(|| backoff(spec.backoff_ms, attempt));
            if attempt == spec.retries {
                break Err(format!(
                    "{reason}, and so it did {attempt} times more; the next run goes on here"
                ));
            }
            if wait > LONGEST_WAIT {
                break Err(format!("{reason}, and asks for {} s; the next run goes on here", wait.as_secs()));
            }
            std::thread::sleep(wait);
            cost.retries += 1;
            attempt += 1;
        };
        cost.seconds += started.elapsed().as_secs_f64();
        if result.is_ok() {
            cost.count(texts, spec.price.as_ref());
        }
        result
    }

    fn wait_for_turn(&mut self, per_second: f64) {
        let now = Instant::now();
        let turn = self.next.map_or(now, |next| next.max(now));
        std::thread::sleep(turn - now);
        self.next = Some(turn + Duration::from_secs_f64(1.0 / per_second));
    }

    fn post(&self, spec: &Spec, body: &str, count: usize) -> Result<Outcome, String> {
        let mut request = self.agent.post(&spec.url).header("content-type", "application/json");
        if let Some(key) = &self.key {
            request = match spec.shape {
                Shape::Perspective => request.query("key", key.expose_secret()),
                Shape::OpenAi | Shape::Tei => {
                    request.header("authorization", format!("Bearer {}", key.expose_secret()))
                }
            };
        }
        let answer = request.send(body).and_then(|mut answer| {
            let bytes = answer.body_mut().with_config().limit(MOST_BYTES).read_to_vec()?;
            Ok((answer, bytes))
        });
        let (answer, bytes) = match answer {
            Ok(both) => both,
            Err(error) => return unreached(&error),
        };
        match answer.status().as_u16() {
            200 => shape::replies(spec.shape, &bytes, count).map(Outcome::Answered),
            status @ (429 | 500 | 502 | 503 | 504) => {
                Ok(Outcome::Again(format!("it answered {status}"), retry_after(&answer)))
            }
            status if shape::unsupported(spec.shape, status, &bytes) => {
                Ok(Outcome::Answered(vec![Reply::Unsupported]))
            }
            status @ (401 | 403) => {
                Err(format!("it answered {status}: the key is missing, wrong or not allowed"))
            }
            status @ 300..=399 => {
                Err(format!("it answered {status}: it has moved; put the new address into `url`"))
            }
            status => Err(format!("it answered {status}: the request is not what it takes")),
        }
    }
}

/// Errors of the connection are worth another try. Their own words could hold the address, and the address a key.
fn unreached(error: &ureq::Error) -> Result<Outcome, String> {
    let again = |what: &str| Ok(Outcome::Again(what.to_owned(), None));
    match error {
        ureq::Error::Timeout(_) => again("it did not answer in time"),
        ureq::Error::Io(_) | ureq::Error::ConnectionFailed | ureq::Error::Protocol(_) => {
            again("the connection failed")
        }
        ureq::Error::HostNotFound => Err("its host has no address".to_owned()),
        ureq::Error::BodyExceedsLimit(_) => Err(format!("its answer is longer than {MOST_BYTES} bytes")),
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => Err("its certificate is not trusted".to_owned()),
        _ => Err("the request could not be made".to_owned()),
    }
}

/// Seconds only; a date is left to our own patience.
fn retry_after<T>(answer: &Response<T>) -> Option<Duration> {
    let value = answer.headers().get("retry-after")?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// Doubles with each attempt. Nobody else waits for the same moment, so there is nothing to spread by chance.
fn backoff(first_ms: u64, attempt: u32) -> Duration {
    Duration::from_millis(first_ms.saturating_mul(1 << attempt.min(20))).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_bound() {
        let waits: Vec<u64> = [0, 1, 2, 3].map(|a| backoff(500, a).as_secs_f64().to_bits()).to_vec();
        assert_eq!(waits, [0.5_f64, 1.0, 2.0, 4.0].map(f64::to_bits));
        assert_eq!(backoff(500, u32::MAX), LONGEST_WAIT);
    }
}
