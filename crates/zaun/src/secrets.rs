//! Secrets of an installation: made at the first start, readable by their owner only.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use rand::Rng;
use zaun_crypto::hash::hmac_sha256;
use zaun_crypto::rsa::PrivateKey;
use zeroize::Zeroizing;

/// Where the RSA key is unless said otherwise.
pub fn rsa_path(data: &Path) -> PathBuf {
    data.join("rsa.pem")
}

/// Makes the data directory, for its owner only.
pub fn create_dir(data: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .with_context(|| format!("cannot create the data directory {}", data.display()))
}

/// The master secret of an installation, from which others are derived.
pub struct Master(Zeroizing<[u8; 32]>);

impl Master {
    /// Reads the secret, or makes it.
    pub fn load(data: &Path) -> anyhow::Result<Master> {
        let path = data.join("secret.key");
        let stored = match fs::read(&path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mut fresh = Zeroizing::new(vec![0; 32]);
                rand::rng().fill_bytes(&mut fresh);
                write_private(&path, &fresh)?;
                fresh
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let secret: [u8; 32] = stored.as_slice().try_into().map_err(|_| {
            anyhow::anyhow!("{} is damaged: it has {} bytes instead of 32", path.display(), stored.len())
        })?;
        Ok(Master(Zeroizing::new(secret)))
    }

    /// A secret for one purpose.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        hmac_sha256(&*self.0, &[purpose.as_bytes()])
    }
}

/// Reads the RSA key, or makes it.
pub fn load_rsa(path: &Path) -> anyhow::Result<PrivateKey> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let text = Zeroizing::new(text);
            let advice = "it must be an RSA-2048 private key in PEM form (PKCS#1 or PKCS#8)";
            PrivateKey::from_pem(&text).with_context(|| format!("cannot use {}: {advice}", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = generate_rsa()?;
            write_private(path, key.to_pkcs1_pem()?.as_bytes())?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Makes a key whose fingerprint, as hex, has no leading zero: mtcute compares fingerprints as hex text and drops
/// leading zeros on one side only, so one key in sixteen would be strange to it.
fn generate_rsa() -> anyhow::Result<PrivateKey> {
    loop {
        let key = PrivateKey::generate(&mut rand::rng())?;
        if key.public().fingerprint().cast_unsigned() >> 60 != 0 {
            return Ok(key);
        }
    }
}

/// Writes a new file that only its owner may read; never over an existing one, and never half of one.
pub fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let explain = || format!("cannot write {}: is the directory writable?", path.display());
    let partial = path.with_extension("new");
    // What a crash left behind was never used.
    let _ = fs::remove_file(&partial);
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial).with_context(explain)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).with_context(explain)?;
    fs::rename(&partial, path).with_context(explain)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn secrets_are_made_once_and_are_private() {
        let dir = tempfile::tempdir().unwrap();
        let first = Master::load(dir.path()).unwrap().derive("salts");
        let again = Master::load(dir.path()).unwrap().derive("salts");
        assert_eq!(first, again);
        assert_ne!(first, Master::load(dir.path()).unwrap().derive("access"));
        let mode = fs::metadata(dir.path().join("secret.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
