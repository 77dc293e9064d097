//! An account on the server under measurement.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;
use bytes::Bytes;
use zaun_schema::LAYER;
use zaun_schema::api::{enums, functions, types};
use zaun_schema::mtproto::types::RpcError;
use zaun_testkit::Conversation;
use zaun_tl::{Encode, Function, RawObject};

use super::target::Target;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A logged-in client.
pub struct Account {
    /// Its connection.
    pub conversation: Conversation,
    /// Its phone.
    pub phone: String,
}

impl Account {
    /// Creates an account with a test phone, which the server must accept.
    pub async fn create(target: &Target) -> anyhow::Result<Account> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // Phones differ from run to run, because a foreign server keeps its accounts.
        let run = u32::from(std::process::id() as u16) % 1000;
        let phone = format!("99966{}{:04}", 1 + number % 9, (run * 10 + number) % 10_000);
        let mut account = Account { conversation: target.converse().await?, phone: phone.clone() };
        account.introduce().await?;
        let settings = types::CodeSettings::default();
        let code = functions::auth::SendCode {
            phone_number: phone.clone(),
            api_id: 1,
            api_hash: "hash".into(),
            settings,
        };
        let enums::auth::SentCode::SentCode(sent) = account.call(&code).await? else {
            anyhow::bail!("the server sent no code")
        };
        let hash = sent.phone_code_hash;
        let digit = phone.chars().nth(5).context("phones have ten digits")?;
        let sign_in = functions::auth::SignIn {
            phone_number: phone.clone(),
            phone_code_hash: hash.clone(),
            phone_code: Some(digit.to_string().repeat(5)),
            email_verification: None,
        };
        let signed = account.call(&sign_in).await?;
        if matches!(signed, enums::auth::Authorization::AuthorizationSignUpRequired(_)) {
            let (first_name, last_name) = ("Bench".to_owned(), String::new());
            let sign_up = functions::auth::SignUp {
                no_joined_notifications: true,
                phone_number: phone,
                phone_code_hash: hash,
                first_name,
                last_name,
            };
            account.call(&sign_up).await?;
        }
        account.call(&functions::updates::GetState {}).await?;
        Ok(account)
    }

    async fn introduce(&mut self) -> anyhow::Result<()> {
        let query = RawObject(zaun_tl::to_bytes(&functions::help::GetNearestDc {}, LAYER)?.into());
        let text = |text: &str| text.to_owned();
        let init = functions::InitConnection {
            api_id: 1,
            device_model: text("bench"),
            system_version: text("1"),
            app_version: text("1"),
            system_lang_code: text("en"),
            lang_code: text("en"),
            query,
            ..functions::InitConnection::default()
        };
        let query = RawObject(zaun_tl::to_bytes(&init, LAYER)?.into());
        let id = self.conversation.send(&functions::InvokeWithLayer { layer: LAYER, query }).await?;
        self.conversation.result_of(id).await?;
        Ok(())
    }

    /// Calls a method and waits for its result.
    pub async fn call<R: Function>(&mut self, request: &R) -> anyhow::Result<R::Response> {
        let id = self.send(request).await?;
        let result = self.conversation.result_of(id).await?;
        check(&result).with_context(|| format!("{} failed", R::NAME))?;
        Ok(zaun_tl::from_bytes(result)?)
    }

    /// Calls a method and does not wait.
    pub async fn send(&mut self, request: &impl Encode) -> anyhow::Result<i64> {
        Ok(self.conversation.send_body(true, &zaun_tl::to_bytes(request, LAYER)?).await?)
    }

    /// How this account names another one.
    pub async fn befriend(&mut self, phone: &str) -> anyhow::Result<enums::InputPeer> {
        let contact = types::InputPhoneContact {
            phone: phone.to_owned(),
            first_name: "Friend".into(),
            ..types::InputPhoneContact::default()
        };
        let imported = self.call(&functions::contacts::ImportContacts { contacts: vec![contact] }).await?;
        let Some(enums::User::User(user)) = imported.users.first() else {
            anyhow::bail!("{phone} has no account")
        };
        let access_hash = user.access_hash.unwrap_or(0);
        Ok(types::InputPeerUser { user_id: user.id, access_hash }.into())
    }
}

/// An error if a result is one.
pub fn check(result: &Bytes) -> anyhow::Result<()> {
    if result.first_chunk() == Some(&RpcError::CONSTRUCTOR_ID.to_le_bytes()) {
        let error: RpcError = zaun_tl::from_bytes(result.clone())?;
        anyhow::bail!("{} {}", error.error_code, error.error_message);
    }
    Ok(())
}
