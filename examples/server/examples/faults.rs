//! Fault injection for tests of client libraries: the whole messenger in a sandbox, and a middleware in front of it that
//! refuses with FLOOD_WAIT, answers late, twice, or not at all.

use std::time::{Duration, Instant};

use zaun_schema::api::functions::help::GetNearestDc;
use zaun_server::{Fault, Faults};
use zaun_testkit::{ApiClient, Conversation, Sandbox, Wire};
use zaun_tl::Function;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let faults = Faults::new();
    let sandbox = Sandbox::with(|options| options, |builder| builder.middleware(faults.clone())).await?;
    let conversation = Conversation::begin(sandbox.address(), Wire::default(), &sandbox.public_key()).await?;
    let mut client = ApiClient::new(conversation);
    client.introduce().await?;

    let second = Duration::from_secs(1);
    faults.plan(GetNearestDc::ID, [Fault::FloodWait(3), Fault::Late(second), Fault::Duplicate, Fault::Drop]);
    println!("refused:  {}", client.call(&GetNearestDc {}).await.unwrap_err());
    let began = Instant::now();
    client.call(&GetNearestDc {}).await?;
    println!("late:     answered after {:?}", began.elapsed());
    let query = client.send(&GetNearestDc {}).await?;
    client.result_of(query).await?;
    client.result_of(query).await?;
    println!("twice:    two answers to the query {query}");
    let lost = client.send(&GetNearestDc {}).await?;
    let silence = tokio::time::timeout(second, client.result_of(lost)).await;
    println!(
        "dropped:  {}",
        if silence.is_err() { "no answer within a second" } else { "answered after all" }
    );
    client.call(&GetNearestDc {}).await?;
    println!("and then: answered as usual");
    Ok(())
}
