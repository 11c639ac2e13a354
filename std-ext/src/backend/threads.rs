//! Jobs shared out between threads.
//!
//! Who does a job is decided while it runs: each thread takes the next one. So nothing that is computed may depend on it: jobs have
//! borders that follow from sizes alone, write to places of their own, and what they leave is added up by the caller in their order.
//!
//! The threads are those of a rayon pool, asleep between calls. The caller works too: it waits at the end for jobs under way, never for a
//! thread that is not awake yet to begin one.

use std::sync::{Mutex, PoisonError};

use gaussling_core::Error;

/// Threads beside the caller's.
#[derive(Debug)]
pub(super) struct Threads(rayon::ThreadPool);

/// What is left to do, and the first error in the order of the jobs.
struct Queue<I> {
    jobs: I,
    error: Option<(usize, Error)>,
}

impl Threads {
    /// `count` of them with the caller's; `None` for one, or when the system has no threads to give.
    pub(super) fn new(count: usize) -> Option<Self> {
        let beside = count.checked_sub(1).filter(|&beside| beside > 0)?;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(beside).thread_name(|i| format!("gaussling {i}"));
        pool.build().ok().map(Self)
    }

    /// With the caller's.
    pub(super) fn count(&self) -> usize {
        self.0.current_num_threads() + 1
    }

    /// Does each job once; the error of the first one that fails.
    pub(super) fn share<J: Send>(
        &self,
        jobs: &mut [J],
        work: impl Fn(&mut J) -> Result<(), Error> + Sync,
    ) -> Result<(), Error> {
        let helpers = self.0.current_num_threads().min(jobs.len().saturating_sub(1));
        let queue = Mutex::new(Queue { jobs: jobs.iter_mut().enumerate(), error: None });
        let lock = || queue.lock().unwrap_or_else(PoisonError::into_inner);
        let take = || lock().jobs.next();
        let run = || {
            while let Some((number, job)) = take() {
                if let Err(error) = work(job) {
                    let mut queue = lock();
                    if queue.error.is_none_or(|(first, _)| number < first) {
                        queue.error = Some((number, error));
                    }
                }
            }
        };
        self.0.in_place_scope(|scope| {
            for _ in 0..helpers {
                scope.spawn(|_| run());
            }
            run();
        });
        let error = lock().error;
        error.map_or(Ok(()), |(_, error)| Err(error))
    }
}
