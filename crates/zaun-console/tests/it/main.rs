//! Tests of the inspector against real servers and arbitrary bytes.
