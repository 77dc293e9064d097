//! Repository chores. `cargo xtask help` lists them; CI calls only what people call.

fn main() -> anyhow::Result<()> {
    anyhow::bail!("no chores yet")
}
