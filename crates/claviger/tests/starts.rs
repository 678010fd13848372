//! Starts that must fail with a message that says what to do, and `audit verify` as an operator runs it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn claviger(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
    command.args(arguments);
    command
}

fn dev(dir: &Path) -> Command {
    let mut command = claviger(&["dev", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir"]);
    command.arg(dir);
    command
}

/// A development server that is ready.
fn running(dir: &Path) -> Child {
    ready(&mut dev(dir))
}

/// A server that is ready.
fn ready(command: &mut Command) -> Child {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("claviger ready https://127.0.0.1:"), "{line}");
    child
}

fn stop(mut child: Child) {
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success(), "a stop on SIGTERM is a clean one");
}

fn free_loopback_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// The first line of the loopback listener's answer.
fn ask(admin: &str, what: &str) -> String {
    let mut connection = TcpStream::connect(admin).unwrap();
    write!(connection, "{what} HTTP/1.1\r\nhost: {admin}\r\ncontent-length: 0\r\n\r\n").unwrap();
    let mut line = String::new();
    BufReader::new(connection).read_line(&mut line).unwrap();
    line
}

fn must_fail(output: &Output, words: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains(words), "expected `{words}` in: {text}");
}

#[test]
fn a_data_directory_that_is_a_file_or_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    must_fail(&dev(&file).output().unwrap(), "cannot be used");
    let data = dir.path().join("data");
    let server = running(&data);
    must_fail(&dev(&data).output().unwrap(), "another process has the store");
    stop(server);
}

#[test]
fn a_root_key_that_is_exposed_missing_or_another() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    stop(running(&one));
    stop(running(&two));
    let (key, other) = (one.join("root.key"), two.join("root.key"));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    must_fail(&dev(&one).output().unwrap(), "chmod 600");
    let own = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    must_fail(&dev(&one).output().unwrap(), "there is no root key file");
    fs::copy(&other, &key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    must_fail(&dev(&one).output().unwrap(), "use the root key file this store was made with");
    fs::write(&key, own).unwrap();
    stop(running(&one));
}

#[test]
fn init_makes_an_instance_once_and_serve_keeps_the_root_key_apart() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let init = |config: &str, root: &str| {
        let arguments =
            ["init", "--data-dir", &path("data"), "--root-key-file", &path(root), "--config", &path(config)];
        claviger(&arguments).output().unwrap()
    };
    must_fail(&init("a.toml", "data/root.key"), "keep it elsewhere");
    let made = init("a.toml", "root.key");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    must_fail(&init("a.toml", "root.key"), "exists already");
    must_fail(&init("b.toml", "root.key"), "already holds Claviger data");
    for name in ["client-key.json", "client-key-password.txt", "access-key.json"] {
        let mode = fs::metadata(dir.path().join("claviger-credentials").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
        assert!(!dir.path().join("data").join(name).exists(), "{name} is not in the backed-up directory");
    }
    let config = fs::read_to_string(path("a.toml")).unwrap();
    fs::write(path("wrong.toml"), config.replace("admin = \"127.0.0.1:8444\"", "admin = \"0.0.0.0:8444\"")).unwrap();
    must_fail(&claviger(&["serve", "--config", &path("wrong.toml")]).output().unwrap(), "must be on 127.0.0.1");
    must_fail(&claviger(&["serve", "--config", &path("none.toml")]).output().unwrap(), "`claviger init` writes one");
    let admin = free_loopback_address();
    let here = config.replace("0.0.0.0:8443", "127.0.0.1:0").replace("127.0.0.1:8444", &admin);
    fs::write(path("here.toml"), here).unwrap();
    let server = ready(&mut claviger(&["serve", "--config", &path("here.toml")]));
    assert!(ask(&admin, "GET /readyz").contains(" 200 "));
    assert!(ask(&admin, "POST /dev/clock").contains(" 404 "), "only `dev` moves the clock");
    stop(server);
}

/// Runs `command` in a shell with this limit of open files.
fn limited(ulimit: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("ulimit {ulimit} && exec \"$0\" \"$@\"")).arg(command.get_program());
    shell.args(command.get_args());
    shell
}

#[test]
fn a_limit_of_open_files_below_the_connections_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let (data, root, config) = (path("data"), path("root.key"), path("claviger.toml"));
    let arguments = ["init", "--data-dir", &data, "--root-key-file", &root, "--config", &config];
    assert!(claviger(&arguments).output().unwrap().status.success());
    let text = fs::read_to_string(&config).unwrap().replace("0.0.0.0:8443", "127.0.0.1:0");
    fs::write(&config, text.replace("127.0.0.1:8444", "127.0.0.1:0")).unwrap();
    let serve = claviger(&["serve", "--config", &config]);
    let refused = limited("-n 2000", &serve).output().unwrap();
    must_fail(&refused, "2000 files may be open, and connections_max takes 5248; raise the limit (ulimit -n");
    must_fail(&refused, "or set connections_max to 848 at most");
    must_fail(&limited("-n 1152", &serve).output().unwrap(), "systemd unit)\n");
    // A limit that can be raised is raised.
    stop(ready(&mut limited("-S -n 512", &serve)));
    let few = fs::read_to_string(&config).unwrap().replace("# connections_max = 4096", "connections_max = 848");
    fs::write(&config, few).unwrap();
    stop(ready(&mut limited("-n 2000", &serve)));
    must_fail(&limited("-n 1999", &serve).output().unwrap(), "connections_max to 847 at most");
    // The development server has no such setting and accepts fewer connections.
    stop(ready(&mut limited("-n 256", &dev(&dir.path().join("dev")))));
}

#[test]
fn audit_verify_names_what_was_done_to_the_log() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        stop(running(dir.path()));
    }
    let verify = || claviger(&["audit", "verify", "--data-dir"]).arg(dir.path()).output().unwrap();
    let good = verify();
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    let file = dir.path().join("audit").join("audit-00000000000000000001.log");
    let original = fs::read_to_string(&file).unwrap();
    fs::write(&file, original.replacen("segment", "segmenu", 1)).unwrap();
    must_fail(&verify(), "altered");
    let lines: Vec<&str> = original.lines().collect();
    fs::write(&file, lines[..lines.len() - 1].join("\n") + "\n").unwrap();
    must_fail(&verify(), "truncated");
    must_fail(&dev(dir.path()).output().unwrap(), "the audit log is damaged");
    fs::write(&file, &original).unwrap();
    stop(running(dir.path()));
}

#[test]
fn a_lost_or_damaged_audit_log_stops_the_start_until_an_operator_decides() {
    let dir = tempfile::tempdir().unwrap();
    stop(running(dir.path()));
    let audit = dir.path().join("audit");
    // The name of `audit reset` in earlier versions.
    let reset_audit_log =
        || claviger(&["audit", "begin-anew", "--yes", "--data-dir"]).arg(dir.path()).output().unwrap();
    fs::write(audit.join("head"), b"altered").unwrap();
    must_fail(&dev(dir.path()).output().unwrap(), "claviger audit reset");
    assert!(reset_audit_log().status.success());
    let names = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let kept = names.filter(|name| name.starts_with("audit-set-aside-")).count();
    assert!(kept == 1 && !audit.exists(), "the damaged log is evidence");
    let server = running(dir.path());
    must_fail(&reset_audit_log(), "another process has the store");
    stop(server);
    assert!(claviger(&["audit", "verify", "--data-dir"]).arg(dir.path()).output().unwrap().status.success());
    fs::remove_dir_all(&audit).unwrap();
    must_fail(&dev(dir.path()).output().unwrap(), "claviger audit reset");
    must_fail(&claviger(&["audit", "verify", "--data-dir"]).arg(dir.path()).output().unwrap(), "--data-dir");
}

#[test]
fn an_emptied_or_swapped_store_is_no_first_start() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    stop(running(&one));
    stop(running(&two));
    let (own, other) = (one.join("store.sqlite3"), two.join("store.sqlite3"));
    let (kept, key) = (fs::read(&own).unwrap(), fs::read(one.join("client-key.json")).unwrap());
    fs::write(&own, b"").unwrap();
    must_fail(&dev(&one).output().unwrap(), "missing or empty");
    fs::remove_file(&own).unwrap();
    must_fail(&dev(&one).output().unwrap(), "missing or empty");
    // The first page and half of the second are left. If whole trees of a small store were left, the start would recover it.
    fs::write(&own, &kept[..6144]).unwrap();
    must_fail(&dev(&one).output().unwrap(), "restore it from a backup");
    fs::write(&own, [0x55; 8192]).unwrap();
    must_fail(&dev(&one).output().unwrap(), "is not a Claviger store");
    fs::copy(&other, &own).unwrap();
    must_fail(&dev(&one).output().unwrap(), "use the root key file this store was made with");
    // With the root key as well, the store opens, but the audit log belongs to another instance.
    let root_key = fs::read(one.join("root.key")).unwrap();
    fs::copy(two.join("root.key"), one.join("root.key")).unwrap();
    must_fail(&dev(&one).output().unwrap(), "the audit log is damaged");
    fs::write(one.join("root.key"), root_key).unwrap();
    fs::write(&own, kept).unwrap();
    assert_eq!(fs::read(one.join("client-key.json")).unwrap(), key, "what was handed out was not overwritten");
    fs::remove_file(one.join("ca.pem")).unwrap();
    stop(running(&one));
    assert!(one.join("ca.pem").exists(), "the CA file is made again");
}

/// Runs as a user to whom file permissions apply: another one if the tests run as root, otherwise the same.
fn as_an_ordinary_user(dir: &Path, data: &Path) -> Output {
    // The build may be in a directory that this user cannot read.
    let program = dir.join("claviger");
    if !program.exists() {
        fs::copy(env!("CARGO_BIN_EXE_claviger"), &program).unwrap();
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(program);
    command.args(["dev", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir"]).arg(data);
    if rustix::process::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    command.output().unwrap()
}

#[test]
fn a_data_directory_without_write_permission() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o555)).unwrap();
    must_fail(&as_an_ordinary_user(dir.path(), &data), "check that it exists and may be written");
    must_fail(&as_an_ordinary_user(dir.path(), &data.join("below")), "check that it exists and may be written");
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0, "nothing was left in it");
}
