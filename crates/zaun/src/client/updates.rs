//! Updates as they come, one line each.

use anyhow::Context;
use zaun_client::{Client, Pushed};
use zaun_console::tree;
use zaun_schema::api::functions::updates::GetState;

pub async fn follow(client: &Client, count: Option<usize>) -> anyhow::Result<()> {
    let mut pushed = client.pushed().context("updates are followed already")?;
    // From here on the server pushes.
    client.invoke(&GetState {}).await?;
    eprintln!("following updates; Ctrl-C ends it");
    let mut left = count.unwrap_or(usize::MAX);
    while left > 0 {
        match pushed.recv().await {
            None => anyhow::bail!("the connection is closed"),
            Some(Pushed::Refetch) => {}
            Some(Pushed::Object(object)) => {
                for message in tree::decode(&object, &|_| None).messages {
                    println!("{}", tree::line(&message.tree));
                }
                left -= 1;
            }
        }
    }
    Ok(())
}
