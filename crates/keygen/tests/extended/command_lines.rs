//! Two more readers, if they are installed: the OpenSSL command line and Python's `cryptography`. Each test reports when it was
//! skipped and why.

use std::path::Path;
use std::process::Command;

use claviger_keygen::ExtendedSpec;

use crate::pair;

/// A directory with `<SPEC>.pub` and `<SPEC>.key`, DER, for every spec.
fn pairs() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for spec in ExtendedSpec::ALL {
        let (public, private) = pair(spec);
        let file = |ending: &str| directory.path().join(format!("{}.{ending}", spec.name()));
        std::fs::write(file("pub"), public).unwrap();
        std::fs::write(file("key"), private.reveal()).unwrap();
    }
    directory
}

fn openssl(directory: &Path, arguments: &str) -> Option<Vec<u8>> {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(directory).output().unwrap();
    output.status.success().then_some(output.stdout)
}

#[test]
fn openssl_reads_each_kind_that_it_knows() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("skipped: no openssl on this machine");
        return;
    }
    let directory = pairs();
    let directory = directory.path();
    let knows_lattices = openssl(directory, "list -signature-algorithms")
        .is_some_and(|names| String::from_utf8_lossy(&names).contains("ML-DSA"));
    let mut read = 0;
    for spec in ExtendedSpec::ALL {
        let name = spec.name();
        if name.starts_with("ML_") && !knows_lattices {
            println!("skipped: this openssl does not know {name}");
            continue;
        }
        let made_public = openssl(directory, &format!("pkey -inform DER -in {name}.key -pubout -outform DER"));
        assert_eq!(made_public.unwrap(), std::fs::read(directory.join(format!("{name}.pub"))).unwrap(), "{name}");
        assert!(openssl(directory, &format!("pkey -inform DER -in {name}.key -check -noout")).is_some(), "{name}");
        read += 1;
    }
    assert!(read >= 4);
}

/// Reads every pair, compares the halves, signs and verifies or encapsulates and decapsulates. Exit code 77: not supported.
const SCRIPT: &str = r#"
import sys
from pathlib import Path
try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, mldsa, mlkem
except ImportError as error:
    print(error)
    sys.exit(77)

def spki(key):
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

for path in sorted(Path(".").glob("*.key")):
    name = path.stem
    if name == "EC_SM2":
        continue
    try:
        private = serialization.load_der_private_key(path.read_bytes(), None)
        public = serialization.load_der_public_key(path.with_suffix(".pub").read_bytes())
    except UnsupportedAlgorithm as error:
        print(name, "is not supported here:", error)
        continue
    assert spki(private.public_key()) == spki(public), name
    if name.startswith("ML_KEM"):
        shared, ciphertext = public.encapsulate()
        assert private.decapsulate(ciphertext) == shared, name
    else:
        options = [ec.ECDSA(hashes.SHA512())] if name.startswith("EC_") else []
        signature = private.sign(b"message", *options)
        public.verify(signature, b"message", *options)
        try:
            public.verify(signature, b"massage", *options)
            sys.exit(name + " verified another message")
        except InvalidSignature:
            pass
    print("read", name)
"#;

#[test]
fn python_reads_each_kind_that_it_knows() {
    let directory = pairs();
    let Ok(output) = Command::new("python3").args(["-c", SCRIPT]).current_dir(directory.path()).output() else {
        println!("skipped: no python3 on this machine");
        return;
    };
    let printed = String::from_utf8_lossy(&output.stdout);
    if output.status.code() == Some(77) {
        println!("skipped: python3 has no cryptography with ML-DSA and ML-KEM: {printed}");
        return;
    }
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    println!("{printed}");
    for name in ["EC_P384", "EC_P521", "ED25519"] {
        assert!(printed.contains(&format!("read {name}\n")), "{printed}");
    }
}
