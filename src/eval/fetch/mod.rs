//! Fetching the files that benchmarks are read from: from a mirror, else from where each comes from.
//!
//! Nothing but the pinned bytes ever gets the pinned name: a file is written beside its place, hashed on the way,
//! and renamed only when it is the right one. A file that is there with other bytes is left alone and reported,
//! since it may be somebody's work. A run that was stopped goes on with the files that are missing.

mod hub;
mod web;

use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};

use crate::data::digest::sha256_file;
use crate::data::origin::{Origin, Place, Unpack, encode};
use crate::data::source::PinnedFile;
use crate::domain::digest::Hasher;
use crate::eval::error::Error;
use crate::eval::fetch::web::Web;

/// A file larger than this is refused: no evaluation set of text is, so it would be a mistake or an attack.
pub const MOST_BYTES: u64 = 2 << 30;

/// A copy of the data folder: the same files at the same relative paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mirror {
    Folder(PathBuf),
    /// The address that stands before the path, without a slash at its end.
    Url(String),
}

impl Mirror {
    /// An address when it begins with `http://` or `https://`, else a folder.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text.starts_with("http://") || text.starts_with("https://") {
            return Self::Url(text.trim_end_matches('/').to_owned());
        }
        Self::Folder(PathBuf::from(text))
    }
}

/// What came of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was there already.
    Present,
    /// It is there now; from where.
    Fetched { from: String },
    /// Another file is in its place; its SHA-256.
    Wrong { got: String },
    /// It is not there; what was tried, or what a person has to do.
    Missing { tried: Vec<String> },
}

impl Outcome {
    /// Whether the pinned bytes are in place.
    #[must_use]
    pub const fn is_there(&self) -> bool {
        matches!(self, Self::Present | Self::Fetched { .. })
    }
}

/// Puts files into a data folder.
#[derive(Debug)]
pub struct Fetcher {
    data: PathBuf,
    mirror: Option<Mirror>,
    web: Web,
}

impl Fetcher {
    #[must_use]
    pub fn new(data: PathBuf, mirror: Option<Mirror>) -> Self {
        Self { data, mirror, web: Web::new() }
    }

    /// Makes sure that a file is there.
    ///
    /// # Errors
    /// When the data folder cannot be read or written. That a file cannot be fetched is an [`Outcome`].
    pub fn fetch(&self, file: &PinnedFile<'_>) -> Result<Outcome, Error> {
        let expected = file.sha256.expect("a manifest pins every file");
        let place = self.data.join(file.path);
        if place.exists() {
            let got = sha256_file(&place)?;
            return Ok(if got == expected { Outcome::Present } else { Outcome::Wrong { got } });
        }
        if let Some(folder) = place.parent() {
            fs_err::create_dir_all(folder)?;
        }
        let mut tried = Vec::new();
        for offer in self.offers(file) {
            match offer.open(&self.web).and_then(|bytes| keep(bytes, &place, expected)) {
                Ok(()) => return Ok(Outcome::Fetched { from: offer.to_string() }),
                Err(reason) => tried.push(format!("{offer}: {reason}")),
            }
        }
        if let Some(Origin { place: Place::Made(made), .. }) = file.origin {
            tried.push(format!("it cannot be fetched from its origin: {made}"));
        }
        Ok(Outcome::Missing { tried })
    }

    /// Where the file may be had, best first.
    fn offers<'a>(&self, file: &PinnedFile<'a>) -> Vec<Offer<'a>> {
        let mirrored = self.mirror.as_ref().map(|mirror| match mirror {
            Mirror::Folder(folder) => Offer::File(folder.join(file.path)),
            Mirror::Url(base) => Offer::Url(format!("{base}/{}", encode(file.path)), None),
        });
        let origin = file.origin.and_then(|origin| match (&origin.place, origin.address()) {
            (_, Some(address)) => Some(Offer::Url(address, origin.unpack)),
            (Place::Hub { .. }, None) => Some(Offer::Hub(origin)),
            _ => None,
        });
        mirrored.into_iter().chain(origin).collect()
    }
}

/// One place that may have the bytes.
enum Offer<'a> {
    File(PathBuf),
    Url(String, Option<Unpack>),
    Hub(&'a Origin),
}

impl std::fmt::Display for Offer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Url(url, _) => f.write_str(url),
            Self::Hub(origin) => write!(f, "{origin}"),
        }
    }
}

impl Offer<'_> {
    /// The bytes as they should be kept.
    fn open(&self, web: &Web) -> Result<Box<dyn Read>, String> {
        let (packed, unpack): (Box<dyn Read>, _) = match self {
            Self::File(path) => (Box::new(open(path)?), None),
            Self::Url(url, unpack) => (web.get(url)?, *unpack),
            Self::Hub(origin) => (Box::new(open(&hub::get(origin)?)?), origin.unpack),
        };
        Ok(match unpack {
            Some(Unpack::Gzip) => Box::new(flate2::read::MultiGzDecoder::new(packed)),
            None => packed,
        })
    }
}

fn open(path: &Path) -> Result<fs_err::File, String> {
    match fs_err::File::open(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err("it is not there".to_owned()),
        opened => opened.map_err(|e| e.to_string()),
    }
}

/// Writes the bytes beside their place and moves them there when they are the pinned ones.
fn keep(mut bytes: Box<dyn Read>, place: &Path, expected: &str) -> Result<(), String> {
    let beside = place.with_file_name(match place.file_name() {
        Some(name) => format!("{}.partial", name.to_string_lossy()),
        None => return Err("the path names no file".to_owned()),
    });
    let kept = write(&mut bytes, &beside).and_then(|got| {
        if got == expected {
            fs_err::rename(&beside, place).map_err(|e| e.to_string())
        } else {
            Err(format!("SHA-256 {got} where {expected} is pinned"))
        }
    });
    if kept.is_err() {
        // The reason is told; that the rest could not be removed would only hide it.
        let _ = fs_err::remove_file(&beside);
    }
    kept
}

/// Returns the SHA-256 of what was written.
fn write(bytes: &mut dyn Read, path: &Path) -> Result<String, String> {
    let mut file = fs_err::File::create(path).map_err(|e| e.to_string())?;
    let (mut hasher, mut written) = (Hasher::default(), 0_u64);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = bytes.read(&mut buffer).map_err(|e| format!("broke off after {written} bytes: {e}"))?;
        if read == 0 {
            file.sync_all().map_err(|e| e.to_string())?;
            return Ok(hasher.finish().to_string());
        }
        written += read as u64;
        if written > MOST_BYTES {
            return Err(format!("larger than {MOST_BYTES} bytes, the most that is fetched"));
        }
        hasher.update(&buffer[..read]);
        file.write_all(&buffer[..read]).map_err(|e| e.to_string())?;
    }
}
