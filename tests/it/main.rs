//! (being written)

mod eval;
