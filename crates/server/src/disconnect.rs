//! Tells the task of a request that its client has disconnected.

use tokio::sync::watch;

/// Belongs to the future that hyper drops when the client disconnects.
#[derive(Debug)]
pub(crate) struct ConnectionGuard(#[expect(dead_code, reason = "its drop is the signal")] watch::Sender<()>);

/// Belongs to the task of the request.
#[derive(Debug, Clone)]
pub(crate) struct DisconnectWatch(watch::Receiver<()>);

/// A guard and the watch that observes its drop.
pub(crate) fn disconnect_watch() -> (ConnectionGuard, DisconnectWatch) {
    let (sender, receiver) = watch::channel(());
    (ConnectionGuard(sender), DisconnectWatch(receiver))
}

impl DisconnectWatch {
    /// Completes when the guard is dropped.
    pub(crate) async fn disconnected(&self) {
        let mut receiver = self.0.clone();
        while receiver.changed().await.is_ok() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test]
    async fn the_watch_completes_when_the_guard_is_dropped() {
        let (guard, disconnect) = disconnect_watch();
        assert!(timeout(Duration::from_millis(20), disconnect.disconnected()).await.is_err());
        drop(guard);
        disconnect.disconnected().await;
    }
}
