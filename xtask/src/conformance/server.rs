//! A development server for the suites of other languages.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A server process, which is killed on drop.
pub(super) struct Server {
    process: Child,
    endpoint: String,
    data_dir: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its data is no longer needed, so it need not shut down cleanly.
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}

impl Server {
    /// Starts a server on `folder/data`; deletes the contents of the folder first.
    ///
    /// # Errors
    /// The folder cannot be emptied, or the server does not start.
    pub(super) fn start(binary: &Path, folder: &Path, flags: &[&str]) -> Result<Self, String> {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("{}: {error}", folder.display()));
            }
            _ => fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?,
        }
        let (endpoint, admin) = (free_address()?, free_address()?);
        let data_dir = folder.join("data");
        let mut command = Command::new(binary);
        command.arg("dev").arg("--data-dir").arg(&data_dir).args(["--listen", &endpoint, "--admin", &admin]);
        command.args(flags).stdin(Stdio::null()).stdout(Stdio::piped());
        let log = folder.join("server.log");
        command.stderr(fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?);
        let process = command.spawn().map_err(|error| format!("{}: {error}", binary.display()))?;
        let mut server = Self { process, endpoint, data_dir };
        server.await_ready(&log)?;
        Ok(server)
    }

    /// Host and port.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The data directory, with the credentials.
    pub(super) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Waits for the ready line, or for the end of the output if the server exits early.
    fn await_ready(&mut self, log: &Path) -> Result<(), String> {
        let out = self.process.stdout.take().ok_or("the server's output is not piped")?;
        let is_ready =
            BufReader::new(out).lines().map_while(Result::ok).any(|line| line.starts_with("claviger ready "));
        if is_ready { Ok(()) } else { Err(format!("the server ended before it was ready; see {}", log.display())) }
    }
}

/// A loopback address that was free a moment ago.
fn free_address() -> Result<String, String> {
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    probe.map(|address| address.to_string()).map_err(|error| format!("no free port: {error}"))
}
