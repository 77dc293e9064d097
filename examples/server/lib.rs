//! Examples for `zaun-server`, in `examples/`: `cargo run -p server-examples --example faults`.
