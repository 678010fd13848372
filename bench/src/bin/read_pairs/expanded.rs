//! Writes ML-DSA and ML-KEM private keys in their expanded form (RFC 9881, 9935), for libraries that read no seeds:
//! with this form, the public half that such a library reads can be tested.
#![allow(deprecated, reason = "RustCrypto gives the expanded form reluctantly")]

use std::path::Path;

use ml_dsa::{MlDsa44, MlDsa65, MlDsa87};
use ml_kem::{ExpandedKeyEncoding as _, MlKem512, MlKem768, MlKem1024};
use rsa::pkcs8::der::Encode as _;
use rsa::pkcs8::der::asn1::OctetStringRef;
use rsa::pkcs8::{DecodePrivateKey as _, PrivateKeyInfoRef};

use crate::half::{Read, error_text};

/// Writes `SPEC-der.expanded`, PKCS#8 with the expanded key, for a pair that has a seed; nothing for other pairs.
pub(crate) fn write(folder: &Path, spec: &str, pkcs8: &[u8]) -> Read<()> {
    let Some(expanded) = expand(spec, pkcs8)? else { return Ok(()) };
    let seed = PrivateKeyInfoRef::try_from(pkcs8).map_err(error_text)?;
    let inner = OctetStringRef::new(&expanded).and_then(|key| key.to_der()).map_err(error_text)?;
    let key = OctetStringRef::new(&inner).map_err(error_text)?;
    let whole = PrivateKeyInfoRef::new(seed.algorithm, key).to_der().map_err(error_text)?;
    let path = folder.join(format!("{spec}-der.expanded"));
    std::fs::write(&path, whole).map_err(|error| format!("{}: {error}", path.display()))
}

macro_rules! ml_dsa {
    ($size:ident, $pkcs8:expr) => {
        ml_dsa::SigningKey::<$size>::from_pkcs8_der($pkcs8).map(|key| Some(key.expanded_key().to_expanded().to_vec()))
    };
}

macro_rules! ml_kem {
    ($size:ident, $pkcs8:expr) => {
        ml_kem::DecapsulationKey::<$size>::from_pkcs8_der($pkcs8).map(|key| Some(key.to_expanded_bytes().to_vec()))
    };
}

fn expand(spec: &str, pkcs8: &[u8]) -> Read<Option<Vec<u8>>> {
    let expanded = match spec {
        "ML_DSA_44" => ml_dsa!(MlDsa44, pkcs8),
        "ML_DSA_65" => ml_dsa!(MlDsa65, pkcs8),
        "ML_DSA_87" => ml_dsa!(MlDsa87, pkcs8),
        "ML_KEM_512" => ml_kem!(MlKem512, pkcs8),
        "ML_KEM_768" => ml_kem!(MlKem768, pkcs8),
        "ML_KEM_1024" => ml_kem!(MlKem1024, pkcs8),
        _ => Ok(None),
    };
    expanded.map_err(error_text)
}
