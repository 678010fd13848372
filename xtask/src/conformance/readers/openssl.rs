//! The OpenSSL command line as a reader of pairs, in the lines of `runs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::pairs::{FORMS, SPECS};
use super::version::numbers;
use crate::command;
use crate::python::Trouble;

/// The first with `pkeyutl -rawin` for every kind of key.
const OLDEST: [u64; 1] = [3];

pub(super) fn lines(_root: &Path, pairs: &Path) -> Result<String, Trouble> {
    if command::find("openssl").is_none() {
        command::apt_install(&["openssl"])
            .map_err(|error| Trouble::Missing(format!("the OpenSSL command line is missing ({error})")))?;
    }
    let said = command::output(Command::new("openssl").arg("version")).map_err(Trouble::Broken)?;
    let version = match said.split(' ').collect::<Vec<_>>()[..] {
        ["OpenSSL", version, ..] if numbers(version).as_slice() >= &OLDEST[..] => version,
        _ => return Err(Trouble::Missing(format!("`openssl` is {}; it takes OpenSSL 3.0 or newer", said.trim()))),
    };
    let scratch = pairs.with_file_name("openssl");
    let made = fs::create_dir_all(&scratch).and_then(|()| fs::write(scratch.join("message"), "to be signed"));
    made.and_then(|()| fs::write(scratch.join("other"), "to be signed not"))
        .map_err(|error| Trouble::Broken(format!("{}: {error}", scratch.display())))?;
    let mut lines = String::new();
    for spec in SPECS {
        for form in FORMS {
            let pair = Pair { spec, form, pairs, scratch: &scratch };
            let outcome = pair.used().map_err(|error| Trouble::Broken(format!("openssl: {error}")))?;
            let (word, reason) = outcome.map_or_else(|reason| ("no", reason), |()| ("yes", String::new()));
            for half in ["private", "public"] {
                lines.push_str(&format!("OpenSSL\t{version}\t{spec}\t{half}-{form}\t{word}\t{reason}\n"));
            }
        }
    }
    Ok(lines)
}

struct Pair<'a> {
    spec: &'a str,
    form: &'a str,
    pairs: &'a Path,
    scratch: &'a Path,
}

/// Done, or why OpenSSL did not do it; the outer error is that it could not be asked.
type Asked = std::io::Result<Result<(), String>>;

impl Pair<'_> {
    /// Uses the halves together.
    fn used(&self) -> Asked {
        if self.spec.starts_with("ML_KEM") { self.encapsulated() } else { self.signed() }
    }

    fn encapsulated(&self) -> Asked {
        let (ciphertext, sent, received) = (self.file("ciphertext"), self.file("sent"), self.file("received"));
        let mut encapsulate = self.public("-encap");
        encapsulate.arg("-secret").arg(&sent).arg("-out").arg(&ciphertext);
        let mut decapsulate = self.private("-decap");
        decapsulate.arg("-in").arg(&ciphertext).arg("-secret").arg(&received);
        for command in [&mut encapsulate, &mut decapsulate] {
            if let Err(reason) = ask(command)? {
                return Ok(Err(reason));
            }
        }
        let is_same = fs::read(&sent)? == fs::read(&received)?;
        Ok(if is_same { Ok(()) } else { Err(String::from("the shared secrets differ")) })
    }

    fn signed(&self) -> Asked {
        let signature = self.file("signature");
        let mut sign = self.private("-sign");
        sign.args(self.options()).arg("-in").arg(self.file("message")).arg("-out").arg(&signature);
        if let Err(reason) = ask(&mut sign)? {
            return Ok(Err(reason));
        }
        let verify = |message: &str| {
            let mut verify = self.public("-verify");
            verify.args(self.options()).arg("-in").arg(self.file(message)).arg("-sigfile").arg(&signature);
            ask(&mut verify)
        };
        if let Err(reason) = verify("message")? {
            return Ok(Err(reason));
        }
        let verifies_all = verify("other")?.is_ok();
        Ok(if verifies_all { Err(String::from("another message verifies, too")) } else { Ok(()) })
    }

    /// What signing and verifying take beside keys and files.
    fn options(&self) -> &'static [&'static str] {
        match self.spec {
            "EC_SM2" => &["-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678"],
            spec if spec.starts_with("RSA") || spec.starts_with("EC") => &["-rawin", "-digest", "sha256"],
            _ => &["-rawin"],
        }
    }

    fn private(&self, operation: &str) -> Command {
        let mut command = Command::new("openssl");
        command.args(["pkeyutl", operation, "-keyform", self.form, "-inkey"]);
        command.arg(self.pairs.join(format!("{}-{}.key", self.spec, self.form)));
        command
    }

    fn public(&self, operation: &str) -> Command {
        let mut command = Command::new("openssl");
        command.args(["pkeyutl", operation, "-pubin", "-keyform", self.form, "-inkey"]);
        command.arg(self.pairs.join(format!("{}-{}.pub", self.spec, self.form)));
        command
    }

    fn file(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }
}

/// Not printed like other commands: there are hundreds, and many are meant to be refused.
fn ask(command: &mut Command) -> Asked {
    let said = command.output()?;
    if said.status.success() {
        return Ok(Ok(()));
    }
    let told = String::from_utf8_lossy(&said.stderr);
    Ok(Err(told.split_whitespace().collect::<Vec<_>>().join(" ")))
}
