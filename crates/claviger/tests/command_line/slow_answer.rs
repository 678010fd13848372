//! A proxy between a command and its server that holds back one answer until the test releases it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

/// More bytes than the end of a TLS handshake has, fewer than a request has.
const REQUEST_BYTES: usize = 500;

/// Forwards everything except the first answer on one connection.
pub(crate) struct SlowAnswer {
    pub(crate) endpoint: String,
    release: Sender<()>,
}

impl SlowAnswer {
    /// Holds back the first answer on connection `held`, counted from 0.
    pub(crate) fn of(server: &str, held: usize) -> Self {
        let server = server.strip_prefix("https://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("https://{}", listener.local_addr().unwrap());
        let (release, released) = channel();
        let released = Arc::new(Mutex::new(released));
        thread::spawn(move || {
            for (number, client) in listener.incoming().enumerate() {
                let (client, Ok(server)) = (client.unwrap(), TcpStream::connect(&server)) else { continue };
                let is_asked = Arc::new(AtomicBool::new(false));
                let (to_server, from_server) = (server.try_clone().unwrap(), server);
                let (to_client, from_client) = (client.try_clone().unwrap(), client);
                let asked = (number == held).then(|| Arc::clone(&is_asked));
                thread::spawn(move || requests(from_client, to_server, asked.as_deref()));
                let released = Arc::clone(&released);
                thread::spawn(move || answers(from_server, to_client, &is_asked, &released));
            }
        });
        Self { endpoint, release }
    }

    pub(crate) fn let_go(&self) {
        self.release.send(()).unwrap();
    }
}

fn requests(mut from: TcpStream, mut to: TcpStream, asked: Option<&AtomicBool>) {
    let (mut buffer, mut after_hello) = ([0; 16 * 1024], None);
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        after_hello = Some(after_hello.map_or(0, |bytes: usize| bytes + length));
        if let (Some(asked), Some(REQUEST_BYTES..)) = (asked, after_hello) {
            asked.store(true, Ordering::SeqCst);
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _closed = to.shutdown(Shutdown::Both);
}

fn answers(mut from: TcpStream, mut to: TcpStream, is_asked: &AtomicBool, released: &Mutex<Receiver<()>>) {
    let mut buffer = [0; 16 * 1024];
    let mut is_held = false;
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if is_asked.load(Ordering::SeqCst) && !is_held {
            is_held = true;
            let _either = released.lock().unwrap().recv();
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _closed = to.shutdown(Shutdown::Both);
}
