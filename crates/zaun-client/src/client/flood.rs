//! Pauses that the server wants (M-428): waited out if they are short, and remembered per method.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use zaun_mtproto::client::RpcError;

use crate::connection::InvokeError;

/// Methods whose pauses are remembered.
const MAX_METHODS: usize = 1024;

/// Which pauses are waited out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FloodPolicy {
    /// Longer ones are told to the caller at once.
    pub longest: Duration,
    /// So many pauses of one call.
    pub times: u32,
}

impl Default for FloodPolicy {
    /// A minute, three times.
    fn default() -> FloodPolicy {
        FloodPolicy { longest: Duration::from_secs(60), times: 3 }
    }
}

impl FloodPolicy {
    /// Every pause is told to the caller.
    pub const NEVER: FloodPolicy = FloodPolicy { longest: Duration::ZERO, times: 0 };
}

#[derive(Debug, Default)]
struct Pause {
    until: Option<Instant>,
    in_a_row: u32,
}

/// What is known of each method.
#[derive(Debug)]
pub struct FloodMemory {
    policy: FloodPolicy,
    methods: Mutex<HashMap<&'static str, Pause>>,
}

impl FloodMemory {
    pub fn new(policy: FloodPolicy) -> FloodMemory {
        FloodMemory { policy, methods: Mutex::default() }
    }

    /// Waits until a method may be called.
    ///
    /// # Errors
    /// FLOOD_WAIT, as the server would answer, if that takes too long: the server is not even asked.
    pub async fn wait(&self, method: &'static str) -> Result<(), InvokeError> {
        let until = self.methods.lock().get(method).and_then(|pause| pause.until);
        let Some(left) = until.map(|until| until.saturating_duration_since(Instant::now())) else {
            return Ok(());
        };
        if left > self.policy.longest {
            let message = format!("FLOOD_WAIT_{}", left.as_secs() + 1);
            return Err(InvokeError::Rpc(RpcError { code: 420, message }));
        }
        tokio::time::sleep(left).await;
        Ok(())
    }

    /// Learns from an error of a method. `true` if the call is worth repeating after [`FloodMemory::wait`].
    pub fn note(&self, method: &'static str, error: &InvokeError) -> bool {
        let mut methods = self.methods.lock();
        let Some(wait) = pause_of(error) else {
            methods.remove(method);
            return false;
        };
        if methods.len() >= MAX_METHODS {
            methods.clear();
        }
        let pause = methods.entry(method).or_default();
        // Slow mode is about one chat, not about the method.
        if !error.is("SLOWMODE_WAIT") {
            pause.until = Some(Instant::now() + wait);
        }
        pause.in_a_row += 1;
        if wait > self.policy.longest || pause.in_a_row > self.policy.times {
            pause.in_a_row = 0;
            return false;
        }
        pause.until = Some(Instant::now() + wait);
        true
    }
}

/// How long the server wants nothing of the kind.
fn pause_of(error: &InvokeError) -> Option<Duration> {
    let rpc = error.rpc()?;
    let names = ["FLOOD_WAIT", "FLOOD_PREMIUM_WAIT", "FLOOD_TEST_PHONE_WAIT", "SLOWMODE_WAIT"];
    names.contains(&&*rpc.name()).then_some(())?;
    Some(Duration::from_secs(rpc.argument()?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flood(message: &str) -> InvokeError {
        InvokeError::Rpc(RpcError { code: 420, message: message.into() })
    }

    #[tokio::test(start_paused = true)]
    async fn m_428_short_pauses_are_waited_out_per_method() {
        let memory = FloodMemory::new(FloodPolicy::default());
        let began = Instant::now();
        assert!(memory.note("a", &flood("FLOOD_WAIT_7")));
        memory.wait("b").await.unwrap();
        assert_eq!(began.elapsed(), Duration::ZERO);
        memory.wait("a").await.unwrap();
        assert!(began.elapsed() >= Duration::from_secs(7));
    }

    #[tokio::test(start_paused = true)]
    async fn m_428_long_pauses_are_told_without_asking_again() {
        let memory = FloodMemory::new(FloodPolicy::default());
        assert!(!memory.note("a", &flood("FLOOD_PREMIUM_WAIT_100")));
        let error = memory.wait("a").await.unwrap_err();
        assert!(error.is("FLOOD_WAIT"), "{error}");
        tokio::time::advance(Duration::from_secs(100)).await;
        memory.wait("a").await.unwrap();
    }

    #[test]
    fn other_errors_are_no_pauses_and_endless_ones_end() {
        let memory = FloodMemory::new(FloodPolicy { longest: Duration::from_secs(60), times: 3 });
        assert!(!memory.note("a", &flood("PEER_FLOOD")));
        let repeats =
            (0..10).map(|_| memory.note("a", &flood("FLOOD_WAIT_0"))).take_while(|again| *again).count();
        assert_eq!(repeats, 3);
    }
}
