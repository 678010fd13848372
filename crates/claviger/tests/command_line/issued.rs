//! Client keys and access keys that are issued but cannot be kept, because of a signal, a full disk, a removed
//! directory or a closed pipe.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::fixture::{Workplace, stderr_text};
use crate::slow_answer::SlowAnswer;

/// A command that waits for the answer by which a credential is issued.
struct Waiting {
    child: Child,
    errors: BufReader<std::process::ChildStderr>,
    wire: SlowAnswer,
}

impl Waiting {
    /// `held` is the connection on which that answer arrives. `is_issued` asks the server whether the credential exists.
    fn for_answer(place: &Workplace, words: &[&str], held: usize, is_issued: impl Fn() -> bool) -> Self {
        let wire = SlowAnswer::of(&place.endpoint, held);
        let mut child = place
            .command(words)
            .env("CLAVIGER_ENDPOINT", &wire.endpoint)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        while !is_issued() {
            assert!(child.try_wait().unwrap().is_none(), "it ended before its answer");
            thread::sleep(Duration::from_millis(20));
        }
        Self { child, errors, wire }
    }

    /// Sends the signal and waits until the command reports it.
    fn interrupt(&mut self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let mut line = String::new();
        self.errors.read_line(&mut line).unwrap();
        assert!(line.contains("waiting for the answer"), "{line}");
    }

    /// Exit code and output.
    fn end(mut self) -> (Option<i32>, String) {
        let mut text = String::new();
        self.errors.read_to_string(&mut text).unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), None, "{text}");
        (status.code(), text)
    }
}

fn client_keys(place: &Workplace) -> String {
    place.text(&["client-key", "list"])
}

fn access_keys(place: &Workplace) -> usize {
    place.text(&["access-key", "list"]).matches("AccessKeyId").count()
}

/// A server that has the application access point `app` without a client key.
fn with_access_point() -> Workplace {
    let place = Workplace::open();
    let id = place.text(&["client-key", "create", "app", "--quiet"]);
    place.text(&["client-key", "revoke", id.trim_end()]);
    for file in place.files() {
        fs::remove_file(place.path(&file)).unwrap();
    }
    place
}

/// Connection 0 carries the only call about the access point, connection 1 the call for the client key.
fn creating_client_key(place: &Workplace, words: &[&str]) -> Waiting {
    Waiting::for_answer(place, words, 1, || client_keys(place).contains("app"))
}

#[test]
fn a_signal_before_anything_is_issued_leaves_no_file() {
    let place = Workplace::open();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("https://{}", silent.local_addr().unwrap());
    for signal in [Signal::INT, Signal::TERM] {
        let mut create = place.command(&["client-key", "create", "app"]);
        let mut child = create.env("CLAVIGER_ENDPOINT", &at).stderr(Stdio::null()).spawn().unwrap();
        let (mut connection, _) = silent.accept().unwrap();
        let _first_byte = connection.read(&mut [0]).unwrap();
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert_eq!(place.files(), Vec::<String>::new());
    }
}

/// Formerly, the client key remained valid although nobody had it, and the unfinished files remained too.
#[test]
fn a_client_key_issued_to_an_interrupted_command_is_revoked_and_named() {
    let place = with_access_point();
    for signal in [Signal::INT, Signal::TERM] {
        let mut waiting = creating_client_key(&place, &["client-key", "create", "app"]);
        let id = client_keys(&place).lines().find(|line| line.contains("app")).unwrap().to_owned();
        let id = id.split_whitespace().next().unwrap();
        waiting.interrupt(signal);
        waiting.wire.let_go();
        let (code, text) = waiting.end();
        assert_eq!(code, Some(130), "{text}");
        assert!(
            text.contains(&format!("the client key {id}, which was issued but could not be kept, was revoked")),
            "{text}"
        );
        assert!(!client_keys(&place).contains("app"));
        assert_eq!(place.files(), Vec::<String>::new());
    }
    place.text(&["client-key", "create", "app"]);
}

/// Formerly, the access point remained, and the same command was refused.
#[test]
fn an_access_point_created_for_a_lost_key_is_removed_with_it() {
    let place = Workplace::open();
    fs::create_dir(place.path("out")).unwrap();
    let words = ["client-key", "create", "fresh", "--network", "127.0.0.0/8", "--out", "out"];
    let waiting = Waiting::for_answer(&place, &words, 1, || client_keys(&place).contains("fresh"));
    fs::remove_dir_all(place.path("out")).unwrap();
    waiting.wire.let_go();
    let (code, text) = waiting.end();
    assert!(code == Some(1) && text.contains("was revoked again"), "{text}");
    fs::create_dir(place.path("out")).unwrap();
    place.text(&words);
}

#[test]
fn a_client_key_that_cannot_be_revoked_again_is_named_with_the_command() {
    let mut place = with_access_point();
    fs::create_dir(place.path("out")).unwrap();
    let waiting = creating_client_key(&place, &["client-key", "create", "app", "--out", "out"]);
    fs::remove_dir_all(place.path("out")).unwrap();
    place.end_server();
    waiting.wire.let_go();
    let (code, text) = waiting.end();
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("was issued but could not be kept") && text.contains("`claviger client-key revoke KAAP."),
        "{text}"
    );
}

#[test]
fn a_second_signal_ends_the_command_with_a_hint() {
    let place = with_access_point();
    let mut waiting = creating_client_key(&place, &["client-key", "create", "app"]);
    waiting.interrupt(Signal::INT);
    kill_process(Pid::from_child(&waiting.child), Signal::INT).unwrap();
    let (code, text) = waiting.end();
    assert_eq!(code, Some(130), "{text}");
    assert!(text.contains("may have issued one client key") && text.contains("`claviger client-key list`"), "{text}");
    assert_eq!(place.files(), Vec::<String>::new());
}

#[test]
fn a_full_access_point_says_how_to_make_room() {
    let place = Workplace::open();
    for out in ["one", "two", "three", "four"] {
        fs::create_dir(place.path(out)).unwrap();
    }
    for out in ["one", "two", "three"] {
        place.text(&["client-key", "create", "app", "--out", out]);
    }
    let refused = place.fails(&["client-key", "create", "app", "--out", "four"], 3);
    assert!(refused.contains("Rejected.LimitExceeded"), "{refused}");
    assert!(
        refused.contains("`claviger client-key list`") && refused.contains("`claviger client-key revoke ID`"),
        "{refused}"
    );
    place.text(&["access-key", "create"]);
    let refused = place.fails(&["access-key", "create"], 3);
    assert!(refused.contains("`claviger access-key delete ID`"), "{refused}");
}

/// Formerly, each of these left an access key behind, and only two can exist.
#[test]
fn a_lost_access_key_is_deleted_and_named() {
    let place = Workplace::open();
    let mut waiting = Waiting::for_answer(&place, &["access-key", "create"], 0, || access_keys(&place) == 2);
    waiting.interrupt(Signal::TERM);
    waiting.wire.let_go();
    let (code, text) = waiting.end();
    assert!(code == Some(130) && text.contains("the access key LTAI") && text.contains("was deleted again"), "{text}");
    assert_eq!((access_keys(&place), place.files()), (1, Vec::new()));
    let full = File::options().write(true).open("/dev/full").unwrap();
    let printed = place.command(&["access-key", "create", "--print"]).stdout(full).output().unwrap();
    let text = stderr_text(&printed);
    assert!(printed.status.code() == Some(1) && text.contains("the access key LTAI"), "{text}");
    assert_eq!(access_keys(&place), 1);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let printed = place.command(&["access-key", "create", "--print"]).stdout(writer).output().unwrap();
    let text = stderr_text(&printed);
    assert!(printed.status.code() == Some(1) && text.contains("the access key LTAI"), "{text}");
    assert_eq!(access_keys(&place), 1);
    assert!(place.text(&["access-key", "create", "--print"]).contains("AccessKeySecret"));
}

#[test]
fn with_the_root_key_a_lost_access_key_is_deleted_too() {
    let mut place = Workplace::open();
    place.end_server();
    let offline = ["access-key", "create", "--root-key-file", "claviger-data/root.key"];
    let full = File::options().write(true).open("/dev/full").unwrap();
    let printed = place.command(&[offline.as_slice(), &["--print"]].concat()).stdout(full).output().unwrap();
    let text = stderr_text(&printed);
    assert!(printed.status.code() == Some(1) && text.contains("the access key LTAI"), "{text}");
    // There is room for another one.
    place.text(&offline);
}

/// Formerly, the last line of the plaintext, or a whole DER key, was lost silently.
#[test]
fn a_private_key_that_could_not_be_printed_is_a_failure() {
    let place = Workplace::open();
    place.text(&["data-key-pair", "generate", "--spec", "EC_P256", "--format", "DER", "--out", "pair"]);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let opened = place.command(&["data-key-pair", "open", "pair.wrapped"]).stdout(full).output().unwrap();
    assert!(opened.status.code() == Some(1) && stderr_text(&opened).contains("stdout"), "{}", stderr_text(&opened));
}
