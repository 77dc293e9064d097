//! The codecs against each other, byte by byte, and against the documents.
mod detection;
mod exchange;
mod faults;
mod support;
