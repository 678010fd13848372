//! Data key pairs: asymmetric pairs for callers, their private halves wrapped under a symmetric key.

pub(crate) mod generate;
