//! From raw values to checked ones. Goes through every key, so that one run names every problem.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use toml::Value;

use crate::config::keys::Keys;
use crate::config::{Config, Console, Database, Limits, Log, Model, Server};

/// Reads and checks everything; problems are left in `keys`, and the values that have one are then
/// worth nothing.
pub(super) fn config(keys: &mut Keys) -> Config {
    let config = Config {
        server: server(keys),
        database: database(keys),
        model: model(keys),
        limits: limits(keys),
        console: console(keys),
        log: Log { filter: string(keys, "log.filter"), json: boolean(keys, "log.json") },
    };
    check_queue(&config, keys);
    config
}

/// A queue that a single call can overfill would refuse that call for ever.
fn check_queue(config: &Config, keys: &mut Keys) {
    if config.model.queue_capacity < config.limits.max_texts_per_request {
        let (_, origin) = keys.get("model.queue_capacity");
        let reason = format!(
            "is {}, less than `limits.max_texts_per_request`, which is {}: a full call could never be answered",
            config.model.queue_capacity, config.limits.max_texts_per_request
        );
        keys.report("model.queue_capacity", &origin, reason);
    }
    let largest = config.limits.max_text_bytes.saturating_mul(config.limits.max_texts_per_request);
    let largest = largest.min(config.server.max_body_bytes);
    if config.model.queue_max_bytes < largest {
        let (_, origin) = keys.get("model.queue_max_bytes");
        let reason = format!(
            "is {}, less than the {largest} bytes that the texts of one call may have: a full call could never be answered",
            config.model.queue_max_bytes
        );
        keys.report("model.queue_max_bytes", &origin, reason);
    }
}

fn server(keys: &mut Keys) -> Server {
    Server {
        listen: address(keys, "server.listen"),
        request_timeout: Duration::from_millis(number(keys, "server.request_timeout_ms", 100..=600_000)),
        max_body_bytes: size(keys, "server.max_body_bytes", 1024..=268_435_456),
        shutdown_grace: Duration::from_millis(number(keys, "server.shutdown_grace_ms", 0..=600_000)),
    }
}

fn database(keys: &mut Keys) -> Database {
    let url = string(keys, "database.url");
    if !(url.is_empty() || ["postgres://", "postgresql://", "sqlite:"].iter().any(|p| url.starts_with(p))) {
        let (_, origin) = keys.get("database.url");
        // The value is not repeated: it may hold a password.
        let reason = "expected nothing, postgres://… or sqlite://…".to_owned();
        keys.report("database.url", &origin, reason);
    }
    Database {
        url: (!url.is_empty()).then(|| SecretString::from(url)),
        data_dir: PathBuf::from(filled(keys, "database.data_dir")),
    }
}

fn model(keys: &mut Keys) -> Model {
    Model {
        path: filled(keys, "model.path"),
        queue_capacity: size(keys, "model.queue_capacity", 1..=100_000),
        queue_max_bytes: size(keys, "model.queue_max_bytes", 1..=4_294_967_295),
        queue_max_wait: Duration::from_millis(number(keys, "model.queue_max_wait_ms", 100..=600_000)),
        max_batch_tokens: size(keys, "model.max_batch_tokens", 0..=65_536),
        tokenizer_threads: size(keys, "model.tokenizer_threads", 0..=64),
        cached_answers: number(keys, "model.cached_answers", 0..=10_000_000),
        cascade: switch(keys, "model.cascade"),
        cascade_sample: share(keys, "model.cascade_sample"),
    }
}

fn limits(keys: &mut Keys) -> Limits {
    Limits {
        max_text_bytes: size(keys, "limits.max_text_bytes", 1..=1_048_576),
        max_texts_per_request: size(keys, "limits.max_texts_per_request", 1..=1024),
        claim_ttl: Duration::from_secs(number(keys, "limits.claim_ttl_s", 60..=86_400)),
        idempotency_ttl: Duration::from_secs(number(keys, "limits.idempotency_ttl_s", 60..=2_592_000)),
        keep_unflagged_text: boolean(keys, "limits.keep_unflagged_text"),
    }
}

fn console(keys: &mut Keys) -> Console {
    Console {
        session_ttl: Duration::from_secs(number(keys, "console.session_ttl_s", 300..=604_800)),
        min_password_chars: size(keys, "console.min_password_chars", 8..=128),
        secure_cookie: boolean(keys, "console.secure_cookie"),
    }
}

fn number(keys: &mut Keys, key: &str, range: RangeInclusive<u64>) -> u64 {
    let (value, origin) = keys.get(key);
    let given = value.as_integer().unwrap_or_default();
    let fits = u64::try_from(given).ok().filter(|n| range.contains(n));
    fits.unwrap_or_else(|| {
        let reason = format!("is {given}, expected {} to {}", range.start(), range.end());
        keys.report(key, &origin, reason);
        *range.start()
    })
}

fn size(keys: &mut Keys, key: &str, range: RangeInclusive<u64>) -> usize {
    usize::try_from(number(keys, key, range)).expect("every range above fits into 32 bits")
}

fn string(keys: &Keys, key: &str) -> String {
    match keys.get(key).0 {
        Value::String(s) => s,
        _ => String::new(),
    }
}

fn filled(keys: &mut Keys, key: &str) -> String {
    let s = string(keys, key);
    if s.trim().is_empty() {
        let (_, origin) = keys.get(key);
        keys.report(key, &origin, "is empty".to_owned());
    }
    s
}

fn boolean(keys: &Keys, key: &str) -> bool {
    keys.get(key).0.as_bool().unwrap_or_default()
}

fn switch(keys: &mut Keys, key: &str) -> bool {
    let given = string(keys, key);
    if !matches!(given.as_str(), "on" | "off") {
        let (_, origin) = keys.get(key);
        keys.report(key, &origin, format!("is `{given}`, expected `on` or `off`"));
    }
    given == "on"
}

fn share(keys: &mut Keys, key: &str) -> f64 {
    let (value, origin) = keys.get(key);
    let given = value.as_float().unwrap_or_default();
    if !(0.0..=1.0).contains(&given) {
        keys.report(key, &origin, format!("is {given}, expected 0.0 to 1.0"));
    }
    given
}

fn address(keys: &mut Keys, key: &str) -> SocketAddr {
    let (_, origin) = keys.get(key);
    let given = string(keys, key);
    given.parse().unwrap_or_else(|_| {
        let reason = format!("`{given}` is not an address and port such as 127.0.0.1:8080 or [::1]:8080");
        keys.report(key, &origin, reason);
        SocketAddr::from(([127, 0, 0, 1], 0))
    })
}
