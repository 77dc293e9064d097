//! What comes without being asked for, until somebody takes it: so many objects and so many bytes, and no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};

/// Pushed objects that wait to be taken. Beyond that they are dropped, and the user is told to fetch what was missed.
pub const MAX_PUSHED: usize = 4096;
/// Bytes of the objects that wait to be taken: two of the largest, or thousands of usual ones. Beyond that it is the
/// same.
pub const MAX_PUSHED_BYTES: usize = 16 << 20;

/// What comes without being asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// A serialized object, in general `Updates`.
    Object(Bytes),
    /// Something may have been missed: the state has to be fetched (M-199).
    Refetch,
}

impl Pushed {
    fn bytes(&self) -> usize {
        match self {
            Pushed::Object(object) => object.len(),
            Pushed::Refetch => 0,
        }
    }
}

/// How much waits, and news that something was taken.
#[derive(Debug, Default)]
struct Weight {
    bytes: AtomicUsize,
    taken: Notify,
}

/// A queue of pushed objects.
pub(crate) fn queue() -> (Pusher, PushedQueue) {
    let (to, from) = mpsc::channel(MAX_PUSHED);
    let weight = Arc::<Weight>::default();
    (Pusher { to, weight: Arc::clone(&weight), missed: false }, PushedQueue { from, weight })
}

/// The end of a queue into which objects are put.
#[derive(Debug, Clone)]
pub(crate) struct Pusher {
    to: mpsc::Sender<Pushed>,
    weight: Arc<Weight>,
    /// Something was dropped, and whoever takes does not know yet.
    missed: bool,
}

impl Pusher {
    /// Puts an object in, or drops it if there is no room for it. What was dropped is told as [`Pushed::Refetch`] as soon
    /// as there is room again; [`Pusher::tell_missed`] tries that.
    pub fn push(&mut self, pushed: Pushed) {
        self.missed |= !self.try_push(pushed);
    }

    /// Whether an object found room. An object is copied: it may be a small part of a large packet, which it would keep.
    /// One that nobody can take any more counts as taken.
    pub fn try_push(&self, pushed: Pushed) -> bool {
        if self.to.is_closed() {
            return true;
        }
        let bytes = pushed.bytes();
        let Ok(permit) = self.to.try_reserve() else { return false };
        let waiting = self.weight.bytes.load(Ordering::Acquire);
        if bytes > 0 && waiting.saturating_add(bytes) > MAX_PUSHED_BYTES {
            return false;
        }
        self.weight.bytes.fetch_add(bytes, Ordering::AcqRel);
        permit.send(match pushed {
            Pushed::Object(object) => Pushed::Object(Bytes::copy_from_slice(&object)),
            Pushed::Refetch => Pushed::Refetch,
        });
        true
    }

    /// Whether so much was taken that it is worth telling what was dropped, lest it is told again and again.
    fn has_room(&self) -> bool {
        self.to.capacity() > 0 && self.weight.bytes.load(Ordering::Acquire) <= MAX_PUSHED_BYTES / 2
    }

    /// Tells what was dropped, if there is room.
    pub fn tell_missed(&mut self) {
        if self.missed && self.has_room() {
            self.missed = !self.try_push(Pushed::Refetch);
        }
    }

    /// Waits for room, and tells that something was missed.
    pub async fn missed(&self) {
        while !self.has_room() && !self.is_closed() {
            tokio::select! {
                () = self.weight.taken.notified() => {}
                () = self.to.closed() => {}
            }
        }
        let _ = self.to.send(Pushed::Refetch).await;
    }

    /// Whether nobody takes anything any more.
    pub fn is_closed(&self) -> bool {
        self.to.is_closed()
    }
}

/// What was pushed, oldest first.
#[derive(Debug)]
pub struct PushedQueue {
    from: mpsc::Receiver<Pushed>,
    weight: Arc<Weight>,
}

impl PushedQueue {
    /// The next object, as soon as there is one; `None` if no more can come. It may be dropped while it waits.
    pub async fn recv(&mut self) -> Option<Pushed> {
        let pushed = self.from.recv().await?;
        self.weight.bytes.fetch_sub(pushed.bytes(), Ordering::AcqRel);
        self.weight.taken.notify_one();
        Some(pushed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn so_many_bytes_wait_and_what_was_dropped_is_told_in_the_end() {
        const OBJECT_BYTES: usize = 1 << 20;
        let (mut pusher, mut queue) = queue();
        let object = Pushed::Object(vec![7; OBJECT_BYTES].into());
        (0..1000).for_each(|_| pusher.push(object.clone()));
        pusher.tell_missed();
        let waiting = MAX_PUSHED_BYTES / OBJECT_BYTES;
        for _ in 0..waiting {
            assert_eq!(queue.recv().await, Some(object.clone()));
        }
        pusher.tell_missed();
        pusher.tell_missed();
        assert_eq!(queue.recv().await, Some(Pushed::Refetch));
        pusher.push(object.clone());
        assert_eq!(queue.recv().await, Some(object), "there is room again");
        drop(pusher);
        assert_eq!(queue.recv().await, None);
    }

    #[tokio::test]
    async fn so_many_objects_wait_however_small() {
        let (mut pusher, mut queue) = queue();
        (0..2 * MAX_PUSHED).for_each(|_| pusher.push(Pushed::Object(Bytes::from_static(&[0; 4]))));
        drop(pusher);
        let mut taken = 0;
        while queue.recv().await.is_some() {
            taken += 1;
        }
        assert_eq!(taken, MAX_PUSHED);
    }

    #[tokio::test]
    async fn whoever_waits_for_room_tells_what_was_missed_when_half_was_taken() {
        let (pusher, mut queue) = queue();
        let object = Pushed::Object(vec![7; MAX_PUSHED_BYTES / 2].into());
        assert!(pusher.try_push(object.clone()) && pusher.try_push(object.clone()));
        assert!(!pusher.try_push(object.clone()));
        let (told, taken) = tokio::join!(pusher.missed(), queue.recv());
        assert_eq!((told, taken), ((), Some(object.clone())));
        assert_eq!(queue.recv().await, Some(object));
        assert_eq!(queue.recv().await, Some(Pushed::Refetch));
    }

    #[test]
    fn a_small_part_does_not_keep_the_large_packet_that_it_came_in() {
        let packet = Bytes::from(vec![0; 8 << 20]);
        let (mut pusher, _queue) = queue();
        pusher.push(Pushed::Object(packet.slice(..8)));
        assert!(packet.is_unique());
    }
}
