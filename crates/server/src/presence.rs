//! Whether the client of a request is still there to hear the answer.

use tokio::sync::watch;

/// Held by the future that hyper drops when the client goes away.
#[derive(Debug)]
pub(crate) struct Here(#[expect(dead_code, reason = "its drop is what is heard")] watch::Sender<()>);

/// Asks after the client from the task that works for it.
#[derive(Debug, Clone)]
pub(crate) struct Presence(watch::Receiver<()>);

/// The two ends.
pub(crate) fn presence() -> (Here, Presence) {
    let (sender, receiver) = watch::channel(());
    (Here(sender), Presence(receiver))
}

impl Presence {
    /// Ends when the client has gone.
    pub(crate) async fn gone(&self) {
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
    async fn it_ends_with_the_client_and_not_before() {
        let (here, presence) = presence();
        assert!(timeout(Duration::from_millis(20), presence.gone()).await.is_err());
        drop(here);
        presence.gone().await;
    }
}
