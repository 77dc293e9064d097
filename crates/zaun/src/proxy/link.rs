//! Links to a proxy, and their QR codes, made here and nowhere else.

use std::net::SocketAddr;

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use zaun_transport::ProxySecret;

use super::config::ProxyConfig;
use crate::terminal;

/// The form of a link that opens an application.
fn tg(host: &str, port: u16, secret: &ProxySecret) -> String {
    format!("tg://proxy?server={host}&port={port}&secret={}", secret.to_hex())
}

/// The form that a browser opens too.
fn https(host: &str, port: u16, secret: &ProxySecret) -> String {
    format!("https://t.me/proxy?server={host}&port={port}&secret={}", secret.to_hex())
}

/// What links name: the public host, or the first address that is listened on.
fn place(config: &ProxyConfig) -> Option<(String, u16)> {
    let address: SocketAddr = config.listen.iter().find_map(|place| place.parse().ok())?;
    let host = config.public_host.clone().unwrap_or_else(|| address.ip().to_string());
    Some((host, address.port()))
}

/// Says where the proxy listens and, if they are to be shown, the links of its secrets.
pub fn print(config: &ProxyConfig, shown: bool) -> anyhow::Result<()> {
    terminal::say(format_args!("proxy on {}", config.listen.join(", ")))?;
    if !shown {
        terminal::say("`zaun proxy link` shows the links of its secrets")?;
        return Ok(());
    }
    let Some((host, port)) = place(config) else {
        terminal::say("no link: it listens on Unix sockets only")?;
        return Ok(());
    };
    if host == "0.0.0.0" || host == "::" {
        terminal::say("no link: --public-host says under which name or address clients find it")?;
        return Ok(());
    }
    for (name, secret, _) in &config.settings.secrets {
        let link = tg(&host, port, secret);
        for line in
            [String::new(), name.clone(), format!("  {link}"), format!("  {}", https(&host, port, secret))]
        {
            terminal::say(line)?;
        }
        let code = QrCode::new(&link)?.render::<Dense1x2>().quiet_zone(true).build();
        for line in code.lines() {
            terminal::say(line)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m331_a_link_carries_the_secret_as_every_client_reads_it() {
        let secret: ProxySecret = "dd000102030405060708090a0b0c0d0e0f".parse().unwrap();
        let link = tg("proxy.example", 443, &secret);
        assert_eq!(
            link,
            "tg://proxy?server=proxy.example&port=443&secret=dd000102030405060708090a0b0c0d0e0f"
        );
        assert!(https("proxy.example", 443, &secret).starts_with("https://t.me/proxy?server=proxy.example&"));
        assert!(QrCode::new(&link).is_ok());
    }
}
