//! TLS as a carrier.

use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
};

use super::Io;
use crate::link::LinkError;

/// TLS around a connection: the name to ask for, and which certificates are believed.
#[derive(Debug, Clone)]
pub struct Tls {
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
}

impl Tls {
    /// Believes certificates that one of `roots` vouches for.
    ///
    /// # Errors
    /// [`LinkError::Carrier`] for a name that is none.
    pub fn trusting(name: &str, roots: RootCertStore) -> Result<Tls, LinkError> {
        let builder = builder()?.with_root_certificates(roots);
        Ok(Tls { name: server_name(name)?, config: Arc::new(builder.with_no_client_auth()) })
    }

    /// Believes any certificate. MTProto does not rest on it: the server proves itself with its RSA key inside.
    ///
    /// # Errors
    /// [`LinkError::Carrier`] for a name that is none.
    pub fn unverified(name: &str) -> Result<Tls, LinkError> {
        let any = Arc::new(AnyCertificate(aws_lc_rs::default_provider()));
        let builder = builder()?.dangerous().with_custom_certificate_verifier(any);
        Ok(Tls { name: server_name(name)?, config: Arc::new(builder.with_no_client_auth()) })
    }

    /// Its name, as HTTP wants it.
    pub(crate) fn host(&self) -> String {
        self.name.to_str().into_owned()
    }

    pub(crate) async fn connect(&self, io: Box<dyn Io>) -> Result<Box<dyn Io>, LinkError> {
        Ok(Box::new(TlsConnector::from(self.config.clone()).connect(self.name.clone(), io).await?))
    }
}

type Builder = tokio_rustls::rustls::ConfigBuilder<ClientConfig, tokio_rustls::rustls::WantsVerifier>;

fn builder() -> Result<Builder, LinkError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    builder.map_err(|error| LinkError::Carrier(error.to_string()))
}

fn server_name(name: &str) -> Result<ServerName<'static>, LinkError> {
    let bad = |_| LinkError::Carrier(format!("\"{name}\" is no name of a server"));
    ServerName::try_from(name.to_owned()).map_err(bad)
}

#[derive(Debug)]
struct AnyCertificate(CryptoProvider);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
