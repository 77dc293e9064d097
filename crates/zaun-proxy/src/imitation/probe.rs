//! Looking at a site: handshakes of TLS that end where the client's turn comes.

use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    self, ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, version,
};
use zaun_link::{Address, Io};

use super::profile::{self, SiteProfile};
use super::{Imitation, Probe};
use crate::announce::Ends;
use crate::cover;
use crate::limits::{FIRST_READ_BYTES, HANDSHAKE, MAX_FLIGHT_READ, OWN_PATIENCE, PROBES};
use crate::proxy::Live;

/// Why a site could not be looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProbeError {
    #[error("there is no cover site")]
    None,
    #[error("it is the proxy itself")]
    Own,
    #[error("it cannot be reached: {0}")]
    Io(#[from] io::Error),
    #[error("it does not answer")]
    Silent,
    #[error("it speaks no TLS 1.3, so clients of the proxy can be told from its visitors: {0}")]
    Tls(#[from] rustls::Error),
    #[error("it answers in a way that clients of Telegram do not know")]
    Form,
}

/// Makes some handshakes with a domain's site: the length of what it sends encrypted may vary with its signatures.
pub(super) async fn look(
    imitation: &Imitation,
    live: &Live,
    domain: &str,
) -> Result<SiteProfile, ProbeError> {
    let mut profile = look_once(imitation, live, domain).await?;
    for _ in 1..PROBES {
        let next = look_once(imitation, live, domain).await?;
        for bytes in next.flights {
            if !profile.flights.contains(&bytes) {
                profile.flights.push(bytes);
            }
        }
    }
    profile.flights.sort_unstable();
    Ok(profile)
}

async fn look_once(imitation: &Imitation, live: &Live, domain: &str) -> Result<SiteProfile, ProbeError> {
    let site = cover::site(live, Some(domain)).ok_or(ProbeError::None)?;
    let name = ServerName::try_from(domain.to_owned()).map_err(|_| ProbeError::Form)?;
    let mut client = ClientConnection::new(Arc::new(offer()?), name)?;
    let mut hello = Vec::new();
    client.write_tls(&mut hello)?;
    let random = *profile::random(&hello).ok_or(ProbeError::Form)?;
    let probe = Arc::new(Probe::default());
    imitation.probes.lock().insert(random, Arc::clone(&probe));
    let mut met = probe.met.subscribe();
    let met_in_vain = async {
        let _ = met.wait_for(|met| *met).await;
        sleep(OWN_PATIENCE).await;
    };
    let looked = tokio::select! {
        looked = shake_hands(live, &site, &hello, &mut client) => looked,
        () = met_in_vain => Err(ProbeError::Own),
        () = sleep(HANDSHAKE) => Err(ProbeError::Silent),
    };
    imitation.probes.lock().remove(&random);
    probe.is_own.send_replace(Some(matches!(looked, Err(ProbeError::Own))));
    SiteProfile::of_handshake(&looked?).ok_or(ProbeError::Form)
}

/// All that the site sends until the handshake is done.
async fn shake_hands(
    live: &Live,
    site: &Address,
    hello: &[u8],
    client: &mut ClientConnection,
) -> Result<Vec<u8>, ProbeError> {
    let mut io = cover::open(live, Ends::default(), site).await?;
    io.write_all(hello).await?;
    io.flush().await?;
    finish(client, &mut io).await
}

/// All that the site sends until the handshake is done; then a goodbye, so that it looks like a visit.
async fn finish(client: &mut ClientConnection, io: &mut Box<dyn Io>) -> Result<Vec<u8>, ProbeError> {
    let mut received = BytesMut::new();
    while client.is_handshaking() {
        received.reserve(FIRST_READ_BYTES);
        let before = received.len();
        if received.len() > MAX_FLIGHT_READ {
            return Err(ProbeError::Form);
        }
        if io.read_buf(&mut received).await? == 0 {
            return Err(ProbeError::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        let mut new = received.get(before..).unwrap_or_default();
        while !new.is_empty() {
            client.read_tls(&mut new)?;
            client.process_new_packets()?;
        }
    }
    client.send_close_notify();
    let mut goodbye = Vec::new();
    while client.wants_write() {
        client.write_tls(&mut goodbye)?;
    }
    io.write_all(&goodbye).await?;
    io.shutdown().await?;
    Ok(received.to_vec())
}

/// Offers what Telegram's applications offer, in their order, as far as it changes the answer.
fn offer() -> Result<ClientConfig, rustls::Error> {
    use aws_lc_rs::cipher_suite::{
        TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384, TLS13_CHACHA20_POLY1305_SHA256,
    };
    use aws_lc_rs::kx_group::{SECP256R1, SECP384R1, X25519, X25519MLKEM768};
    let provider = CryptoProvider {
        cipher_suites: vec![
            TLS13_AES_128_GCM_SHA256,
            TLS13_AES_256_GCM_SHA384,
            TLS13_CHACHA20_POLY1305_SHA256,
        ],
        kx_groups: vec![X25519MLKEM768, X25519, SECP256R1, SECP384R1],
        ..aws_lc_rs::default_provider()
    };
    let provider = Arc::new(provider);
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Unread(provider)))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Believes any certificate: nothing is said inside, and only lengths are looked at.
#[derive(Debug)]
struct Unread(Arc<CryptoProvider>);

impl ServerCertVerifier for Unread {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
