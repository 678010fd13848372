//! The Python environments of the suites: for each, a virtual environment in `target/conformance` with exactly its pinned
//! packages.
//!
//! Nothing is installed outside `target/`, except Debian packages if the user is root on a machine with apt.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::target_directory;
use crate::command::{apt_install, find, run, succeeds};

/// Why a tool cannot run.
pub(crate) enum ToolError {
    /// It is not installed and could not be installed automatically; the text says what to install.
    Missing(String),
    /// It, or its setup, failed.
    Failed(String),
}

/// Python in the folder `suite` of `conformance/`, with that suite's pinned packages, ready for arguments.
pub(crate) fn prepared(root: &Path, suite: &str) -> Result<Command, ToolError> {
    let home = target_directory(root).join("conformance").join(suite);
    let suite = root.join("conformance").join(suite);
    let requirements = suite.join("requirements.txt");
    let pins = fs::read_to_string(&requirements)
        .map_err(|error| ToolError::Failed(format!("{}: {error}", requirements.display())))?;
    let python = interpreter(&home)?;
    let stamp = home.join("installed.txt");
    if fs::read_to_string(&stamp).ok().as_deref() != Some(&pins) {
        python.install(&requirements).map_err(ToolError::Failed)?;
        fs::write(&stamp, &pins).map_err(|error| ToolError::Failed(format!("{}: {error}", stamp.display())))?;
    }
    let mut command = python.command();
    command.current_dir(&suite).env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

enum Interpreter {
    /// The interpreter inside a virtual environment.
    Venv(PathBuf),
    /// The system's interpreter, with the packages in a separate folder.
    Target { python: PathBuf, packages: PathBuf },
}

impl Interpreter {
    fn command(&self) -> Command {
        match self {
            Self::Venv(python) => Command::new(python),
            Self::Target { python, packages } => {
                let mut command = Command::new(python);
                command.env("PYTHONPATH", packages);
                command
            }
        }
    }

    fn install(&self, requirements: &Path) -> Result<(), String> {
        let mut command = self.command();
        command.args(["-m", "pip", "install", "-q", "--disable-pip-version-check"]);
        // The pins also apply to the tools that build source packages.
        command.env("PIP_CONSTRAINT", requirements);
        if let Self::Target { packages, .. } = self {
            command.args(["--upgrade", "--target"]).arg(packages);
        }
        run(command.arg("-r").arg(requirements))
    }
}

/// The first Python with pip that works on this machine.
fn interpreter(home: &Path) -> Result<Interpreter, ToolError> {
    let venv = home.join("venv");
    let inside = venv.join("bin/python");
    let has_pip = |python: &Path| succeeds(Command::new(python).args(["-m", "pip", "--version"]));
    if has_pip(&inside) {
        return Ok(Interpreter::Venv(inside));
    }
    fs::create_dir_all(home).map_err(|error| ToolError::Failed(format!("{}: {error}", home.display())))?;
    // An incomplete environment would hide the packages that are installed below.
    match fs::remove_file(home.join("installed.txt")) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(ToolError::Failed(format!("{}: {error}", home.display()))),
    }
    let make = |python: &Path| {
        run(Command::new(python).args(["-m", "venv", "--clear"]).arg(&venv)).is_ok() && has_pip(&inside)
    };
    if find("python3").is_some_and(|python| make(&python)) {
        return Ok(Interpreter::Venv(inside));
    }
    let refusal = match apt_install(&["python3", "python3-venv"]) {
        Ok(()) if find("python3").is_some_and(|python| make(&python)) => return Ok(Interpreter::Venv(inside)),
        Ok(()) => String::from("python3-venv was installed and still does not work"),
        Err(error) => error,
    };
    match find("python3") {
        Some(python) if has_pip(&python) => Ok(Interpreter::Target { python, packages: home.join("packages") }),
        Some(_) => Err(ToolError::Missing(format!(
            "python3 has neither the module venv nor pip ({refusal}); install python3-venv and run again"
        ))),
        None => Err(ToolError::Missing(format!(
            "python3 is not installed ({refusal}); install python3 and python3-venv and run again"
        ))),
    }
}
