//! The certificate that stands in front of WebSocket and HTTP: given, or made at the first start.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Config;
use crate::secrets;

/// Certificate and key for the server, self-signed unless files were given.
pub fn config(config: &Config, data: &Path) -> anyhow::Result<Arc<ServerConfig>> {
    let (certificate, key) = match (&config.tls_cert, &config.tls_key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        (None, None) => {
            let paths = (data.join("tls-cert.pem"), data.join("tls-key.pem"));
            if !paths.0.exists() || !paths.1.exists() {
                make(config, &paths.0, &paths.1)?;
            }
            paths
        }
        _ => anyhow::bail!("a certificate needs its key: give both --tls-cert and --tls-key, or neither"),
    };
    let unusable = |what: &Path| format!("cannot use {}: it must be in PEM form", what.display());
    let chain = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| unusable(&certificate))?;
    let key = PrivateKeyDer::from_pem_file(&key).with_context(|| unusable(&key))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth();
    Ok(Arc::new(builder.with_single_cert(chain, key).context("certificate and key do not fit")?))
}

/// A certificate that nobody vouches for: clients that check have to be told to trust it.
fn make(config: &Config, certificate: &Path, key: &Path) -> anyhow::Result<()> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.extend(config.public_address.map(|ip| ip.to_string()));
    let made = rcgen::generate_simple_self_signed(names).context("cannot make a certificate")?;
    let _ = std::fs::remove_file(key);
    let _ = std::fs::remove_file(certificate);
    secrets::write_private(key, made.signing_key.serialize_pem().as_bytes())?;
    secrets::write_private(certificate, made.cert.pem().as_bytes())
}
