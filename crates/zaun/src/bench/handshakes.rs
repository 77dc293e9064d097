//! Key exchanges, beside what their arithmetic costs: one RSA private operation and two modular exponentiations.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use zaun_crypto::dh::Group;
use zaun_crypto::rsa::PrivateKey;

use super::target::{Target, per_second};
use super::{figure, headline};

/// Key exchanges to run.
const HANDSHAKES: usize = 400;
/// Clients that run them.
const CLIENTS: usize = 4;

/// Runs the measurement.
pub async fn run(target: &Target) -> anyhow::Result<()> {
    headline("key exchange");
    let arithmetic = arithmetic().await?;
    let left = Arc::new(AtomicUsize::new(HANDSHAKES));
    let watch = target.stopwatch();
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let (left, address, key) = (left.clone(), target.address, target.key.clone());
        clients.push(tokio::spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                zaun_probe::Conversation::begin(address, Target::wire(), &key).await?;
            }
            Ok::<_, zaun_probe::Error>(())
        }));
    }
    for client in clients {
        client.await??;
    }
    let rate = HANDSHAKES as f64 / watch.server();
    figure("arithmetic alone", format!("{arithmetic:.0}"), "per second and processor");
    figure("whole key exchanges, key stored durably", format!("{rate:.0}"), "per second and processor");
    figure("share of what the arithmetic allows", format!("{:.0}", rate / arithmetic * 100.0), "%");
    Ok(())
}

/// The arithmetic on every processor at once, as server and clients later keep all of them busy: two processors may
/// be one core, and an idle neighbour would flatter the yardstick.
async fn arithmetic() -> anyhow::Result<f64> {
    let processors = std::thread::available_parallelism()?.get();
    let runs: Vec<_> = (0..processors).map(|_| tokio::task::spawn_blocking(arithmetic_of_one)).collect();
    let mut sum = 0.0;
    for run in runs {
        sum += run.await??;
    }
    Ok(sum / processors as f64)
}

fn arithmetic_of_one() -> anyhow::Result<f64> {
    let mut rng = rand::rng();
    let rsa = PrivateKey::generate(&mut rng)?;
    let group = Group::telegram()?;
    let (_, other) = group.generate(&mut rng)?;
    let mut failed = false;
    let input = [7u8; 256];
    let rate = per_second(|| {
        let ok = rsa.raw(&input).is_ok()
            && group.generate(&mut rng).and_then(|(secret, _)| group.auth_key(&secret, &other)).is_ok();
        failed |= !ok;
    });
    anyhow::ensure!(!failed, "the arithmetic failed");
    Ok(rate)
}
