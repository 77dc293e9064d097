//! Encrypted pings: the cheapest thing a session does.

use zaun_wire::{functions, types};

use super::target::Target;
use super::{figure, headline};

/// Pings in all.
const PINGS: i64 = 200_000;
/// Connections that send them.
const CONNECTIONS: i64 = 4;
/// Pings that a connection has in flight.
const WINDOW: i64 = 64;

/// Runs the measurement.
pub async fn run(target: &Target) -> anyhow::Result<()> {
    headline("encrypted ping and pong, each a packet of its own");
    let mut conversations = Vec::new();
    for _ in 0..CONNECTIONS {
        conversations.push(target.converse().await?);
    }
    let watch = target.stopwatch();
    let mut tasks = Vec::new();
    for mut conversation in conversations {
        tasks.push(tokio::spawn(async move {
            let (mut sent, mut answered, share) = (0, 0, PINGS / CONNECTIONS);
            while answered < share {
                while sent < share && sent - answered < WINDOW {
                    conversation.send_even(&functions::Ping { ping_id: sent }).await?;
                    sent += 1;
                }
                if conversation.receive().await?.decode::<types::Pong>().is_some() {
                    answered += 1;
                }
            }
            Ok::<_, zaun_probe::Error>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    let (wall, server) = (watch.wall(), watch.server());
    figure("round trips", format!("{:.0}", PINGS as f64 / server), "per second and processor of the server");
    figure(
        "round trips by the clock, clients beside it",
        format!("{:.0}", PINGS as f64 / wall),
        "per second",
    );
    Ok(())
}
