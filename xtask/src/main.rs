//! Repository chores. `cargo xtask help` lists them; CI calls only what people call.

mod schema;

fn main() -> anyhow::Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("schema") => schema::run(),
        Some("help") | None => {
            println!("schema   rebuild the schema files from packages of the public registries");
            Ok(())
        }
        Some(other) => anyhow::bail!("no chore `{other}`; `cargo xtask help` lists them"),
    }
}
