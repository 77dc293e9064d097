//! Calls through one connection: `help.getNearestDc`, many under way.

use std::future::Future;
use std::time::Instant;

use grammers_judge::{Error, Judge, Server};
use grammers_tl_types as tl;
use zaun_schema::api::functions::help::GetNearestDc;

use crate::network::{connection, own_cpu};
use crate::table::{Pair, costs, headline, median, rates};

/// Calls of one stretch.
const CALLS: usize = 20_000;
/// Stretches of each side.
const STRETCHES: usize = 5;

/// Calls per second by the clock, and processor time of the client for each.
pub async fn run(server: &Server) -> Result<(), Error> {
    headline("help.getNearestDc over one connection", "full framing, one server for both");
    let ours = connection(server)?.connect().await?;
    let theirs = Judge::new(server).await?;
    for (window, calls) in [(1, CALLS / 10), (64, CALLS)] {
        let mut figures: [Vec<f64>; 4] = Default::default();
        for _ in 0..STRETCHES {
            let own = ours.clone();
            let (rate, cpu) = stretch(window, calls, move || {
                let own = own.clone();
                async move { Ok(own.invoke(&GetNearestDc {}).await.map(drop)?) }
            })
            .await?;
            figures[0].push(rate);
            figures[1].push(cpu);
            let foreign = theirs.client.clone();
            let (rate, cpu) = stretch(window, calls, move || {
                let foreign = foreign.clone();
                async move { Ok(foreign.invoke(&tl::functions::help::GetNearestDc {}).await.map(drop)?) }
            })
            .await?;
            figures[2].push(rate);
            figures[3].push(cpu);
        }
        let [our_rate, our_cpu, their_rate, their_cpu] = figures.map(median);
        rates(&format!("{window} in flight"), Pair { ours: our_rate, theirs: their_rate }, "calls/s");
        let cpu = Pair { ours: our_cpu, theirs: their_cpu };
        costs("  processor time of the client for each", cpu, "µs");
    }
    ours.disconnect().await;
    theirs.quit();
    Ok(())
}

/// Calls per second, and microseconds of this process's processors for each.
async fn stretch<F>(
    window: usize,
    calls: usize,
    call: impl Fn() -> F + Clone + Send + 'static,
) -> Result<(f64, f64), Error>
where
    F: Future<Output = Result<(), Error>> + Send,
{
    let (clock, cpu) = (Instant::now(), own_cpu()?);
    let tasks: Vec<_> = (0..window)
        .map(|_| {
            let call = call.clone();
            tokio::spawn(async move {
                for _ in 0..calls / window {
                    call().await?;
                }
                Ok::<_, Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    let (wall, used) = (clock.elapsed(), own_cpu()? - cpu);
    let made = (calls / window * window) as f64;
    Ok((made / wall.as_secs_f64(), used.as_secs_f64() * 1e6 / made))
}
