//! What a server says of itself when it is up: address, key, and two lines for each client library.

use std::net::SocketAddr;

use crate::keys::Forms;

/// The announcement as one JSON object, for programs.
pub fn json(address: SocketAddr, dc: i32, key: &Forms) -> serde_json::Value {
    serde_json::json!({ "address": address.ip().to_string(), "port": address.port(), "dc": dc, "key": key })
}

/// The announcement for people.
pub fn text(address: SocketAddr, dc: i32, sandbox: bool, key: &Forms) -> String {
    let (host, port) = (address.ip(), address.port());
    let phones = if sandbox {
        "  sandbox      phone 99966XYYYY logs in with the digit X five times, as 99966 2 1234 with 22222\n"
    } else {
        "  login codes  are printed here, and sent to the user's other sessions\n"
    };
    format!(
        "\n  Zaun listens on {address}\n\n  \
         dc           {dc}\n  \
         fingerprint  {fingerprint} (signed {signed})\n{phones}\n\
         Point a client here; `zaun keys` prints PEM and numbers:\n\n  \
         Telethon   telethon.crypto.rsa._server_keys.clear(); telethon.crypto.rsa.add_key(PKCS1_PEM, old=False)\n             \
         session = MemorySession(); session.set_dc({dc}, \"{host}\", {port})\n  \
         Kurigram   pyrogram.crypto.rsa.server_public_keys[{signed}] = PublicKey(MODULUS, 65537)\n             \
         give the storage server_address() \"{host}\" and server_port() {port}\n  \
         mtcute     new TelegramClient({{ defaultDcs: {{ main: {{ id: {dc}, ipAddress: '{host}', port: {port} }}, … }} }})\n             \
         await client.prepare(); addPublicKey(client._client.crypto, PKCS1_PEM)\n  \
         GramJS     require('telegram/crypto/RSA')._serverKeys.set('{signed}', {{ n: bigInt(MODULUS), e: 65537 }})\n             \
         session.setDC({dc}, '{host}', {port})\n  \
         TDLib      replace the PEM texts inside a copy of the library, length for length (docs/CLIENTS.md)\n             \
         reach {host}:{port} through a SOCKS5 proxy that redirects\n",
        fingerprint = key.fingerprint_hex,
        signed = key.fingerprint,
    )
}
