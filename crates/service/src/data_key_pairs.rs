//! Data key pairs: asymmetric pairs for callers, with the private half wrapped under a symmetric key.

pub(crate) mod generate;
pub(crate) mod key_format;
