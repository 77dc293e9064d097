//! Writes the corpus anew: `cargo run --manifest-path fuzz/Cargo.toml --bin corpus`.

use std::fs;
use std::path::Path;

use zaun_fuzz::{batch, client, faketls, framing, gzip, handshake, packet, proxy, session, tl, tree};

fn main() -> std::io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let targets: [(&str, fn() -> Vec<Vec<u8>>, fn(&[u8])); 11] = [
        ("batch", batch::seeds, batch::run),
        ("client", client::seeds, client::run),
        ("faketls", faketls::seeds, faketls::run),
        ("framing", framing::seeds, framing::run),
        ("gzip", gzip::seeds, gzip::run),
        ("handshake", handshake::seeds, handshake::run),
        ("packet", packet::seeds, packet::run),
        ("proxy", proxy::seeds, proxy::run),
        ("session", session::seeds, session::run),
        ("tl", tl::seeds, tl::run),
        ("tree", tree::seeds, tree::run),
    ];
    for (name, seeds, run) in targets {
        let folder = corpus.join(name);
        fs::create_dir_all(&folder)?;
        for (n, seed) in seeds().iter().enumerate() {
            run(seed);
            fs::write(folder.join(format!("seed-{n:02}")), seed)?;
        }
    }
    Ok(())
}
