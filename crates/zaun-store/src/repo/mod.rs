//! One module per aggregate: the statements that the rules of the messenger are made of.
