//! Control plane clients that work until the server is gone, and the clock that makes keys due for rotation and destruction.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use claviger_wire::rpc::Action;
use claviger_wire::rpc::keys::KeyAnswer;
use serde_json::Value;

use crate::Clients;

/// How many run at once.
pub(crate) const WRITERS: usize = 12;

/// Keys that rotate automatically; they are retired before there are too many.
pub(crate) type Rotating = Arc<Mutex<Vec<String>>>;

/// Creates keys, and changes each in every way, until the server is gone.
pub(crate) async fn write(clients: Arc<Clients>, number: usize, rotating: Rotating) {
    let mut turn = number;
    while one_key(&clients, turn, &rotating).await.is_some() {
        turn += 1;
    }
}

/// `None` means that the server is gone.
async fn one_key(clients: &Clients, turn: usize, rotating: &Rotating) -> Option<()> {
    let rotates = turn.is_multiple_of(8);
    let rotation = [("EnableAutomaticRotation", "true".to_owned()), ("RotationInterval", "7d".to_owned())];
    let parameters: &[_] = if rotates { &rotation } else { &[] };
    let key = clients.rpc.call::<KeyAnswer>(Action::CreateKey, parameters).await.ok()?.key_metadata.key_id;
    let named = ("KeyId", key.clone());
    clients
        .rpc
        .call::<Value>(Action::CreateAlias, &[("AliasName", format!("alias/w-{key}")), named.clone()])
        .await
        .ok()?;
    clients.rpc.call::<Value>(Action::CreateKeyVersion, std::slice::from_ref(&named)).await.ok()?;
    if rotates {
        rotating.lock().unwrap().push(key);
        return Some(());
    }
    clients.rpc.call::<Value>(Action::DisableKey, std::slice::from_ref(&named)).await.ok()?;
    if turn.is_multiple_of(3) {
        retire(clients, &key).await?;
    }
    Some(())
}

/// Schedules a key for destruction as soon as the clock allows.
pub(crate) async fn retire(clients: &Clients, key: &str) -> Option<()> {
    let parameters = [("KeyId", key.to_owned()), ("PendingWindowInDays", "7".to_owned())];
    clients.rpc.call::<Value>(Action::ScheduleKeyDeletion, &parameters).await.ok().map(|_answer| ())
}

/// Eight days pass: keys that rotate every seven days are due, and so are those to be destroyed after seven. The server
/// may be killed meanwhile.
pub(crate) fn advance_clock(admin: SocketAddr) -> std::io::Result<()> {
    let body = r#"{"advance":"8d"}"#;
    let mut stream = TcpStream::connect(admin)?;
    let length = body.len();
    write!(
        stream,
        "POST /dev/clock HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    stream.read_to_end(&mut Vec::new()).map(|_read| ())
}
