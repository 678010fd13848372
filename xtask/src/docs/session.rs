//! The shell that runs the commands of a document. Ending the session ends everything that the commands started.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::blocks::Step;
use super::compare::{begins_as_expected, difference};

/// Timeout of a command; installing a package is the slowest.
const STEP_MAX: Duration = Duration::from_secs(300);
/// Ends the command in the background, if any, and waits until it has ended.
const END_BACKGROUND: &str = "[ -z \"$BACKGROUND\" ] || { kill $BACKGROUND; wait $BACKGROUND; }";
/// The system folders of the production examples; mapped to folders inside the working directory.
pub(super) const SYSTEM_FOLDERS: [&str; 2] = ["/var/lib/claviger", "/etc/claviger"];
/// The file in the working directory with the process id of the command in the background.
pub(super) const PID_FILE: &str = ".background";
/// Marks the end of the output of each command.
const MARK: &str = "claviger-docs-step-ended";

/// A running shell.
pub(super) struct Session {
    shell: Child,
    typed: ChildStdin,
    printed: Receiver<String>,
    folder: PathBuf,
    steps: usize,
}

impl Session {
    /// Starts the shell in `folder`; programs are looked for in `bin` first.
    pub(super) fn start(folder: &Path, bin: &Path) -> Result<Self, String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(bin.to_owned()).chain(std::env::split_paths(&path)));
        let mut shell = Command::new("bash");
        shell.current_dir(folder).env("PATH", path.map_err(|error| error.to_string())?);
        // Variables that a reader's machine does not have.
        shell.env_remove("CLAVIGER_DATA_DIR").env_remove("CLAVIGER_ENDPOINT").env("HOME", folder);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut shell = shell.spawn().map_err(|error| format!("bash could not be started: {error}"))?;
        let (Some(mut typed), Some(output)) = (shell.stdin.take(), shell.stdout.take()) else {
            return Err("bash has no standard streams".to_owned());
        };
        let (lines, printed) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // After a timeout, the receiver is dropped and the shell is killed.
                let _ended = lines.send(line);
            }
        });
        typed.write_all(b"exec 2>&1\n").map_err(|error| error.to_string())?;
        Ok(Self { shell, typed, printed, folder: folder.to_owned(), steps: 0 })
    }

    /// Writes a file of the document.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), String> {
        fs::write(self.folder.join(name), self.with_local_folders(text)).map_err(|error| format!("{name}: {error}"))
    }

    /// Runs a command to its end, and compares its output.
    pub(super) fn run(&mut self, step: &Step) -> Result<(), String> {
        let script = self.script(step)?;
        let (printed, status) = self.type_in(&format!(". {} < /dev/null", script.display()))?;
        if status != step.status {
            return Err(format!("`{}` ended with {status}, not {}:\n{printed}", step.command, step.status));
        }
        let expected: Vec<String> = step.expected.iter().map(|line| self.with_local_folders(line)).collect();
        difference(&expected, &printed).map_or(Ok(()), Err)
    }

    /// Starts a command in the background, after ending the previous one, and waits for the documented output.
    pub(super) fn run_in_background(&mut self, step: &Step) -> Result<(), String> {
        let (script, log) = (self.script(step)?, self.folder.join(format!(".output-{}", self.steps)));
        File::create(&log).map_err(|error| error.to_string())?;
        let pid_file = self.folder.join(PID_FILE);
        match fs::remove_file(&pid_file) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.to_string()),
            _ => {}
        }
        // `bash -c` replaces itself with the command, so that signals reach the command.
        let line = format!(
            "{END_BACKGROUND}\nbash -c \"$(cat {})\" < /dev/null > {log} 2> {log}.err &\n\
             BACKGROUND=$!\necho $BACKGROUND > {}\n",
            script.display(),
            pid_file.display(),
            log = log.display()
        );
        self.typed.write_all(line.as_bytes()).map_err(|error| format!("the shell has ended: {error}"))?;
        let begun = Instant::now();
        loop {
            let printed = fs::read_to_string(&log).unwrap_or_default();
            if begins_as_expected(&step.expected, &printed) {
                return Ok(());
            }
            if begun.elapsed() > STEP_MAX || has_ended(&pid_file) {
                let errors = fs::read_to_string(format!("{}.err", log.display())).unwrap_or_default();
                return Err(format!("`{}` did not print what the document says:\n{printed}{errors}", step.command));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends the shell and everything it started. Waits for the command in the background, which may hold ports.
    pub(super) fn end(mut self) -> Result<(), String> {
        self.type_in(END_BACKGROUND)?;
        self.stop().map_err(|error| format!("the shell could not be ended: {error}"))
    }

    fn stop(&mut self) -> io::Result<()> {
        let group = format!("-{}", self.shell.id());
        // Fails if the group has already ended.
        let _ended = Command::new("kill").args(["-TERM", "--", &group]).stderr(Stdio::null()).status()?;
        self.shell.wait().map(drop)
    }

    /// Runs a line in the shell; returns its output and exit status.
    fn type_in(&mut self, line: &str) -> Result<(String, i32), String> {
        let line = format!("{line}\nprintf '\\n%s %d\\n' {MARK} $?\n");
        self.typed.write_all(line.as_bytes()).map_err(|error| format!("the shell has ended: {error}"))?;
        self.read_to_mark()
    }

    fn read_to_mark(&self) -> Result<(String, i32), String> {
        let (mut printed, deadline) = (String::new(), Instant::now() + STEP_MAX);
        loop {
            let line = match self.printed.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => return Err(format!("no end within {STEP_MAX:?}:\n{printed}")),
                Err(RecvTimeoutError::Disconnected) => return Err(format!("the shell ended:\n{printed}")),
            };
            if let Some(status) = line.strip_prefix(MARK) {
                // The newline before the mark comes from `type_in`.
                let printed = printed.strip_suffix('\n').map_or(printed.as_str(), |rest| rest).to_owned();
                return status.trim().parse().map(|status| (printed, status)).map_err(|_malformed| line);
            }
            printed.push_str(&line);
            printed.push('\n');
        }
    }

    /// Writes the command to a script, so that it can span lines and contain quotes.
    fn script(&mut self, step: &Step) -> Result<PathBuf, String> {
        self.steps += 1;
        let path = self.folder.join(format!(".step-{}", self.steps));
        fs::write(&path, self.with_local_folders(&step.command) + "\n").map_err(|error| error.to_string())?;
        Ok(path)
    }

    /// Replaces the system folders with those inside the working directory.
    fn with_local_folders(&self, text: &str) -> String {
        SYSTEM_FOLDERS.iter().fold(text.to_owned(), |text, system| {
            text.replace(system, &self.folder.join(system.trim_start_matches('/')).display().to_string())
        })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // After `end` there is nothing left to stop.
        let _ended = self.stop();
    }
}

/// Whether the process whose id is in the file has ended: it does not exist, or is a zombie.
fn has_ended(pid_file: &Path) -> bool {
    let Ok(pid) = fs::read_to_string(pid_file) else { return false };
    let Some(pid) = pid.strip_suffix('\n') else { return false };
    fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_background_command_that_has_ended_is_an_error() {
        let folder = std::env::temp_dir().join(format!("claviger-docs-ended-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut session = Session::start(&folder, &folder).unwrap();
        let expected = vec!["ready".to_owned()];
        let step = Step { line: 1, command: "echo port in use >&2; exit 1".to_owned(), expected, status: 0 };
        let error = session.run_in_background(&step).unwrap_err();
        assert!(error.contains("port in use"), "{error}");
        session.end().unwrap();
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn ending_the_session_waits_for_the_background_command() {
        let folder = std::env::temp_dir().join(format!("claviger-docs-session-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut session = Session::start(&folder, &folder).unwrap();
        let command = "trap 'sleep 0.3; touch ended; exit' TERM; echo ready; while :; do sleep 0.05; done";
        let expected = vec!["ready".to_owned()];
        session.run_in_background(&Step { line: 1, command: command.to_owned(), expected, status: 0 }).unwrap();
        session.end().unwrap();
        assert!(folder.join("ended").exists());
        fs::remove_dir_all(&folder).unwrap();
    }
}
