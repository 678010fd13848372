//! `serve` and `serve --check`: what prevents a start, and signals.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::fixture::{Instance, Running, everything_in, must_fail, must_succeed, text};

/// Commit b11ca39 had no such command.
#[test]
fn check_says_what_is_wrong_and_changes_nothing() {
    let instance = Instance::made();
    instance.on_loopback();
    let check = || instance.run(&["serve", "--check", "--config", "claviger.toml"]);
    let before = everything_in(instance.dir.path());
    let printed = must_succeed(&check());
    assert!(printed.contains("ok     root key") && printed.contains("1 active access keys"), "{printed}");
    assert_eq!(everything_in(instance.dir.path()), before, "nothing changed");
    let server = instance.serve();
    must_succeed(&instance.call(&server, "claviger-credentials", &["key", "create"]));
    must_succeed(&check());
    must_succeed(&instance.call(&server, "claviger-credentials", &["key", "create"]));
    drop(server);
    must_succeed(&check());
    instance.edit("hostnames = [", "hostnames = [\"not a name\", ");
    must_fail(&check(), "wrong  certificate");
    instance.edit("\"not a name\", ", "");
    fs::set_permissions(instance.path("root.key"), fs::Permissions::from_mode(0o644)).unwrap();
    must_fail(&check(), "chmod 600");
    fs::remove_file(instance.path("root.key")).unwrap();
    must_fail(&check(), "there is no root key file");
    fs::remove_dir_all(instance.path("data")).unwrap();
    must_fail(&check(), "is it the right one");
}

/// Commit b11ca39 accepted `connections_max = 0`, which refuses everybody, and segments of one byte.
#[test]
fn settings_out_of_range_are_refused_by_name() {
    let instance = Instance::made();
    instance.edit("# connections_max = 4096", "connections_max = 0");
    must_fail(&instance.refused_start(), "connections_max must be a number from 16 to 1000000, not 0");
    instance.edit("connections_max = 0", "connections_max = 64");
    instance.edit("# audit_segment_bytes = ", "audit_segment_bytes = 1 # ");
    must_fail(&instance.refused_start(), "audit_segment_bytes must be a number from 65536");
}

/// Each is a mistake of a new user.
#[test]
fn a_refused_start_says_what_to_change() {
    let instance = Instance::made();
    must_fail(&instance.run(&["serve", "--config", "."]), "give the file, for example --config ./claviger.toml");
    instance.edit("listen = \"0.0.0.0:8443\"", "listen = \"127.0.0.1\"");
    must_fail(&instance.refused_start(), "takes an address with its port, for example 127.0.0.1:8443");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    instance.edit("listen = \"127.0.0.1\"", &format!("listen = \"{address}\""));
    let refused = instance.refused_start();
    must_fail(&refused, &format!("cannot listen on {address}"));
    must_fail(&refused, "stop the other program, or change `listen` or `admin` in claviger.toml");
    instance.edit(&format!("listen = \"{address}\""), "listen = \"127.0.0.1:8444\"");
    let one = "`admin` is the same address as `listen` (127.0.0.1:8444); give it another port";
    must_fail(&instance.refused_start(), one);
    must_fail(&instance.run(&["serve", "--check"]), one);
    instance.edit("listen = \"127.0.0.1:8444\"", "listen = \"127.0.0.1:8443\"");
    // The certificate contains these names anyway, and they are printed once.
    instance.edit("hostnames = [", "hostnames = [\"localhost\", \"kms.example.org\", \"127.0.0.1\", ");
    let printed = must_succeed(&instance.run(&["serve", "--check"]));
    let certificate = printed.lines().find(|line| line.contains("certificate")).unwrap();
    assert_eq!(certificate.matches("localhost").count(), 1, "{certificate}");
    assert!(certificate.contains("kms.example.org"), "{certificate}");
    let data = instance.path("data").display().to_string();
    instance.edit(&data, &format!("{data}-mistyped"));
    fs::create_dir(instance.path("data-mistyped")).unwrap();
    let refused = instance.refused_start();
    must_fail(&refused, &format!("{data}-mistyped holds no Claviger data yet"));
    must_fail(&refused, "is it the right one");
}

/// In commit b11ca39 SIGHUP ended the server.
#[test]
fn sighup_gives_a_warning_and_does_not_end_the_server() {
    let instance = Instance::made();
    let admin = instance.on_loopback();
    let mut server = instance.serve();
    kill_process(Pid::from_child(&server.child), Signal::HUP).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !fs::read_to_string(instance.path("log")).unwrap().contains("reload is not supported yet") {
        assert!(server.child.try_wait().unwrap().is_none(), "SIGHUP ended it");
        assert!(Instant::now() < deadline, "SIGHUP is not in the log");
        std::thread::sleep(Duration::from_millis(20));
    }
    must_succeed(&instance.run(&["health", "--admin", &admin]));
}

/// In commit b11ca39 a start that waited for its root key ignored SIGTERM: this test would not end.
#[test]
fn sigterm_ends_a_start_that_waits_for_its_root_key() {
    for signal in [Signal::TERM, Signal::INT] {
        let instance = Instance::made();
        instance.on_loopback();
        fs::rename(instance.path("root.key"), instance.path("kept.key")).unwrap();
        let pipe = Command::new("mkfifo").args(["-m", "600"]).arg(instance.path("root.key")).status().unwrap();
        assert!(pipe.success());
        let log = fs::File::create(instance.path("log")).unwrap();
        let child = instance.claviger(&["serve"]).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut server = Running { child, endpoint: String::new() };
        let waiting_since = Instant::now();
        let mut wait_for = |is_so: &mut dyn FnMut(&mut Child) -> bool, what: &str| {
            while !is_so(&mut server.child) {
                assert!(waiting_since.elapsed() < Duration::from_secs(120), "{signal:?}: {what}");
                std::thread::sleep(Duration::from_millis(20));
            }
        };
        // The store is opened right before the root key is read; the store's `-shm` file shows that this has happened.
        wait_for(&mut |_| instance.path("data/store.sqlite3-shm").exists(), "it does not come to its root key");
        wait_for(
            &mut |child| kill_process(Pid::from_child(child), signal).is_ok() && child.try_wait().unwrap().is_some(),
            "it is not heard while the server starts",
        );
        let ended = server.child.wait().unwrap();
        assert!(ended.success(), "{}", fs::read_to_string(instance.path("log")).unwrap());
        // Nothing unfinished was left.
        fs::rename(instance.path("kept.key"), instance.path("root.key")).unwrap();
        drop(instance.serve());
    }
}

/// Commit b11ca39 answered "this store holds no Claviger data yet; run `claviger init` first".
#[test]
fn serve_says_permission_denied_and_where() {
    let instance = Instance::made();
    instance.on_loopback();
    // The build may be in a directory that this user cannot read.
    let program = instance.path("claviger");
    fs::copy(env!("CARGO_BIN_EXE_claviger"), &program).unwrap();
    fs::set_permissions(instance.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(instance.path("data"), fs::Permissions::from_mode(0o000)).unwrap();
    let as_somebody_else = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments).current_dir(instance.dir.path());
        if rustix::process::geteuid().is_root() {
            command.uid(65534).gid(65534);
        }
        command.output().unwrap()
    };
    for arguments in [["serve", "--config", "claviger.toml"].as_slice(), &["serve", "--check"]] {
        let refused = as_somebody_else(arguments);
        must_fail(&refused, "ermission denied");
        let printed = text(&refused);
        assert!(printed.contains("/data") && !printed.contains("claviger init"), "{printed}");
    }
    fs::set_permissions(instance.path("data"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(instance.path("claviger.toml"), fs::Permissions::from_mode(0o000)).unwrap();
    let refused = as_somebody_else(&["serve"]);
    must_fail(&refused, "ermission denied");
    assert!(!text(&refused).contains("claviger init"), "{}", text(&refused));
}

/// Commit b11ca39 accepted all of these silently.
#[test]
fn files_that_others_can_change_are_refused_with_the_chmod_that_fixes_it() {
    let instance = Instance::made();
    instance.on_loopback();
    let set = |name: &str, mode| {
        fs::set_permissions(instance.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    let serve = || instance.refused_start();
    set("data", 0o777);
    must_fail(&serve(), "chmod go-w");
    set("data", 0o1777);
    must_fail(&serve(), "chmod go-w");
    set("data", 0o700);
    set("claviger.toml", 0o666);
    must_fail(&serve(), "claviger.toml may be written by everybody");
    set("claviger.toml", 0o644);
    // The directory of the root key, and of everything else here.
    set(".", 0o777);
    must_fail(&serve(), "chmod go-w");
    set(".", 0o755);
    if rustix::process::geteuid().is_root() {
        let own = |name: &str, uid| std::os::unix::fs::chown(instance.path(name), Some(uid), None).unwrap();
        own("root.key", 65534);
        must_fail(&serve(), "chown 0");
        own("root.key", 0);
        own("data", 65534);
        must_fail(&serve(), "belongs to user 65534");
        own("data", 0);
    } else {
        println!("not looked at: files of another owner, which only root can make");
    }
    drop(instance.serve());
}

/// A directory that others cannot change may still contain restored files that they can change.
#[test]
fn files_that_others_can_write_are_refused_and_those_that_they_can_read_are_named() {
    let instance = Instance::made();
    instance.on_loopback();
    drop(instance.serve());
    let set = |name: &str, mode| fs::set_permissions(instance.path(name), fs::Permissions::from_mode(mode)).unwrap();
    let check = || instance.run(&["serve", "--check", "--config", "claviger.toml"]);
    let segment = "data/audit/audit-00000000000000000001.log";
    for name in ["data/store.sqlite3", segment, "data/audit/head", "data/audit/public-key"] {
        let mode = fs::metadata(instance.path(name)).unwrap().permissions().mode();
        set(name, 0o622);
        must_fail(&instance.refused_start(), &format!("{name} may be written by everybody"));
        must_fail(&check(), "chmod go-w");
        set(name, mode);
    }
    set("data/audit", 0o777);
    must_fail(&instance.refused_start(), "data/audit may be written by everybody");
    set("data/audit", 0o700);
    let printed = must_succeed(&check());
    assert!(
        printed.contains("nobody else can change the data directory, the root key, the store or the audit log"),
        "{printed}"
    );
    assert!(!printed.contains("others can read"), "public-key is for everybody: {printed}");
    drop(instance.serve());
    assert!(!fs::read_to_string(instance.path("log")).unwrap().contains("others can read"));
    fs::write(instance.path("root.key~"), "x").unwrap();
    for name in ["data/store.sqlite3", segment, "root.key~"] {
        set(name, 0o644);
    }
    let printed = must_succeed(&check());
    drop(instance.serve());
    let log = fs::read_to_string(instance.path("log")).unwrap();
    for printed in [printed, log] {
        assert!(printed.contains("others can read 3 files") && printed.contains("chmod go-rwx"), "{printed}");
        assert!(["data/store.sqlite3", segment, "root.key~"].iter().all(|name| printed.contains(name)), "{printed}");
    }
}
