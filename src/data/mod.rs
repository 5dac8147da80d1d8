//! Labelled data on disk, shared by training and evaluation: sources and their label maps, readers,
//! templates, digests, and the near-duplicate split. Reads only; knows nothing of models or metrics.

mod chunk;
pub mod digest;
pub mod encoding;
mod entities;
pub mod error;
pub mod example;
mod labels;
pub mod origin;
mod parquet_rows;
pub mod reader;
pub mod source;
pub mod split;
mod table;
pub mod template;

pub use error::Error;
pub use example::{Example, Targets};
pub use reader::{read, read_all};
pub use source::Source;
pub use split::{Part, assign, purge};
