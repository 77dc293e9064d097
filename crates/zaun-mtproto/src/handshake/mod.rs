//! Key exchange, both roles (M-085 … M-147).
