//! The queue of requests for a pair: clients take turns, and the requests of one client are served in the order of arrival.
//! Its length is bounded.
//!
//! The next few requests, as many as there are workers, are *active*: they keep their turn, and a finished pair goes to the
//! first of them that it fits, whichever worker made it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use claviger_crypto::rsa::ModulusLength;
use tokio::sync::oneshot;

use crate::error::KeygenError;
use crate::unclaimed::UnclaimedPair;

/// How many requests may wait in total. One client may have no more requests waiting than there are free places. So a single
/// client can take half of the queue, and another always finds room.
pub(crate) const REQUESTS_MAX: usize = 32_768;

/// Where the answer goes.
pub(crate) type Reply = oneshot::Sender<Result<UnclaimedPair, KeygenError>>;

/// One waiting request.
#[derive(Debug)]
pub(crate) struct Request {
    id: u64,
    length: ModulusLength,
    queued_at: Instant,
    pub(crate) reply: Reply,
}

/// All waiting requests.
#[derive(Debug, Default)]
pub(crate) struct RequestQueue {
    /// Requests by client, those of one client by id; active ones excluded.
    waiting: BTreeMap<u64, VecDeque<Request>>,
    /// Clients in `waiting`, the next to be served first.
    turns: VecDeque<u64>,
    /// Active requests in the order of their turns.
    active: VecDeque<Request>,
    /// How many wait, including active ones.
    count: usize,
    last_id: u64,
}

impl RequestQueue {
    /// Adds a request. Returns its id, by which it can be withdrawn.
    ///
    /// # Errors
    /// [`KeygenError::TooManyWaiting`].
    pub(crate) fn push(&mut self, client: u64, length: ModulusLength, reply: Reply) -> Result<u64, KeygenError> {
        let own = self.waiting.get(&client).map_or(0, VecDeque::len);
        if own >= REQUESTS_MAX.saturating_sub(self.count) {
            return Err(KeygenError::TooManyWaiting);
        }
        self.last_id += 1;
        let request = Request { id: self.last_id, length, queued_at: Instant::now(), reply };
        if own == 0 {
            self.turns.push_back(client);
        }
        self.waiting.entry(client).or_default().push_back(request);
        self.count += 1;
        Ok(self.last_id)
    }

    /// Removes a request whose caller has gone, if it is still in the queue.
    pub(crate) fn withdraw(&mut self, client: u64, id: u64) -> Option<Request> {
        if let Some(place) = self.active.iter().position(|request| request.id == id) {
            self.count -= 1;
            return self.active.remove(place);
        }
        let requests = self.waiting.get_mut(&client)?;
        let place = requests.binary_search_by_key(&id, |request| request.id).ok()?;
        let request = requests.remove(place)?;
        if requests.is_empty() {
            self.waiting.remove(&client);
            self.turns.retain(|turn| *turn != client);
        }
        self.count -= 1;
        Some(request)
    }

    /// Makes the next requests active, up to `workers` in total.
    pub(crate) fn activate(&mut self, workers: usize) {
        while self.active.len() < workers
            && let Some(request) = self.next()
        {
            self.active.push_back(request);
        }
    }

    fn next(&mut self) -> Option<Request> {
        let client = self.turns.pop_front()?;
        let requests = self.waiting.get_mut(&client)?;
        let request = requests.pop_front();
        if requests.is_empty() {
            self.waiting.remove(&client);
        } else {
            self.turns.push_back(client);
        }
        request
    }

    /// Removes and returns the request that a finished pair of this length goes to: the first active one, or else the first
    /// waiting one. A waiting request is considered too, because otherwise the pair would go to the stock and from there to
    /// a caller who came later.
    pub(crate) fn serve(&mut self, length: ModulusLength) -> Option<Request> {
        self.serve_active(length).or_else(|| {
            let (client, id) = self.first_waiting(length)?;
            self.withdraw(client, id)
        })
    }

    /// Client and id of the request whose turn comes first among those that wait for this length.
    fn first_waiting(&self, length: ModulusLength) -> Option<(u64, u64)> {
        self.turns.iter().find_map(|client| {
            let request = self.waiting.get(client)?.iter().find(|request| request.length == length)?;
            Some((*client, request.id))
        })
    }

    /// Removes and returns the first active request for this length.
    pub(crate) fn serve_active(&mut self, length: ModulusLength) -> Option<Request> {
        let place = self.active.iter().position(|request| request.length == length)?;
        self.count -= 1;
        self.active.remove(place)
    }

    /// The lengths that the active requests are for.
    pub(crate) fn active_lengths(&self) -> impl Iterator<Item = ModulusLength> {
        self.active.iter().map(|request| request.length)
    }

    /// When the request that is served next was queued.
    pub(crate) fn next_queued_at(&self) -> Option<Instant> {
        self.active.front().map(|request| request.queued_at)
    }

    /// How many requests wait, including active ones.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// Empties the queue.
    pub(crate) fn take_all(&mut self) -> Vec<Request> {
        self.turns.clear();
        self.count = 0;
        let waiting = std::mem::take(&mut self.waiting);
        self.active.drain(..).chain(waiting.into_values().flatten()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LENGTH: ModulusLength = ModulusLength::Bits2048;

    /// Adds a request whose answer nobody reads.
    fn push(queue: &mut RequestQueue, client: u64) -> Result<u64, KeygenError> {
        queue.push(client, LENGTH, oneshot::channel().0)
    }

    fn served(queue: &mut RequestQueue) -> Vec<u64> {
        std::iter::from_fn(|| {
            queue.activate(2);
            queue.serve(LENGTH).map(|request| request.id)
        })
        .collect()
    }

    #[test]
    fn a_pair_that_no_active_request_wants_goes_to_the_first_that_waits_for_it() {
        let mut queue = RequestQueue::default();
        for (client, length) in [(1, ModulusLength::Bits4096), (1, LENGTH), (2, LENGTH)] {
            queue.push(client, length, oneshot::channel().0).unwrap();
        }
        queue.activate(1);
        // It is the turn of client 2: client 1 has an active request.
        assert_eq!(queue.serve(LENGTH).unwrap().id, 3);
        assert_eq!(queue.serve(LENGTH).unwrap().id, 2);
        assert!(queue.serve(LENGTH).is_none() && queue.serve_active(ModulusLength::Bits3072).is_none());
        assert_eq!((queue.len(), queue.serve(ModulusLength::Bits4096).unwrap().id), (1, 1));
    }

    #[test]
    fn clients_take_turns_and_each_is_served_in_order_of_arrival() {
        let mut queue = RequestQueue::default();
        for client in [1, 1, 1, 2, 3, 2] {
            push(&mut queue, client).unwrap();
        }
        assert_eq!(served(&mut queue), [1, 4, 5, 2, 6, 3]);
        assert!(queue.waiting.is_empty() && queue.turns.is_empty() && queue.len() == 0);
    }

    #[test]
    fn a_pair_goes_to_the_first_active_request_that_it_fits() {
        let mut queue = RequestQueue::default();
        for (client, length) in [(1, ModulusLength::Bits4096), (2, LENGTH), (3, ModulusLength::Bits4096)] {
            queue.push(client, length, oneshot::channel().0).unwrap();
        }
        queue.activate(2);
        assert!(queue.active_lengths().eq([ModulusLength::Bits4096, LENGTH]));
        assert_eq!(queue.serve(LENGTH).unwrap().id, 2);
        assert!(queue.serve(LENGTH).is_none());
        queue.activate(2);
        assert_eq!(queue.serve(ModulusLength::Bits4096).unwrap().id, 1);
        assert_eq!(queue.serve(ModulusLength::Bits4096).unwrap().id, 3);
    }

    #[test]
    fn one_client_fills_half_and_leaves_room_for_others() {
        let mut queue = RequestQueue::default();
        let mut filled = 0;
        while push(&mut queue, 1).is_ok() {
            filled += 1;
        }
        assert_eq!(filled, REQUESTS_MAX / 2);
        assert_eq!(push(&mut queue, 1), Err(KeygenError::TooManyWaiting));
        let mut client = 1;
        while queue.len() < REQUESTS_MAX {
            client += 1;
            push(&mut queue, client).unwrap();
        }
        assert_eq!(push(&mut queue, client + 1), Err(KeygenError::TooManyWaiting), "the total is bounded, too");
        assert!(queue.withdraw(client, REQUESTS_MAX as u64).is_some());
        push(&mut queue, client + 1).unwrap();
    }

    proptest! {
        /// In whatever order requests come, are served and are withdrawn: nothing is lost, nothing is served twice, the count is
        /// right, and a client's requests are served in the order in which they came.
        #[test]
        fn nothing_is_lost_and_nothing_served_twice(steps in prop::collection::vec((0_u8..4, 0_u64..3), 1..200)) {
            let mut queue = RequestQueue::default();
            let mut present: BTreeMap<u64, u64> = BTreeMap::new();
            let mut last_served: BTreeMap<u64, u64> = BTreeMap::new();
            for (step, client) in steps {
                match step {
                    0 | 1 => { present.insert(push(&mut queue, client).unwrap(), client); }
                    2 => {
                        queue.activate(2);
                        let request = queue.serve(LENGTH);
                        prop_assert_eq!(request.is_some(), !present.is_empty());
                        if let Some(request) = request {
                            let client = present.remove(&request.id).unwrap();
                            prop_assert!(last_served.insert(client, request.id) < Some(request.id));
                        }
                    }
                    _ => {
                        let mine = present.iter().find(|(_, owner)| **owner == client).map(|(id, _)| *id);
                        if let Some(id) = mine {
                            prop_assert_eq!(queue.withdraw(client, id).unwrap().id, id);
                            present.remove(&id);
                            prop_assert!(queue.withdraw(client, id).is_none());
                        }
                    }
                }
                prop_assert_eq!(queue.len(), present.len());
            }
            let mut rest: Vec<u64> = queue.take_all().into_iter().map(|request| request.id).collect();
            rest.sort_unstable();
            prop_assert_eq!(rest, present.into_keys().collect::<Vec<_>>());
        }
    }
}
