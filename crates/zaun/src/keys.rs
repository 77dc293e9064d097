//! `zaun keys`: the public key in every form that clients want.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use zaun_crypto::rsa::{PrivateKey, PublicKey};

use crate::secrets;

/// Flags of `zaun keys`.
#[derive(Args, Debug)]
pub struct KeysArgs {
    /// Data directory whose key to print
    #[arg(long, env = "ZAUN_DATA", value_name = "DIR", default_value = "zaun-data")]
    data: PathBuf,

    /// RSA private key in PEM form; created if missing [default: rsa.pem in the data directory]
    #[arg(long, env = "ZAUN_KEY", value_name = "FILE")]
    key: Option<PathBuf>,

    /// Print one JSON object instead
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn main(args: &KeysArgs) -> anyhow::Result<()> {
    let path = match &args.key {
        Some(path) => path.clone(),
        None => {
            secrets::create_dir(&args.data)?;
            secrets::rsa_path(&args.data)
        }
    };
    let key = secrets::load_rsa(&path)?;
    let forms = Forms::of(key.public())?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&forms)?);
    } else {
        print!("{}", forms.text(&path));
    }
    Ok(())
}

/// The public key in a PEM file, which may hold the private one.
pub fn load_public(path: &Path) -> anyhow::Result<PublicKey> {
    let pem = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let public = PrivateKey::from_pem(&pem).map_or(pem, |key| key.public().to_pkcs1_pem());
    PublicKey::from_pem(&public).with_context(|| format!("{} holds no RSA key", path.display()))
}

/// A public key in all its forms.
#[derive(serde::Serialize, Debug)]
pub struct Forms {
    /// As resPQ offers it, 16 hex digits.
    pub fingerprint_hex: String,
    /// As a signed number.
    pub fingerprint: i64,
    /// As an unsigned number.
    pub fingerprint_unsigned: u64,
    /// `-----BEGIN RSA PUBLIC KEY-----`
    pub pkcs1_pem: String,
    /// `-----BEGIN PUBLIC KEY-----`
    pub spki_pem: String,
    /// Modulus.
    pub modulus_hex: String,
    /// Modulus.
    pub modulus_decimal: String,
    /// Exponent.
    pub exponent_hex: String,
    /// Exponent.
    pub exponent: u32,
}

impl Forms {
    /// The forms of a key.
    pub fn of(key: &PublicKey) -> anyhow::Result<Forms> {
        let fingerprint = key.fingerprint();
        Ok(Forms {
            fingerprint_hex: format!("{:016x}", fingerprint.cast_unsigned()),
            fingerprint,
            fingerprint_unsigned: fingerprint.cast_unsigned(),
            pkcs1_pem: key.to_pkcs1_pem(),
            spki_pem: key.to_spki_pem(),
            modulus_hex: key.n_hex(),
            modulus_decimal: key.n_decimal()?,
            exponent_hex: format!("{:x}", key.e()),
            exponent: key.e(),
        })
    }

    fn text(&self, path: &Path) -> String {
        format!(
            "RSA public key of {}\n\n\
             fingerprint (hex)       {}\n\
             fingerprint (signed)    {}\n\
             fingerprint (unsigned)  {}\n\
             exponent                {} (0x{})\n\n\
             PKCS#1 (Telethon, mtcute, TDLib, Telegram Desktop)\n{}\n\
             SPKI (OpenSSL and most other programs)\n{}\n\
             modulus (hex)\n{}\n\n\
             modulus (decimal: Pyrogram family, GramJS, grammers)\n{}\n",
            path.display(),
            self.fingerprint_hex,
            self.fingerprint,
            self.fingerprint_unsigned,
            self.exponent,
            self.exponent_hex,
            self.pkcs1_pem,
            self.spki_pem,
            self.modulus_hex,
            self.modulus_decimal,
        )
    }
}
