//! What a server says of itself when it is up: address, key, and two lines for each client library.

use std::net::SocketAddr;
use std::path::Path;

use crate::keys::Forms;

/// The announcement as one JSON object, for programs.
pub fn json(address: SocketAddr, dc: i32, key: &Forms) -> serde_json::Value {
    serde_json::json!({ "address": address.ip().to_string(), "port": address.port(), "dc": dc, "key": key })
}

/// The announcement for people. `key_file` is where the key stays; without one it is gone with the sandbox.
pub fn text(address: SocketAddr, dc: i32, sandbox: bool, key: &Forms, key_file: Option<&Path>) -> String {
    let (host, port) = (address.ip(), address.port());
    let phones = if sandbox {
        "  sandbox      phone 99966XYYYY logs in with the digit X five times, as 99966 2 1234 with 22222\n"
    } else {
        "  login codes  are printed here, and sent to the user's other sessions\n"
    };
    let forms = match key_file {
        Some(path) => format!("`zaun keys --key {}` prints this key as numbers and in other forms.", path.display()),
        None => "This key is for this run only. With --key FILE it stays, and `zaun keys --key FILE` prints it as\n  \
                 numbers and in other forms."
            .to_owned(),
    };
    let pem = key.pkcs1_pem.trim_end().replace('\n', "\n  ");
    format!(
        "\n  Zaun listens on {address}\n\n  \
         dc           {dc}\n  \
         fingerprint  {fingerprint} (signed {signed})\n{phones}\n  \
         {pem}\n  {forms}\n\n\
         Point a client here:\n\n  \
         Telethon   telethon.crypto.rsa._server_keys.clear(); telethon.crypto.rsa.add_key(PEM, old=False)\n             \
         session = MemorySession(); session.set_dc({dc}, \"{host}\", {port})\n  \
         kurigram   pyrogram.crypto.rsa.server_public_keys[{signed}] = PublicKey(MODULUS, 65537)\n             \
         give the storage server_address() \"{host}\" and port() {port}\n  \
         mtcute     new TelegramClient({{ defaultDcs: {{ main: {{ id: {dc}, ipAddress: '{host}', port: {port} }}, … }} }})\n             \
         await client.prepare(); addPublicKey(client._client.crypto, PEM)\n  \
         TDLib      replace the PEM texts inside a copy of the library, length for length (docs/CLIENTS.md)\n             \
         reach {host}:{port} through a SOCKS5 proxy that redirects\n",
        fingerprint = key.fingerprint_hex,
        signed = key.fingerprint,
    )
}
