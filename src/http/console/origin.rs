//! Forms are taken from our own pages only. Browsers say where a form comes from (`Sec-Fetch-Site`, or
//! `Origin`, which every one of them sends with a POST); whoever says neither is refused too. Together
//! with the `Strict` cookie this needs no token in each form, and it covers signing in as well.

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::error::{ApiError, Code};

pub(super) async fn refuse_other_sites(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let authority = request.uri().authority().map(|a| a.as_str().to_owned());
    if reads || is_same_origin(request.headers(), authority.as_deref()) {
        return next.run(request).await;
    }
    ApiError::new(Code::CrossSite).into_response()
}

/// `authority` is the host in the request line, where HTTP/2 has it.
fn is_same_origin(headers: &HeaderMap, authority: Option<&str>) -> bool {
    let value = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = value("sec-fetch-site") {
        return site == "same-origin";
    }
    let host = value(HOST.as_str()).or(authority);
    let origin = value(ORIGIN.as_str()).and_then(|o| o.split_once("://")).map(|(_, rest)| rest);
    matches!((origin, host), (Some(origin), Some(host)) if origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&'static str, &'static str)]) -> bool {
        let headers =
            headers.iter().map(|(k, v)| (k.parse().expect("name"), v.parse().expect("value"))).collect();
        is_same_origin(&headers, None)
    }

    #[test]
    fn only_our_own_pages_may_send_forms() {
        let host = ("host", "desk.example:8080");
        assert!(check(&[host, ("sec-fetch-site", "same-origin")]));
        assert!(check(&[host, ("origin", "http://desk.example:8080")]));
        assert!(check(&[host, ("origin", "https://desk.example:8080")]));
        for refused in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "none"),
            ("origin", "http://desk.example"),
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("referer", "http://desk.example:8080/console"),
        ] {
            assert!(!check(&[host, refused]), "{refused:?}");
        }
        assert!(!check(&[host, ("sec-fetch-site", "cross-site"), ("origin", "http://desk.example:8080")]));
    }
}
