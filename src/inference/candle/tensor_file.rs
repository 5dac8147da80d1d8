//! A safetensors file read one tensor at a time, so that a bundle's file and what is made of it are never in memory
//! together: the highest use while opening stays near what serving needs.
//!
//! The format: the length of a header (8 bytes, little-endian), the header (JSON: by name a type, a shape and where the
//! bytes begin and end), then the bytes.

use std::collections::HashMap;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use candle_core::{DType, Device, Error, Result, Tensor, bail};
use serde::Deserialize;

use super::weights::Tensors;

/// The format's own limit.
const LONGEST_HEADER: u64 = 100_000_000;
/// Holds words about the file, no tensor.
const METADATA: &str = "__metadata__";

/// An open file and where its tensors are.
#[derive(Debug)]
pub struct TensorFile {
    file: fs_err::File,
    /// Where the bytes begin, from the start of the file.
    data: u64,
    entries: HashMap<String, Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    /// From `data`: first byte and the one behind the last.
    data_offsets: (u64, u64),
}

impl TensorFile {
    /// Opens the file and reads its header.
    ///
    /// # Errors
    /// When it cannot be read, or its header is damaged or speaks of bytes that are not there.
    pub fn open(path: &Path) -> Result<Self> {
        let mut file = fs_err::File::open(path)?;
        let length = file.metadata()?.len();
        let mut size = [0; 8];
        file.read_exact(&mut size)?;
        let size = u64::from_le_bytes(size);
        if size > LONGEST_HEADER || size > length - 8 {
            bail!("damaged: a header of {size} bytes in a file of {length}");
        }
        let mut header = Vec::new();
        (&mut file).take(size).read_to_end(&mut header)?;
        let damaged = |e: serde_json::Error| Error::msg(format!("damaged: the header is unreadable: {e}"));
        let mut named: HashMap<String, serde_json::Value> =
            serde_json::from_slice(&header).map_err(damaged)?;
        named.remove(METADATA);
        let mut entries = HashMap::new();
        for (name, value) in named {
            let entry: Entry = serde_json::from_value(value).map_err(damaged)?;
            let (start, end) = entry.data_offsets;
            if start > end || end > length - 8 - size {
                bail!("damaged: tensor `{name}` is said to lie at bytes {start} to {end}");
            }
            entries.insert(name, entry);
        }
        Ok(Self { file, data: 8 + size, entries })
    }

    fn read(&self, entry: &Entry) -> Result<Tensor> {
        let dtype: DType = entry.dtype.to_lowercase().parse().map_err(Error::wrap)?;
        let (start, end) = entry.data_offsets;
        let numbers = entry.shape.iter().try_fold(dtype.size_in_bytes() as u64, |n, side| {
            n.checked_mul(u64::try_from(*side).unwrap_or(u64::MAX))
        });
        if numbers != Some(end - start) {
            bail!("damaged: {} bytes for {} of shape {:?}", end - start, entry.dtype, entry.shape);
        }
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.data + start))?;
        let mut bytes = Vec::with_capacity(usize::try_from(end - start).map_err(Error::wrap)?);
        file.take(end - start).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != end - start {
            bail!("the file ended early");
        }
        Tensor::from_raw_buffer(&bytes, dtype, &entry.shape, &Device::Cpu)
    }
}

impl Tensors for TensorFile {
    fn find(&self, name: &str) -> Result<Option<Tensor>> {
        self.entries
            .get(name)
            .map(|entry| self.read(entry).map_err(|e| e.context(name.to_owned())))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("some.safetensors");
        fs_err::write(&path, bytes).expect("writable");
        (folder, path)
    }

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
    }

    fn refusal(bytes: &[u8]) -> String {
        let (_folder, path) = written(bytes);
        match TensorFile::open(&path) {
            Err(e) => e.to_string(),
            Ok(file) => file.find("a").expect_err("damaged").to_string(),
        }
    }

    #[test]
    fn reads_what_candle_writes_and_what_others_add() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.safetensors");
        let values = Tensor::new(&[[1.0_f32, -2.5], [0.25, 3.0]], &Device::Cpu).expect("fits");
        let half = values.to_dtype(DType::F16).expect("converts");
        let bytes = Tensor::new(&[7_u8, 255, 0], &Device::Cpu).expect("fits");
        let named = HashMap::from([("f", &values), ("h", &half), ("u", &bytes)])
            .into_iter()
            .map(|(n, t)| (n.to_owned(), t.clone()))
            .collect();
        candle_core::safetensors::save(&named, &path).expect("writable");
        let read = TensorFile::open(&path).expect("opens");
        for (name, want) in &named {
            let got = read.find(name).expect("readable").expect("there");
            assert_eq!((got.dtype(), got.dims()), (want.dtype(), want.dims()), "{name}");
            let flat = |t: &Tensor| {
                t.to_dtype(DType::F32).and_then(|t| t.flatten_all()).and_then(|t| t.to_vec1::<f32>())
            };
            assert_eq!(flat(&got).expect("numbers"), flat(want).expect("numbers"), "{name}");
        }
        assert!(read.find("absent").expect("not there, not damaged").is_none());
        let header =
            r#"{"__metadata__":{"format":"pt"},"a":{"dtype":"I16","shape":[1],"data_offsets":[0,2]}}"#;
        let (_folder, path) = written(&file(header, &[1, 0]));
        assert!(TensorFile::open(&path).expect("opens").find("a").expect("readable").is_some());
    }

    #[test]
    fn a_damaged_file_is_refused_not_believed() {
        assert!(!refusal(&[1, 2, 3]).is_empty());
        assert!(refusal(&u64::MAX.to_le_bytes()).contains("header of"));
        assert!(refusal(&file("{", &[])).contains("unreadable"));
        let one = |dtype: &str, shape: &str, at: &str, data: &[u8]| {
            let header = format!(r#"{{"a":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{at}}}}}"#);
            refusal(&file(&header, data))
        };
        assert!(one("F32", "[1]", "[0,4]", &[0; 3]).contains("bytes 0 to 4"));
        assert!(one("F32", "[1]", "[4,0]", &[0; 4]).contains("bytes 4 to 0"));
        assert!(one("F32", "[2]", "[0,4]", &[0; 4]).contains("4 bytes for F32"));
        assert!(one("F32", "[4294967296,4294967296]", "[0,4]", &[0; 4]).contains("4 bytes for"));
        assert!(one("C9", "[1]", "[0,4]", &[0; 4]).contains("c9"));
    }
}
