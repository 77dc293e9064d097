//! Every statement of the repositories prepares on both engines.
