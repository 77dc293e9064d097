//! A client of the API: calls methods, logs in with test phones.

use bytes::Bytes;
use zaun_schema::LAYER;
use zaun_schema::api::{enums, functions, types};
use zaun_tl::{Encode, EncodeError, Function, RawObject, Writer};

use zaun_probe::{Conversation, Error, check};

/// A conversation in which methods of the API are called, in the newest layer.
#[derive(Debug)]
pub struct ApiClient {
    /// Its connection and session.
    pub conversation: Conversation,
    /// Looks at every answer to [`ApiClient::call`].
    pub witness: Option<fn(&Answer<'_>)>,
}

/// An answer that can be written again as other clients would have got it.
pub struct Answer<'a> {
    /// The name of the method.
    pub method: &'static str,
    /// The answer in the newest layer.
    pub bytes: &'a [u8],
    /// Writes it for a call by one of the method's ids in a layer.
    pub rewrite: &'a dyn Fn(u32, i32) -> Result<Vec<u8>, EncodeError>,
}

/// Serializes in the newest layer, in which everything of it has a form.
fn bytes(value: &(impl Encode + ?Sized)) -> Bytes {
    zaun_tl::to_bytes(value, LAYER).map(Bytes::from).unwrap_or_default()
}

impl ApiClient {
    /// A client on this conversation; the first call has to be [`ApiClient::introduce`].
    #[must_use]
    pub fn new(conversation: Conversation) -> ApiClient {
        ApiClient { conversation, witness: None }
    }

    /// Says which layer it speaks and what it is (M-401).
    ///
    /// # Errors
    /// As [`ApiClient::call`].
    pub async fn introduce(&mut self) -> Result<(), Error> {
        let query = RawObject(bytes(&functions::help::GetNearestDc {}));
        let init = functions::InitConnection {
            api_id: 1,
            device_model: "test".into(),
            system_version: "1".into(),
            app_version: "1".into(),
            system_lang_code: "en".into(),
            lang_code: "en".into(),
            query,
            ..functions::InitConnection::default()
        };
        let wrapped = functions::InvokeWithLayer { layer: LAYER, query: RawObject(bytes(&init)) };
        let id = self.send(&wrapped).await?;
        self.result_of(id).await.map(drop)
    }

    /// Logs in with a test phone; signs up if it has no account yet.
    ///
    /// # Errors
    /// As [`ApiClient::call`].
    pub async fn log_in(&mut self, phone: &str) -> Result<(), Error> {
        let settings = types::CodeSettings::default();
        let (api_id, api_hash) = (1, "hash".to_owned());
        let code = functions::auth::SendCode { phone_number: phone.to_owned(), api_id, api_hash, settings };
        let enums::auth::SentCode::SentCode(sent) = self.call(&code).await? else {
            return Err(Error::Malformed("the server sent no code"));
        };
        let digit = phone.chars().nth(5).unwrap_or('0');
        let sign_in = functions::auth::SignIn {
            phone_number: phone.to_owned(),
            phone_code_hash: sent.phone_code_hash.clone(),
            phone_code: Some(digit.to_string().repeat(5)),
            email_verification: None,
        };
        let signed = self.call(&sign_in).await?;
        if matches!(signed, enums::auth::Authorization::AuthorizationSignUpRequired(_)) {
            let sign_up = functions::auth::SignUp {
                no_joined_notifications: true,
                phone_number: phone.to_owned(),
                phone_code_hash: sent.phone_code_hash,
                first_name: "Test".into(),
                last_name: String::new(),
            };
            self.call(&sign_up).await?;
        }
        self.call(&functions::updates::GetState {}).await.map(drop)
    }

    /// Calls a method and waits for its result.
    ///
    /// # Errors
    /// [`Error::Rpc`] if the method is answered with an error; whatever else goes wrong.
    pub async fn call<R: Function>(&mut self, request: &R) -> Result<R::Response, Error> {
        let id = self.send(request).await?;
        let result = self.result_of(id).await?;
        let response = zaun_tl::from_bytes(result.clone())
            .map_err(|_| Error::Malformed("the result is of another type"))?;
        if let Some(witness) = self.witness {
            let rewrite = |id, layer| {
                let mut w = Writer::new(layer);
                R::encode_response(&response, id, &mut w);
                w.into_result()
            };
            witness(&Answer { method: R::NAME, bytes: &result, rewrite: &rewrite });
        }
        Ok(response)
    }

    /// Calls a method, with wrappers or without, and waits for the serialized result.
    ///
    /// # Errors
    /// As [`ApiClient::call`].
    pub async fn call_raw(&mut self, request: &impl Encode) -> Result<Bytes, Error> {
        let id = self.send(request).await?;
        self.result_of(id).await
    }

    /// Calls a method and does not wait; returns its msg_id.
    ///
    /// # Errors
    /// [`Error::Link`].
    pub async fn send(&mut self, request: &impl Encode) -> Result<i64, Error> {
        self.conversation.send_body(true, &bytes(request)).await
    }

    /// The result of a query that was sent.
    ///
    /// # Errors
    /// As [`ApiClient::call`].
    pub async fn result_of(&mut self, query: i64) -> Result<Bytes, Error> {
        let result = self.conversation.result_of(query).await?;
        check(&result)?;
        Ok(result)
    }

    /// How this account names the one with a phone, which becomes its contact.
    ///
    /// # Errors
    /// As [`ApiClient::call`].
    pub async fn befriend(&mut self, phone: &str) -> Result<enums::InputPeer, Error> {
        let contact = types::InputPhoneContact {
            phone: phone.to_owned(),
            first_name: "Friend".into(),
            ..types::InputPhoneContact::default()
        };
        let imported = self.call(&functions::contacts::ImportContacts { contacts: vec![contact] }).await?;
        let Some(enums::User::User(user)) = imported.users.first() else {
            return Err(Error::Malformed("the phone has no account"));
        };
        let access_hash = user.access_hash.unwrap_or(0);
        Ok(types::InputPeerUser { user_id: user.id, access_hash }.into())
    }
}
