//! Random secrets: sessions and keys. (bodies follow)
