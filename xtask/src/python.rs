//! The Python that judges: for each suite a virtual environment under `target/conformance` with exactly its pinned packages.
//!
//! Rule kept: nothing is installed outside `target/`, except Debian packages when we are root on a machine with apt.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::target_directory;
use crate::command::{apt_install, find, run, succeeds};

/// Why there is no Python to run.
pub(crate) enum Trouble {
    /// Something is not installed, and could not be: what to install.
    Missing(String),
    /// The pinned packages could not be installed.
    Broken(String),
}

/// Python in the folder `suite` of `conformance/`, with that suite's pinned packages, ready for arguments.
pub(crate) fn prepared(root: &Path, suite: &str) -> Result<Command, Trouble> {
    let home = target_directory(root).join("conformance").join(suite);
    let suite = root.join("conformance").join(suite);
    let requirements = suite.join("requirements.txt");
    let pins = fs::read_to_string(&requirements)
        .map_err(|error| Trouble::Broken(format!("{}: {error}", requirements.display())))?;
    let python = interpreter(&home)?;
    let stamp = home.join("installed.txt");
    if fs::read_to_string(&stamp).ok().as_deref() != Some(&pins) {
        python.install(&requirements).map_err(Trouble::Broken)?;
        fs::write(&stamp, &pins).map_err(|error| Trouble::Broken(format!("{}: {error}", stamp.display())))?;
    }
    let mut command = python.command();
    command.current_dir(&suite).env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

enum Interpreter {
    /// The interpreter inside a virtual environment.
    Venv(PathBuf),
    /// The system's interpreter, with packages in a folder of our own.
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
        // The pins hold for the tools that build source packages, too.
        command.env("PIP_CONSTRAINT", requirements);
        if let Self::Target { packages, .. } = self {
            command.args(["--upgrade", "--target"]).arg(packages);
        }
        run(command.arg("-r").arg(requirements))
    }
}

/// The first way to a Python with pip that works here.
fn interpreter(home: &Path) -> Result<Interpreter, Trouble> {
    let venv = home.join("venv");
    let inside = venv.join("bin/python");
    let has_pip = |python: &Path| succeeds(Command::new(python).args(["-m", "pip", "--version"]));
    if has_pip(&inside) {
        return Ok(Interpreter::Venv(inside));
    }
    fs::create_dir_all(home).map_err(|error| Trouble::Broken(format!("{}: {error}", home.display())))?;
    // A half-made environment would shadow what is installed below.
    match fs::remove_file(home.join("installed.txt")) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(Trouble::Broken(format!("{}: {error}", home.display()))),
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
        Some(_) => Err(Trouble::Missing(format!(
            "python3 is here but neither its module venv nor pip ({refusal}); install python3-venv and run again"
        ))),
        None => Err(Trouble::Missing(format!(
            "python3 is not installed ({refusal}); install python3 and python3-venv and run again"
        ))),
    }
}
