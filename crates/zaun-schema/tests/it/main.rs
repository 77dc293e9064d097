//! Tests of the generated types against an oracle that reads the schema files by itself.

mod allocator;
mod answers;
mod layers;
mod limits;
mod oracle;
mod robust;
mod trees;
mod visit;
