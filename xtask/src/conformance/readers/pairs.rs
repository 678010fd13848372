//! One pair of every kind in both forms, as an application gets them: from a server, opened, in files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::command::spelled;
use crate::conformance::server::Server;

/// Every `KeyPairSpec`, in the order of the page.
pub(super) const SPECS: [&str; 15] = [
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_P256",
    "EC_P256K",
    "EC_P384",
    "EC_P521",
    "EC_SM2",
    "ED25519",
    "ML_DSA_44",
    "ML_DSA_65",
    "ML_DSA_87",
    "ML_KEM_512",
    "ML_KEM_768",
    "ML_KEM_1024",
];

pub(super) const FORMS: [&str; 2] = ["der", "pem"];

/// Makes `SPEC-FORM.key` (PKCS#8) and `SPEC-FORM.pub` (SPKI) in a folder below this one, and says which it is.
///
/// # Errors
/// The server or the command line fails.
pub(super) fn make(binary: &Path, folder: &Path) -> Result<PathBuf, String> {
    let server = Server::start(binary, folder, &["--extended-key-pair-specs"])?;
    let pairs = std::path::absolute(folder.join("pairs")).map_err(|error| format!("{}: {error}", folder.display()))?;
    fs::create_dir_all(&pairs).map_err(|error| format!("{}: {error}", pairs.display()))?;
    for spec in SPECS {
        for form in FORMS {
            let mut command = Command::new(binary);
            command.args(["data-key-pair", "generate", "--endpoint", &format!("https://{}", server.endpoint())]);
            command.arg("--data-dir").arg(server.data_dir()).args(["--spec", spec]);
            command.args(["--format", &form.to_uppercase(), "--out"]).arg(pairs.join(format!("{spec}-{form}")));
            let words = spelled(&command);
            println!("  $ {words}");
            let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
            match status {
                Ok(status) if status.success() => {}
                Ok(status) => return Err(format!("`{words}` ended with {status}")),
                Err(error) => return Err(format!("`{words}` could not be started: {error}")),
            }
        }
    }
    Ok(pairs)
}
