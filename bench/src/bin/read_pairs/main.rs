//! Tests which Rust library reads which data key pair. `read_pairs FOLDER` reads `SPEC-FORM.key` and `SPEC-FORM.pub`
//! (FORM is `der` or `pem`) and prints, for each library, spec and form of a half, one line of tab-separated fields:
//! library, version, spec, form, `yes` or `no`, and how or why not. It leaves `SPEC-der.expanded` there for other
//! readers.
//!
//! Rule: `yes` means that the half was read and worked with the other half of the pair.
#![allow(clippy::print_stdout, reason = "the lines are what it is for")]

mod aws_lc;
mod expanded;
mod half;
mod ring_library;
mod rust_crypto;
mod versions;

use std::error::Error;
use std::path::Path;

use claviger_keygen::PairSpec;

use crate::half::{Form, Library, Private, Public, Read, Readable};

const LIBRARIES: [Library; 3] = [aws_lc::LIBRARY, ring_library::LIBRARY, rust_crypto::LIBRARY];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: read_pairs FOLDER")?;
    let folder = Path::new(&folder);
    for library in LIBRARIES {
        for spec in PairSpec::with_extended().map(PairSpec::name) {
            read_pair(&library, spec, folder)?;
        }
    }
    for spec in PairSpec::with_extended().map(PairSpec::name) {
        expanded::write(folder, spec, &file(folder, spec, Form::Der, "key")?)?;
    }
    Ok(())
}

fn file(folder: &Path, spec: &str, form: Form, half: &str) -> Read<Vec<u8>> {
    let path = folder.join(format!("{spec}-{}.{half}", form.name()));
    std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Prints the four lines of a library and a spec. Each form contains a different pair.
fn read_pair(library: &Library, spec: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    let version = versions::locked((library.package)(spec))?;
    for form in Form::BOTH {
        let line = |half: &str, outcome: Read<&str>| {
            let (word, reason) = outcome.map_or_else(|reason| ("no", reason), |how| ("yes", how.to_owned()));
            let reason = reason.replace(['\t', '\n'], " ");
            println!("{}\t{version}\t{spec}\t{half}-{}\t{word}\t{reason}", library.name, form.name());
        };
        let (pkcs8, spki) = (file(folder, spec, form, "key")?, file(folder, spec, form, "pub")?);
        let private = (library.private)(spec, form, &pkcs8);
        let public = (library.public)(spec, form, &spki);
        let bare = (library.bare_public)(spec, &spki);
        line("private", private_works(&private, [&public, &bare]));
        line("public", public_works(&public, &private));
    }
    Ok(())
}

/// Uses the bare public key if the library reads no SPKI, since only the private half is tested.
fn private_works(private: &Read<Readable<Private>>, publics: [&Read<Public>; 2]) -> Read<&'static str> {
    let Readable { half: private, how } = private.as_ref().map_err(Clone::clone)?;
    let mut outcome = Err("no public half to use it with".to_owned());
    for public in publics.into_iter().filter_map(|public| public.as_ref().ok()) {
        outcome = half::work_together(private, public);
        if outcome.is_ok() {
            break;
        }
    }
    outcome.map(|()| *how)
}

fn public_works(public: &Read<Public>, private: &Read<Readable<Private>>) -> Read<&'static str> {
    let public = public.as_ref().map_err(Clone::clone)?;
    let private = private.as_ref().map_err(|_| "no private half to use it with".to_owned())?;
    half::work_together(&private.half, public).map(|()| "")
}
