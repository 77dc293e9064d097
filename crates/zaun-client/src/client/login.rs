//! Logging in: by a code, with a password, by QR code, as a bot (<https://core.telegram.org/api/auth>).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use zaun_crypto::srp::{Algorithm, Proof, SrpError};
use zaun_schema::api::functions::{account, auth};
use zaun_schema::api::{enums, types};
use zeroize::Zeroizing;

use super::Client;
use crate::connection::InvokeError;
use crate::storage::{Account, StorageError};

/// A code is under way to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginCode {
    /// The number, as it was given.
    pub phone: String,
    /// The server's name for this login.
    pub hash: String,
    /// How many characters the code has, if the server says so.
    pub length: Option<usize>,
}

/// How far a login has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedIn {
    /// Done.
    Account(Account),
    /// The account has a password: [`Client::check_password`].
    PasswordNeeded,
    /// There is no account with this number yet.
    SignUpRequired,
}

/// Why a login goes no further.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The server.
    #[error(transparent)]
    Invoke(#[from] InvokeError),
    /// The account is logged in, but that cannot be kept.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The server wants to check the password in a way that is not safe.
    #[error("the password cannot be given: {0}")]
    Srp(#[from] SrpError),
    /// An answer that this client has no form for.
    #[error("the server answered in a way that this client does not know: {0}")]
    Unexpected(&'static str),
}

/// A login that another device confirms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QrLogin {
    /// To be shown as a QR code until it expires.
    Show {
        /// `tg://login?token=…`
        link: String,
        /// Unix seconds.
        expires: i32,
    },
    /// Done.
    Done(SignedIn),
}

impl Client {
    /// Sends a code to a phone number.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn send_code(&self, phone: &str) -> Result<LoginCode, LoginError> {
        let request = auth::SendCode {
            phone_number: phone.to_owned(),
            api_id: self.inner.app.api_id,
            api_hash: self.inner.app.api_hash.clone(),
            settings: types::CodeSettings::default(),
        };
        let enums::auth::SentCode::SentCode(sent) = self.invoke(&request).await? else {
            return Err(LoginError::Unexpected("it needs no code, or wants to be paid for one"));
        };
        let length = match &sent.r#type {
            enums::auth::SentCodeType::SentCodeTypeApp(code) => usize::try_from(code.length).ok(),
            enums::auth::SentCodeType::SentCodeTypeSms(code) => usize::try_from(code.length).ok(),
            enums::auth::SentCodeType::SentCodeTypeCall(code) => usize::try_from(code.length).ok(),
            _ => None,
        };
        Ok(LoginCode { phone: phone.to_owned(), hash: sent.phone_code_hash, length })
    }

    /// Gives the code that the user has received.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn sign_in(&self, login: &LoginCode, code: &str) -> Result<SignedIn, LoginError> {
        let request = auth::SignIn {
            phone_number: login.phone.clone(),
            phone_code_hash: login.hash.clone(),
            phone_code: Some(code.to_owned()),
            email_verification: None,
        };
        self.signed_in(self.invoke(&request).await)
    }

    /// What the user has noted to remember the password by, if anything.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn password_hint(&self) -> Result<Option<String>, LoginError> {
        Ok(self.invoke(&account::GetPassword {}).await?.hint)
    }

    /// Gives the password of the account, after [`SignedIn::PasswordNeeded`]. It does not leave this process: the
    /// server gets a proof of it (<https://core.telegram.org/api/srp>).
    ///
    /// # Errors
    /// [`LoginError`]; a wrong password is `PASSWORD_HASH_INVALID`.
    pub async fn check_password(&self, password: &str) -> Result<SignedIn, LoginError> {
        let state = self.invoke(&account::GetPassword {}).await?;
        let srp_id = state.srp_id.ok_or(LoginError::Unexpected("the account has no password"))?;
        let proof = prove(state, password).await?;
        let (a, m1) = (proof.a.to_vec().into(), proof.m1.to_vec().into());
        let password = types::InputCheckPasswordSRP { srp_id, a, m1 }.into();
        self.signed_in(self.invoke(&auth::CheckPassword { password }).await)
    }

    /// Makes an account for a number whose code was right.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn sign_up(&self, login: &LoginCode, first: &str, last: &str) -> Result<SignedIn, LoginError> {
        let request = auth::SignUp {
            no_joined_notifications: false,
            phone_number: login.phone.clone(),
            phone_code_hash: login.hash.clone(),
            first_name: first.to_owned(),
            last_name: last.to_owned(),
        };
        self.signed_in(self.invoke(&request).await)
    }

    /// Logs in as a bot.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn sign_in_bot(&self, token: &str) -> Result<SignedIn, LoginError> {
        let request = auth::ImportBotAuthorization {
            flags: 0,
            api_id: self.inner.app.api_id,
            api_hash: self.inner.app.api_hash.clone(),
            bot_auth_token: token.to_owned(),
        };
        self.signed_in(self.invoke(&request).await)
    }

    /// Begins a login by QR code, or goes on with it: to be called again when `updateLoginToken` comes, and when the
    /// link has expired.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn qr_login(&self) -> Result<QrLogin, LoginError> {
        let (api_id, api_hash) = (self.inner.app.api_id, self.inner.app.api_hash.clone());
        let request = auth::ExportLoginToken { api_id, api_hash, except_ids: Vec::new() };
        match self.invoke(&request).await {
            Ok(token) => self.login_token(token).await,
            Err(error) => Ok(QrLogin::Done(self.signed_in(Err(error))?)),
        }
    }

    async fn login_token(&self, token: enums::auth::LoginToken) -> Result<QrLogin, LoginError> {
        match token {
            enums::auth::LoginToken::LoginToken(shown) => {
                let link = format!("tg://login?token={}", BASE64_URL_SAFE_NO_PAD.encode(&shown.token));
                Ok(QrLogin::Show { link, expires: shown.expires })
            }
            enums::auth::LoginToken::LoginTokenSuccess(success) => {
                Ok(QrLogin::Done(self.signed_in(Ok(success.authorization))?))
            }
            enums::auth::LoginToken::LoginTokenMigrateTo(elsewhere) => {
                let dc = i16::try_from(elsewhere.dc_id).map_err(|_| LoginError::Unexpected("a dc id"))?;
                self.set_main_dc(dc);
                match self.invoke(&auth::ImportLoginToken { token: elsewhere.token }).await {
                    Ok(token) => Box::pin(self.login_token(token)).await,
                    Err(error) => Ok(QrLogin::Done(self.signed_in(Err(error))?)),
                }
            }
        }
    }

    /// Confirms the QR login of another device with the token of its link.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn accept_qr_login(&self, link: &str) -> Result<(), LoginError> {
        let token = link.strip_prefix("tg://login?token=").unwrap_or(link);
        let token = BASE64_URL_SAFE_NO_PAD.decode(token);
        let token = Bytes::from(token.map_err(|_| LoginError::Unexpected("not a login link"))?);
        self.invoke(&auth::AcceptLoginToken { token }).await?;
        Ok(())
    }

    fn signed_in(
        &self,
        answer: Result<enums::auth::Authorization, InvokeError>,
    ) -> Result<SignedIn, LoginError> {
        match answer {
            Ok(enums::auth::Authorization::Authorization(done)) => {
                Ok(SignedIn::Account(self.logged_in(&done.user)?))
            }
            Ok(enums::auth::Authorization::AuthorizationSignUpRequired(_)) => Ok(SignedIn::SignUpRequired),
            Err(error) if error.is("SESSION_PASSWORD_NEEDED") => Ok(SignedIn::PasswordNeeded),
            Err(error) => Err(error.into()),
        }
    }
}

/// Computes for a fraction of a second, which must not keep the connections waiting.
async fn prove(state: types::account::Password, password: &str) -> Result<Proof, LoginError> {
    use enums::PasswordKdfAlgo::PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow as Known;
    let (Some(Known(algorithm)), Some(b)) = (state.current_algo, state.srp_b) else {
        return Err(LoginError::Unexpected("it checks passwords in another way"));
    };
    let password = Zeroizing::new(password.as_bytes().to_vec());
    let compute = move || {
        let checked = Algorithm::new(&algorithm.salt1, &algorithm.salt2, algorithm.g, &algorithm.p)?;
        checked.prove(&password, &b, &mut rand::rng())
    };
    let done = tokio::task::spawn_blocking(compute).await;
    Ok(done.map_err(|_| LoginError::Unexpected("the computation of a proof was cut short"))??)
}
