//! Benches beside other libraries: see `benches/`.
