//! What observing costs: see `benches/`.
