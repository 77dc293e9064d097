//! The answer to a hello of ours, in the form of the cover site's.

use bytes::{BufMut, BytesMut};
use rand::CryptoRng;
use tokio_rustls::rustls::crypto::aws_lc_rs::kx_group;
use zaun_crypto::{hmac_sha256, x25519};
use zaun_transport::Secret;
use zaun_transport::faketls::{Hello, MAX_HELLO_BYTES, certificate_len};

use super::profile::{
    KEY_SHARE, RANDOM_AT, SUPPORTED_VERSIONS, SiteProfile, X25519, X25519_MLKEM768, next_extension, take,
};

/// The record that ends the handshake in middlebox compatibility mode (RFC 8446, appendix D.4).
const CHANGE_CIPHER_SPEC: [u8; 6] = [0x14, 3, 3, 0, 1, 1];

/// Three records as M-346 has them. The key share is of the group that the site would choose of those that the client
/// offers, and a real one; the cipher is the site's, if the client offers it; the last record has the length of what the
/// site sends encrypted. `None` if the hello cannot be answered.
pub(crate) fn answer<R: CryptoRng + ?Sized>(
    hello: &Hello<'_>,
    record: &[u8],
    key: &Secret,
    profile: Option<&SiteProfile>,
    rng: &mut R,
) -> Option<BytesMut> {
    let unknown = SiteProfile::default();
    let profile = profile.unwrap_or(&unknown);
    hello.check_offer().ok()?;
    let offer = Offer::read(record)?;
    let cipher = offer.cipher(profile.cipher)?;
    let hybrid = if profile.group == X25519_MLKEM768 { offer.hybrid_share() } else { None };
    let (group, share) = match hybrid {
        Some(share) => (X25519_MLKEM768, share),
        None => (X25519, x25519_share(rng)),
    };
    let mut certificate = vec![0; profile.flight_bytes().unwrap_or_else(|| certificate_len(key, rng)).into()];
    rng.fill_bytes(&mut certificate);

    let mut out = BytesMut::with_capacity(MAX_HELLO_BYTES + certificate.len());
    server_hello(&mut out, offer.session_id, cipher, &extensions(group, &share, profile.share_first));
    out.put_slice(&CHANGE_CIPHER_SPEC);
    out.put_slice(&[0x17, 3, 3]);
    out.put_u16(length(certificate.len()));
    out.put_slice(&certificate);
    let proof = hmac_sha256(&key.0, &[hello.random(), &out]);
    out.get_mut(RANDOM_AT..RANDOM_AT + proof.len())?.copy_from_slice(&proof);
    Some(out)
}

/// What a ClientHello offers, of which a server chooses.
struct Offer<'a> {
    session_id: &'a [u8],
    ciphers: &'a [[u8; 2]],
    shares: Vec<(u16, &'a [u8])>,
}

impl<'a> Offer<'a> {
    /// Reads a ClientHello with its record's header.
    fn read(record: &'a [u8]) -> Option<Offer<'a>> {
        let mut rest = record.get(RANDOM_AT + 32..)?;
        let session_id = take(&mut rest, 1)?;
        let (ciphers, []) = take(&mut rest, 2)?.as_chunks() else { return None };
        take(&mut rest, 1)?;
        let mut extensions = take(&mut rest, 2)?;
        let mut shares = Vec::new();
        while let Some((kind, mut body)) = next_extension(&mut extensions) {
            if kind == KEY_SHARE {
                let mut list = take(&mut body, 2)?;
                while let Some(share) = next_extension(&mut list) {
                    shares.push(share);
                }
            }
        }
        Some(Offer { session_id, ciphers, shares })
    }

    /// This cipher suite if it is offered, otherwise the first one of TLS 1.3 (M-349).
    fn cipher(&self, wanted: [u8; 2]) -> Option<[u8; 2]> {
        let mut offered = self.ciphers.iter().copied().filter(|cipher| matches!(cipher, [0x13, 1..=3]));
        let first = offered.clone().next();
        offered.find(|cipher| *cipher == wanted).or(first)
    }

    /// The server's share of X25519MLKEM768; `None` if the client offers none, or one that is no key.
    fn hybrid_share(&self) -> Option<Vec<u8>> {
        let (_, theirs) = self.shares.iter().find(|(group, _)| *group == X25519_MLKEM768)?;
        Some(kx_group::X25519MLKEM768.start_and_complete(theirs).ok()?.pub_key)
    }
}

/// A public key whose private one is forgotten: nothing is ever encrypted with what both sides would agree upon.
fn x25519_share<R: CryptoRng + ?Sized>(rng: &mut R) -> Vec<u8> {
    let mut private = [0; 32];
    rng.fill_bytes(&mut private);
    x25519::public_key(&private).to_vec()
}

fn extensions(group: u16, share: &[u8], share_first: bool) -> Vec<u8> {
    let mut key_share = Vec::new();
    key_share.put_u16(KEY_SHARE);
    key_share.put_u16(length(share.len() + 4));
    key_share.put_u16(group);
    key_share.put_u16(length(share.len()));
    key_share.put_slice(share);
    let mut version = Vec::new();
    version.put_u16(SUPPORTED_VERSIONS);
    // TLS 1.3.
    version.put_slice(&[0, 2, 3, 4]);
    if share_first { [key_share, version].concat() } else { [version, key_share].concat() }
}

/// The record, with zeros for its random.
fn server_hello(out: &mut BytesMut, session_id: &[u8], cipher: [u8; 2], extensions: &[u8]) {
    let body = 2 + 32 + 1 + session_id.len() + 2 + 1 + 2 + extensions.len();
    out.put_slice(&[0x16, 3, 3]);
    out.put_u16(length(body + 4));
    out.put_slice(&[2, 0]);
    out.put_u16(length(body));
    out.put_slice(&[3, 3]);
    out.put_bytes(0, 32);
    out.put_u8(u8::try_from(session_id.len()).unwrap_or(0));
    out.put_slice(session_id);
    out.put_slice(&cipher);
    out.put_u8(0);
    out.put_u16(length(extensions.len()));
    out.put_slice(extensions);
}

/// All lengths here are those of a hello, with a share of at most 1,120 bytes in it.
fn length(len: usize) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio_rustls::rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
    use tokio_rustls::rustls::{ClientConfig, ClientConnection, Error, RootCertStore};

    const KEY: Secret = Secret([7; 16]);

    /// A client of TLS that offers these groups, and its hello, signed as one of ours (M-342).
    fn client(groups: Vec<&'static dyn SupportedKxGroup>) -> (ClientConnection, Vec<u8>) {
        let provider = CryptoProvider { kx_groups: groups, ..aws_lc_rs::default_provider() };
        let config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let name = "cover.example".try_into().unwrap();
        let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut hello = Vec::new();
        client.write_tls(&mut hello).unwrap();
        (client, hello)
    }

    /// The group, and what the client makes of the answer.
    fn answered(groups: Vec<&'static dyn SupportedKxGroup>, profile: &SiteProfile) -> (SiteProfile, Error) {
        let (mut client, record) = client(groups);
        let hello = Hello::parse(&record).unwrap();
        let out = answer(&hello, &record, &KEY, Some(profile), &mut rand::rng()).unwrap();
        let seen = SiteProfile::of_handshake(&out).unwrap();
        let mut rest = &out[..];
        loop {
            assert!(client.read_tls(&mut rest).unwrap() > 0, "the client believes all of it");
            if let Err(error) = client.process_new_packets() {
                return (seen, error);
            }
        }
    }

    fn profile(group: u16, share_first: bool) -> SiteProfile {
        SiteProfile { cipher: [0x13, 2], group, share_first, flights: vec![3000] }
    }

    #[test]
    fn m346_key_shares_are_real_and_the_form_is_the_sites() {
        let both: Vec<&'static dyn SupportedKxGroup> = vec![kx_group::X25519MLKEM768, kx_group::X25519];
        for (groups, site, expected) in [
            (both.clone(), profile(X25519_MLKEM768, true), X25519_MLKEM768),
            (both, profile(X25519, false), X25519),
            (vec![kx_group::X25519], profile(X25519_MLKEM768, false), X25519),
        ] {
            let (seen, error) = answered(groups, &site);
            assert_eq!(seen, SiteProfile { group: expected, ..site });
            // The client has agreed upon keys, and finds the random bytes of the last record to be no certificate.
            assert_eq!(error, Error::DecryptError);
        }
    }

    #[test]
    fn m347_the_proof_is_over_the_whole_answer() {
        let (_, record) = client(vec![kx_group::X25519MLKEM768, kx_group::X25519]);
        let hello = Hello::parse(&record).unwrap();
        for site in [None, Some(profile(X25519, true))] {
            let mut out = answer(&hello, &record, &KEY, site.as_ref(), &mut rand::rng()).unwrap().to_vec();
            let proof = out[RANDOM_AT..RANDOM_AT + 32].to_vec();
            out[RANDOM_AT..RANDOM_AT + 32].fill(0);
            assert_eq!(proof, hmac_sha256(&KEY.0, &[hello.random(), &out]));
            let group = SiteProfile::of_handshake(&out).unwrap().group;
            assert_eq!(group, site.map_or(X25519_MLKEM768, |site| site.group));
        }
    }

    #[test]
    fn a_share_that_is_none_is_as_good_as_not_offered() {
        let (_, mut record) = client(vec![kx_group::X25519MLKEM768, kx_group::X25519]);
        let at = record.windows(4).position(|four| four == [0x11, 0xec, 4, 0xc0]).unwrap();
        // No coefficient of ML-KEM is above 3,328.
        record[at + 4..at + 1000].fill(0xff);
        let hello = Hello::parse(&record).unwrap();
        let out = answer(&hello, &record, &KEY, None, &mut rand::rng()).unwrap();
        assert_eq!(SiteProfile::of_handshake(&out).unwrap().group, X25519);
    }
}
