//! The client's session against a server that says what it is told to, on a virtual clock.

mod binding;
mod budgets;
mod checks;
mod habits;
mod limits;
mod opening;
mod queries;
mod refusals;
mod saved;
pub mod support;
