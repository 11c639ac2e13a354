//! Tests of automatic differentiation.
