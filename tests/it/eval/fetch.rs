//! Fetching the data of benchmarks: over real HTTP, from a mirror, from a hub, and what is refused.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use countervail::data::digest::sha256;
use countervail::eval::catalogue;
use countervail::eval::fetch::{Fetcher, Mirror, Outcome};
use countervail::eval::manifest::BenchmarkManifest;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::cli::countervail;
use crate::eval::bench::head;

const TEXT: &str = "text\ncalm 1\ncalm 2\n";

/// Files by path, and the paths that were asked for.
#[derive(Clone, Default)]
struct Shelf {
    files: Arc<BTreeMap<String, Vec<u8>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

/// Serves files on a free port of this machine until the test process ends.
struct Server {
    base: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(files: &[(&str, &[u8])]) -> Self {
        let files = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect();
        let shelf = Shelf { files: Arc::new(files), asked: Arc::default() };
        let asked = shelf.asked.clone();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, Router::new().fallback(answer).with_state(shelf)).await.unwrap();
            });
        });
        Self { base, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Whole files, and the ranges and headers that a hub gives.
async fn answer(State(shelf): State<Shelf>, headers: HeaderMap, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    shelf.asked.lock().unwrap().push(path.clone());
    let Some(bytes) = shelf.files.get(&path) else { return StatusCode::NOT_FOUND.into_response() };
    let hub = [("x-repo-commit", "0123abcd"), ("etag", "\"made-up\"")];
    let Some(range) = headers.get(header::RANGE) else { return (hub, bytes.clone()).into_response() };
    let (from, to) = range.to_str().unwrap().strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    let from: usize = from.parse().unwrap();
    let to = to.parse().unwrap_or(bytes.len() - 1).min(bytes.len() - 1);
    let content_range = format!("bytes {from}-{to}/{}", bytes.len());
    let part = bytes[from..=to].to_vec();
    (StatusCode::PARTIAL_CONTENT, hub, [(header::CONTENT_RANGE, content_range)], part).into_response()
}

/// Answers one request with fewer bytes than it promises, and hangs up.
fn hang_up() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        std::io::Read::read(&mut stream, &mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nshort").unwrap();
    });
    base
}

fn panel(name: &str, path: &str, origin: &str) -> String {
    let digest = sha256(TEXT.as_bytes());
    head(name, "panel", "")
        + &format!(
            "[[source]]\nname = \"s\"\npath = \"{path}\"\nsha256 = \"{digest}\"\norigin = {origin}\n\
             licence = \"made up\"\nformat = \"csv\"\n"
        )
}

fn fetch(manifest: &str, data: &Path, mirror: Option<Mirror>) -> Outcome {
    let manifests = [BenchmarkManifest::parse(manifest).unwrap()];
    let files = catalogue::files(&manifests).unwrap();
    assert_eq!(files.len(), 1);
    Fetcher::new(data.to_owned(), mirror).fetch(&files[0]).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The files of a folder and below it.
fn files_in(folder: &Path) -> Vec<String> {
    let mut out = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(files_in(&path));
        } else {
            out.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    out
}

#[test]
fn a_file_comes_from_its_address_once_and_packed_ones_are_unpacked() {
    let server = Server::start(&[("/a.csv", TEXT.as_bytes()), ("/a.csv.gz", &gzip(TEXT.as_bytes()))]);
    for (origin, path) in [("a.csv", "plain/x y.csv"), ("a.csv.gz\", unpack = \"gzip", "packed/x.csv")] {
        let data = tempfile::tempdir().unwrap();
        let manifest = panel("p", path, &format!("{{ url = \"{}/{origin}\" }}", server.base));
        let outcome = fetch(&manifest, data.path(), None);
        assert!(
            matches!(&outcome, Outcome::Fetched { from } if from.starts_with(&server.base)),
            "{outcome:?}"
        );
        assert_eq!(fs_err::read_to_string(data.path().join(path)).unwrap(), TEXT);
        let before = server.asked().len();
        assert_eq!(fetch(&manifest, data.path(), None), Outcome::Present);
        assert_eq!(server.asked().len(), before, "what is there is not asked for again");
    }
}

#[test]
fn the_mirror_is_asked_first_and_the_origin_after_it() {
    let origin = Server::start(&[("/a.csv", TEXT.as_bytes())]);
    let mirror =
        Server::start(&[("/copy/d%20d/%C3%A9.csv", TEXT.as_bytes()), ("/old/a.csv", b"text\nother\n")]);
    let at = |base: &str| Some(Mirror::parse(&format!("{}{base}/", mirror.base)));
    let from = |manifest: &str, mirror| {
        let data = tempfile::tempdir().unwrap();
        match fetch(manifest, data.path(), mirror) {
            Outcome::Fetched { from } => from,
            other => panic!("{other:?}"),
        }
    };
    let url = format!("{{ url = \"{}/a.csv\" }}", origin.base);
    assert!(from(&panel("p", "d d/é.csv", &url), at("/copy")).starts_with(&mirror.base));
    assert!(origin.asked().is_empty());
    // Wrong bytes in a mirror are passed over.
    assert!(from(&panel("p", "a.csv", &url), at("/old")).starts_with(&origin.base));
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("a.csv"), TEXT).unwrap();
    let local = Some(Mirror::Folder(folder.path().to_owned()));
    assert_eq!(
        from(&panel("p", "a.csv", "{ made = \"by hand\" }"), local),
        folder.path().join("a.csv").display().to_string()
    );
}

#[test]
fn other_bytes_never_get_the_pinned_name() {
    let packed = gzip(TEXT.as_bytes());
    let server = Server::start(&[("/a.csv", b"text\nother\n"), ("/cut.gz", &packed[..packed.len() / 2])]);
    let data = tempfile::tempdir().unwrap();
    let at = |path: &str| format!("{}/{path}", server.base);
    for (origin, reason) in [
        (at("a.csv"), "is pinned"),
        (at("none.csv"), "404"),
        (at("cut.gz\", unpack = \"gzip"), "broke off"),
        (at("a.csv\", unpack = \"gzip"), "broke off"),
        (hang_up(), "broke off after 5 bytes"),
    ] {
        let manifest = panel("p", "a.csv", &format!("{{ url = \"{origin}\" }}"));
        let Outcome::Missing { tried } = fetch(&manifest, data.path(), None) else { panic!("{origin}") };
        assert!(tried.len() == 1 && tried[0].contains(reason), "{tried:?}");
        assert!(files_in(data.path()).is_empty(), "nothing is left behind");
    }
    fs_err::write(data.path().join("a.csv"), "mine\n").unwrap();
    let manifest = panel("p", "a.csv", &format!("{{ url = \"{}/a.csv\" }}", server.base));
    assert_eq!(fetch(&manifest, data.path(), None), Outcome::Wrong { got: sha256(b"mine\n") });
    assert_eq!(fs_err::read_to_string(data.path().join("a.csv")).unwrap(), "mine\n", "it is left alone");
}

#[test]
fn a_server_that_is_not_there_is_said() {
    let data = tempfile::tempdir().unwrap();
    let manifest = panel("p", "a.csv", "{ url = \"http://127.0.0.1:1/a.csv\" }");
    let Outcome::Missing { tried } = fetch(&manifest, data.path(), None) else { panic!() };
    assert!(tried[0].starts_with("http://127.0.0.1:1/a.csv: "), "{tried:?}");
}

#[test]
fn the_command_goes_on_where_it_stopped_and_says_what_is_missing() {
    let server =
        Server::start(&[("/a.csv", TEXT.as_bytes()), ("/datasets/o/d/resolve/v1/h.csv", TEXT.as_bytes())]);
    let dir = tempfile::tempdir().unwrap();
    let benchmarks = dir.path().join("benchmarks");
    fs_err::create_dir(&benchmarks).unwrap();
    let write =
        |name: &str, text: &str| fs_err::write(benchmarks.join(format!("{name}.toml")), text).unwrap();
    write("from_web", &panel("from_web", "a.csv", &format!("{{ url = \"{}/a.csv\" }}", server.base)));
    write("from_hub", &panel("from_hub", "h.csv", "{ hub = \"o/d\", revision = \"v1\", path = \"h.csv\" }"));
    write("by_hand", &panel("by_hand", "m.csv", "{ made = \"every other line of a book\" }"));
    let unavailable = "[unavailable]\nwhy = \"it is locked away.\"\nhow_to_add = \"Ask for the key.\"\n";
    write("locked", &(head("locked", "panel", "") + unavailable));
    let run = |more: &[&str], code: i32| {
        let mut command = countervail(dir.path());
        command.args(["eval", "fetch", "--benchmarks", "benchmarks", "--data", "data"]).args(more);
        command.env("HF_ENDPOINT", &server.base).env("HF_HOME", dir.path().join("hub"));
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        said
    };
    let said = run(&["from_web", "from_hub"], 0);
    assert!(said.contains("2 files: 0 were there, 2 fetched"), "{said}");
    let asked = server.asked().len();
    let said = run(&[], 1);
    assert!(said.contains("3 files: 2 were there, 0 fetched, 0 with other bytes, 1 missing"), "{said}");
    assert!(said.contains("missing m.csv") && said.contains("every other line of a book"), "{said}");
    assert!(said.contains("locked: it is locked away. Ask for the key."), "{said}");
    assert_eq!(server.asked().len(), asked, "what is there is not asked for again");
    fs_err::create_dir(dir.path().join("mirror")).unwrap();
    fs_err::write(dir.path().join("mirror/m.csv"), TEXT).unwrap();
    fs_err::write(dir.path().join("data/a.csv"), "changed\n").unwrap();
    let said = run(&["--mirror", "mirror"], 1);
    assert!(said.contains("fetched m.csv from mirror/m.csv"), "{said}");
    assert!(said.contains("refused a.csv") && said.contains(&sha256(TEXT.as_bytes())), "{said}");
    assert!(run(&["nothing"], 2).contains("no manifest has this name; there are by_hand, from_hub"));
}

#[test]
fn two_manifests_may_not_pin_different_bytes_for_one_path() {
    let one = panel("one", "a.csv", "{ made = \"by hand\" }");
    let two =
        panel("two", "a.csv", "{ made = \"by hand\" }").replace(&sha256(TEXT.as_bytes()), &sha256(b"x"));
    let manifests = [one, two].map(|m| BenchmarkManifest::parse(&m).unwrap());
    let error = catalogue::files(&manifests).unwrap_err().to_string();
    assert!(error.contains("pins other bytes"), "{error}");
}
