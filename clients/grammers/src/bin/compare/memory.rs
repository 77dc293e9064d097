//! Memory of idle clients in this process.

use std::sync::Arc;

use grammers_judge::{Error, Judge, Server};
use grammers_mtsender::SenderPool;
use grammers_session::Session;
use grammers_tl_types as tl;
use zaun_client::SavedSession;
use zaun_schema::api::functions::help::GetNearestDc;

use crate::network::{connection, own_rss_kib};
use crate::table::{Pair, costs, headline};

/// Clients on one key; below the server's limit per key.
const GROUP: usize = 100;
/// Groups that are measured; one more comes before them, for what the first clients cost once.
const GROUPS: usize = 4;

/// KiB for each: connected, one call made, silent.
pub async fn run(server: &Server) -> Result<(), Error> {
    headline("memory of a client that is connected and silent", "of 400");
    let ours = ours(server).await?;
    let theirs = theirs(server).await?;
    costs("one connection, session included", Pair { ours, theirs }, "KiB");
    Ok(())
}

async fn ours(server: &Server) -> Result<f64, Error> {
    let (mut clients, mut before) = (Vec::new(), 0.0);
    for group in 0..=GROUPS {
        let first = connection(server)?.connect().await?;
        first.invoke(&GetNearestDc {}).await?;
        let saved = SavedSession { session_id: 0, ..first.saved() };
        clients.push(first);
        for _ in 1..GROUP {
            let next = connection(server)?.saved(saved.clone()).connect().await?;
            next.invoke(&GetNearestDc {}).await?;
            clients.push(next);
        }
        if group == 0 {
            before = own_rss_kib()?;
        }
    }
    let each = (own_rss_kib()? - before) / (GROUPS * GROUP) as f64;
    for client in clients {
        client.disconnect().await;
    }
    Ok(each)
}

async fn theirs(server: &Server) -> Result<f64, Error> {
    let (mut clients, mut before) = (Vec::new(), 0.0);
    for group in 0..=GROUPS {
        let mut known = None;
        for _ in 0..GROUP {
            let session = Arc::new(Judge::session(server, known).await?);
            let pool = SenderPool::new(session.clone(), 1);
            tokio::spawn(pool.runner.run());
            pool.handle.thin.invoke_in_dc(server.dc(), &tl::functions::help::GetNearestDc {}).await?;
            known = session.dc_option(server.dc())?.and_then(|option| option.auth_key);
            clients.push((pool.handle, pool.updates));
        }
        if group == 0 {
            before = own_rss_kib()?;
        }
    }
    let each = (own_rss_kib()? - before) / (GROUPS * GROUP) as f64;
    for (handle, _) in &clients {
        handle.quit();
    }
    Ok(each)
}
