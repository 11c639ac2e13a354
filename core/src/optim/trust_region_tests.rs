//! Tests of [`TrustRegion`].
