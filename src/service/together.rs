//! Calls of [`Service::moderate`] that come at once are stored in one transaction. A commit ends with a flush of the
//! disk, which takes milliseconds however little it holds; while one is under way the calls that arrive wait, and then
//! share the next. Nobody waits for company: a call that comes alone is written at once.
//!
//! What must stay true: a call is answered after the commit that holds it, never before; a call that cannot be stored
//! takes no other with it; every waiting call is answered, also when a writer panics.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::service::access::ApiClient;
use crate::service::error::Error;
use crate::service::moderate::{Draft, flagged_entry};
use crate::service::{Service, answer};
use crate::store::error::Error as StoreError;
use crate::store::idempotency::RequestName;

/// Texts in a transaction, or one call if that has more: bounds how long others wait for it.
const MOST_TEXTS: usize = 256;
/// Calls that may wait; one more is refused. Far above what the model lets through while the database is well.
const MOST_WAITING: usize = 4096;

/// One call, assessed.
pub(super) struct Call {
    pub(super) drafts: Vec<Result<Draft, Error>>,
    pub(super) by: ApiClient,
    pub(super) name: Option<RequestName>,
}

/// What became of a call.
pub(super) enum Stored {
    /// On disk; here is what was.
    Whole(Vec<Result<Draft, Error>>),
    /// The same request came twice at once, and the other was first. Nothing was stored.
    NameTaken,
}

struct Waiting {
    call: Call,
    answer: oneshot::Sender<Result<Stored, StoreError>>,
}

/// Calls that wait for a writer.
pub(super) struct Queue {
    state: Mutex<State>,
    /// Writers at a time.
    writers: u32,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    running: u32,
}

impl Queue {
    pub(super) fn new(writers: u32) -> Self {
        Self { state: Mutex::default(), writers }
    }

    /// Whether a writer must be started for it.
    fn push(&self, call: Waiting) -> Result<bool, StoreError> {
        let mut state = self.lock();
        if state.waiting.len() >= MOST_WAITING {
            let reason = format!("{MOST_WAITING} calls wait to be stored");
            return Err(StoreError::Unavailable(reason));
        }
        state.waiting.push_back(call);
        let start = state.running < self.writers;
        state.running += u32::from(start);
        Ok(start)
    }

    /// The next calls for one transaction, oldest first; a writer that gets none has ended. Whoever stopped waiting
    /// gets no work done for it.
    fn take(&self) -> Option<Vec<Waiting>> {
        let mut state = self.lock();
        state.waiting.retain(|waiting| !waiting.answer.is_closed());
        let (mut group, mut texts) = (Vec::new(), 0);
        while let Some(next) = state.waiting.front() {
            texts += next.call.drafts.len();
            if !group.is_empty() && texts > MOST_TEXTS {
                break;
            }
            group.extend(state.waiting.pop_front());
        }
        if group.is_empty() {
            state.running -= 1;
            return None;
        }
        Some(group)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A writer at work. Dropped before it has ended (a panic, or the runtime going down) it leaves no call waiting for
/// it: those hear that they were not stored.
struct Writer<'a> {
    queue: &'a Queue,
    ended: bool,
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        if !self.ended {
            let mut state = self.queue.lock();
            state.running -= 1;
            state.waiting.clear();
        }
    }
}

impl Service {
    /// Stores one call, with others if there are any. When it returns, the call is on disk.
    pub(super) async fn store_call(&self, call: Call) -> Result<Stored, Error> {
        let (answer, wait) = oneshot::channel();
        if self.inner.queue.push(Waiting { call, answer })? {
            let service = self.clone();
            // A task of its own: a client that hangs up must not take the calls of others with it.
            tokio::spawn(async move { service.write_waiting().await });
        }
        let lost = || StoreError::Unavailable("the writer ended before this was stored".to_owned());
        Ok(wait.await.unwrap_or_else(|_| Err(lost()))?)
    }

    async fn write_waiting(&self) {
        let mut writer = Writer { queue: &self.inner.queue, ended: false };
        while let Some(group) = writer.queue.take() {
            self.write_group(group).await;
        }
        writer.ended = true;
    }

    /// A group that fails is tried call by call, so that one bad call takes no other with it.
    async fn write_group(&self, group: Vec<Waiting>) {
        match self.write_together(&group).await {
            Ok(stored) => {
                for (waiting, stored) in group.into_iter().zip(stored) {
                    waiting.answer(Ok(stored));
                }
            }
            Err(_) if group.len() > 1 => {
                for waiting in group {
                    let alone = self.write_together(std::slice::from_ref(&waiting)).await;
                    waiting.answer(alone.map(|stored| stored.contains(&true)));
                }
            }
            Err(error) => {
                if let Some(waiting) = group.into_iter().next() {
                    waiting.answer(Err(error));
                }
            }
        }
    }

    /// One transaction. For each call whether it was stored: not when its name is taken.
    async fn write_together(&self, group: &[Waiting]) -> Result<Vec<bool>, StoreError> {
        let mut tx = self.inner.store.begin().await?;
        let mut stored = vec![true; group.len()];
        // In one order everywhere: two transactions that take the same names never wait for each other.
        let mut order: Vec<usize> = (0..group.len()).collect();
        order.sort_by_key(|i| group[*i].call.name.as_ref().map(|n| (&n.client, &n.key)));
        for i in order {
            let Call { drafts, name, .. } = &group[i].call;
            let ids = drafts.iter().map(|d| d.as_ref().map(|d| d.moderation.id));
            stored[i] = self.take_name(&mut tx, name.as_ref(), &answer::write(ids)).await?;
        }
        let mut audit = Vec::new();
        for (waiting, _) in group.iter().zip(&stored).filter(|(_, stored)| **stored) {
            for draft in waiting.call.drafts.iter().flatten() {
                tx.insert_item(&draft.item).await?;
                tx.insert_moderation(&draft.moderation).await?;
                if let Some(job) = &draft.job {
                    tx.insert_job(job).await?;
                    audit.push(flagged_entry(&waiting.call.by, &draft.moderation, job.id));
                }
            }
        }
        tx.append_audit(audit).await?;
        tx.commit().await?;
        Ok(stored)
    }
}

impl Waiting {
    fn answer(self, stored: Result<bool, StoreError>) {
        let Self { call, answer } = self;
        let stored = stored.map(|yes| if yes { Stored::Whole(call.drafts) } else { Stored::NameTaken });
        // Whoever has gone has no use for it; a repeated call under the same name finds it.
        let _ = answer.send(stored);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(texts: usize) -> (Waiting, oneshot::Receiver<Result<Stored, StoreError>>) {
        let (answer, wait) = oneshot::channel();
        let failed = || Err(Error::NotAssessed { reason: "made up".to_owned() });
        let drafts = (0..texts).map(|_| failed()).collect();
        (Waiting { call: Call { drafts, by: ApiClient::keyless(), name: None }, answer }, wait)
    }

    fn sizes(queue: &Queue) -> Option<Vec<usize>> {
        queue.take().map(|group| group.iter().map(|w| w.call.drafts.len()).collect())
    }

    #[test]
    fn waiting_calls_share_a_transaction_up_to_its_bound_and_one_writer_serves_all() {
        let queue = Queue::new(1);
        let mut open = Vec::new();
        let mut push = |texts| {
            let (call, wait) = waiting(texts);
            open.push(wait);
            queue.push(call).expect("there is room")
        };
        assert!(push(1), "the first needs a writer");
        assert!(
            ![push(2), push(250), push(10), push(300), push(1)].contains(&true),
            "which is there already"
        );
        assert_eq!(sizes(&queue), Some(vec![1, 2, 250]));
        assert_eq!(sizes(&queue), Some(vec![10]));
        assert_eq!(sizes(&queue), Some(vec![300]), "a call is never cut");
        assert_eq!(sizes(&queue), Some(vec![1]));
        assert_eq!(sizes(&queue), None);
        assert!(push(1), "the writer had ended");
    }

    #[test]
    fn whoever_hung_up_is_left_out_and_too_many_are_refused() {
        let queue = Queue::new(2);
        let (call, gone) = waiting(1);
        assert!(queue.push(call).expect("there is room"));
        drop(gone);
        let mut open = Vec::new();
        for i in 1..MOST_WAITING {
            let (call, wait) = waiting(1);
            open.push(wait);
            assert_eq!(queue.push(call).expect("there is room"), i == 1, "two writers at most");
        }
        let refused = queue.push(waiting(1).0).expect_err("full").to_string();
        assert!(refused.contains("4096 calls wait"), "{refused}");
        let taken: usize = std::iter::from_fn(|| sizes(&queue)).map(|group| group.len()).sum();
        assert_eq!(taken, MOST_WAITING - 1);
    }

    #[test]
    fn a_writer_that_dies_leaves_nobody_waiting() {
        let queue = Queue::new(1);
        let (call, mut wait) = waiting(1);
        assert!(queue.push(call).expect("there is room"));
        drop(Writer { queue: &queue, ended: false });
        assert!(matches!(wait.try_recv(), Err(oneshot::error::TryRecvError::Closed)));
        assert!(queue.push(waiting(1).0).expect("there is room"), "the next call starts another");
    }
}
