//! A bundle is written beside its place and renamed, so that it is whole or not there.

use std::io;
use std::path::{Path, PathBuf};

/// An empty folder beside `out` to write into.
pub(super) fn beside(out: &Path) -> io::Result<PathBuf> {
    let folder = named(out, "new");
    if folder.exists() {
        fs_err::remove_dir_all(&folder)?;
    }
    fs_err::create_dir_all(&folder)?;
    Ok(folder)
}

/// Puts what was written in the place of what was at `out`.
pub(super) fn replace(folder: &Path, out: &Path) -> io::Result<()> {
    let old = named(out, "old");
    if old.exists() {
        fs_err::remove_dir_all(&old)?;
    }
    if out.exists() {
        fs_err::rename(out, &old)?;
    }
    fs_err::rename(folder, out)?;
    if old.exists() {
        fs_err::remove_dir_all(&old)?;
    }
    Ok(())
}

fn named(out: &Path, ending: &str) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    out.with_file_name(name)
}
