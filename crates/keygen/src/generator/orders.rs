//! Orders that wait for a pair: clients take turns, and within one client the first to come is served first. Bounded.
//!
//! The next few orders, as many as there are makers, are *at work*: they keep their turn, and the first of them that a
//! finished pair fits gets it, whoever made it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use claviger_crypto::rsa::ModulusLength;
use tokio::sync::oneshot;

use crate::error::KeygenError;
use crate::pair::UnseenPair;

/// Orders that may wait in all. One client may have as many waiting as places are left free, so that alone it can take
/// half of them and there is always room for another.
pub(crate) const ORDERS_MAX: usize = 32_768;

/// Where the answer goes.
pub(crate) type Reply = oneshot::Sender<Result<UnseenPair, KeygenError>>;

/// One order.
#[derive(Debug)]
pub(crate) struct Order {
    id: u64,
    pub(crate) length: ModulusLength,
    pub(crate) since: Instant,
    pub(crate) reply: Reply,
}

/// Every order that waits.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    /// Orders by client, each client's by id.
    waiting: BTreeMap<u64, VecDeque<Order>>,
    /// Clients with waiting orders, the next to be served first.
    turns: VecDeque<u64>,
    /// Orders at work, in the order of their turns.
    at_work: VecDeque<Order>,
    /// How many wait, those at work included.
    count: usize,
    ids: u64,
}

impl Orders {
    /// Adds an order; its number, to withdraw it by.
    ///
    /// # Errors
    /// [`KeygenError::TooManyWaiting`].
    pub(crate) fn push(&mut self, client: u64, length: ModulusLength, reply: Reply) -> Result<u64, KeygenError> {
        let own = self.waiting.get(&client).map_or(0, VecDeque::len);
        if own >= ORDERS_MAX.saturating_sub(self.count) {
            return Err(KeygenError::TooManyWaiting);
        }
        self.ids += 1;
        let order = Order { id: self.ids, length, since: Instant::now(), reply };
        if own == 0 {
            self.turns.push_back(client);
        }
        self.waiting.entry(client).or_default().push_back(order);
        self.count += 1;
        Ok(self.ids)
    }

    /// Takes an order out that nobody waits for any more, if it is still here.
    pub(crate) fn withdraw(&mut self, client: u64, id: u64) -> Option<Order> {
        if let Some(place) = self.at_work.iter().position(|order| order.id == id) {
            self.count -= 1;
            return self.at_work.remove(place);
        }
        let orders = self.waiting.get_mut(&client)?;
        let place = orders.binary_search_by_key(&id, |order| order.id).ok()?;
        let order = orders.remove(place)?;
        if orders.is_empty() {
            self.waiting.remove(&client);
            self.turns.retain(|turn| *turn != client);
        }
        self.count -= 1;
        Some(order)
    }

    /// Puts the next orders to work, until `makers` are.
    pub(crate) fn put_to_work(&mut self, makers: usize) {
        while self.at_work.len() < makers
            && let Some(order) = self.next()
        {
            self.at_work.push_back(order);
        }
    }

    fn next(&mut self) -> Option<Order> {
        let client = self.turns.pop_front()?;
        let orders = self.waiting.get_mut(&client)?;
        let order = orders.pop_front();
        if orders.is_empty() {
            self.waiting.remove(&client);
        } else {
            self.turns.push_back(client);
        }
        order
    }

    /// Takes out the order that a finished pair of this length is for: one at work, else the first in turn that waits for
    /// this length, so that no pair goes to the stock, and to who comes later, past an order.
    pub(crate) fn serve(&mut self, length: ModulusLength) -> Option<Order> {
        self.serve_at_work(length).or_else(|| {
            let (client, id) = self.first_waiting(length)?;
            self.withdraw(client, id)
        })
    }

    /// The order whose client's turn comes first, of those that wait for this length.
    fn first_waiting(&self, length: ModulusLength) -> Option<(u64, u64)> {
        self.turns.iter().find_map(|client| {
            let order = self.waiting.get(client)?.iter().find(|order| order.length == length)?;
            Some((*client, order.id))
        })
    }

    /// Takes out the order at work that wants this length.
    pub(crate) fn serve_at_work(&mut self, length: ModulusLength) -> Option<Order> {
        let place = self.at_work.iter().position(|order| order.length == length)?;
        self.count -= 1;
        self.at_work.remove(place)
    }

    /// The lengths of the orders at work.
    pub(crate) fn lengths_at_work(&self) -> impl Iterator<Item = ModulusLength> {
        self.at_work.iter().map(|order| order.length)
    }

    /// Since when the order that is next to be served waits.
    pub(crate) fn next_waits_since(&self) -> Option<Instant> {
        self.at_work.front().map(|order| order.since)
    }

    /// How many wait.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// Takes everything out.
    pub(crate) fn take_all(&mut self) -> Vec<Order> {
        self.turns.clear();
        self.count = 0;
        let waiting = std::mem::take(&mut self.waiting);
        self.at_work.drain(..).chain(waiting.into_values().flatten()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LENGTH: ModulusLength = ModulusLength::Bits2048;

    /// Adds an order whose answer nobody reads.
    fn push(orders: &mut Orders, client: u64) -> Result<u64, KeygenError> {
        orders.push(client, LENGTH, oneshot::channel().0)
    }

    fn served(orders: &mut Orders) -> Vec<u64> {
        std::iter::from_fn(|| {
            orders.put_to_work(2);
            orders.serve(LENGTH).map(|order| order.id)
        })
        .collect()
    }

    #[test]
    fn a_pair_that_no_order_at_work_wants_goes_to_the_first_that_waits_for_it() {
        let mut orders = Orders::default();
        for (client, length) in [(1, ModulusLength::Bits4096), (1, LENGTH), (2, LENGTH)] {
            orders.push(client, length, oneshot::channel().0).unwrap();
        }
        orders.put_to_work(1);
        // The turn is client 2's: client 1 is at work.
        assert_eq!(orders.serve(LENGTH).unwrap().id, 3);
        assert_eq!(orders.serve(LENGTH).unwrap().id, 2);
        assert!(orders.serve(LENGTH).is_none() && orders.serve_at_work(ModulusLength::Bits3072).is_none());
        assert_eq!((orders.len(), orders.serve(ModulusLength::Bits4096).unwrap().id), (1, 1));
    }

    #[test]
    fn clients_take_turns_and_each_is_served_in_order() {
        let mut orders = Orders::default();
        for client in [1, 1, 1, 2, 3, 2] {
            push(&mut orders, client).unwrap();
        }
        assert_eq!(served(&mut orders), [1, 4, 5, 2, 6, 3]);
        assert!(orders.waiting.is_empty() && orders.turns.is_empty() && orders.len() == 0);
    }

    #[test]
    fn a_pair_goes_to_the_first_order_at_work_that_it_fits() {
        let mut orders = Orders::default();
        for (client, length) in [(1, ModulusLength::Bits4096), (2, LENGTH), (3, ModulusLength::Bits4096)] {
            orders.push(client, length, oneshot::channel().0).unwrap();
        }
        orders.put_to_work(2);
        assert!(orders.lengths_at_work().eq([ModulusLength::Bits4096, LENGTH]));
        assert_eq!(orders.serve(LENGTH).unwrap().id, 2);
        assert!(orders.serve(LENGTH).is_none());
        orders.put_to_work(2);
        assert_eq!(orders.serve(ModulusLength::Bits4096).unwrap().id, 1);
        assert_eq!(orders.serve(ModulusLength::Bits4096).unwrap().id, 3);
    }

    #[test]
    fn one_client_fills_half_and_leaves_room_for_others() {
        let mut orders = Orders::default();
        let mut filled = 0;
        while push(&mut orders, 1).is_ok() {
            filled += 1;
        }
        assert_eq!(filled, ORDERS_MAX / 2);
        assert_eq!(push(&mut orders, 1), Err(KeygenError::TooManyWaiting));
        let mut client = 1;
        while orders.len() < ORDERS_MAX {
            client += 1;
            push(&mut orders, client).unwrap();
        }
        assert_eq!(push(&mut orders, client + 1), Err(KeygenError::TooManyWaiting), "in all there is a bound, too");
        assert!(orders.withdraw(client, ORDERS_MAX as u64).is_some());
        push(&mut orders, client + 1).unwrap();
    }

    proptest! {
        /// Whatever comes, is served and is withdrawn in which order: nothing is lost, nothing is served twice, the
        /// count is right, and a client's orders are served in the order they came.
        #[test]
        fn nothing_is_lost_and_nothing_served_twice(steps in prop::collection::vec((0_u8..4, 0_u64..3), 1..200)) {
            let mut orders = Orders::default();
            let mut present: BTreeMap<u64, u64> = BTreeMap::new();
            let mut last_served: BTreeMap<u64, u64> = BTreeMap::new();
            for (step, client) in steps {
                match step {
                    0 | 1 => { present.insert(push(&mut orders, client).unwrap(), client); }
                    2 => {
                        orders.put_to_work(2);
                        let order = orders.serve(LENGTH);
                        prop_assert_eq!(order.is_some(), !present.is_empty());
                        if let Some(order) = order {
                            let client = present.remove(&order.id).unwrap();
                            prop_assert!(last_served.insert(client, order.id) < Some(order.id));
                        }
                    }
                    _ => {
                        let mine = present.iter().find(|(_, owner)| **owner == client).map(|(id, _)| *id);
                        if let Some(id) = mine {
                            prop_assert_eq!(orders.withdraw(client, id).unwrap().id, id);
                            present.remove(&id);
                            prop_assert!(orders.withdraw(client, id).is_none());
                        }
                    }
                }
                prop_assert_eq!(orders.len(), present.len());
            }
            let mut rest: Vec<u64> = orders.take_all().into_iter().map(|order| order.id).collect();
            rest.sort_unstable();
            prop_assert_eq!(rest, present.into_keys().collect::<Vec<_>>());
        }
    }
}
