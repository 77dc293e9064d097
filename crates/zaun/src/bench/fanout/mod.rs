//! One thing that many sessions hear of: what it costs the server for each of them. The readers are another process, so
//! that the processor time of this one is the server's alone.

mod crowd;
mod readers;

use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use zaun_api::Api;
use zaun_messenger::messages::content::Content;
use zaun_messenger::messages::send::Draft;
use zaun_messenger::peers::PeerRef;
use zaun_model::Peer;
use zaun_schema::api::types;
use zaun_server::SessionHandle;

use super::target::processor_time;
use super::{BenchArgs, figure, headline};
use crowd::{Crowd, Readers};

pub use readers::run as read;

/// Sessions of one user.
const SESSIONS: usize = 1000;
/// Sessions on one key; below the server's limit per key.
const SESSIONS_PER_KEY: usize = 100;
/// Things that are told in one stretch.
const ROUNDS: usize = 10;
/// Stretches of each kind, of which the median is taken.
const STRETCHES: usize = 5;

/// Runs the measurement.
pub async fn run(args: &BenchArgs) -> anyhow::Result<()> {
    headline(
        "one thing to many sessions, readers in another process, µs of the server's processor per session",
    );
    let crowd = Crowd::gather(args.members).await?;
    one_user(&crowd).await?;
    channel(&crowd).await
}

/// Packets of any content and messages of others, to the sessions of one user.
async fn one_user(crowd: &Crowd) -> anyhow::Result<()> {
    let keys: Vec<_> = crowd.keys_of_user.iter().map(|key| (SESSIONS_PER_KEY, key.clone())).collect();
    let mut readers = Readers::start(crowd.server.address(), &keys).await?;
    let mut sessions: Vec<Arc<SessionHandle<Api>>> = Vec::new();
    for key in &crowd.keys_of_user {
        sessions.extend(crowd.server.handle().key(key.id()).context("a key is gone")?.sessions());
    }
    anyhow::ensure!(sessions.len() == SESSIONS, "{} sessions are there", sessions.len());
    for size in [128, 1024, 4096, 16384] {
        let object = Bytes::from(vec![0x5a; size]);
        let (mut single, mut together) = (Vec::new(), Vec::new());
        for _ in 0..STRETCHES {
            single.push(
                stretch(&mut readers, async |_| {
                    sessions.iter().for_each(|session| session.push(object.clone()));
                    Ok(())
                })
                .await?,
            );
            together.push(
                stretch(&mut readers, async |_| {
                    crowd.server.handle().push_all(&sessions, &object);
                    Ok(())
                })
                .await?,
            );
        }
        let (single, together) = (median(single), median(together));
        let value = format!("{together:.2} / {single:.2}");
        figure(&format!("{size} B, encrypted together / one by one"), value, "µs");
    }
    let to = Peer::User(crowd.user);
    post(crowd, &mut readers, to, "a message to one user with 1,000 sessions").await
}

/// Posts in a channel, to its members.
async fn channel(crowd: &Crowd) -> anyhow::Result<()> {
    let keys: Vec<_> = crowd.keys_of_members.iter().map(|key| (1, key.clone())).collect();
    let mut readers = Readers::start(crowd.server.address(), &keys).await?;
    let name = format!("a post to a channel, {} members online", keys.len());
    post(crowd, &mut readers, Peer::Channel(crowd.channel), &name).await
}

async fn post(crowd: &Crowd, readers: &mut Readers, to: Peer, name: &str) -> anyhow::Result<()> {
    let mut costs = Vec::new();
    let before = crowd.rows_written().await?;
    for number in 0..STRETCHES {
        let send = async |round: usize| {
            let random_id = i64::try_from(1 + number * ROUNDS + round)? << 20 | to.marked() & 0xf_ffff;
            let message = types::Message::default();
            let content = Content { text: format!("post {round} of the benchmark"), message };
            let draft = Draft { random_id, content, ..Draft::default() };
            crowd.node.messenger().send(crowd.author, PeerRef::Known(to), vec![draft]).await?;
            Ok(())
        };
        costs.push(stretch(readers, send).await?);
    }
    let rows = (crowd.rows_written().await? - before) as f64 / (STRETCHES * ROUNDS) as f64;
    figure(name, format!("{:.2}", median(costs)), "µs");
    figure(&format!("{name}: rows written"), format!("{rows:.1}"), "per message");
    Ok(())
}

/// Microseconds of processor per session and thing told; the next one is told when everybody has heard of it.
async fn stretch(
    readers: &mut Readers,
    tell: impl AsyncFn(usize) -> anyhow::Result<()>,
) -> anyhow::Result<f64> {
    let before = processor_time();
    for round in 0..ROUNDS {
        tell(round).await?;
        readers.wait().await?;
    }
    Ok((processor_time() - before).as_secs_f64() * 1e6 / (ROUNDS * readers.sessions) as f64)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
