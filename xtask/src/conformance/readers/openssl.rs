//! The OpenSSL command line as a reader of key pairs. Prints the format that `runs` parses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::pairs::{FORMS, SPECS};
use super::version::numbers;
use crate::command;
use crate::python::ToolError;

/// The first version that supports `pkeyutl -rawin` for every kind of key.
const OLDEST: [u64; 1] = [3];

pub(super) fn lines(_root: &Path, pairs: &Path) -> Result<String, ToolError> {
    if command::find("openssl").is_none() {
        command::apt_install(&["openssl"])
            .map_err(|error| ToolError::Missing(format!("the OpenSSL command line is missing ({error})")))?;
    }
    let output = command::output(Command::new("openssl").arg("version")).map_err(ToolError::Failed)?;
    let version = match output.split(' ').collect::<Vec<_>>()[..] {
        ["OpenSSL", version, ..] if numbers(version).as_slice() >= &OLDEST[..] => version,
        _ => return Err(ToolError::Missing(format!("`openssl` is {}; OpenSSL 3.0 or newer is needed", output.trim()))),
    };
    let scratch = pairs.with_file_name("openssl");
    let made = fs::create_dir_all(&scratch).and_then(|()| fs::write(scratch.join("message"), "to be signed"));
    made.and_then(|()| fs::write(scratch.join("other"), "another message"))
        .map_err(|error| ToolError::Failed(format!("{}: {error}", scratch.display())))?;
    let mut lines = String::new();
    for spec in SPECS {
        for form in FORMS {
            let pair = Pair { spec, form, pairs, scratch: &scratch };
            let outcome = pair.check().map_err(|error| ToolError::Failed(format!("openssl: {error}")))?;
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

/// Whether OpenSSL succeeded, or its error message. The outer error means that it could not be run.
type Checked = std::io::Result<Result<(), String>>;

impl Pair<'_> {
    /// Uses both keys of the pair together.
    fn check(&self) -> Checked {
        if self.spec.starts_with("ML_KEM") { self.check_encapsulation() } else { self.check_signature() }
    }

    fn check_encapsulation(&self) -> Checked {
        let (ciphertext, sent, received) = (self.file("ciphertext"), self.file("sent"), self.file("received"));
        let mut encapsulate = self.public("-encap");
        encapsulate.arg("-secret").arg(&sent).arg("-out").arg(&ciphertext);
        let mut decapsulate = self.private("-decap");
        decapsulate.arg("-in").arg(&ciphertext).arg("-secret").arg(&received);
        for command in [&mut encapsulate, &mut decapsulate] {
            if let Err(reason) = run_quietly(command)? {
                return Ok(Err(reason));
            }
        }
        let is_same = fs::read(&sent)? == fs::read(&received)?;
        Ok(if is_same { Ok(()) } else { Err(String::from("the shared secrets differ")) })
    }

    fn check_signature(&self) -> Checked {
        let signature = self.file("signature");
        let mut sign = self.private("-sign");
        sign.args(self.options()).arg("-in").arg(self.file("message")).arg("-out").arg(&signature);
        if let Err(reason) = run_quietly(&mut sign)? {
            return Ok(Err(reason));
        }
        let verify = |message: &str| {
            let mut verify = self.public("-verify");
            verify.args(self.options()).arg("-in").arg(self.file(message)).arg("-sigfile").arg(&signature);
            run_quietly(&mut verify)
        };
        if let Err(reason) = verify("message")? {
            return Ok(Err(reason));
        }
        let verifies_all = verify("other")?.is_ok();
        Ok(if verifies_all { Err(String::from("the signature also verifies for another message")) } else { Ok(()) })
    }

    /// The options of signing and verifying besides keys and files.
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

/// Unlike `command::run`, prints nothing: there are hundreds of commands, and many are expected to fail.
fn run_quietly(command: &mut Command) -> Checked {
    let output = command.output()?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    let message = String::from_utf8_lossy(&output.stderr);
    Ok(Err(message.split_whitespace().collect::<Vec<_>>().join(" ")))
}
